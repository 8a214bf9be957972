"""Working time, counted one minute after the other by what the clock on the wall shows.

Slow and plain on purpose: it is what the program's own arithmetic is held against.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date


@dataclass(kw_only=True)
class Wall:
    """The hours of a firm. Times are minutes since 1970 in UTC, spans minutes since midnight."""

    zone: str
    spans: tuple[tuple[int, int], ...]
    days: Collection[int] = range(5)
    closed: Collection[date] = ()
    _known: dict[int, bool] = field(default_factory=dict)

    def works(self, minute: int) -> bool:
        """Whether people work during the minute that begins now."""
        if minute not in self._known:
            local = datetime.fromtimestamp(minute * 60, ZoneInfo(self.zone))
            passed = local.hour * 60 + local.minute
            self._known[minute] = (
                local.weekday() in self.days
                and local.date() not in self.closed
                and any(begin <= passed < end for begin, end in self.spans)
            )
        return self._known[minute]

    def is_open(self, minute: int) -> bool:
        """Whether people work at this moment; the last one before a break still counts."""
        return self.works(minute) or self.works(minute - 1)

    def after(self, start: int, minutes: int) -> int:
        """When so many minutes have been worked since `start`; never in closed hours."""
        left, now = minutes, start
        while left:
            left -= self.works(now)
            now += 1
        while not self.is_open(now):
            now += 1
        return now

    def worked(self, start: int, end: int) -> int:
        """How many minutes are worked from `start` until `end`."""
        return sum(self.works(minute) for minute in range(start, end))
