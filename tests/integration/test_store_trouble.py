"""A disk that is full, a store that is locked, a twin: said clearly, and nothing is lost."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from tests.conftest import need
from tests.integration.rig import STUCK, Rig, mail, until
from tests.smtp_sink import Sink, SinkOptions
from triage import app
from triage.errors import StoreError
from triage.store import inbox, outbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.dovecot import Mailbox
    from triage.runners.embedded import EmbeddedRunner

pytestmark = pytest.mark.dovecot
DISK_BYTES = 6 << 20
LONG = f"{STUCK}\r\n" + "".join(f"Line {n} of the log: {n**9:x}\r\n" for n in range(2000))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system with room for a few mails."""
    disk = tmp_path / "disk"
    disk.mkdir()
    size = f"size={DISK_BYTES}"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", disk], check=False)
    need("the right to mount a small disk", present=done.returncode == 0)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Not a byte is left, until the end of the block."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file, suppress(OSError):
        while True:
            os.write(file.fileno(), bytes(4096))
    yield
    ballast.unlink()


def be_impatient(runner: EmbeddedRunner) -> None:
    """Wait for other programs a third of a second rather than half a minute."""
    pragma = "PRAGMA busy_timeout = 300"
    event.listen(runner.sender.store._engine, "checkout", lambda db, *_: db.execute(pragma))


def counts(runner: EmbeddedRunner) -> tuple[int, dict[str, int]]:
    with runner.sender.store.read() as tx:
        return sum(inbox.outcomes(tx).values()), outbox.counts(tx)


def test_a_full_disk_while_mail_comes_loses_nothing_and_goes_on_when_there_is_space(
    small_disk: Path, mailbox: Mailbox, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(folder=small_disk, mailbox=mailbox, sink=sink)
    with rig.running() as runner:
        mailbox.deliver(mail(1))
        until(lambda: len(rig.briefs()) == 2)
        with filled(small_disk):
            mailbox.deliver(*(mail(n, LONG) for n in range(2, 6)))
            until(lambda: "the disk is full; free some space" in caplog.text)
            assert len(rig.briefs()) == 2
        until(lambda: len(rig.briefs()) == 10, 40)
        assert counts(runner)[0] == 5
    assert sorted(set(rig.originals())) == [f"Portal {n}" for n in range(1, 6)]
    assert len({b.message_id for b in rig.briefs()}) == 10


def test_a_full_disk_while_briefs_wait_sends_none_twice(
    small_disk: Path, mailbox: Mailbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Sink(tmp_path / "first") as first:
        port = first.port
    rig = Rig(folder=small_disk, mailbox=mailbox, sink=first, smtp_port=port)
    with rig.running() as runner:
        mailbox.deliver(*(mail(n) for n in range(1, 6)))
        until(lambda: counts(runner)[1].get("queued") == 10)
        with filled(small_disk), Sink(tmp_path / "second", options=SinkOptions(port=port)) as sink:
            rig.sink = sink
            until(lambda: "the disk is full" in caplog.text)
            time.sleep(1)
            before = [b.message_id for b in rig.briefs()]
        with Sink(tmp_path / "second", options=SinkOptions(port=port)) as sink:
            rig.sink = sink
            until(lambda: counts(runner)[1] == {"sent": 10}, 40)
            ids = [b.message_id for b in rig.briefs()]
    assert ids[: len(before)] == before
    assert len(ids) == len(set(ids)) == 10


def test_a_store_that_another_program_holds_for_long_is_waited_for(
    tmp_path: Path, mailbox: Mailbox, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(folder=tmp_path, mailbox=mailbox, sink=sink)
    with rig.running() as runner, closing(sqlite3.connect(tmp_path / "triage.db")) as other:
        be_impatient(runner)
        other.execute("BEGIN IMMEDIATE")
        mailbox.deliver(mail(1))
        until(lambda: "another program holds it" in caplog.text)
        assert rig.briefs() == []
        other.rollback()
        until(lambda: len(rig.briefs()) == 2, 40)
    assert rig.originals() == ["Portal 1"]


def test_a_second_program_on_the_same_store_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "triage.db"
    with (
        app.only_instance(store),
        pytest.raises(StoreError, match=r"already running on .*stop that one first"),
        app.only_instance(store),
    ):
        pass
    with app.only_instance(store):
        pass  # free again


def test_two_programs_with_stores_of_their_own_each_tell_under_ids_of_their_own(
    tmp_path: Path, mailbox: Mailbox, sink: Sink
) -> None:
    """They know nothing of each other: people hear twice, and can tell the two apart."""
    rigs = [Rig(folder=tmp_path / name, mailbox=mailbox, sink=sink) for name in ("one", "two")]
    for rig in rigs:
        rig.folder.mkdir()
    with rigs[0].running(), rigs[1].running():
        mailbox.deliver(mail(1))
        until(lambda: len(sink.accepted()) == 4)
    assert len({brief.message_id for brief in sink.accepted()}) == 4
    assert len({brief.recipient for brief in sink.accepted()}) == 2


def test_a_store_that_is_damaged_while_the_program_runs_ends_it_loudly(
    tmp_path: Path, mailbox: Mailbox, sink: Sink
) -> None:
    rig = Rig(folder=tmp_path, mailbox=mailbox, sink=sink)
    runner = rig.make()
    runner.sender.store.close()
    (tmp_path / "triage.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="this is some other file"):
        runner.run()
