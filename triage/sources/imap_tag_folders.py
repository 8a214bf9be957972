"""The tag folders of an account on an IMAP server, over one connection of their own.

Rules: folders are opened with EXAMINE and mail is read with BODY.PEEK[], so nothing changes; one
folder after the other, since many providers let only ten or fifteen connections in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.errors import SourceError
from triage.messages import MessageRef
from triage.sources.base import FolderState
from triage.sources.imap_connection import Hierarchy, ImapConnection
from triage.sources.imap_errors import where
from triage.sources.imap_fetch import Fetcher, Suspects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from triage.config import ImapAccount, Limits
    from triage.sources.base import Fetched


class ImapTagFolders:
    """`levels` gives the levels of each tag's folder; `password` as for `ImapSource`."""

    def __init__(
        self,
        account: ImapAccount,
        levels: Mapping[str, Sequence[str]],
        password: Callable[[], str],
        limits: Limits,
    ) -> None:
        self._account = account
        self._levels = levels
        self._password = password
        self._limits = limits
        self._suspects: dict[str, Suspects] = {}
        self._connection: ImapConnection | None = None
        self._hierarchy = Hierarchy(prefix="", separator="")
        self._folder = ""
        self._uid_validity = 0

    @property
    def account(self) -> str:
        """Name of the account in `triage.toml`."""
        return self._account.name

    def open(self) -> None:
        """Connect, log in, and learn how the server builds names. Raises SourceError."""
        self.close()
        connection = ImapConnection(self._account, self._password)
        try:
            self._hierarchy = connection.hierarchy()
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def find(self) -> Mapping[str, str]:
        """The folders that exist, as the server calls them, by tag.

        A name that differs in case only is taken too: people make folders by hand.
        """
        wanted = self._names()
        roots = {self._root(name) for name in wanted.values()}
        listed = [name for root in sorted(roots) for name in self._open().folders(f"{root}*")]
        alike = {name.casefold(): name for name in listed}
        exact = set(listed)
        return {
            tag: name if name in exact else alike[name.casefold()]
            for tag, name in wanted.items()
            if name.casefold() in alike
        }

    def missing(self) -> Mapping[str, str]:
        """Those that do not exist, by the names they would have."""
        found = self.find()
        return {tag: name for tag, name in self._names().items() if tag not in found}

    def create(self) -> Mapping[str, str]:
        """Make those that are missing, subscribed; which they were."""
        missing = self.missing()
        for name in missing.values():
            self._open().create_folder(name)
        return missing

    def enter(self, folder: str) -> FolderState:
        """Open one of the folders for reading."""
        connection = self._open()
        selected = connection.select(folder, readonly=True)
        self._folder, self._uid_validity = folder, selected.uid_validity
        uid_next = selected.uid_next or max(connection.search(["ALL"]), default=0) + 1
        return FolderState(uid_validity=selected.uid_validity, uid_next=uid_next)

    def list_uids(self) -> list[int]:
        """Everything in the folder that was entered last."""
        return self._open().search(["ALL"])

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Read messages in the order given; memory is bounded by the batch limits."""
        suspects = self._suspects.setdefault(self._folder, Suspects())
        yield from Fetcher(self._open(), self._ref, self._limits, suspects).fetch(uids)

    def close(self) -> None:
        """Let go of the connection. Never raises."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _names(self) -> dict[str, str]:
        """What each tag's folder would be called on this server."""
        return {tag: self._name(levels) for tag, levels in self._levels.items()}

    def _name(self, levels: Sequence[str]) -> str:
        separator, prefix = self._hierarchy.separator, self._hierarchy.prefix
        if not separator:
            message = (
                f"{where(self._account)}: folders have no levels on this server, so there can be no"
                f' "{"/".join(levels)}": take the table tag_folders out of triage.toml'
            )
            raise SourceError(message)
        # Some people write names the server's own way: its separator, its prefix in front.
        parts = [part for level in levels for part in level.split(separator) if part]
        bare = prefix.rstrip(separator).casefold()
        rest = parts[1:] if bare and parts[0].casefold() == bare else parts
        return prefix + separator.join(rest)

    def _root(self, name: str) -> str:
        """The name without its last level: what the folders beside it begin with."""
        return name.rpartition(self._hierarchy.separator)[0]

    def _open(self) -> ImapConnection:
        if self._connection is None:
            message = f"{where(self._account)}: not connected: call open() first"
            raise SourceError(message)
        return self._connection

    def _ref(self, uid: int) -> MessageRef:
        return MessageRef(
            account=self._account.name,
            folder=self._folder,
            uid_validity=self._uid_validity,
            uid=uid,
        )
