"""Which day words of a mail mean. Pure.

Rule: a day is given only where the words can mean no other; else None, and they stay as written.
What is relative is worked out from the writer's own day, which near midnight may be either of two.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from triage.summary.facts.calendar_words import MONTHS, WEEKDAYS

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    Resolver = Callable[[re.Match[str], datetime | None], date | None]

_FAR_DAYS = 300  # a day and a month without a year, so far ahead, may be a past one
_SOON_DAYS = 120  # so near in the next year it is that one
_MORNING_H, _OFFICE_H, _EVENING_H, _CLOSING_H = 5, 8, 20, 17
_HALF_DAY_H = 12
_NOON_MIN = 12 * 60
_SUNDAY = 6
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10, "twenty-four": 24}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """When a mail was written, as its writer's clock showed it.

    `moments` are all that it may have been, without zone: two near midnight, none when unknown.
    """

    moments: tuple[datetime, ...] = ()

    @property
    def day(self) -> date | None:
        """The day it was, by the header."""
        return self.moments[0].date() if self.moments else None


def written_at(when: datetime | None, utc_offset_s: int | None) -> Written:
    """Work out the writer's day. Many servers date all mail in UTC, wherever the writer is."""
    if when is None or utc_offset_s is None:
        return Written()
    try:
        local = when.astimezone(timezone(timedelta(seconds=utc_offset_s))).replace(tzinfo=None)
        day = timedelta(days=1)
        if utc_offset_s == 0:
            early, late = local.hour < _OFFICE_H, local.hour >= _EVENING_H
        else:
            early, late = local.hour < _MORNING_H, False
        others = [local - day] if early else [local + day] if late else []
    except (OverflowError, ValueError):
        return Written()
    return Written(moments=(local, *others))


def first_of(groups: dict[str, str | None], *names: str) -> str:
    """The first of these groups that matched."""
    return next((value for name in names if (value := groups.get(name))), "")


def absolute(match: re.Match[str], now: datetime | None) -> date | None:
    """A day with its month, whichever way round it is written, with or without a year."""
    parts = match.groupdict()
    day, month = int(first_of(parts, "d", "d2") or 0), first_of(parts, "m", "m2")
    year = first_of(parts, "y", "y2")
    number = int(month) if month.isdigit() else MONTHS.get(month.lower().rstrip("."), 0)
    found = _dated(day, number, year, now)
    weekday = parts.get("w")
    if found and weekday and WEEKDAYS[weekday.lower()] != found.weekday():
        return None
    return found


def slashed(match: re.Match[str], now: datetime | None) -> date | None:
    """`3/14/2026`: which of the two is the month must follow from the numbers."""
    one, two, year = int(match["a"]), int(match["b"]), match["y"] or ""
    if one == two or two > _HALF_DAY_H >= one:
        return _dated(two, one, year, now)
    return _dated(one, two, year, now) if one > _HALF_DAY_H >= two else None


def _dated(day: int, month: int, year: str, now: datetime | None) -> date | None:
    try:
        if year:
            return date(int(year) + (2000 if len(year) == 2 else 0), month, day)  # noqa: PLR2004
        if now is None:
            return None
        today = now.date()
        found = date(today.year, month, day)
        if found >= today:
            return found if (found - today).days <= _FAR_DAYS else None
        later = date(today.year + 1, month, day)
        return later if (later - today).days <= _SOON_DAYS else None
    except ValueError:
        return None


def weekday(match: re.Match[str], now: datetime | None) -> date | None:
    """A day of the week to come. "Next Friday" may be either of two, and so is today's own name."""
    if now is None:
        return None
    parts = match.groupdict()
    today, wanted = now.date(), WEEKDAYS[(first_of(parts, "w", "w2")).lower()]
    which = first_of(parts, "which").lower()
    monday = today - timedelta(days=today.weekday())
    if parts.get("next"):  # in some countries a week begins on Sunday
        return None if today.weekday() == _SUNDAY else monday + timedelta(days=7 + wanted)
    ahead = (wanted - today.weekday()) % 7
    is_past_this_week = wanted < today.weekday()
    if not ahead or which in {"next", "nächsten", "prochain", "próximo"}:
        return None
    if is_past_this_week and (which in {"this", "diesen", "ce", "este"} or parts.get("this")):
        return None
    return today + timedelta(days=ahead)


