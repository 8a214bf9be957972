"""A storm of mail, from a mailbox to a real SMTP server."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.integration.rig import Rig, until
from tests.smtp_sink import Sink
from triage.store import cases, inbox, outbox, storms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.dovecot import Mailbox
    from triage.store.outbox import OutboxRow

MATTERS = ("login", "invoice", "printer", "portal", "report", "server", "backup", "table", "upload")
MANAGERS = {"ben@radial.example", "marshall@radial.example"}


@pytest.fixture
def rig(tmp_path: Path, mailbox: Mailbox) -> Iterator[Rig]:
    with Sink(tmp_path / "sink") as sink:
        yield Rig(folder=tmp_path, mailbox=mailbox, sink=sink, storm_mails=3)


def mail(number: int) -> bytes:
    """One of many mails of one client, each with words of its own."""
    matter = f"{MATTERS[number % 9]} {chr(97 + number) * 9}"
    return (
        f"From: Dana <dana{number % 4}@client.example>\r\nTo: hello@radial.example\r\n"
        f"Subject: The {matter}\r\nMessage-ID: <s{number}@client.example>\r\n\r\n"
        f"We are stuck with the {matter}.\r\n"
    ).encode()


def test_thirty_mails_in_a_row_make_one_case_few_briefs_and_one_update(rig: Rig) -> None:
    with rig.running() as runner:
        store = runner.sender.store
        for number in range(30):
            rig.mailbox.deliver(mail(number))

        def decided() -> int:
            with store.read() as tx:
                return sum(number for action, number in inbox.outcomes(tx).items() if action)

        until(lambda: decided() == 30, 60)
        until(lambda: len(rig.briefs()) == 6, 60)
        assert Counter(brief.recipient for brief in rig.briefs()) == dict.fromkeys(MANAGERS, 3)
        with store.read() as tx:
            [case] = cases.unresolved(tx)
            [storm] = storms.of_case(tx, case.id)
            mails = inbox.of_case(tx, case.id)
        assert (storm.mails, storm.told, len(mails)) == (27, 0, 30)
        assert Counter(each.action for each in mails) == {"escalated": 3, "joined": 27}
        runner.follow_up.run_due(time.time() + 2 * 3600)  # as if two hours had passed
        with store.write() as tx:
            for row in outbox.unfinished(tx):
                outbox.retry(tx, row.id, time.time())
        runner.wake_sender()
        until(lambda: len(rig.briefs()) == 8, 60)

        def unsent() -> list[OutboxRow]:
            with store.read() as tx:
                return outbox.unfinished(tx)

        until(lambda: not unsent(), 60)
    updates = rig.briefs()[6:]
    assert {brief.recipient for brief in updates} == MANAGERS
    assert all(b"And 27 more mails" in brief.content for brief in updates)
    assert {brief.recipient for brief in rig.briefs()} == MANAGERS  # and never the client
