"""A backup taken while the program writes is whole, holds no secret, and comes back elsewhere."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.factories import make_raw, make_ref
from triage.backup import MANIFEST, back_up, restore
from triage.config_file import parse_config
from triage.errors import StoreError, TriageError
from triage.store import inbox
from triage.store.engine import Store

if TYPE_CHECKING:
    from triage.config import Config

SETTINGS = """
[firm]
name = "Radial"
[[accounts]]
name = "inbox"
host = "imap.radial.example"
username = "inbox@radial.example"
password_file = "secrets/inbox"
[outgoing]
host = "smtp.radial.example"
sender = "triage@radial.example"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    home = tmp_path / "home"
    for name, content in {
        "triage.toml": SETTINGS,
        "policy.toml": "policy",
        "triage.key": "key",
        "secrets/inbox": "canary",
        "tokens/office.json": "canary",
        "models/registry.json": "{}",
        "models/1/model.joblib": "model",
    }.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    Store.open(home / "triage.db").close()
    return parse_config(SETTINGS, home / "triage.toml")


def count(path: Path) -> int:
    store = Store.open(path, create=False)
    with store.read() as tx:
        number = inbox.count_pending(tx)
    store.close()
    return number


def test_a_backup_comes_back_in_another_folder_without_the_secrets(
    config: Config, tmp_path: Path
) -> None:
    names = back_up(config, tmp_path / "monday.tar.gz")
    assert (tmp_path / "monday.tar.gz").stat().st_mode & 0o777 == 0o600
    done = restore(tmp_path / "monday.tar.gz", tmp_path / "new")
    assert sorted(path.relative_to(tmp_path / "new").as_posix() for path in done.files) == names
    assert "models/1/model.joblib" in names
    assert not any("canary" in path.read_text("latin-1") for path in done.files)
    assert (tmp_path / "new" / "triage.toml").read_text() == SETTINGS
    assert count(tmp_path / "new" / "triage.db") == 0


def test_a_store_that_is_being_written_is_copied_as_of_one_moment(
    config: Config, tmp_path: Path
) -> None:
    store, stop = Store.open(config.store), threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        while not stop.is_set():
            with store.write() as tx:  # always two at a time
                for n in (1, 2):
                    inbox.receive(tx, make_raw(ref=make_ref(uid=written * 2 + n)), 1.0)
            written += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for n in range(5):
            back_up(config, tmp_path / f"{n}.tar.gz")
    finally:
        stop.set()
        writer.join()
        store.close()
    for n in range(5):
        restore(tmp_path / f"{n}.tar.gz", tmp_path / str(n))
        assert count(tmp_path / str(n) / "triage.db") % 2 == 0
    assert written > 0


def test_nothing_is_overwritten_by_either(config: Config, tmp_path: Path) -> None:
    target = tmp_path / "monday.tar.gz"
    back_up(config, target)
    with pytest.raises(TriageError, match="exists already"):
        back_up(config, target)
    before = (config.path.parent / "policy.toml").read_bytes()
    with pytest.raises(TriageError, match="would be overwritten"):
        restore(target, config.path.parent)
    assert (config.path.parent / "policy.toml").read_bytes() == before


def test_files_from_other_folders_are_told_with_their_old_place(
    config: Config, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "var" / "mail.db"
    elsewhere.parent.mkdir()
    Store.open(elsewhere).close()
    moved = parse_config(f'store = "{elsewhere}"\n{SETTINGS}', config.path)
    back_up(moved, tmp_path / "b.tar.gz")
    done = restore(tmp_path / "b.tar.gz", tmp_path / "new")
    assert list(done.elsewhere.values()) == [str(elsewhere)]


@pytest.mark.parametrize("damage", ["cut", "text", "other archive"])
def test_what_is_no_whole_backup_is_refused(config: Config, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "b.tar.gz"
    back_up(config, path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif damage == "text":
        path.write_text("not an archive")
    else:
        pack(path, {"letter.txt": b"hello"})
    with pytest.raises(TriageError, match="backup"):
        restore(path, tmp_path / "new")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "link"])
def test_an_archive_that_reaches_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "b.tar.gz"
    about = {"format": 1, "schema": "0001", "store": "triage.db", "elsewhere": {}}
    pack(path, {MANIFEST: json.dumps(about).encode(), name: b"evil"})
    with pytest.raises(TriageError, match="no backup holds"):
        restore(path, tmp_path / "deep" / "new")
    assert not list(tmp_path.rglob("evil"))


def test_a_backup_of_a_newer_program_says_so(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    about = {"format": 1, "schema": "9999", "program": "9.0", "store": "x", "elsewhere": {}}
    pack(path, {MANIFEST: json.dumps(about).encode()})
    with pytest.raises(TriageError, match=r"newer triage \(9\.0\)"):
        restore(path, tmp_path / "new")


def test_without_a_store_there_is_nothing_to_back_up(config: Config, tmp_path: Path) -> None:
    assert isinstance(config.store, Path)
    config.store.unlink()
    with pytest.raises(StoreError, match="there is no store"):
        back_up(config, tmp_path / "b.tar.gz")
    assert not (tmp_path / "b.tar.gz").exists()


def pack(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            if name == "link":
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(member, io.BytesIO(content))
