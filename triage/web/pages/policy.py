"""The escalation policy to read, who is away, and the texts that are suggested.

Rule: the file is read anew for every look, since it may be edited at any time; where it has
mistakes, they are shown above the policy that is in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from triage import app_policy, response_page
from triage.calendars import calendar_of
from triage.check.policy_lint import policy_findings
from triage.drawing.ladder import names
from triage.drawing.policy_picture import picture_in_page
from triage.drawing.policy_table import matrix
from triage.drawing.sentences import hours_in_words, skips_in_words
from triage.errors import ConfigError
from triage.holiday_dates import holidays_of
from triage.policy import Absence
from triage.policy_file import load_policy
from triage.presence import absence_on, present
from triage.resources import resource
from triage.responses import ResponseLibrary
from triage.web.guard import get, post
from triage.web.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from triage.policy import Hours, Person, Policy
    from triage.web.guard import Visit
    from triage.web.site import Site

HERE = "/policy"
UNPROCESSABLE = 422
_FREE_DAYS_SHOWN = 12
_FIELDS = ("person", "first", "last", "deputy", "because")


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """A person as the page shows them today.

    Attributes:
        away: the absence that keeps them away today; None: they are there.
        instead: who hears in their place; None: nobody, or nobody need.
        coming: absences that are not over.
    """

    person: Person
    away: Absence | None
    instead: Person | None
    coming: tuple[Absence, ...]


def routes(site: Site) -> list[BaseRoute]:
    """The page, its texts, and the two changes."""
    return [
        get(HERE, site, show),
        get(f"{HERE}/responses", site, responses),
        post(f"{HERE}/absences", site, add, Role.RUN),
        post(f"{HERE}/absences/end", site, end, Role.RUN),
    ]


def show(visit: Visit) -> Response:
    """Everything that the file says."""
    return _page(visit, given=dict.fromkeys(_FIELDS, ""))


def add(visit: Visit) -> Response:
    """Somebody will be away."""
    given = {name: visit.value(name).strip() for name in _FIELDS}
    try:
        days = _day(given["first"], "from"), _day(given["last"], "to")
        away = Absence(
            first=days[0], last=days[1], deputy=given["deputy"], because=given["because"]
        )
        policy = app_policy.add_absence(
            visit.site.settings,
            visit.site.store,
            given["person"],
            away,
            by=visit.who.by,
            now=visit.now,
        )
    except ConfigError as error:
        return _page(visit, given=given, problems=error.problems, status=UNPROCESSABLE)
    name = policy.people[given["person"]].name
    return visit.back(HERE, f"{name} is away from {away.first} to {away.last}. {_TAKEN}")


def end(visit: Visit) -> Response:
    """They will not, or are back."""
    person = visit.value("person")
    try:
        days = _day(visit.value("first"), "from"), _day(visit.value("last"), "to")
        policy = app_policy.end_absence(
            visit.site.settings, visit.site.store, person, days, by=visit.who.by, now=visit.now
        )
    except ConfigError as error:
        given = dict.fromkeys(_FIELDS, "")
        return _page(visit, given=given, problems=error.problems, status=UNPROCESSABLE)
    return visit.back(HERE, f"{policy.people[person].name} is there again. {_TAKEN}")


_TAKEN = "A running triage takes it within seconds."


def responses(visit: Visit) -> Response:
    """Every suggested text, filled in with a sample mail."""
    config, policy = visit.site.settings.config, visit.site.settings.policy
    own = [config.templates / "responses"] if config.templates else []
    library = ResponseLibrary.load(*own, resource("templates") / "responses")
    written = {path.stem for folder in own for path in folder.glob("*.md")}
    kinds = {kind.id: kind.title for kind in policy.kinds.values()}
    groups = response_page.groups(response_page.cards(library.responses, written), kinds)
    return visit.page("responses.html", groups=groups)


def _page(
    visit: Visit, *, given: dict[str, str], problems: Sequence[str] = (), status: int = 200
) -> Response:
    site = visit.site
    policy = site.settings.policy
    mistakes: Sequence[str] = ()
    try:
        policy = load_policy(site.settings.config.policy)
    except ConfigError as error:
        mistakes = error.problems
    today = calendar_of(policy.hours, site.zone).day_of(visit.now)
    head, lines = matrix(policy)
    return visit.page(
        "policy.html",
        status=status,
        policy=policy,
        mistakes=mistakes,
        problems=problems,
        given=given,
        today=today,
        people=[_somebody(policy, person, today) for person in policy.people.values()],
        head=head,
        lines=lines,
        picture=picture_in_page(policy),
        hours=hours_in_words(policy),
        skips=skips_in_words(policy),
        free=_free_days(policy.hours, today) if policy.hours else [],
        routes=[
            (route, names(policy, route.to, one_of=route.need == "any" and len(route.to) > 1))
            for route in sorted(policy.routes.values(), key=lambda each: -each.urgency)
        ],
        findings=list(policy_findings(policy, today)),
    )


def _somebody(policy: Policy, person: Person, today: date) -> Somebody:
    away = absence_on(person, today)
    there = present(policy, person.id, today) if away else None
    return Somebody(
        person=person,
        away=away,
        instead=there.person if there else None,
        coming=tuple(sorted((a for a in person.absent if a.last >= today), key=lambda a: a.first)),
    )


def _free_days(hours: Hours, today: date) -> list[tuple[date, str]]:
    """The next days on which nobody works: holidays by name, and days of the firm's own."""
    found = dict.fromkeys(hours.closed, "closed") | dict(_holidays(hours, today))
    return sorted((day, name) for day, name in found.items() if day >= today)[:_FREE_DAYS_SHOWN]


def _holidays(hours: Hours, today: date) -> Iterator[tuple[date, str]]:
    for code in hours.holidays:
        for year in (today.year, today.year + 1):
            yield from holidays_of(code, year).items()


def _day(text: str, name: str) -> date:
    """A day as browsers send it. Raises ConfigError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError([f"{name}: give a day, such as 2026-12-21"]) from None
