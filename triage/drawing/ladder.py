"""The ladder of each route: who hears first, when a reminder goes out, who hears next. Pure.

Rule: times are cumulative working time from the first brief on, on a day when everybody is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.followup import course_of, next_step
from triage.policy import DAY_S
from triage.summary.wording import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.policy import Policy, Route

_HOUR_S, _MINUTE_S = 3600, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of a route: after how much time, who (ids of people), and what it is called.

    `people` is empty for a reminder to those who were told before.
    """

    after_s: int
    title: str
    people: tuple[str, ...] = ()

    @property
    def is_reminder(self) -> bool:
        """Whether nobody new hears."""
        return not self.people


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A route with its steps; `one_of` when one person hears first, in turn."""

    title: str
    urgency: str
    first: tuple[str, ...]
    one_of: bool
    rungs: tuple[Rung, ...]
    clause: str = ""
    kind: bool = False


def ladders(policy: Policy, *, kinds: bool = False) -> list[Ladder]:
    """One for each route, the most urgent first; with `kinds` also for those that differ."""
    found = sorted(policy.routes.values(), key=lambda route: -route.urgency)
    made = []
    for route in found:
        made.append(_ladder(policy, route))
        for kind in policy.kinds.values() if kinds else ():
            own = kind.routes.get(route.tag)
            if own and _differs(own, route):
                made.append(_ladder(policy, own, kind=True))
    return made


def _differs(own: Route, route: Route) -> bool:
    """Whether a kind leads elsewhere, or at another pace, than its tag."""
    return _path(own) != _path(route)


def _path(route: Route) -> tuple[object, ...]:
    return (route.to, route.need, route.urgency, route.acknowledge_within_s, route.levels)


def _ladder(policy: Policy, route: Route, *, kind: bool = False) -> Ladder:
    one_of = route.need == "any" and len(route.to) > 1
    return Ladder(
        title=route.title,
        urgency=route.urgency.label,
        first=route.to,
        one_of=one_of,
        rungs=tuple(_rungs(policy, route, route.to[:1] if one_of else route.to)),
        clause=route.clause,
        kind=kind,
    )


def _rungs(policy: Policy, route: Route, first: Sequence[str]) -> list[Rung]:
    course = course_of(policy, [route])
    if course is None:
        return []
    rungs = [Rung(after_s=course.remind_after(0), title="Reminder")]
    told, step, at, opening = set(first), 0, 0, True
    while following := next_step(policy, course.levels, [route], step, told=told, day=None):
        at += course.window(step, opening=opening)
        people = tuple(there.person.id for there in following.people)
        rungs.append(Rung(after_s=at, title=following.level.title, people=people))
        told |= set(people)
        step, opening = following.step, False
    return rungs


def names(policy: Policy, ids: Sequence[str], *, one_of: bool = False) -> str:
    """People in words: `Ben West and Marshall Smith`, or `Ben West or Marshall Smith, in turn`."""
    people = [policy.people[each].name for each in ids]
    if one_of:
        return f"{' or '.join(people)}, in turn"
    return listed(people)


def short(seconds: int, day_s: int = DAY_S) -> str:
    """A span of time in few letters: `45m`, `4h`, `1d 2h`; a day is a working day."""
    days, rest = divmod(seconds, day_s)
    hours, rest = divmod(rest, _HOUR_S)
    parts = ((days, "d"), (hours, "h"), (rest // _MINUTE_S, "m"))
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0"
