"""The values: a labelled text, and who said what of it and when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

LATEST_S = 253_370_764_800.0  # the year 9999 in any zone
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One label: who said when, by which gesture, from what to what. `at` in epoch seconds."""

    tags: tuple[str, ...]
    previous: tuple[str, ...]
    by: str
    how: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A labelled text.

    Attributes:
        digest: of the words, see `messages.words_digest`; kept when the words are left out.
        sha256: of the mail's bytes; empty for a text that came without a mail.
        from_role: who wrote it, as a classifier is told.
        subject, body: the words; both empty where they were left out.
        thread: names the mails of one thread alike, without saying which.
        redacted: whether addresses and numbers were taken out of the words.
        events: every label in the order given; the last one is in force.
    """

    digest: str
    sha256: str
    from_role: str
    subject: str
    body: str
    thread: str
    events: tuple[Event, ...]
    redacted: bool = False

    @property
    def has_text(self) -> bool:
        """Whether there are words to learn from."""
        return bool(self.subject.strip() or self.body.strip())


def time_text(at: float) -> str:
    """Epoch seconds as people read them (RFC 3339, UTC), with every digit that the number has."""
    whole, _, fraction = f"{Decimal(repr(float(at))):f}".partition(".")
    moment = datetime.fromtimestamp(int(whole), UTC)
    digits = fraction.rstrip("0")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{'.' if digits else ''}{digits}Z"


def time_from(text: str) -> float:
    """The reverse of `time_text`; takes any zone. Raises ValueError."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        msg = f"{text!r} is no time; write it as 2026-03-02T09:14:00Z"
        raise ValueError(msg)
    zone = found[3].replace("Z", "+00:00")
    whole = int(datetime.fromisoformat(found[1] + zone).timestamp())
    return float(f"{whole}{found[2] or ''}")
