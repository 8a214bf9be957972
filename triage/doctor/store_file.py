"""The store as a file: whole, of this version, with room around it, and in the right hands.

Rule: it is opened for reading only, before anything else opens it, since a look at an older store
would bring it up to date.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from triage.doctor.patient import Sound, error, warning
from triage.store.files import damage_of, version_of
from triage.store.tables import HEAD
from triage.summary.wording import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.config import Config
    from triage.doctor.patient import Finding

_LEAST_FREE = 100 * 2**20
_LEAST_INODES = 0.01
_PRIVATE = stat.S_IRWXG | stat.S_IRWXO
_OPEN = stat.S_IWGRP | stat.S_IWOTH
RESTORE = "stop the program and restore the newest backup: `triage restore FILE --directory NEW`"


def store_findings(path: Path) -> Iterator[Finding]:
    """Whether the store can be relied on."""
    where = "store"
    if not path.exists():
        what = f"there is none at {path} yet"
        yield warning("store", where, what, "`triage run` makes it on its first start")
        return
    if says := damage_of(path):
        yield error("store", where, f"{path} is damaged ({says})", RESTORE)
        return
    yield from _version(path)
    held = path.stat().st_size
    yield Sound(where=where, what=f"{path} is whole ({size(held)})")
    yield from _room(path.parent, held)


def _version(path: Path) -> Iterator[Finding]:
    found = version_of(path)
    if found is None:
        yield error("store", "store", f"{path} is no store of triage", "see `store` in triage.toml")
    elif found > HEAD:
        what = f"it was made by a newer triage (version {found}; this one knows {HEAD})"
        yield error("store", "store", what, "install the newer program, or restore an older backup")
    elif found < HEAD:
        what = f"it is of an older version ({found}), and is brought up to date at the next start"
        advice = "make a backup first: `triage backup FILE`; then restart the program"
        yield warning("store", "store", what, advice)


def _room(folder: Path, held: int) -> Iterator[Finding]:
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    if free < _LEAST_FREE:
        what = f"only {size(free)} are free around the store; the program stops when it is full"
        yield error("disk", str(folder), what, "make room, or move the store to another disk")
    elif free < held:
        what = f"{size(free)} are free, less than a copy of the store needs ({size(held)})"
        yield warning("disk", str(folder), what, "make room, or set [retention] text_days")
    elif disk.f_files and disk.f_favail < _LEAST_INODES * disk.f_files:
        what = "the disk can hold hardly any more files, though it has room"
        yield error("disk", str(folder), what, "remove files that nobody needs: `df -i`")
    else:
        yield Sound(where="disk", what=f"{size(free)} free")


def file_findings(config: Config) -> Iterator[Finding]:
    """Who may read and change what the program keeps."""
    store = config.store_file
    beside = [store.with_name(store.name + end) for end in ("", "-wal", "-shm")] if store else []
    private = [*beside, config.tokens, *sorted(config.tokens.glob("*.json"))]
    for path in filter(Path.exists, private):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _PRIVATE:
            advice = f"chmod {'700' if path.is_dir() else '600'} {path}"
            what = "other users of this machine may read it, and it holds mail or tokens"
            yield warning("disk", str(path), what, advice)
    models = config.models or config.path.parent / "models"
    if models.is_dir() and models.stat().st_mode & _OPEN:
        what = "other users may change it, and a model can run code"
        yield warning("disk", str(models), what, f"chmod -R go-w {models}")
    if store:
        yield from _owners([*beside[1:], config.key_file, config.tokens], store)


def _owners(paths: list[Path], store: Path) -> Iterator[Finding]:
    """A verb that somebody ran as root leaves files that the service cannot write."""
    if not store.exists():
        return
    owner = store.stat().st_uid
    for path in filter(Path.exists, paths):
        if path.stat().st_uid != owner:
            what = f"it belongs to {_name(path)}, and the store to {_name(store)}"
            advice = f"chown {_name(store)} {path}, and run triage as that user only"
            yield error("disk", str(path), what, advice)


def _name(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return str(path.stat().st_uid)
