"""The tag folders of mail on disk: sub-folders of a Maildir (Maildir++), or of a folder of .eml.

Rules: as for `FolderSource`; a message keeps its number while its file keeps its name, so one that
was moved away and back has the same number again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imapclient import imap_utf7

from triage.errors import SourceError
from triage.sources.folder import FolderSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from triage.config import FolderAccount, Limits
    from triage.sources.base import Fetched, FolderState

_MAILDIR_PARTS = ("cur", "new", "tmp")


class DiskTagFolders:
    """`levels` gives the levels of each tag's folder."""

    def __init__(
        self, account: FolderAccount, levels: Mapping[str, Sequence[str]], limits: Limits
    ) -> None:
        self._account = account
        self._levels = levels
        self._limits = limits
        self._sources: dict[str, FolderSource] = {}
        self._entered: FolderSource | None = None

    @property
    def account(self) -> str:
        """Name of the account in `triage.toml`."""
        return self._account.name

    def open(self) -> None:
        """Nothing to connect to."""

    def find(self) -> Mapping[str, str]:
        """The folders that exist, by tag."""
        return {
            tag: "/".join(levels)
            for tag, levels in self._levels.items()
            if any(path.is_dir() for path in self._paths(levels))
        }

    def missing(self) -> Mapping[str, str]:
        """Those that do not exist, by the names they would have."""
        found = self.find()
        levels = {tag: each for tag, each in self._levels.items() if tag not in found}
        return {tag: "/".join(each) for tag, each in levels.items()}

    def create(self) -> Mapping[str, str]:
        """Make those that are missing; which they were. Raises SourceError."""
        missing = self.missing()
        for tag in missing:
            path = self._paths(self._levels[tag])[-1]
            try:
                self._make(path)
            except OSError as error:
                message = (
                    f"{self.account}: {path} cannot be made: {error.strerror}."
                    " Check that the program may write there"
                )
                raise SourceError(message) from error
        return missing

    def enter(self, folder: str) -> FolderState:
        """Open one of the folders for reading. Raises FolderMissingError."""
        if folder not in self._sources:
            paths = self._paths(folder.split("/"))
            path = next((each for each in paths if each.is_dir()), paths[0])
            account = replace(self._account, path=path)
            self._sources[folder] = FolderSource(account, self._limits, name=folder)
        self._entered = self._sources[folder]
        return self._entered.open()

    def list_uids(self) -> list[int]:
        """Everything in the folder that was entered last."""
        return self._source().list_uids(after=0, since=None)

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Read one message after the other, in the order given."""
        yield from self._source().fetch(uids)

    def close(self) -> None:
        """Forget what was listed. Never raises."""
        self._entered = None
        self._sources.clear()

    def _paths(self, levels: Sequence[str]) -> list[Path]:
        """Where a folder may lie: plainly named, or as an IMAP server names it on disk.

        The last is the one to make.
        """
        if self._account.type != "maildir":
            return [self._account.path.joinpath(*levels)]
        plain = "." + ".".join(levels)
        encoded: bytes = imap_utf7.encode(plain)
        names = dict.fromkeys([plain, encoded.decode("ascii")])
        return [self._account.path / name for name in names]

    def _make(self, path: Path) -> None:
        parts = _MAILDIR_PARTS if self._account.type == "maildir" else ("",)
        for part in parts:
            (path / part).mkdir(parents=True, exist_ok=True)

    def _source(self) -> FolderSource:
        if self._entered is None:
            message = f"{self.account}: no folder is open: call enter() first"
            raise SourceError(message)
        return self._entered
