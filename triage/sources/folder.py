"""Mail on disk as a MailSource: a Maildir, an mbox file, or a folder of .eml files.

Rules: nothing is changed by reading. Numbers say nothing of age here, so messages are listed
oldest first, and the caller compares them with those it has seen.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from triage.errors import FolderMissingError, SourceError
from triage.messages import MessageRef, RawMessage
from triage.sources.base import Fetched, FolderState
from triage.sources.listing import (
    SETTLE_S,
    EmlFolder,
    GoneError,
    Lister,
    Maildir,
    Mbox,
    cannot_be_read,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from triage.config import FolderAccount, Limits
    from triage.sources.listing import Entry, Listing

FIRST_PART_BYTES: Final = 256 * 1024
_KINDS: Final[dict[str, Callable[..., Lister]]] = {
    "maildir": Maildir,
    "mbox": Mbox,
    "eml": EmlFolder,
}


class FolderSource:
    """One mailbox on disk. `clock` gives epoch seconds, as file times do.

    `name` is what the folder is called, else the last part of its path.
    """

    def __init__(
        self,
        account: FolderAccount,
        limits: Limits,
        *,
        lister: Lister | None = None,
        name: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._account = account
        self._limits = limits
        self._lister = lister or _KINDS[account.type](account.path)
        self._name = name
        self._clock = clock
        self._woken = threading.Event()
        self._listing: Listing | None = None

    @property
    def account(self) -> str:
        """Name of the account in `triage.toml`."""
        return self._account.name

    @property
    def folder(self) -> str:
        """The name, else the last part of the path."""
        return self._name or self._account.path.resolve().name or str(self._account.path)

    @property
    def ordered(self) -> bool:
        """The numbers are hashes: they have no order."""
        return False

    def open(self) -> FolderState:
        """See that the mailbox is there. Raises FolderMissingError."""
        self.close()
        if reason := self._lister.missing():
            message = f"{self._account.name}: {self._account.path}: {reason}. Check path and type"
            raise FolderMissingError(message)
        return FolderState(uid_validity=1, uid_next=1, ordered=False)

    def list_uids(self, *, after: int, since: date | None) -> list[int]:  # noqa: ARG002  # numbers have no order here
        """All messages, oldest first, received on or after `since` (a day in UTC).

        Files that are just being written are left for the next look, but the first look waits
        for them, so that a single look finds what was put there right before.
        """
        first = self._listing is None
        listing = self._scan()
        if first and listing.unsettled:
            self._woken.wait(SETTLE_S)
            listing = self._scan()
        found = [e for e in listing.entries.values() if since is None or _day(e) >= since]
        return [e.uid for e in sorted(found, key=lambda e: (e.received_at, e.path, e.start))]

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Read one message after the other, in the order given."""
        for uid in dict.fromkeys(uids):
            yield Fetched(uid=uid, raw=self._raw(uid))

    def wait(self, timeout_s: float) -> None:
        """Sleep for the poll interval, shorter when something is just being written."""
        poll_s: float = self._account.poll_interval_s
        if self._listing and self._listing.unsettled:
            poll_s = min(poll_s, SETTLE_S)
        self._woken.wait(min(timeout_s, poll_s))
        self._woken.clear()

    def interrupt(self) -> None:
        """End the current or the next `wait`."""
        self._woken.set()

    def set_keyword(self, uids: Sequence[int], keyword: str) -> None:  # noqa: ARG002  # the port's names
        """Mail on disk has no keywords. Raises SourceError."""
        message = f"{self._account.name}: mail on disk takes no keywords"
        raise SourceError(message)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move messages to a subfolder of a Maildir. Raises SourceError for other kinds."""
        if not isinstance(self._lister, Maildir):
            message = f"{self._account.name}: only mail in a Maildir can be moved"
            raise SourceError(message)
        if not folder or {"", ".", ".."} & set(folder.split("/")):
            message = f"{self._account.name}: {folder!r} is no name of a folder"
            raise SourceError(message)
        listing = self._scan()
        try:
            for uid in uids:
                if entry := listing.entries.get(uid):
                    self._lister.move(entry, folder)
        except OSError as error:
            raise self._error(error) from error

    def close(self) -> None:
        """Forget the listing. Never raises."""
        self._listing = None

    def _scan(self) -> Listing:
        try:
            self._listing = self._lister.scan(self._clock())
        except OSError as error:
            raise self._error(error) from error
        return self._listing

    def _raw(self, uid: int) -> RawMessage | None:
        entry = (self._listing or self._scan()).entries.get(uid)
        for _ in range(2):
            if entry is None:
                return None
            try:
                return self._read(entry)
            except GoneError:  # renamed or rewritten since the listing: look once more
                entry = self._scan().entries.get(uid)
        return None

    def _read(self, entry: Entry) -> RawMessage:
        limit = self._limits.max_message_bytes
        try:
            if entry.size <= limit:
                content = self._lister.read(entry, None)
                return self._message(entry, content, size=len(content))
            content = self._lister.read(entry, FIRST_PART_BYTES)
            problem = (
                f"the message has {entry.size} bytes, over the limit of {limit}:"
                f" only the first {FIRST_PART_BYTES // 1024} KB were read"
            )
        except OSError as error:
            if not cannot_be_read(error):
                raise self._error(error) from error
            content = b""
            problem = f"the file {entry.path} cannot be read: {error.strerror}"
        return self._message(entry, content, size=entry.size, problem=problem)

    def _message(self, entry: Entry, content: bytes, *, size: int, problem: str = "") -> RawMessage:
        ref = MessageRef(
            account=self._account.name, folder=self.folder, uid_validity=1, uid=entry.uid
        )
        return RawMessage(
            ref=ref,
            content=content,
            received_at=entry.received_at,
            size=size,
            complete=not problem,
            problem=problem,
        )

    def _error(self, error: OSError) -> SourceError:
        where = error.filename or self._account.path
        return SourceError(
            f"{self._account.name}: {where} cannot be read: {error.strerror or error}."
            " Check that the program may read it"
        )


def _day(entry: Entry) -> date:
    return entry.received_at.date()
