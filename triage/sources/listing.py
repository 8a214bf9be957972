"""What lies in a mailbox on disk: a Maildir, a folder of .eml files, an mbox file.

Rule: a listing only looks. Each message gets a number that stays the same as long as the
message does, whatever happens to the file around it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from triage.sources import mbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from io import BufferedReader

SETTLE_S: Final = 1.0  # a file changed within this time may still be written
_UNFINISHED: Final = ("~", ".tmp", ".part", ".partial", ".swp", ".crdownload")
_LOST_TO_READING: Final = (errno.EACCES, errno.EPERM, errno.EIO)


Stamp = tuple[int, int, int]  # inode, size and time: a file with the same is the same


def _open(path: Path) -> BufferedReader:
    return path.open("rb")


class GoneError(Exception):
    """The message is no longer where the listing saw it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One message on disk: `size` bytes from `start` in the file at `path`.

    `digest` is that of the content where the content is part of what a message is known by.
    """

    uid: int
    path: Path
    received_at: datetime
    size: int
    start: int = 0
    digest: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The messages by their numbers. `unsettled`: something is still being written."""

    entries: Mapping[int, Entry] = field(default_factory=dict)
    unsettled: bool = False


class Lister(Protocol):
    """One kind of mailbox on disk."""

    def missing(self) -> str:
        """Why there is no such mailbox; empty when there is."""

    def scan(self, now_s: float) -> Listing:
        """List what is there. Raises OSError."""

    def read(self, entry: Entry, max_bytes: int | None) -> bytes:
        """The message, or its first bytes. Raises GoneError, OSError."""


def stable_uid(*parts: bytes) -> int:
    """A positive number below 2**63 from what a message is known by."""
    hashing = hashlib.blake2b(digest_size=8)
    for part in parts:
        hashing.update(len(part).to_bytes(8) + part)
    return int.from_bytes(hashing.digest()) >> 1 or 1


def cannot_be_read(error: OSError) -> bool:
    """Whether the fault lies with this one file, so that the others can go on."""
    return error.errno in _LOST_TO_READING


