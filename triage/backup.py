"""One file with all that a running triage needs to go on elsewhere: store, key, settings, models.

Rules: the store is copied as of one moment, also while the program writes to it (SQLite's online
backup), and one on a database server is left to that server's own backups; passwords and tokens
stay behind; a restore writes into an empty place only, and takes nothing out of an archive but what
a backup puts there.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from triage import __version__
from triage.durable import sync_folder
from triage.errors import StoreError, TriageError
from triage.store import audit
from triage.store.engine import Store
from triage.store.files import damage_of, read_only, version_of
from triage.store.tables import HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.config import Config

MANIFEST = "backup.json"
FORMAT = 1
ELSEWHERE = "elsewhere"  # for what does not lie in the folder of the settings
_MOST_BYTES = 1 << 40  # of one file; an archive that says more is none of ours
_NAME = re.compile(r"[^/\x00-\x1f]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore wrote. `elsewhere`: files that used to lie in other folders, by old place."""

    files: tuple[Path, ...]
    elsewhere: dict[str, str]


def back_up(config: Config, target: Path) -> list[str]:
    """Write the archive and return the names in it. Raises TriageError, StoreError."""
    if target.exists():
        msg = f"{target} exists already; name another file, or take that one away"
        raise TriageError(msg)
    part = target.with_name(f".{target.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".backup-") as folder:
            copy = None
            if isinstance(config.store, Path):
                copy = Path(folder) / "store"
                _copy_store(config.store, copy)
            wanted = dict(_wanted(config, copy))
            handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                _write(file, wanted, config)
                file.flush()
                os.fsync(file.fileno())
        part.rename(target)
        sync_folder(target.absolute().parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        why = error.strerror or error
        msg = f"{target}: {why}; see that you may write there and that the disk has room"
        raise TriageError(msg) from error
    return sorted(wanted)


def note_backup(store_path: Path, target: Path, now: float) -> None:
    """Write down that a backup was made, for `triage doctor`.

    Not in a store of an older version, which may have been backed up before it is upgraded.
    """
    if version_of(store_path) != HEAD:
        return
    store = Store.open(store_path, create=False)
    try:
        with store.write() as tx:
            audit.note(tx, "backed-up", now=now, detail=str(target.absolute()))
    finally:
        store.close()


def restore(archive: Path, directory: Path) -> Restored:
    """Write what a backup holds into a folder, which must hold nothing of the kind yet.

    Raises:
        TriageError: it is no whole backup, or something is in the way; nothing was written.
        StoreError: the store in it is damaged.
    """
    try:
        with tarfile.open(archive, "r:gz") as opened:
            manifest = _manifest(opened, archive)
            members = list(_members(opened, archive))
            targets = {directory / name: member for name, member in members}
            taken = [str(path) for path in targets if path.exists()]
            if taken:
                msg = f"{', '.join(taken)} would be overwritten; restore into an empty folder"
                raise TriageError(msg)
            for path, member in targets.items():
                _extract(opened, member, path)
    except (OSError, EOFError, tarfile.TarError) as error:
        msg = (
            f"{archive} cannot be restored ({error}); is it a whole file that `triage backup` made?"
        )
        raise TriageError(msg) from error
    if manifest["store"]:
        _check_store(directory / manifest["store"])
    return Restored(files=tuple(targets), elsewhere=dict(manifest["elsewhere"]))


def _copy_store(path: Path, copy: Path) -> None:
    """SQLite's online backup, which waits for no writer and is whole."""
    if not path.exists():
        msg = f"there is no store at {path}; `triage run` makes it on its first start"
        raise StoreError(msg)
    try:
        with (
            closing(read_only(path)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        msg = f"store {path}: {error}; see `triage check`"
        raise StoreError(msg) from error


def _check_store(path: Path) -> None:
    if found := damage_of(path):
        msg = f"the store in this backup is damaged ({found}); use another backup"
        raise StoreError(msg)


def _wanted(config: Config, store: Path | None) -> Iterator[tuple[str, Path]]:
    """Name in the archive and where the content lies."""
    if store is not None and isinstance(config.store, Path):
        yield _name(config, config.store), store
    for path in (config.path, config.policy, config.key_file):
        if path.exists():
            yield _name(config, path), path
    folders = (config.models or config.path.parent / "models", config.templates)
    for folder in folders:
        for path in sorted(folder.rglob("*") if folder and folder.is_dir() else ()):
            if path.is_file() and not path.is_symlink():
                yield _name(config, path), path


def _name(config: Config, path: Path) -> str:
    home = config.path.parent
    inside = path.is_relative_to(home)
    return path.relative_to(home).as_posix() if inside else f"{ELSEWHERE}{path.as_posix()}"


def _write(file: Any, wanted: dict[str, Path], config: Config) -> None:
    about = {
        "format": FORMAT,
        "program": __version__,
        "schema": HEAD,
        "store": _name(config, config.store) if isinstance(config.store, Path) else "",
        "elsewhere": {
            name: name.removeprefix(ELSEWHERE) for name in wanted if name.startswith(ELSEWHERE)
        },
    }
    content = json.dumps(about, indent=1).encode()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        first = tarfile.TarInfo(MANIFEST)
        first.size, first.mode = len(content), 0o600
        archive.addfile(first, BytesIO(content))
        for name, path in wanted.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = path.stat().st_size, 0o600
            with path.open("rb") as source:
                archive.addfile(member, source)


def _manifest(opened: tarfile.TarFile, archive: Path) -> dict[str, Any]:
    try:
        source = opened.extractfile(MANIFEST)
        about: Any = json.loads(source.read(1 << 20)) if source else None
        known = about["format"] == FORMAT
        newer = about["schema"] > HEAD
        str(about["store"]), dict(about["elsewhere"])
    except (KeyError, TypeError, ValueError):
        msg = f"{archive} is no backup that `triage backup` made"
        raise TriageError(msg) from None
    if not known or newer:
        msg = (
            f"{archive} was made by a newer triage ({about.get('program')}); install that one first"
        )
        raise TriageError(msg)
    return dict(about)


def _members(opened: tarfile.TarFile, archive: Path) -> Iterator[tuple[str, tarfile.TarInfo]]:
    for member in opened:
        if member.name == MANIFEST:
            continue
        parts = PurePosixPath(member.name).parts
        plain = all(_NAME.fullmatch(part) and part not in {".", ".."} for part in parts)
        if not (member.isreg() and parts and plain and member.size < _MOST_BYTES):
            msg = f"{archive} holds {member.name!r}, which no backup holds; do not use it"
            raise TriageError(msg)
        yield member.name, member


def _extract(opened: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    source = opened.extractfile(member)
    assert source is not None  # it is a regular file
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        while chunk := source.read(1 << 20):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
