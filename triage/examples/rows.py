"""One record as a flat row of plain values, and back with every mistake named.

The row is also one that `triage train --data` reads: id, from_role, subject, body, tags, group.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from classifiers.api import ROLES
from triage.examples.record import LATEST_S, Event, Record, time_from, time_text
from triage.messages import words_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

Row = dict[str, Any]
T = TypeVar("T")

COLUMNS = (
    *("id", "tags", "previous", "by", "how", "at", "from_role", "subject", "body"),
    *("group", "redacted", "digest", "sha256", "earlier"),
)
MOST_CHARS = 2_000_000  # of one text
_TAG = re.compile(r"[a-z][a-z0-9_]*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME_CHARS = {"by": 320, "how": 40, "group": 64, "id": 998}


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a row says that does not say it: who imports it, and when."""

    by: str
    how: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A row that could be read. `dated`: it said when; else its time is that of the import."""

    record: Record
    dated: bool


def to_row(record: Record) -> Row:
    """The record as a row, in the order of COLUMNS."""
    last = record.events[-1]
    return {
        "id": (record.sha256 or record.digest)[:16],
        **_event_row(last),
        "from_role": record.from_role,
        "subject": record.subject,
        "body": record.body,
        "group": record.thread,
        "redacted": record.redacted,
        "digest": record.digest,
        "sha256": record.sha256,
        "earlier": [_event_row(event) for event in record.events[:-1]],
    }


def _event_row(event: Event) -> Row:
    return {
        "tags": list(event.tags),
        "previous": list(event.previous),
        "by": event.by,
        "how": event.how,
        "at": time_text(event.at),
    }


def from_row(row: object, known: Collection[str], defaults: Defaults) -> Read | list[str]:
    """The record that a row means, or everything that is wrong with it.

    Args:
        row: plain values, by the names in COLUMNS; others are left alone.
        known: tags that may be in force.
        defaults: for what the row does not say of its last label.
    """
    if not isinstance(row, dict):
        return ["is no JSON object with subject, body and tags"]
    reader = _Reader(row)
    texts = {name: reader.text(name) for name in ("subject", "body")}
    digest, sha256 = reader.hex("digest"), reader.hex("sha256")
    redacted = reader.flag("redacted")
    has_text = any(text.strip() for text in texts.values())
    if not has_text and not digest:
        reader.problems.append("has neither a text nor the digest of one")
    if has_text and not redacted:
        computed = words_digest(texts["subject"], texts["body"])
        if digest not in {"", computed}:
            says = "the digest belongs to another text; leave it empty where you changed the text"
            reader.problems.append(says)
        digest = computed
    role = reader.name("from_role") or "other"
    if role not in ROLES:
        reader.problems.append(f"from_role is {role!r}; use one of {', '.join(ROLES)}")
    events = _events(reader, known, defaults)
    if reader.problems:
        return reader.problems
    record = Record(
        digest=digest,
        sha256=sha256,
        from_role=role,
        subject=texts["subject"],
        body=texts["body"],
        thread=reader.name("group"),
        redacted=redacted,
        events=events,
    )
    return Read(record=record, dated=bool(row.get("at")))


def _events(reader: _Reader, known: Collection[str], defaults: Defaults) -> tuple[Event, ...]:
    earlier = reader.row.get("earlier") or []
    if not isinstance(earlier, list) or not all(isinstance(each, dict) for each in earlier):
        reader.problems.append("earlier must be a list of labels, each with tags, by, how and at")
        earlier = []
    events = []
    for number, each in enumerate(earlier, start=1):
        inner = _Reader(each)
        events.append(_event(inner, None, defaults))
        if not each.get("at"):
            inner.problems.append("at is missing")
        reader.problems.extend(f"earlier label {number}: {problem}" for problem in inner.problems)
    return (*events, _event(reader, known, defaults))


def _event(reader: _Reader, known: Collection[str] | None, defaults: Defaults) -> Event:
    return Event(
        tags=reader.tags("tags", known),
        previous=reader.tags("previous", None) if "previous" in reader.row else (),
        by=reader.name("by") or defaults.by,
        how=reader.name("how") or defaults.how,
        at=reader.time("at", defaults.at),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes single values out of a row, and notes what is wrong with each."""

    row: Mapping[str, Any]
    problems: list[str] = field(default_factory=list)

    def text(self, name: str) -> str:
        value = self.row.get(name) or ""
        if not isinstance(value, str):
            return self._wrong(f"{name} must be text, not {_short(value)}", "")
        if len(value) > MOST_CHARS:
            return self._wrong(f"{name} has more than {MOST_CHARS} characters", "")
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            return self._wrong(f"{name} holds a character that no text has", "")
        return value

    def name(self, key: str) -> str:
        value = self.text(key)
        most = _NAME_CHARS.get(key, 64)
        if len(value) > most or not value.isprintable():
            return self._wrong(f"{key} must be one line of at most {most} characters", "")
        return value

    def hex(self, name: str) -> str:
        value = self.text(name)
        if value and not _DIGEST.fullmatch(value):
            return self._wrong(f"{name} must be 64 hexadecimal digits, or empty", "")
        return value

    def flag(self, name: str) -> bool:
        value = self.row.get(name, False)
        if not isinstance(value, bool):
            return self._wrong(f"{name} must be true or false", default=False)
        return value

    def time(self, name: str, default: float) -> float:
        text = self.text(name)
        try:
            value = time_from(text) if text else default
        except ValueError as error:
            return self._wrong(f"{name}: {error}", default)
        if not 0 <= value <= LATEST_S:
            return self._wrong(f"{name}: {text} is before 1970 or after 9999", default)
        return value

    def tags(self, name: str, known: Collection[str] | None) -> tuple[str, ...]:
        """The tags; `known` are those that exist, None for any that could be a tag's name."""
        value = self.row.get(name)
        if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
            return self._wrong(f"{name} must be a list of tags; an empty list means none", ())
        may: Callable[[str], object] = _TAG.fullmatch if known is None else known.__contains__
        wrong = [tag for tag in value if not may(tag)]
        if wrong and known is None:
            self.problems.append(f"{name}: {', '.join(map(_short, wrong))} cannot be a tag")
        elif wrong:
            have = ", ".join(known or ())
            self.problems.append(f"no such tag: {', '.join(map(_short, wrong))}; there are {have}")
        if len(set(value)) < len(value):
            self.problems.append(f"{name} names a tag twice")
        return tuple(value)

    def _wrong(self, problem: str, default: T) -> T:
        self.problems.append(problem)
        return default


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."  # noqa: PLR2004 - one line's worth
