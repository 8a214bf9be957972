"""Bad settings, bad models, no disk: a clear refusal, the right exit status, nothing lost."""

from __future__ import annotations

import resource as limits
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.test_demo import triage
from triage.resources import resource


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The demo's settings with its own copy of the model."""
    demo = resource("data") / "demo"
    for name in ("triage.toml", "policy.toml"):
        shutil.copy(demo / name, tmp_path / name)
    shutil.copytree(demo / "mailbox", tmp_path / "mailbox")
    shutil.copytree(resource("models"), tmp_path / "models")
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_no_settings_says_what_makes_them(tmp_path: Path) -> None:
    done = triage("run", cwd=tmp_path)
    assert done.returncode == 2
    assert "triage init" in done.stderr


def test_every_mistake_is_told_with_its_path_and_nothing_starts(folder: Path) -> None:
    replace(folder / "triage.toml", 'type = "eml"', 'type = "pop3"')
    replace(folder / "triage.toml", "port = 25", 'port = "smtp"')
    replace(folder / "triage.toml", "[firm]", "[firm]\ncolour = 1")
    done = triage("run", "--once", cwd=folder)
    assert done.returncode == 2
    for path in ("accounts[1].type", "outgoing.port", "firm.colour"):
        assert path in done.stderr
    assert not (folder / "triage.db").exists()


def test_a_tampered_model_is_refused_before_it_is_loaded(folder: Path) -> None:
    [model] = (folder / "models").glob("*/model.joblib")
    content = bytearray(model.read_bytes())
    content[-1] ^= 1
    model.write_bytes(content)
    done = triage("run", "--once", "--dry-run", cwd=folder)
    assert done.returncode == 1
    assert "model.joblib" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_model_is_refused(folder: Path) -> None:
    [model] = (folder / "models").glob("*/model.joblib")
    model.unlink()
    done = triage("run", "--once", "--dry-run", cwd=folder)
    assert done.returncode == 1
    assert "model.joblib" in done.stderr


def test_a_tag_of_the_model_without_a_route_is_refused(folder: Path) -> None:
    policy = folder / "policy.toml"
    text = policy.read_text()
    start = text.index("# An opportunity")
    policy.write_text(text[:start])
    done = triage("run", "--once", "--dry-run", cwd=folder)
    assert done.returncode == 2
    assert "upsell" in done.stderr


def test_a_store_that_is_no_store_is_refused_and_left_alone(folder: Path) -> None:
    (folder / "triage.db").write_text("a letter" * 1000)
    done = triage("run", "--once", cwd=folder)
    assert done.returncode == 1
    assert "triage.db" in done.stderr
    assert "Traceback" not in done.stderr
    assert (folder / "triage.db").read_text() == "a letter" * 1000


def test_a_full_disk_stops_loudly_and_the_next_start_goes_on(folder: Path) -> None:
    assert triage("run", "--once", "--dry-run", cwd=folder).returncode == 0
    store = folder / "triage.dry-run.db"
    with sqlite3.connect(store) as db:
        decided = db.execute("select count(*) from messages").fetchone()[0]
    shutil.rmtree(folder / "dry-run")
    store.unlink()
    for rest in folder.glob("triage.dry-run.db-*"):
        rest.unlink()
    limited = triage_with_file_limit(folder, 300_000)
    assert limited == 1
    assert triage("run", "--once", "--dry-run", cwd=folder).returncode == 0
    with sqlite3.connect(store) as db:
        rows = db.execute("select count(*), count(distinct uid) from messages").fetchone()
        sent = db.execute("select count(*) from outbox where state = 'sent'").fetchone()[0]
    assert rows == (decided, decided)
    assert sent == len(list((folder / "dry-run").glob("*.eml")))


def triage_with_file_limit(folder: Path, limit_bytes: int) -> int:
    """Run with a bound on the size of any file: writing beyond fails as on a full disk."""

    def bound() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limits.setrlimit(limits.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    done = subprocess.run(
        [sys.executable, "-m", "triage", "run", "--once", "--dry-run"],
        cwd=folder,
        preexec_fn=bound,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "triage: store" in done.stderr, done.stderr
    return done.returncode
