"""The port through which mail comes in: one object per account and folder.

Rules: reading changes nothing on the server. A source raises only `SourceError` and its children;
after one the caller calls `close()`, waits, and starts again with `open()`. One source belongs to
one thread, except `interrupt()`, which any thread may call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from triage.messages import RawMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderState:
    """What the server says of a folder when it is opened.

    `uid_next` is one more than the highest UID so far (for disk sources: 1). `ordered` says that
    UIDs only ever grow, so that "everything above the last one" is everything new; without it
    the caller compares with what it has seen.
    """

    uid_validity: int
    uid_next: int
    ordered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One answer to a fetch. `raw` is None when the message has gone from the server."""

    uid: int
    raw: RawMessage | None


class MailSource(Protocol):
    """A folder of mail."""

    @property
    def account(self) -> str:
        """Name of the account in `triage.toml`."""

    @property
    def folder(self) -> str:
        """Folder name as people write it."""

    @property
    def ordered(self) -> bool:
        """Whether UIDs only ever grow, see FolderState."""

    def open(self) -> FolderState:
        """Connect and select the folder; afresh after `close()`. Raises SourceError."""

    def list_uids(self, *, after: int, since: date | None) -> list[int]:
        """UIDs present, oldest first: above `after`, received on or after `since` if given.

        Sources that are not `ordered` ignore `after`, and their UIDs do not ascend.
        """

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Hand over each message once, in the order of `uids`, reading in bounded batches.

        A message that is gone yields `raw=None`. One that exists but cannot be had (too large,
        or the server keeps answering without a body) yields an incomplete RawMessage with its
        `problem`, never nothing.
        """

    def wait(self, timeout_s: float) -> None:
        """Return when something may have changed, after `timeout_s`, or on `interrupt()`."""

    def interrupt(self) -> None:
        """Make a `wait` in another thread return soon."""

    def set_keyword(self, uids: Sequence[int], keyword: str) -> None:
        """Add an IMAP keyword. Raises SourceError where the source cannot."""

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move messages to another folder of the same account; missing ones are no error."""

    def close(self) -> None:
        """Let go of the connection. Never raises."""


class TagFolderReader(Protocol):
    """The folders of one account into which people move mail to say what it is.

    One of them is open at a time. Used by one thread; nothing in them is changed.
    """

    @property
    def account(self) -> str:
        """Name of the account in `triage.toml`."""

    def open(self) -> None:
        """Connect; afresh after `close()`. Raises SourceError."""

    def find(self) -> Mapping[str, str]:
        """The folders that exist, as the server calls them, by tag; the empty tag means none."""

    def missing(self) -> Mapping[str, str]:
        """Those that do not exist, by the names they would have."""

    def create(self) -> Mapping[str, str]:
        """Make those that are missing; which they were. Raises SourceError."""

    def enter(self, folder: str) -> FolderState:
        """Open one of the folders for reading. Raises SourceError."""

    def list_uids(self) -> list[int]:
        """Everything in the folder that was entered last."""

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Hand over each message once, as `MailSource.fetch` does."""

    def close(self) -> None:
        """Let go of the connection. Never raises."""
