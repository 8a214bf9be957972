"""The mbox format (RFC 4155 and its older relatives): where messages lie in a file. Pure.

A message begins at a "From " line that follows a blank line or the start of the file. Lines of
the text that would look like one carry a ">" in front, which is taken off again. Mail programs
rewrite some headers in place when somebody reads a mail (Status and the like); those do not
count when it is decided whether a message is the same as before.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_PIECE: Final = 1024 * 1024  # a longer line is read in pieces
_SEPARATOR: Final = re.compile(rb"From (\s*$|.*\b\d{1,2}:\d\d\b.*\b(19|20)\d\d\b)")
_ESCAPED: Final = re.compile(rb">+From ")
_REWRITTEN: Final = re.compile(
    rb"(Status|X-Status|X-Keywords|X-UID|X-IMAP|X-IMAPbase|Content-Length|Lines|X-Mozilla-[\w-]+)"
    rb"[ \t]*:",
    re.IGNORECASE,
)
_DATE: Final = re.compile(
    rb"(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) +(?P<hour>\d{1,2}):(?P<minute>\d\d)"
    rb"(?::(?P<second>\d\d))?(?: +(?P<zone>[+-]\d{4}|[A-Z]{2,5}))? +(?P<year>\d{4})"
    rb"(?: +(?P<late_zone>[+-]\d{4}))?"
)
_MONTHS: Final = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One message: its bytes lie from `start` to `end`, the separator line before them."""

    start: int
    end: int
    separator: bytes
    digest: bytes


def spans(file: BinaryIO) -> Iterator[Span]:
    """Find the messages in a file, from its current position."""
    current: _Message | None = None
    offset = file.tell()
    after_blank = line_start = True
    while piece := file.readline(_PIECE):
        if line_start and after_blank and _SEPARATOR.match(piece):
            if current:
                yield current.span(offset)
            current = _Message(offset + len(piece), piece)
        elif current:
            current.add(piece, line_start=line_start)
        offset += len(piece)
        after_blank = line_start and piece in (b"\n", b"\r\n")
        line_start = piece.endswith(b"\n")
    if current:
        yield current.span(offset)


def content(stored: bytes) -> bytes:
    """The message as it was before it was put into the file."""
    lines = _lines(stored)
    if lines and lines[-1] in (b"\n", b"\r\n"):
        del lines[-1]  # the blank line in front of the next separator
    return b"".join(map(_unescaped, lines))


def digest(message: bytes) -> bytes:
    """What a message is known by; the same for one that somebody has meanwhile read."""
    hashing = _Digest()
    for line in _lines(message):
        hashing.add(line, line_start=True)
    return hashing.value()


def separator_date(line: bytes) -> datetime | None:
    """The time of delivery in a separator line, None when there is none.

    Without a zone it is the writer's local time by custom and UTC by RFC 4155. The later of
    the two is taken: too early a time would let new mail pass for old.
    """
    found = _DATE.search(line)
    if not found or found["month"].decode() not in _MONTHS:
        return None
    zone = _zone(found["late_zone"] or found["zone"])
    month = _MONTHS.index(found["month"].decode()) + 1
    numbers = (found["year"], found["day"], found["hour"], found["minute"], found["second"] or b"0")
    year, day, hour, minute, second = map(int, numbers)
    try:
        naive = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        if zone is not None:
            return naive.replace(tzinfo=zone).astimezone(UTC)
        return max(naive, naive.replace(tzinfo=None).astimezone(UTC))
    except (ValueError, OverflowError):
        return None


class _Digest:
    """Hashes a message line by line, leaving out the headers that mail programs rewrite."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._in_headers = True
        self._skipping = False

    def add(self, line: bytes, *, line_start: bool) -> None:
        if self._in_headers and line_start:
            self._in_headers = line not in (b"\n", b"\r\n")
            folded = line[:1] in (b" ", b"\t")
            self._skipping = bool(_REWRITTEN.match(line)) or (folded and self._skipping)
        if not (self._in_headers and self._skipping):
            self._hash.update(line)

    def value(self) -> bytes:
        return self._hash.digest()


class _Message:
    """A message whose end has not been reached yet."""

    def __init__(self, start: int, separator: bytes) -> None:
        self._start = start
        self._separator = separator
        self._digest = _Digest()
        self._held = b""  # a blank line that belongs to the file if it is the last

    def add(self, piece: bytes, *, line_start: bool) -> None:
        if self._held:
            self._digest.add(self._held, line_start=True)
            self._held = b""
        if line_start and piece in (b"\n", b"\r\n"):
            self._held = piece
        else:
            line = _unescaped(piece) if line_start else piece
            self._digest.add(line, line_start=line_start)

    def span(self, end: int) -> Span:
        return Span(
            start=self._start, end=end, separator=self._separator, digest=self._digest.value()
        )


def _unescaped(line: bytes) -> bytes:
    return line[1:] if _ESCAPED.match(line) else line


def _lines(data: bytes) -> list[bytes]:
    """Split at LF only: a lone CR belongs to the text."""
    lines = data.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


def _zone(word: bytes | None) -> timezone | None:
    if word in (b"UTC", b"GMT"):
        return UTC
    if not word or word[:1] not in b"+-":
        return None
    minutes = int(word[1:3]) * 60 + int(word[3:5])
    try:
        return timezone(timedelta(minutes=-minutes if word[:1] == b"-" else minutes))
    except ValueError:
        return None
