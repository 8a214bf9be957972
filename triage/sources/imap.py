"""A folder on an IMAP server as a MailSource.

Rules: mail is read with BODY.PEEK[] in a folder opened read-only, so nobody sees that we were
there, unless the account asks for a keyword or a move. A message is known by UID under the
folder's UIDVALIDITY. UIDs are sent as lists of numbers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from triage.errors import SourceError
from triage.messages import MessageRef
from triage.sources.base import FolderState
from triage.sources.imap_connection import IDLE_RENEW_S, ImapConnection
from triage.sources.imap_errors import where
from triage.sources.imap_fetch import Fetcher, Suspects
from triage.sources.wake import Wake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from triage.config import ImapAccount, Limits
    from triage.sources.base import Fetched
    from triage.sources.imap_connection import Selected

_CHANGE_AT_ONCE: Final = 50  # Dovecot rescans a Maildir for every MOVE
_KEYWORD: Final = re.compile(r"[A-Za-z0-9$_.:+&=/#@!-]{1,100}")  # an atom of RFC 3501


class ImapSource:
    """One folder of one account. `password` is asked at every connection, so it may be a token.

    `idle_renew_s`: how long one IDLE lasts.
    """

    def __init__(
        self,
        account: ImapAccount,
        folder: str,
        password: Callable[[], str],
        limits: Limits,
        *,
        idle_renew_s: float = IDLE_RENEW_S,
    ) -> None:
        self._account = account
        self._folder = folder
        self._password = password
        self._limits = limits
        self._idle_renew_s = idle_renew_s
        self._wake = Wake()
        self._suspects = Suspects()
        self._connection: ImapConnection | None = None
        self._selected: Selected | None = None
        self._known_folders: set[str] = set()

    @property
    def account(self) -> str:
        """Name of the account in `triage.toml`."""
        return self._account.name

    @property
    def folder(self) -> str:
        """Folder name as people write it."""
        return self._folder

    @property
    def ordered(self) -> bool:
        """UIDs only ever grow (RFC 3501, 2.3.1.1)."""
        return True

    def open(self) -> FolderState:
        """Connect, log in and open the folder. Raises SourceError and its children."""
        self.close()
        connection = ImapConnection(self._account, self._password)
        try:
            selected = connection.select(self._folder, readonly=not self._changes_mail())
            uid_next = selected.uid_next or max(connection.search(["ALL"]), default=0) + 1
        except BaseException:
            connection.close()
            raise
        if self._selected and self._selected.uid_validity != selected.uid_validity:
            self._suspects.clear()
        self._connection, self._selected = connection, selected
        return FolderState(uid_validity=selected.uid_validity, uid_next=uid_next)

    def list_uids(self, *, after: int, since: date | None) -> list[int]:
        """UIDs above `after`, received on or after `since` by the server's calendar."""
        connection = self._open_connection()
        connection.noop()
        criteria: list[str | int | date] = ["UID", f"{after + 1}:*"]
        if since is not None:
            criteria += ["SINCE", since]
        # "n:*" names the last message even when all UIDs are below n.
        return [uid for uid in connection.search(criteria, all_seen=True) if uid > after]

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Read messages in the order given; memory is bounded by the batch limits."""
        connection = self._open_connection()
        yield from Fetcher(connection, self._ref, self._limits, self._suspects).fetch(uids)

    def wait(self, timeout_s: float) -> None:
        """Wait for news by IDLE; without it, sleep for the poll interval."""
        connection = self._open_connection()
        connection.wait(
            min(timeout_s, self._account.poll_interval_s),
            self._wake,
            idle=self._account.idle and connection.has("IDLE"),
            renew_s=self._idle_renew_s,
        )

    def interrupt(self) -> None:
        """End the current or the next `wait`."""
        self._wake.ring()

    def set_keyword(self, uids: Sequence[int], keyword: str) -> None:
        """Add a keyword. Raises SourceError where the folder takes no new keywords."""
        connection = self._open_connection()
        self._must_be_writable("set a keyword")
        if not _KEYWORD.fullmatch(keyword):
            message = f"{keyword!r} cannot be a keyword: use letters, digits and $ _ - . only"
            raise self._error(message)
        permanent = self._selected.permanent_flags if self._selected else ()
        if not {"\\*", keyword.lower()} & {flag.lower() for flag in permanent}:
            message = (
                f"the server takes no new keywords in folder {self._folder}:"
                " remove after.keyword or use after.move_to"
            )
            raise self._error(message)
        for some in _slices(uids):
            connection.add_flag(some, keyword)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move messages; the folder is made where it is missing.

        Without MOVE they are copied, checked, marked as deleted and removed one by one; without
        UIDPLUS as well they stay, marked as deleted, since a plain EXPUNGE would remove what
        other people have marked.
        """
        connection = self._open_connection()
        self._must_be_writable("move mail")
        if folder == self._folder:
            return  # it would come back under a new UID and be triaged again
        self._ensure_folder(connection, folder)
        for some in _slices(uids):
            if connection.has("MOVE"):
                connection.move(some, folder)
            elif copied := connection.copy(some, folder):
                connection.add_flag(copied, "\\Deleted")
                if connection.has("UIDPLUS"):
                    connection.expunge(copied)

    def close(self) -> None:
        """Let go of the connection. Never raises."""
        connection, self._connection = self._connection, None
        self._known_folders.clear()
        if connection is not None:
            connection.close()

    def _changes_mail(self) -> bool:
        return bool(self._account.after.keyword or self._account.after.move_to)

    def _open_connection(self) -> ImapConnection:
        if self._connection is None:
            raise self._error("not connected: call open() first")
        return self._connection

    def _must_be_writable(self, what: str) -> None:
        if not self._changes_mail():
            message = (
                f"folder {self._folder} is open for reading only, so the program cannot {what}:"
                " set after.keyword or after.move_to for this account"
            )
            raise self._error(message)

    def _ensure_folder(self, connection: ImapConnection, folder: str) -> None:
        if folder not in self._known_folders:
            self._known_folders.update(connection.folders())
        if folder not in self._known_folders and folder.upper() != "INBOX":
            connection.create_folder(folder)
            self._known_folders.add(folder)

    def _ref(self, uid: int) -> MessageRef:
        return MessageRef(
            account=self._account.name,
            folder=self._folder,
            uid_validity=self._selected.uid_validity if self._selected else 0,
            uid=uid,
        )

    def _error(self, text: str) -> SourceError:
        return SourceError(f"{where(self._account)}: {text}")


def list_folders(account: ImapAccount, password: Callable[[], str]) -> list[str]:
    """Names of the folders an account has. Raises SourceError, LoginError."""
    connection = ImapConnection(account, password)
    try:
        return connection.folders()
    finally:
        connection.close()


def _slices(uids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(uids), _CHANGE_AT_ONCE):
        yield list(uids[start : start + _CHANGE_AT_ONCE])
