"""The one place that uses IMAPClient: typed calls in, typed values and our errors out.

Rules: whatever the library raises leaves here as SourceError; what the server volunteers
(EXISTS, COPYUID, ...) is emptied after every command, so that nothing piles up over months.
"""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from triage.errors import FolderMissingError, SourceError
from triage.sources.imap_errors import (
    FAILURES,
    RefusedError,
    command_error,
    is_broken,
    where,
)
from triage.sources.imap_login import connect, log_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from triage.config import ImapAccount
    from triage.sources.wake import Wake

IDLE_RENEW_S: Final = 9 * 60.0  # servers and the boxes between may hang up earlier than RFC 2177
_CLOSE_TIMEOUT_S: Final = 1.0
_KEPT: Final = ("BYE", "READ-ONLY")  # imaplib itself looks at these
_NEWS: Final = re.compile(rb"\* (\d+ (EXISTS|EXPUNGE)|VANISHED)\b", re.IGNORECASE)
_BYE: Final = re.compile(rb"\* BYE\b", re.IGNORECASE)
_FOLDERS_NAMED: Final = 40  # in an error message

Item = dict[bytes, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """How a server builds names: what its personal folders begin with, and what parts levels.

    `separator` is empty on a server whose folders have no levels.
    """

    prefix: str
    separator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """What the server says of the folder it opened. `uid_next` is None where it does not say."""

    uid_validity: int
    uid_next: int | None
    permanent_flags: tuple[str, ...]


class ImapConnection:
    """A logged-in connection. Used by one thread; `close()` when done."""

    def __init__(self, account: ImapAccount, password: Callable[[], str]) -> None:
        """Connect and log in. Raises SourceError, LoginError."""
        self._account = account
        self._client = connect(account)
        self._stream = self._client.imap_stream
        self._idle_until = 0.0  # monotonic time at which IDLE must be renewed; 0: not idling
        self._broken = False
        self._news = False  # told of new mail since the last search
        try:
            log_in(account, self._stream, password)
            words = self._call("asking for capabilities", self._client.capabilities)
        except BaseException:
            self._stream.shutdown()
            raise
        self.capabilities: frozenset[str] = frozenset(
            word.decode("ascii", "replace").upper() for word in words
        )

    def has(self, capability: str) -> bool:
        """Whether the server offers a capability after login."""
        return capability in self.capabilities

    # Folders

    def hierarchy(self) -> Hierarchy:
        """How names are built here: by NAMESPACE (RFC 2342), else by an empty LIST."""
        if self.has("NAMESPACE"):
            with contextlib.suppress(RefusedError):
                found = self._call("asking for namespaces", self._client.namespace)
                for prefix, separator in found.personal or ():
                    return Hierarchy(prefix=prefix or "", separator=separator or "")
        listed = self._call("asking for the separator", self._client.list_folders, "", "")
        return Hierarchy(prefix="", separator=_text(listed[0][1]) if listed else "")

    def folders(self, pattern: str = "*") -> list[str]:
        """Names of the folders that can hold mail; `*` in the pattern stands for any text."""
        listed = self._call("listing folders", self._client.list_folders, "", _one_line(pattern))
        return sorted(
            str(name)
            for flags, _, name in listed
            if not {f.lower() for f in flags} & {b"\\noselect", b"\\nonexistent"}
        )

    def create_folder(self, folder: str) -> None:
        """Create a folder and subscribe to it, so that people see it in their mail programs."""
        self._call(f"creating folder {folder}", self._client.create_folder, _one_line(folder))
        with contextlib.suppress(RefusedError):
            self._call("subscribing", self._client.subscribe_folder, folder)

    def select(self, folder: str, *, readonly: bool) -> Selected:
        """Open a folder, with EXAMINE when `readonly`. Raises FolderMissingError."""
        doing = f"opening folder {folder}"
        try:
            found = self._call(
                doing, self._client.select_folder, _one_line(folder), readonly=readonly
            )
        except RefusedError as exc:
            raise self._select_error(folder, exc) from exc
        self._news = False
        if b"UIDVALIDITY" not in found:
            message = f"{where(self._account)}: {doing}: the server gives no UIDVALIDITY"
            raise SourceError(message)
        flags = found.get(b"PERMANENTFLAGS", found.get(b"FLAGS", ()))
        return Selected(
            uid_validity=int(found[b"UIDVALIDITY"]),
            uid_next=found.get(b"UIDNEXT"),
            permanent_flags=tuple(f.decode("ascii", "replace").strip("()") for f in flags),
        )

    def _select_error(self, folder: str, exc: SourceError) -> SourceError:
        names = self.folders()
        if folder in names or folder.upper() == "INBOX":
            return exc
        listed = ", ".join(names[:_FOLDERS_NAMED]) + (" ..." if len(names) > _FOLDERS_NAMED else "")
        message = (
            f"{where(self._account)}: folder {folder} does not exist; there are: {listed or 'none'}"
        )
        return FolderMissingError(message)

    # Reading

    def noop(self) -> None:
        """Let the server tell what has changed; without it a search shows an older state."""
        self._call("looking for news", self._client.noop)

    def search(self, criteria: Sequence[str | int | date], *, all_seen: bool = False) -> list[int]:
        """UIDs that match, ascending. No charset is sent; words of one line only.

        `all_seen`: the caller learns of all new mail by this, so earlier news is settled.
        """
        for word in criteria:
            _one_line(str(word))
        found = self._call("searching", self._client.search, list(criteria), settles=all_seen)
        return sorted(set(found))

    def fetch(self, uids: Sequence[int], items: Sequence[str]) -> Mapping[int, Item]:
        """What the server says of each message; a message or an item may be missing."""
        return self._call("fetching", self._client.fetch, list(uids), list(items)) or {}

    # Changing

    def add_flag(self, uids: Sequence[int], flag: str) -> None:
        """Set one flag."""
        words = [_one_line(flag)]
        self._call(f"setting {flag}", self._client.add_flags, list(uids), words, silent=True)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """MOVE (RFC 6851)."""
        self._call(f"moving to {folder}", self._client.move, list(uids), _one_line(folder))

    def copy(self, uids: Sequence[int], folder: str) -> list[int]:
        """COPY; gives the UIDs that the server says it copied (COPYUID, RFC 4315)."""
        doing = f"copying to {folder}"
        self._leave_idle()
        self._guard(doing, self._client.copy, list(uids), _one_line(folder))
        told = self._stream.untagged_responses.get("COPYUID", [])
        self._empty()
        copied: list[int] = []
        for words in told:
            copied += self._guard(doing, copied_uids, words)
        return copied if told else list(uids)

    def expunge(self, uids: Sequence[int]) -> None:
        """UID EXPUNGE (RFC 4315): removes these messages and no others."""
        self._call("removing moved mail", self._client.uid_expunge, list(uids))

    # Waiting

    def wait(
        self, timeout_s: float, wake: Wake, *, idle: bool, renew_s: float = IDLE_RENEW_S
    ) -> None:
        """Return when the folder may have changed, when woken, or after `timeout_s`.

        IDLE is left only by the next command, so that a wake-up needs no answer from the server.
        """
        if self._news:
            self._news = False
            return
        deadline = time.monotonic() + timeout_s
        while True:
            until = self._ensure_idle(renew_s) if idle else deadline
            if self._news:
                return
            line = self._guard("waiting for mail", self._await_line, min(deadline, until), wake)
            if _BYE.match(line):
                self._broken = True
                words = line.decode("ascii", "replace").strip()
                message = f"{where(self._account)}: the server hung up: {words}"
                raise SourceError(message)
            if line and not line.startswith((b"*", b"+")):
                self._idle_until = 0.0  # the server has ended IDLE itself
                return
            if _NEWS.match(line) or (not line and time.monotonic() < min(deadline, until)):
                return  # news, or woken
            if not line and time.monotonic() >= deadline:
                return

    def _await_line(self, until: float, wake: Wake) -> bytes:
        return self._stream.wait_line(max(0.0, until - time.monotonic()), wake)

    def _ensure_idle(self, renew_s: float) -> float:
        """Be in IDLE, renewed when it is due; gives the time of the next renewal."""
        if self._idle_until and time.monotonic() >= self._idle_until:
            self._leave_idle()
        if not self._idle_until:
            self._guard("starting IDLE", self._stream.begin_idle)
            self._idle_until = time.monotonic() + renew_s
            self._empty()
        return self._idle_until

    def _leave_idle(self) -> None:
        if self._idle_until:
            self._idle_until = 0.0
            self._guard("ending IDLE", self._stream.end_idle)
            self._empty()

    # The edge

    def _call(self, doing: str, function: Any, *args: Any, settles: bool = False, **kw: Any) -> Any:
        """Run one command of the library. `settles`: what came before it is no longer news."""
        self._leave_idle()
        if settles:
            self._news = False
        try:
            return self._guard(doing, function, *args, **kw)
        finally:
            self._empty()

    def _guard(self, doing: str, function: Any, *args: Any, **kw: Any) -> Any:
        try:
            return function(*args, **kw)
        except FAILURES as exc:
            self._broken = self._broken or is_broken(exc)
            raise command_error(self._account, doing, exc) from exc

    def _empty(self) -> None:
        """Forget what the server volunteered, but remember that there was news of mail."""
        volunteered = self._stream.untagged_responses
        self._news = self._news or "EXISTS" in volunteered
        for word in [w for w in volunteered if w not in _KEPT]:
            del volunteered[word]

    def close(self) -> None:
        """Log out if that is quick, and let go. Never raises."""
        with contextlib.suppress(Exception):
            self._stream.sock.settimeout(_CLOSE_TIMEOUT_S)
            if not self._broken:
                self._leave_idle()
                self._stream.logout()
        self._stream.shutdown()


def copied_uids(words: bytes) -> list[int]:
    """UIDs from which a COPYUID code says it copied: `validity 3,5:7 target`."""
    uids: list[int] = []
    for part in words.split()[1].decode("ascii").split(",") if words.count(b" ") else []:
        low, _, high = part.partition(":")
        uids += range(int(low), int(high or low) + 1)
    return uids


def _text(word: bytes | str | None) -> str:
    return word.decode("ascii", "replace") if isinstance(word, bytes) else word or ""


def _one_line(word: str) -> str:
    """Refuse what would end the command and start another."""
    if any(c in word for c in "\r\n\0"):
        message = f"{word!r} has a line break in it and cannot be sent to a mail server"
        raise SourceError(message)
    return word
