"""The words of `policy.toml` as values: urgencies, spans of time, times of day, weekdays.

Rule: a word that is none is noted as a mistake, and some value is returned all the same, so that
the rest of the file is still read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.messages import Urgency
from triage.policy import DAY_S, Span
from triage.tables import one_of

if TYPE_CHECKING:
    from triage.toml_file import Mistakes, Place

NEVER = "none"
NO_UPDATES = "never"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_URGENCIES = {urgency.label: urgency for urgency in Urgency}
_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?")
_SPAN = re.compile(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)")
_TIME = re.compile(r"(\d{1,2}):(\d\d)")
_WHOLE_DAY: Span = (0, DAY_S)
_HOURS, _MINUTES = 24, 60


def urgency_of(word: object, place: Place, mistakes: Mistakes) -> Urgency:
    """The urgency behind a word."""
    if isinstance(word, str) and word in _URGENCIES:
        return _URGENCIES[word]
    mistakes.add(place, one_of(word, _URGENCIES))
    return Urgency.NORMAL


def duration_s(
    given: object, place: Place, mistakes: Mistakes, *, day_s: int = DAY_S, never: bool = True
) -> int | None:
    """Seconds in `30m`, `4h`, `2d` or `1d12h`; None for `none`.

    `day_s` is what a day counts: with working hours, the working time of one. `never`: whether
    `none` may be said.
    """
    if never and given == NEVER:
        return None
    seconds = _seconds(given, day_s)
    if not seconds:
        or_none = ', or "none" when nobody is reminded' if never else ""
        mistakes.add(place, f'must be a time such as "30m", "4h", "2d"{or_none}')
    return seconds


def _seconds(given: object, day_s: int) -> int:
    found = _DURATION.fullmatch(given.replace(" ", "").lower()) if isinstance(given, str) else None
    days, hours, minutes = (int(n or 0) for n in found.groups()) if found else (0, 0, 0)
    return days * day_s + hours * 3600 + minutes * _MINUTES


def time_of(given: object, place: Place, mistakes: Mistakes) -> int:
    """Seconds since midnight of `08:30`."""
    found = _TIME.fullmatch(given) if isinstance(given, str) else None
    hours, minutes = map(int, found.groups()) if found else (24, 0)
    if hours >= _HOURS or minutes >= _MINUTES:
        mistakes.add(place, 'must be a time of day, such as "08:30"')
        return 0
    return (hours * 60 + minutes) * 60


def update_within_s(given: object, place: Place, mistakes: Mistakes, *, day_s: int = DAY_S) -> int:
    """Seconds in a span as `duration_s` reads it; 0 for `never`."""
    if given in (NO_UPDATES, NEVER):
        return 0
    seconds = _seconds(given, day_s)
    if not seconds:
        mistakes.add(place, f'must be a time such as "4h", "1d", or "{NO_UPDATES}"')
    return seconds


def span_of(given: object, place: Place, mistakes: Mistakes) -> Span:
    """Seconds since midnight, from and to, of `09:00-17:30`."""
    found = _SPAN.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        mistakes.add(place, 'must be from and to, such as "09:00-17:30"')
        return _WHOLE_DAY
    hours, minutes, later_hours, later_minutes = map(int, found.groups())
    begin, end = (hours * 60 + minutes) * 60, (later_hours * 60 + later_minutes) * 60
    if max(minutes, later_minutes) >= _MINUTES or not begin < end <= DAY_S:
        says = "must be two times of one day, the earlier one first; midnight at its end is 24:00"
        mistakes.add(place, says)
        return _WHOLE_DAY
    return begin, end


def weekday_of(word: object, place: Place, mistakes: Mistakes) -> int:
    """The number of a weekday, from 0 for `mon`."""
    if isinstance(word, str) and word.lower()[:3] in WEEKDAYS:
        return WEEKDAYS.index(word.lower()[:3])
    mistakes.add(place, one_of(word, WEEKDAYS))
    return 0
