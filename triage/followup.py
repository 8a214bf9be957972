"""What happens when nobody answers: a reminder, then level by level, then no more. Pure.

A case is at a *step*: 0 while only those whom its routes name have been told, n once the nth level
of the policy has been told or passed over, whichever of them its routes name: a case keeps its
place when it gets further tags. Each step has a window of working time. Whoever answers ends it
for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.policy import kind_ids
from triage.presence import all_present, present

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from triage.messages import Urgency
    from triage.policy import Level, Policy, Route, Skip
    from triage.presence import Present

_REMIND_AFTER = 0.75  # of a window, when somebody else hears at its end


_QUARTER_S = 900


def _share(window_s: int) -> int:
    """When to remind within a window; in whole quarters of an hour, where it has some hours."""
    after_s = round(window_s * _REMIND_AFTER)
    return after_s - after_s % _QUARTER_S if after_s > 4 * _QUARTER_S else after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How long a case waits at each step, and who follows.

    Attributes:
        window_s: the window of the first briefs, in seconds of working time.
        remind_after_s: when those who were told first are reminded; None: as the rule is.
        levels: who follows, in order.
        steps: at which step a case is once each of them has been told.
    """

    window_s: int
    remind_after_s: int | None = None
    levels: tuple[Level, ...] = ()
    steps: tuple[int, ...] = ()

    def window(self, step: int, *, opening: bool = True) -> int:
        """The window of a step, in seconds of working time.

        `opening`: it is that of the first briefs, at whichever step a grave case begins.
        """
        told = None if opening else dict(zip(self.steps, self.levels, strict=True)).get(step)
        return (told and told.within_s) or self.window_s

    def goes_on(self, step: int) -> bool:
        """Whether a level follows after this step."""
        return any(each > step for each in self.steps)

    def remind_after(self, step: int, *, opening: bool = True) -> int:
        """When the people of a step are reminded; at the end of its window if nobody follows."""
        window = self.window(step, opening=opening)
        usual = _share(window) if self.goes_on(step) else window
        return min(self.remind_after_s or usual, window) if opening else usual


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """The step that comes next, and who hears then."""

    step: int
    level: Level
    people: tuple[Present, ...]
    is_last: bool


def routes_of(policy: Policy, tags: Iterable[str], kind: str = "") -> list[Route]:
    """The routes that tags take, as the kind of the mail has them."""
    return [found for tag in tags if (found := policy.route_of(tag, kind))]


def update_window(policy: Policy, routes: Iterable[Route]) -> int | None:
    """How long a client may wait for word from us, by the strictest route; None: they may."""
    own = [route.update_within_s for route in routes]
    windows = [policy.update_within_s if window is None else window for window in own]
    return min((window for window in windows if window), default=None)


def levels_of(policy: Policy, routes: Iterable[Route]) -> tuple[Level, ...]:
    """The levels that any of these routes names, in the policy's order."""
    named = {
        level
        for each in routes
        for level in (policy.levels if each.levels is None else each.levels)
    }
    return tuple(level for level in policy.levels.values() if level.id in named)


def step_of(policy: Policy, level: Level) -> int:
    """At which step a case is once this level has been told: its place among all of the policy."""
    return 1 + list(policy.levels).index(level.id)


def course_of(policy: Policy, routes: Sequence[Route]) -> Course | None:
    """The strictest of these routes' windows; None when none of them wants an answer."""
    windows = [r.acknowledge_within_s for r in routes if r.acknowledge_within_s is not None]
    if not windows:
        return None
    reminders = [r.remind_after_s for r in routes if r.remind_after_s is not None]
    levels = levels_of(policy, routes)
    return Course(
        window_s=min(windows),
        remind_after_s=min(reminders, default=None),
        levels=levels,
        steps=tuple(step_of(policy, level) for level in levels),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A grave case: whose people hear at once, at which step it begins, and by which rule."""

    level: Level
    step: int
    rule: Skip


def skip_for(
    policy: Policy, routes: Sequence[Route], urgency: Urgency, *, kind: str = ""
) -> Skipped | None:
    """The latest level to which such a case goes at once; None: it begins at the beginning.

    The last level is never passed over: if nobody answers, its people still hear of that.
    """
    levels = levels_of(policy, routes)
    order = [level.id for level in levels]
    names = {each.tag for each in routes} | kind_ids(kind)
    found = [
        (order.index(rule.to), rule)
        for rule in policy.skips
        if rule.to in order
        and urgency >= rule.urgency
        and len({each.tag for each in routes}) >= rule.tags
        and (not rule.of or names & set(rule.of))
    ]
    if not found:
        return None
    index, rule = max(found, key=lambda pair: pair[0])
    passed = levels[: len(levels) - 1][: index + 1]
    step = step_of(policy, passed[-1]) if passed else 0
    return Skipped(level=levels[index], step=step, rule=rule)


def people_of_level(
    policy: Policy,
    level: Level,
    routes: Sequence[Route],
    *,
    told: Collection[str],
    day: date | None,
    excluded: Collection[str] = (),
) -> list[Present]:
    """Who is there at a level. `told` are ids of those who have heard, for whoever is next."""
    found = []
    if level.next:
        for each in routes:
            waiting = (present(policy, person, day) for person in each.to)
            fresh = (there for there in waiting if there and there.person.id not in told)
            found += [there for there in [next(fresh, None)] if there]
    found += all_present(policy, level.to, day)
    kept = {t.person.id: t for t in reversed(found) if t.person.mailbox not in excluded}
    return [t for t in dict.fromkeys(found) if kept.get(t.person.id) is t]


def next_step(
    policy: Policy,
    levels: Sequence[Level],
    routes: Sequence[Route],
    step: int,
    *,
    told: Collection[str],
    day: date | None,
    excluded: Collection[str] = (),
) -> NextStep | None:
    """Who hears when nobody has answered at `step`; None when nobody is left.

    A level that reaches nobody new is passed over. The last one is not: that nobody has answered
    is news to those too who have heard of the matter itself. When all its people are away, the
    fallback person hears.
    """
    left = [level for level in levels if step_of(policy, level) > step]
    for level in left:
        is_last = level is left[-1]
        people = people_of_level(policy, level, routes, told=told, day=day, excluded=excluded)
        fresh = [there for there in people if is_last or there.person.id not in told]
        if fresh:
            reached = step_of(policy, level)
            return NextStep(step=reached, level=level, people=tuple(fresh), is_last=is_last)
    last = left[-1] if left else None
    nobody = (
        last
        and last.to
        and not people_of_level(policy, last, (), told=told, day=day, excluded=excluded)
    )
    spare = present(policy, policy.fallback, day) if nobody else None
    if last is None or spare is None or spare.person.id in told or spare.person.mailbox in excluded:
        return None
    return NextStep(step=step_of(policy, last), level=last, people=(spare,), is_last=True)
