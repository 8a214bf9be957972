"""What the headers of a message say, read from their first raw occurrence.

A repeated header counts once, the first; nothing here trusts a library with display text.
"""

from __future__ import annotations

import email.utils
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from triage.parsing import words

if TYPE_CHECKING:
    from email.message import Message

MAX_SUBJECT_CHARS = 1_000
MAX_REFERENCES = 100

# Printable ASCII with one @ between two non-empty sides. These ids go into headers we write.
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,250}@[!-;=?A-~]{1,250}>")


class Headers:
    """First raw values by lower-case name; surrogates in them stand for 8-bit bytes."""

    def __init__(self, message: Message) -> None:
        """Index once: `Message.get` is a linear scan, and names are the sender's choice."""
        self._values: dict[str, list[str]] = {}
        for name, value in message.raw_items():
            self._values.setdefault(name.lower().strip(), []).append(str(value))

    def __len__(self) -> int:
        """How many distinct names there are."""
        return len(self._values)

    def __contains__(self, name: str) -> bool:
        """Whether a header of this lower-case name is there at all."""
        return name in self._values

    def raw(self, name: str) -> str:
        """The first raw value, folded as it came; empty when absent."""
        return self._values.get(name, [""])[0]

    def all_raw(self, name: str) -> tuple[str, ...]:
        """Every raw value, in order."""
        return tuple(self._values.get(name, ()))

    def text(self, name: str) -> str:
        """The first value as one clean line."""
        return words.decode(self.raw(name))

    def token(self, name: str) -> str:
        """The first value's part before any `;` or comment, lower-case."""
        return re.split(r"[;(]", self.raw(name), maxsplit=1)[0].strip().lower()

    def count(self, name: str) -> int:
        """How many times the header occurs."""
        return len(self._values.get(name, ()))


def subject(headers: Headers) -> str:
    """The subject as one line; empty when there is none."""
    return headers.text("subject")[:MAX_SUBJECT_CHARS]


def message_ids(raw: str) -> tuple[str, ...]:
    """Valid ids in a header value, without repeats: the thread's first one and its last 99."""
    ids = list(dict.fromkeys(_MESSAGE_ID.findall(raw)))
    return tuple(ids if len(ids) <= MAX_REFERENCES else [ids[0], *ids[1 - MAX_REFERENCES :]])


def utc_offset_s(raw: str) -> int | None:
    """How far the clock of a Date header is ahead of UTC; None where it does not say (-0000)."""
    try:
        ahead = email.utils.parsedate_to_datetime(raw[:100]).utcoffset()
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None
    return int(ahead.total_seconds()) if ahead is not None else None


def date(raw: str) -> datetime | None:
    """A date that mail-parser would not read, in UTC; None when nobody can."""
    try:
        parsed = email.utils.parsedate_to_datetime(raw[:100])
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None