class Maildir:
    """A Maildir: files appear whole in `new` and are renamed when flags change.

    A message is known by the part of its name before the colon.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def missing(self) -> str:
        """Why there is no such mailbox; empty when there is."""
        if all((self._path / part).is_dir() for part in ("cur", "new")):
            return ""
        return "it is no Maildir: it must have the folders cur and new in it"

    def scan(self, now_s: float) -> Listing:  # noqa: ARG002  # files here are always whole
        """List both folders; `cur` wins, for that is where files go."""
        entries = {}
        for part in ("new", "cur"):
            for path, status in _files(self._path / part):
                key = path.name.partition(":")[0]
                uid = stable_uid(b"maildir", os.fsencode(key))
                entries[uid] = Entry(
                    uid=uid, path=path, received_at=_time(status), size=status.st_size
                )
        return Listing(entries=entries)

    def read(self, entry: Entry, max_bytes: int | None) -> bytes:
        """The message, or its first bytes."""
        return _read(entry, max_bytes)

    def move(self, entry: Entry, folder: str) -> None:
        """Move a message to a subfolder (Maildir++), which is made where it is missing."""
        target = self._path / f".{folder.replace('/', '.')}"
        for part in ("cur", "new", "tmp"):
            (target / part).mkdir(parents=True, exist_ok=True)
        name = entry.path.name if ":" in entry.path.name else f"{entry.path.name}:2,"
        with contextlib.suppress(FileNotFoundError):
            entry.path.rename(target / "cur" / name)


class EmlFolder:
    """A folder of .eml files and its subfolders.

    A message is known by its path and content: a file that is written anew is a new message.
    What lies in the folders `beside` is none of its mail.
    """

    def __init__(
        self,
        path: Path,
        opener: Callable[[Path], BufferedReader] = _open,
        beside: Iterable[Path] = (),
    ) -> None:
        self._path = path
        self._open = opener
        self._beside = frozenset(beside)
        self._known: dict[Path, tuple[Stamp, Entry]] = {}

    def missing(self) -> str:
        """Why there is no such mailbox; empty when there is."""
        return "" if self._path.is_dir() else "there is no such folder"

    def scan(self, now_s: float) -> Listing:
        """List the files that are whole; only new and changed ones are read."""
        known: dict[Path, tuple[Stamp, Entry]] = {}
        unsettled = False
        for path, status in self._eml_files():
            before = self._known.get(path)
            if before and before[0] == _stamp(status):
                known[path] = before
            elif 0 <= now_s - status.st_mtime < SETTLE_S:
                unsettled = True
            else:
                with contextlib.suppress(FileNotFoundError):
                    known[path] = (_stamp(status), self._entry(path, status))
        self._known = known
        entries = {entry.uid: entry for _, entry in known.values()}
        return Listing(entries=entries, unsettled=unsettled)

    def read(self, entry: Entry, max_bytes: int | None) -> bytes:
        """The message, or its first bytes. Other content under the same name: it is gone."""
        data = _read(entry, max_bytes, self._open)
        if max_bytes is None and _hash(data) != entry.digest:
            raise GoneError
        return data

    def _eml_files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for root, folders, _ in os.walk(self._path):
            here = Path(root)
            folders[:] = sorted(
                f for f in folders if not f.startswith(".") and here / f not in self._beside
            )
            for path, status in _files(here):
                if path.suffix.lower() == ".eml" and status.st_size:
                    yield path, status

    def _entry(self, path: Path, status: os.stat_result) -> Entry:
        """What a file is known by; a number of its own when it cannot be read."""
        try:
            with self._open(path) as file:
                digest = hashlib.file_digest(file, "blake2b").digest()
        except OSError as error:
            if not cannot_be_read(error):
                raise
            digest = b"unreadable" + repr(_stamp(status)).encode()
        return Entry(
            uid=stable_uid(b"eml", os.fsencode(path.relative_to(self._path)), digest),
            path=path,
            # A file put here counts from now, though a copy may keep an older time.
            received_at=max(_time(status), datetime.fromtimestamp(status.st_ctime, UTC)),
            size=status.st_size,
            digest=digest,
        )


class Mbox:
    """One mbox file. A message is known by its content and by how often that came before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: Stamp | None = None
        self._listing = Listing()

    def missing(self) -> str:
        """Why there is no such mailbox; empty when there is."""
        return "" if self._path.is_file() else "there is no such file"

    def scan(self, now_s: float) -> Listing:
        """List the messages, reading the file only when it has changed and nobody writes it."""
        with self._path.open("rb") as file:
            before = os.fstat(file.fileno())
            if _stamp(before) == self._stamp:
                return self._listing
            if 0 <= now_s - before.st_mtime < SETTLE_S or not _lock(file):
                return Listing(entries=self._listing.entries, unsettled=True)
            entries = {entry.uid: entry for entry in self._entries(file, before)}
            if _stamp(os.fstat(file.fileno())) != _stamp(before):
                return Listing(entries=self._listing.entries, unsettled=True)
        self._stamp, self._listing = _stamp(before), Listing(entries=entries)
        return self._listing

    def read(self, entry: Entry, max_bytes: int | None) -> bytes:
        """The message, or its first bytes; gone when the file was rewritten meanwhile."""
        content = mbox.content(_read(entry, max_bytes))
        if max_bytes is None and mbox.digest(content) != entry.digest:
            raise GoneError
        return content

    def _entries(self, file: BufferedReader, status: os.stat_result) -> Iterator[Entry]:
        changed_at = _time(status)
        seen: dict[bytes, int] = {}
        for span in mbox.spans(file):
            occurrence = seen.get(span.digest, 0)
            seen[span.digest] = occurrence + 1
            delivered_at = mbox.separator_date(span.separator) or changed_at
            yield Entry(
                uid=stable_uid(b"mbox", span.digest, str(occurrence).encode()),
                path=self._path,
                received_at=min(delivered_at, changed_at),
                size=span.end - span.start,
                start=span.start,
                digest=span.digest,
            )


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _time(status: os.stat_result) -> datetime:
    """When a file was last changed; file systems also hold times that no calendar does."""
    try:
        return datetime.fromtimestamp(status.st_mtime, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(status.st_ctime, UTC)


def _lock(file: BufferedReader) -> bool:
    """Whether nobody is writing. The lock goes when the file is closed."""
    try:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:  # file systems without locks: go by the file's time alone
        return error.errno not in (errno.EAGAIN, errno.EACCES)
    return True


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Regular files in one folder, by name, without hidden and unfinished ones."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name.endswith(_UNFINISHED):
            continue
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            if stat.S_ISREG(status.st_mode):
                yield path, status


def _read(
    entry: Entry, max_bytes: int | None, opener: Callable[[Path], BufferedReader] = _open
) -> bytes:
    wanted = entry.size if max_bytes is None else min(entry.size, max_bytes)
    try:
        with opener(entry.path) as file:
            file.seek(entry.start)
            return file.read(wanted)
    except FileNotFoundError as error:
        raise GoneError from error


def _hash(data: bytes) -> bytes:
    return hashlib.blake2b(data).digest()
