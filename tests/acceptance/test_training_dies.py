"""Whatever ends a training in the middle, the model in use is whole and stays in use."""

from __future__ import annotations

import resource as limits
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from classifiers import registry
from tests.kills import Yard, forked
from triage.store import trainings
from triage.store.engine import Store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    yard = Yard(tmp_path)
    yard.prepare()
    return yard


def test_fifteen_kills_leave_the_old_model_or_the_new_one_whole() -> None:
    """`make kills` does a hundred."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.kills", "--kills", "15", "--seed", "7"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("room", [0, 1_000, 20_000, 60_000])
def test_a_disk_that_takes_no_more_leaves_the_model_in_use(yard: Yard, room: int) -> None:
    """Files may grow to `room` bytes only; the registry and the model need more than that."""

    def work() -> None:
        limits.setrlimit(limits.RLIMIT_FSIZE, (room, room))
        yard.train()

    before = (yard.root / "registry.json").read_bytes()
    status = forked(work, yard.talk)
    talk = yard.talk.read_text()
    assert status != 0, talk
    assert "Traceback" not in talk, talk
    assert yard.check("first") == "first"
    assert (yard.root / "registry.json").read_bytes() == before
    made = [entry.version for entry in registry.entries(yard.root)]
    assert "first" in made
    registry.promote(yard.root, "first", now=datetime.now(UTC))  # and it can be written again


def test_a_training_that_breaks_off_is_told_by_the_store(yard: Yard) -> None:
    (yard.root / "pinned.jsonl").write_text("nothing\n")
    assert forked(yard.train, yard.talk) != 0
    assert "pinned.jsonl:1: is not JSON" in yard.talk.read_text()
    (yard.root / "pinned.jsonl").unlink()
    store = Store.open(yard.folder / "triage.db", create=False)
    with store.read() as tx:
        assert trainings.last(tx) is None  # refused before it began
    store.close()
