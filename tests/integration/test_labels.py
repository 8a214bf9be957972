"""Labels given in a terminal beside the running program: real Dovecot, real SMTP."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.rig import PLAIN, Rig, mail, until
from tests.smtp_sink import Sink
from triage.store import cases, inbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.dovecot import Mailbox
    from triage.runners.embedded import EmbeddedRunner

pytestmark = pytest.mark.dovecot


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path / "sink") as running:
        yield running


@pytest.fixture
def rig(tmp_path: Path, mailbox: Mailbox, sink: Sink) -> Rig:
    return Rig(folder=tmp_path, mailbox=mailbox, sink=sink)


def decided(runner: EmbeddedRunner, count: int) -> bool:
    with runner.sender.store.read() as tx:
        found = inbox.latest(tx, 99)
    return len(found) == count and all(each.state == "decided" for each in found)


def triage(rig: Rig, *arguments: str, keys: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "triage", *arguments, "--config", str(rig.folder / "triage.toml")],
        input=keys,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_tag_given_in_the_review_reaches_the_managers(rig: Rig) -> None:
    with rig.running() as runner:
        rig.mailbox.deliver(mail(1, "We are perhaps stuck."), mail(2, PLAIN))
        until(lambda: decided(runner, 2))
        said = triage(rig, "label", "--as", "nora", keys="3\nq")
        assert "Mail 1: blocker. Case 1 is opened." in said
        until(lambda: len(rig.briefs()) == 2)
        with runner.sender.store.read() as tx:
            assert cases.get(tx, 1).tags == ("blocker",)
    assert all(b"Nora Lind tagged it: " in brief.content for brief in rig.briefs())
    assert rig.originals() == ["Portal 1"]


def test_labels_leave_one_store_and_come_into_another(rig: Rig, tmp_path: Path) -> None:
    with rig.running() as runner:
        rig.mailbox.deliver(mail(1), mail(2, PLAIN))
        until(lambda: decided(runner, 2))
        triage(rig, "label", "1", "none")
        triage(rig, "label", "2", "upsell", "blocker", "--only-learn")
        triage(rig, "examples", "export", str(tmp_path / "out.csv"))
    assert "Case 1" not in triage(rig, "examples", "list")
    (tmp_path / "triage.db").rename(tmp_path / "old.db")
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"triage.db{suffix}").unlink(missing_ok=True)
    told = triage(rig, "examples", "import", str(tmp_path / "out.csv"))
    assert "2 new examples" in told
    listed = triage(rig, "examples", "list")
    assert "blocker -> none" in listed
    assert "none -> blocker, upsell" in listed
