"""`triage verify` against a real Dovecot: a lost row is found and mended, an expunged mail is not
taken for one, and the mailbox stays as it was."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.rig import PLAIN, Rig, mail, until
from tests.smtp_sink import Sink
from triage.store import inbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.dovecot import Mailbox


@pytest.fixture
def rig(tmp_path: Path, mailbox: Mailbox) -> Iterator[Rig]:
    """A mailbox with one mail from before the first start and five that were read."""
    with Sink(tmp_path / "sink") as sink:
        rig = Rig(folder=tmp_path, mailbox=mailbox, sink=sink)
        mailbox.deliver(mail(0, PLAIN))
        with rig.running() as runner:
            mailbox.deliver(*(mail(number, PLAIN) for number in range(1, 6)))

            def all_decided() -> bool:
                with runner.sender.store.read() as tx:
                    return inbox.outcomes(tx) == {"left": 5}

            until(all_decided)
        yield rig


def verified(rig: Rig) -> tuple[int, dict[str, Any]]:
    done = rig.run("verify", "--json")
    return done.returncode, json.loads(done.stdout)["folders"][0]


def lose_row(rig: Rig, uid: int) -> None:
    with closing(sqlite3.connect(rig.folder / "triage.db")) as connection, connection:
        (number,) = connection.execute("select id from messages where uid = ?", (uid,)).fetchone()
        for table in ("verdicts", "raw_messages", "thread_ids"):
            connection.execute(f"delete from {table} where message_id = ?", (number,))
        connection.execute("delete from messages where id = ?", (number,))


def expunge(mailbox: Mailbox, uid: int) -> None:
    with mailbox.session() as session:
        session.select_folder("INBOX")
        session.delete_messages([uid])
        session.expunge()


def flags(mailbox: Mailbox) -> dict[int, set[bytes]]:
    with mailbox.session("INBOX") as session:
        found = session.get_flags(session.search("ALL"))
    return {uid: set(each) - {b"\\Recent"} for uid, each in found.items()}


def test_every_mail_is_accounted_for_and_none_is_touched(rig: Rig) -> None:
    rig.mailbox.deliver(mail(6, PLAIN))  # while nothing runs: it will be read later
    status, folder = verified(rig)
    assert status == 0
    assert (folder["on_server"], folder["before"], folder["decided"]) == (7, 1, 5)
    assert (folder["coming"], folder["unaccounted"]) == ([7], [])
    assert flags(rig.mailbox) == {uid: set() for uid in range(1, 8)}


def test_an_expunged_mail_is_gone_and_no_fault(rig: Rig) -> None:
    expunge(rig.mailbox, 3)
    status, folder = verified(rig)
    assert status == 0
    assert (folder["on_server"], folder["gone"], folder["unaccounted"]) == (5, 1, [])


def test_a_lost_row_fails_says_what_to_do_and_is_mended_by_the_next_run(rig: Rig) -> None:
    lose_row(rig, 4)
    done = rig.run("verify")
    assert done.returncode == 1
    assert "UNACCOUNTED FOR: UID 4" in done.stdout
    assert "triage run --once" in done.stdout
    assert rig.run("run", "--once").returncode == 0
    status, folder = verified(rig)
    assert (status, folder["decided"], folder["unaccounted"]) == (0, 5, [])


def test_a_server_that_cannot_be_asked_is_no_clean_bill(rig: Rig) -> None:
    rig.password = "wrong"
    done = rig.run("verify")
    assert done.returncode == 1
    assert "NOT ASKED" in done.stdout
