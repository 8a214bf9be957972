"""What can go wrong with the answers of an IMAP server, as values and as changed bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

GREETING = "GREETING"  # what the server's first words answer
BODY = re.compile(rb"(BODY\[\](?:<\d+>)?) \{(\d+)\}\r\n")
_UID = re.compile(rb"\bUID (\d+)\b")
_TAGGED_OK = re.compile(rb"^([A-Za-z0-9]+) OK\b[^\r\n]*\r\n\Z", re.MULTILINE)


class Do(StrEnum):
    """What goes wrong with the server's answer."""

    CUT = "cut"  # the connection is closed instead of the answer
    HALF = "half"  # half of the answer, then the connection is closed
    STALL = "stall"  # half of the answer, then nothing more, the connection open
    SPLIT = "split"  # the answer comes in two pieces, 0.2 s apart: harmless
    BYE = "bye"  # the server says goodbye and closes
    NIL_BODY = "nil-body"  # BODY[] NIL instead of the message
    NO_BODY = "no-body"  # the answer without BODY[]
    SHORT_BODY = "short-body"  # the first half of each message as if it were all
    OTHER_UIDS = "other-uids"  # the answer is about messages nobody asked for
    NOTHING = "nothing"  # OK, without the data that was asked for
    NONSENSE = "nonsense"  # data that no parser takes, then OK
    REFUSE = "refuse"  # NO for what was done all the same
    LATE = "late"  # the whole answer, `seconds` later


@dataclass(slots=True, kw_only=True)
class Fault:
    """Do something to the server data that contains `when` (bytes), `times` times.

    `verb`: only to what answers this command, see `verb_of`; `skip`: the first so many such
    answers go well. `seconds` is for `Do.LATE`.
    """

    do: Do
    when: bytes = b""
    times: int = 1
    verb: str = ""
    skip: int = 0
    seconds: float = 0.5

    @property
    def label(self) -> str:
        return f"{self.verb or 'any'}:{self.do}"

    def strikes(self, data: bytes, verb: str) -> bool:
        """Whether it is this fault's turn; counts the answers that it lets pass."""
        if self.times <= 0 or self.when not in data or (self.verb and self.verb != verb):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


def verb_of(data: bytes) -> str:
    """The command that begins here: IDLE, SEARCH, ...; for FETCH what it asks: BODY, HEAD, PROBE.

    Empty where none begins, as in the middle of a literal.
    """
    words = data.split(b"\r\n", 1)[0].split()
    if len(words) < 2 or not words[0].isalnum():
        return ""
    word = words[2] if words[1].upper() == b"UID" and len(words) > 2 else words[1]
    verb = word.upper().decode("ascii", "replace")
    if verb == "FETCH":
        items = {b"BODY.PEEK[]": "BODY", b"HEADER.FIELDS (MESSAGE-ID)": "PROBE"}
        return next((name for item, name in items.items() if item in data), "HEAD")
    return "SELECT" if verb == "EXAMINE" else verb


def changed(do: Do, data: bytes) -> bytes | None:
    """What the client gets instead, when the connection goes on; None for other deeds."""
    last = _TAGGED_OK.search(data)
    tagged = last.group(0) if last else b""
    refusal = last.group(1) + b" NO [UNAVAILABLE] Try again later\r\n" if last else data
    changes: dict[Do, Callable[[], bytes]] = {
        Do.NIL_BODY: lambda: _with_bodies(data, lambda _body: b"NIL"),
        Do.NO_BODY: lambda: _with_bodies(data, lambda _body: None),
        Do.SHORT_BODY: lambda: _with_bodies(data, lambda body: _literal(body[: len(body) // 2])),
        Do.OTHER_UIDS: lambda: _UID.sub(_another_uid, data),
        Do.NOTHING: lambda: tagged or data,
        Do.NONSENSE: lambda: b"* 1 FETCH (UID )) BODY[] {\r\n" + tagged,
        Do.REFUSE: lambda: refusal,
    }
    return changes[do]() if do in changes else None


def _another_uid(found: re.Match[bytes]) -> bytes:
    return b"UID %d" % (int(found.group(1)) + 1_000_000)


def _literal(content: bytes) -> bytes:
    return b"{%d}\r\n%s" % (len(content), content)


def _with_bodies(data: bytes, change: Callable[[bytes], bytes | None]) -> bytes:
    """Server data with each message body exchanged for a literal, an atom, or nothing (None)."""
    pieces, position = [], 0
    while found := BODY.search(data, position):
        end = found.end() + int(found.group(2))
        new = change(data[found.end() : end])
        pieces.append(data[position : found.start()])
        pieces.append(b"X-NOTHING NIL" if new is None else found.group(1) + b" " + new)
        position = end
    return b"".join([*pieces, data[position:]])
