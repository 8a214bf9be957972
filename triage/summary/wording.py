"""Small words: cleaning, shortening, names, times and sizes as a person would write them.

Rule: whatever comes from a mail passes `clean_line` or `clean_text` before anybody sees it, so
that no control, bidi or invisible character reaches a header, a screen or a template.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

GAP = frozenset({"Cc", "Cs", "Zl", "Zp", "Zs"})  # become one space
NOTHING = frozenset({"Cf", "Cn", "Co"})  # invisible, bidi, unassigned, private: dropped
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
KILO = 1024
REPLY_PREFIX = re.compile(
    r"^(?:(?:re|fwd?|fw|aw|wg|antw|sv|vs|tr|rv)(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE
)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n\s*\n")


def _clean_char(char: str) -> str:
    category = unicodedata.category(char)
    if category in GAP:
        return " "
    return "" if category in NOTHING else char


def clean_line(text: str) -> str:
    """Return the text on one line, without control, bidi, invisible or surrogate characters."""
    # Printable means: nothing of the two groups above but the plain space. Most text is.
    clean = text if text.isprintable() else "".join(map(_clean_char, text))
    return " ".join(clean.split())


def clean_text(text: str) -> str:
    """Clean each line; keep line breaks, at most one empty line in a row."""
    lines = "\n".join(clean_line(line) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def shorten(text: str, limit: int) -> str:
    """Cut at a word boundary so that the result, dots included, has at most `limit` characters."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 3]
    head, _, _ = cut.rpartition(" ")
    return (head if len(head) > limit // 2 else cut).rstrip(" ,;:.-") + "..."


def leading(text: str, limit: int) -> str:
    """Return as many whole sentences from the start as fit; a cut first one if none does."""
    kept = ""
    for sentence in sentences(text):
        longer = f"{kept} {sentence}".strip()
        if len(longer) > limit:
            break
        kept = longer
    return kept or shorten(clean_line(text), limit)


def sentences(text: str) -> list[str]:
    """Split running text into cleaned sentences, in order; paragraphs end a sentence too."""
    return [line for part in SENTENCE_END.split(text) if (line := clean_line(part))]


def bare_subject(subject: str) -> str:
    """Clean a subject and take off `Re:`, `Fwd:` and their like."""
    return REPLY_PREFIX.sub("", clean_line(subject)).strip()


def listed(items: Sequence[str]) -> str:
    """Join as a person would: `a`, `a and b`, `a, b and c`."""
    *first, last = items or ("",)
    return f"{', '.join(first)} and {last}" if first else last


def _local(when: datetime, timezone: str) -> datetime:
    """Move to the firm's zone; a wrong zone must not cost an escalation, so it is left out."""
    try:
        return when.astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError, OverflowError, OSError):
        return when


def moment(when: datetime, timezone: str) -> str:
    """Write a time in the firm's zone, such as `Mon 2 Mar 2026, 09:14 GMT`."""
    local = _local(when, timezone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {local.tzname() or ''}".strip()


def short_moment(when: datetime, timezone: str) -> str:
    """The same without year and zone, such as `Mon 2 Mar, 09:14`: for times close at hand."""
    local = _local(when, timezone)
    return f"{local:%a} {local.day} {local:%b, %H:%M}"


def day(when: datetime, timezone: str) -> str:
    """Write a date in the firm's zone, such as `2 March`."""
    local = _local(when, timezone)
    return f"{local.day} {local:%B}"


def duration(seconds: int) -> str:
    """Write a span of time in its largest sensible unit, such as `4 hours`."""
    for unit_s, name in ((DAY_S, "day"), (HOUR_S, "hour"), (MINUTE_S, "minute")):
        if seconds >= unit_s and (seconds % unit_s == 0 or seconds >= 3 * unit_s):
            count = round(seconds / unit_s)
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"


def size(count: int) -> str:
    """Write a number of bytes, such as `12 KB`."""
    if count < KILO:
        return f"{count} bytes"
    if count < KILO * KILO:
        return f"{count / KILO:.0f} KB"
    return f"{count / KILO / KILO:.1f} MB"
