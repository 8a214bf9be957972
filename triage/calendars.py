"""Working time: when it is, and how far a window reaches. Pure.

Times are epoch seconds UTC. What people call nine o'clock is looked up for each day in their time
zone, so a change to or from daylight-saving time neither lengthens nor shortens a window.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from triage.holiday_dates import holidays_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import tzinfo

    from triage.policy import Hours

_FURTHEST_DAYS = 20_000  # beyond that a window is counted by the clock, rather than for ever
_DAY_S = 86400
_NINE_S = 9 * 3600
_SATURDAY = 5


class Calendar(Protocol):
    """What windows are measured with."""

    def add(self, start: float, seconds: float) -> float:
        """When so much working time has passed since `start`; never outside of it."""

    def between(self, start: float, end: float) -> float:
        """How much working time lies between two moments, in seconds; 0 if `end` is first."""

    def is_open(self, at: float) -> bool:
        """Whether people work at this moment; the last one of a day still counts."""

    def day_of(self, at: float) -> date:
        """The day it is for the firm at this moment."""

    def opens(self, day: date) -> float | None:
        """When work begins on a day; None when nobody works then."""

    def instant(self, day: date, seconds: int) -> float:
        """When clocks show so many seconds since midnight on a day."""


class Clock:
    """Every hour of every day."""

    def __init__(self, zone: tzinfo) -> None:
        """`zone` tells which day it is."""
        self._zone = zone

    def add(self, start: float, seconds: float) -> float:
        """See `Calendar`."""
        return start + seconds

    def between(self, start: float, end: float) -> float:
        """See `Calendar`."""
        return max(0.0, end - start)

    def is_open(self, at: float) -> bool:  # noqa: ARG002 - the protocol's argument
        """See `Calendar`."""
        return True

    def day_of(self, at: float) -> date:
        """See `Calendar`."""
        return datetime.fromtimestamp(at, self._zone).date()

    def opens(self, day: date) -> float | None:
        """Nine o'clock from Monday to Friday: what is not urgent need not come on a Sunday."""
        return self.instant(day, _NINE_S) if day.weekday() < _SATURDAY else None

    def instant(self, day: date, seconds: int) -> float:
        """See `Calendar`."""
        return _instant(day, seconds, self._zone)


class WorkingTime:
    """The hours of a firm: its days and spans, without lunch and holidays."""

    def __init__(self, hours: Hours, zone: tzinfo, closed: Callable[[date], str]) -> None:
        """`closed` gives the name of a holiday, or nothing for an ordinary day."""
        self._hours = hours
        self._zone = zone
        self._closed = closed

    def add(self, start: float, seconds: float) -> float:
        """See `Calendar`."""
        left = seconds
        for begin, end in self._spans_from(start):
            if end - begin >= left:
                return begin + left
            left -= end - begin
        return start + seconds

    def between(self, start: float, end: float) -> float:
        """See `Calendar`."""
        passed = 0.0
        for begin, stop in self._spans_from(start):
            if begin >= end:
                break
            passed += min(stop, end) - begin
        return passed

    def is_open(self, at: float) -> bool:
        """See `Calendar`."""
        return self.add(at, 0) == at

    def day_of(self, at: float) -> date:
        """See `Calendar`."""
        return datetime.fromtimestamp(at, self._zone).date()

    def opens(self, day: date) -> float | None:
        """See `Calendar`."""
        return next((begin for begin, _ in self._spans_of(day)), None)

    def instant(self, day: date, seconds: int) -> float:
        """See `Calendar`."""
        return _instant(day, seconds, self._zone)

    def _spans_from(self, start: float) -> Iterator[tuple[float, float]]:
        """What is left of working time from `start` on, span by span."""
        day = self.day_of(start)
        for _ in range(_FURTHEST_DAYS):
            for begin, end in self._spans_of(day):
                if end >= start:
                    yield max(begin, start), end
            if day == date.max:
                return
            day += timedelta(days=1)

    def _spans_of(self, day: date) -> list[tuple[float, float]]:
        if day.weekday() not in self._hours.days or self._closed(day):
            return []
        instants = [
            (_instant(day, begin, self._zone), _instant(day, end, self._zone))
            for begin, end in self._hours.spans
        ]
        return [(begin, end) for begin, end in instants if begin < end]


def calendar_of(hours: Hours | None, firm_zone: str) -> Calendar:
    """The calendar of a policy; without hours, the clock in the firm's time zone."""
    return _calendar(hours, (hours.timezone if hours else "") or firm_zone)


def closed_on(hours: Hours, day: date) -> str:
    """Why nobody works on a day that would be a working day; "" when they do."""
    if day in hours.closed:
        return "closed"
    names = [name for code in hours.holidays if (name := holidays_of(code, day.year).get(day))]
    return names[0] if names else ""


@lru_cache(maxsize=16)
def _calendar(hours: Hours | None, zone_name: str) -> Calendar:
    zone = zone_of(zone_name)
    if hours is None:
        return Clock(zone)
    return WorkingTime(hours, zone, lambda day: closed_on(hours, day))


def zone_of(name: str) -> tzinfo:
    """A time zone by name; a wrong name must not cost an escalation, so that is UTC."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _instant(day: date, seconds: int, zone: tzinfo) -> float:
    """When the clocks of a zone show so many seconds since midnight.

    A time that is left out in spring is the moment of the change; one that comes twice in autumn
    is the first of the two.
    """
    whole_days, rest = divmod(seconds, _DAY_S)
    naive = datetime.combine(day, time()) + timedelta(days=whole_days, seconds=rest)
    first, second = naive.replace(tzinfo=zone), naive.replace(tzinfo=zone, fold=1)
    offset, later_offset = first.utcoffset(), second.utcoffset()
    assert offset is not None
    assert later_offset is not None
    early = (naive - later_offset).replace(tzinfo=UTC).timestamp()
    late = (naive - offset).replace(tzinfo=UTC).timestamp()
    return late if late <= early else _change_between(early, late, zone)


def _change_between(early: float, late: float, zone: tzinfo) -> float:
    """The moment at which the offset of a zone changes, to the second."""
    before = datetime.fromtimestamp(early, zone).utcoffset()
    low, high = int(early), int(late)
    while high - low > 1:
        middle = (low + high) // 2
        same = datetime.fromtimestamp(middle, zone).utcoffset() == before
        low, high = (middle, high) if same else (low, middle)
    return float(high)
