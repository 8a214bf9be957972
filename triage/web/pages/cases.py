"""The inbox of cases: what presses first, filters, search."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from triage.policy import kinds_key
from triage.store import case_list
from triage.store.case_filters import State, Wanted
from triage.store.case_places import place
from triage.web.guard import get
from triage.web.sight import narrowed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from triage.policy import Policy
    from triage.store.case_list import Listed
    from triage.web.guard import Visit
    from triage.web.site import Site

MINE = "mine"
NARROWING = ("q", "tag", "kind", "client", "person", "since", "until")
# What the list can be of: word in the address, and title. `mine` needs a person of the policy.
VIEWS = (
    ("current", "Open"),
    (MINE, "Waiting for me"),
    ("overdue", "Overdue"),
    ("resolved", "Closed"),
    ("all", "All"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A case as the list shows it. `holder`: who has it, or has seen it; empty for nobody."""

    listed: Listed
    titles: tuple[str, ...]
    holder: str


def routes(site: Site) -> list[BaseRoute]:
    """The list."""
    return [get("/cases", site, show)]


def show(visit: Visit) -> Response:
    """A page of cases."""
    site, policy = visit.site, visit.site.settings.policy
    asked = {name: visit.query(name).strip() for name in NARROWING}
    view = visit.query("view") or "current"
    with site.store.read() as tx:
        wanted = narrowed(tx, visit, _wanted(view, asked, policy, visit.who.person, site.zone))
        after = place(visit.query("after"))
        found = case_list.page(tx, wanted, visit.now, after=after)
        counts = case_list.counts(tx, wanted, visit.now)
    given = {name: value for name, value in asked.items() if value}
    following = {**given, "view": view, "after": str(found.following)}
    return visit.page(
        "cases.html",
        lines=[_line(each, policy) for each in found.lines],
        view=view,
        views=[
            (word, title, number, f"/cases?{urlencode({**given, 'view': word})}")
            for word, title, number in _views(counts, visit.who.person)
        ],
        asked=asked,
        narrowed=given,
        first=after is None,
        following=f"/cases?{urlencode(following)}" if found.following else "",
        tags=[(tag, route.title) for tag, route in policy.routes.items()],
        kinds=[(kind.id, kind.title) for kind in policy.kinds.values()],
        people=list(policy.people.values()),
    )


def _views(counts: case_list.Counts, person: str) -> list[tuple[str, str, int | None]]:
    numbers = {"current": counts.current, MINE: counts.mine, "overdue": counts.overdue}
    return [(word, title, numbers.get(word)) for word, title in VIEWS if word != MINE or person]


def _wanted(view: str, asked: Mapping[str, str], policy: Policy, person: str, zone: str) -> Wanted:
    """What the address asks for; what it says and nobody knows is left out."""
    states = {state.value for state in State}
    me = policy.people.get(person)
    return Wanted(
        state=State(view) if view in states else State.CURRENT,
        words=asked["q"],
        people=tuple(policy.people.values()),
        tag=asked["tag"],
        kind=asked["kind"],
        client=asked["client"],
        person=policy.people.get(asked["person"]),
        waits_for=me if view == MINE else None,
        since=_midnight(asked["since"], zone),
        until=_midnight(asked["until"], zone, days=1),
    )


def _midnight(text: str, zone: str, days: int = 0) -> float | None:
    """When a day begins, or the one so many days later; None for what is no day."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp()


def _line(listed: Listed, policy: Policy) -> Line:
    case = listed.case
    by = (case.owner or case.acknowledged_by).lower()
    people = {person.address.lower(): person.name for person in policy.people.values()}
    return Line(
        listed=listed,
        titles=titles_of(policy, case.tags, listed.kinds),
        holder=people.get(by, by),
    )


def titles_of(policy: Policy, tags: tuple[str, ...], kinds: Mapping[str, str]) -> tuple[str, ...]:
    """What a case is about: the titles of its kinds, else of its tags."""
    key = kinds_key(kinds)
    found = [(tag, policy.route_of(tag, key)) for tag in tags]
    return tuple(route.title if route else tag for tag, route in found)