def days_ahead(count: int) -> Resolver:
    """A day so many days from the writer's own."""
    return lambda _, now: now.date() + timedelta(days=count) if now else None


def ordinal(match: re.Match[str], now: datetime | None) -> date | None:
    """`the 15th`: of this month, while that is to come; of the next one late in the month."""
    if now is None:
        return None
    today, day = now.date(), int(match["d"])
    try:
        if day > today.day:
            return today.replace(day=day)
        if today.day - day > 15:  # noqa: PLR2004 - half a month
            first = _last_of_month(today) + timedelta(days=1)
            return first.replace(day=day)
    except ValueError:
        pass
    return None


def clock_time(match: re.Match[str], now: datetime | None) -> date | None:
    """A time of day alone is today's, while it is to come."""
    minutes = minutes_of(match["time"])
    if now is None or minutes is None or minutes <= now.hour * 60 + now.minute:
        return None
    return now.date()


def minutes_of(words: str) -> int | None:
    """Minutes since midnight in `3pm`, `15:30`, `15h`, `noon`; None where that is not clear."""
    text = words.lower().replace(".", ":") if ":" not in words else words.lower()
    if text.startswith(("noon", "midday")):
        return _NOON_MIN
    digits = [int(n) for n in "".join(c if c.isdigit() else " " for c in text).split()[:2]]
    if not digits:
        return None
    hour, minute = digits[0], digits[1] if len(digits) > 1 else 0
    if "p" in text.replace("pst", "").replace("pdt", "") and hour < _HALF_DAY_H:
        hour += _HALF_DAY_H
    return hour * 60 + minute


def end_of_day(match: re.Match[str], now: datetime | None) -> date | None:  # noqa: ARG001 - the shape of all of these
    """Today, unless the day's work is over."""
    return now.date() if now and now.hour < _CLOSING_H else None


def end_of_month(match: re.Match[str], now: datetime | None) -> date | None:
    """The last day of this month or the next one, or of a month by name."""
    if now is None:
        return None
    parts, today = match.groupdict(), now.date()
    name, year = first_of(parts, "m", "m2", "m3"), first_of(parts, "y", "y2")
    last = _last_of_month(today)
    if not name:
        if parts.get("next"):
            return _last_of_month(last + timedelta(days=1))
        return last if today < last else None
    month = MONTHS[name.lower().rstrip(".")]
    if year:
        return _last_of_month(date(int(year), month, 1))
    found = _last_of_month(date(today.year, month, 1))
    if found < today:
        found = _last_of_month(date(today.year + 1, month, 1))
        return found if (found - today).days <= _SOON_DAYS else None
    return found if today < found and (found - today).days <= _FAR_DAYS else None


def end_of_year(match: re.Match[str], now: datetime | None) -> date | None:  # noqa: ARG001 - as above
    """The last of December."""
    return date(now.year, 12, 31) if now and (now.month, now.day) != (12, 31) else None


def within(match: re.Match[str], now: datetime | None) -> date | None:
    """`within 48 hours`; working days are left as written, since whose they are is not known."""
    if now is None:
        return None
    number, unit = match["n"], match["unit"].lower()
    count = NUMBERS.get(number) or int(number)
    if unit.startswith(("hour", "hr")):
        return (now + timedelta(hours=count)).date()
    return now.date() + timedelta(days=count * (7 if unit.startswith("week") else 1))


def left_as_written(match: re.Match[str], now: datetime | None) -> date | None:  # noqa: ARG001 - as above
    """Words that name a span, or a day that may be either of two."""
    return None


def resolved(resolve: Resolver, match: re.Match[str], written: Written) -> date | None:
    """The day on which all that the writer's clock may have shown agree."""
    moments: tuple[datetime | None, ...] = written.moments or (None,)
    days = {resolve(match, now) for now in moments}
    return days.pop() if len(days) == 1 else None


def _last_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
