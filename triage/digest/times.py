"""Moments and spans of time as a firm speaks of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from triage.calendars import zone_of

if TYPE_CHECKING:
    from triage.policy import Hours

_DAY_S, _HOUR_S, _MINUTE_S = 86400, 3600, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Says times in the zone and the working hours of a firm."""

    hours: Hours | None
    zone: str

    @property
    def counted(self) -> str:
        """How spans are counted, where that needs saying."""
        return " of working time" if self.hours else ""

    def moment(self, at: float) -> str:
        """Such as `Fri 27 Nov, 12:00`, in the firm's zone."""
        local = self._local(at)
        return f"{local:%a} {local.day} {local:%b, %H:%M}"

    def span(self, since: float, until: float) -> str:
        """From when to when, with the zone, since every moment of a digest is in it."""
        last = self._local(until)
        end = f"{last:%a} {last.day} {last:%b %Y, %H:%M}"
        return f"{self.moment(since)} to {end} ({last.tzname()})"

    def spoken(self, seconds: float) -> str:
        """A span in at most two units, such as `3 h 20 min` or `2 working days 3 h`."""
        day_s = (self.hours.day_s if self.hours else 0) or _DAY_S
        whole = int(seconds)
        if whole < _MINUTE_S:
            return "less than a minute"
        if whole < _HOUR_S:
            return f"{whole // _MINUTE_S} min"
        if whole < day_s:
            return _two(whole // _HOUR_S, "h", whole % _HOUR_S // _MINUTE_S, "min")
        days = whole // day_s
        word = f"{'working ' if self.hours else ''}day{'' if days == 1 else 's'}"
        return _two(days, word, whole % day_s // _HOUR_S, "h")

    def _local(self, at: float) -> datetime:
        zone = (self.hours.timezone if self.hours else "") or self.zone
        return datetime.fromtimestamp(at, zone_of(zone))


def _two(number: int, unit: str, rest: int, lesser: str) -> str:
    return f"{number} {unit} {rest} {lesser}" if rest else f"{number} {unit}"
