"""People whom a policy forgets, and days on which it has nobody to tell. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from triage.check.problem import Problem
from triage.presence import absence_on, present, spoken_day
from triage.summary.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from triage.policy import Policy, Route

_DAY = timedelta(days=1)


def people_findings(policy: Policy, today: date) -> Iterator[Problem]:
    """People nobody reaches, people without a deputy, days without anybody."""
    reached = _reached(policy)
    for key, person in policy.people.items():
        if key not in reached:
            yield Problem(
                severity="warning",
                area="policy",
                where=f"people.{key}",
                what=f"no rule leads to {person.name}, not even as a deputy",
                advice="name them in a route or a level, or take them out",
            )
    told = [key for key in policy.people if key in _told(policy)]
    alone = [policy.people[key].name for key in told if not policy.people[key].deputy]
    if alone and len(policy.people) > 1:
        yield Problem(
            severity="warning",
            area="policy",
            where="people",
            what=f"nobody stands in for {listed(alone)}, so that their briefs wait while they are "
            "away",
            advice='write deputy = "..." in their tables',
        )
    yield from _empty_days(policy, today)


def _told(policy: Policy) -> set[str]:
    """Ids of people to whom rules lead on an ordinary day."""
    routes = [*policy.routes.values(), *_kind_routes(policy)]
    found = {policy.fallback, *(person for route in routes for person in route.to)}
    return found | {person for level in policy.levels.values() for person in level.to}


def _kind_routes(policy: Policy) -> list[Route]:
    return [route for kind in policy.kinds.values() for route in kind.routes.values()]


def _reached(policy: Policy) -> set[str]:
    """Those, and everybody who may stand in for them."""
    found, new = _told(policy), _told(policy)
    while new:
        people = [policy.people[key] for key in new if key in policy.people]
        deputies = {person.deputy for person in people}
        deputies |= {away.deputy for person in people for away in person.absent}
        new = deputies - found - {""}
        found |= new
    return found


def _empty_days(policy: Policy, today: date) -> Iterator[Problem]:
    """Routes all of whose people, and their deputies, are away on some day to come."""
    for tag, route in policy.routes.items():
        away = [policy.people[each] for each in route.to]
        days = sorted({max(a.first, today) for p in policy.people.values() for a in p.absent})
        for day in days:
            if any(absence_on(person, day) is None for person in away):
                continue
            if all(present(policy, each, day) is None for each in route.to):
                names = listed([person.name for person in away])
                yield Problem(
                    severity="warning",
                    area="policy",
                    where=f"routes.{tag}.to",
                    what=f"on {spoken_day(day)} nobody of it is there ({names}, and whoever stands "
                    "in for them), so that the next level hears at once",
                    advice="name a deputy who is there, or move an absence",
                )
                break
