"""Who gets which digest, and when. Pure.

Rule: a digest is named by its day or week, so that no restart, second process or change of the
clocks makes another; one that was missed is made up for by the next alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date

    from triage.calendars import Calendar
    from triage.policy import Digests, Person, Policy

Period = Literal["day", "week"]

SPAN_S = {"day": 86400.0, "week": 7 * 86400.0}
LONGEST_S = 31 * 86400.0  # what a digest looks back at most, however long the program was down
_LOOK_BACK_DAYS = 31
_PERIODS: dict[str, tuple[Period, ...]] = {
    "daily": ("day",),
    "weekly": ("week",),
    "both": ("day", "week"),
    "none": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A digest's day or week, and the moment it falls due."""

    key: str
    at: float


def periods_of(policy: Policy, person: Person) -> tuple[Period, ...]:
    """Which digests a person gets."""
    rules = policy.digests
    usual = rules.management if person.id in policy.management else rules.others
    return _PERIODS[person.digest or usual]


def newest_due(calendar: Calendar, rules: Digests, period: Period, now: float) -> Due | None:
    """The last digest that has fallen due by now; None: none for a month."""
    day = calendar.day_of(now)
    for _ in range(_LOOK_BACK_DAYS):
        at = _due_at(calendar, rules, period, day)
        if at is not None and at <= now:
            return Due(key=key_of(period, day), at=at)
        day -= timedelta(days=1)
    return None


def may_go(calendar: Calendar, now: float) -> bool:
    """Whether it is working time: what was missed at night waits for the morning."""
    return calendar.opens(calendar.day_of(now)) is not None and calendar.is_open(now)


def key_of(period: Period, day: date) -> str:
    """`2026-11-27` for a day, `2026-W48` for its week (ISO 8601)."""
    if period == "day":
        return day.isoformat()
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def _due_at(calendar: Calendar, rules: Digests, period: Period, day: date) -> float | None:
    opens = calendar.opens(day)
    if opens is None or (period == "week" and _is_later_in_week(calendar, day)):
        return None
    return opens if rules.at_s is None else calendar.add(calendar.instant(day, rules.at_s), 0)


def _is_later_in_week(calendar: Calendar, day: date) -> bool:
    """Whether an earlier day of the same week was a working day."""
    earlier = (day - timedelta(days=back) for back in range(1, day.weekday() + 1))
    return any(calendar.opens(each) is not None for each in earlier)
