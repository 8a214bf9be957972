"""A digest from a real Dovecot to a real SMTP server, and an answer to it back again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from tests.integration.rig import PLAIN, STUCK, Rig, mail
from tests.smtp_sink import Sink
from triage.store import digests
from triage.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.dovecot import Mailbox
    from tests.smtp_ledger import Accepted

DAY_S = 86400


@dataclass(kw_only=True)
class AlwaysOpen(Rig):
    """A firm that works day and night, so that the test need not wait for the morning."""

    def write(self) -> Path:
        path = super().write()
        rules = self.folder / "policy.toml"
        text = rules.read_text()
        for before, after in (
            (
                'days = ["mon", "tue", "wed", "thu", "fri"]',
                'days = ["mon","tue","wed","thu","fri","sat","sun"]',
            ),
            ('work = "09:00-17:30"', 'work = "00:00-24:00"'),
            ('lunch = "12:30-13:30"', ""),
            ('holidays = ["GB-ENG"]', ""),
            ("[people.marshall]", '[people.marshall]\ndigest = "none"'),
        ):
            assert before in text
            text = text.replace(before, after, 1)
        rules.write_text(text)
        return path

    def digests(self) -> list[Accepted]:
        """The digests that the SMTP server has accepted."""
        return [b for b in self.briefs() if b"X-Triage-Loop: digest" in b.content]


@pytest.fixture
def rig(tmp_path: Path, mailbox: Mailbox) -> Iterator[AlwaysOpen]:
    with Sink(tmp_path / "sink") as sink:
        yield AlwaysOpen(folder=tmp_path, mailbox=mailbox, sink=sink)


def once(rig: Rig) -> None:
    done = rig.run("run", "--once")
    assert done.returncode == 0, done.stderr


def test_a_weekly_digest_is_sent_once_and_an_answer_to_it_moves_nothing(rig: AlwaysOpen) -> None:
    once(rig)  # the first start: from here on mail counts, and digests begin
    store = Store.open(rig.folder / "triage.db")
    with store.write() as tx:
        digests.begin(tx, "ben", "week", time.time() - 8 * DAY_S)
    store.close()
    rig.mailbox.deliver(mail(1, STUCK), mail(2, PLAIN))
    once(rig)
    [digest] = rig.digests()
    assert digest.recipient == "ben@radial.example"
    message = message_from_bytes(digest.content, policy=policy.default)
    assert str(message["Subject"]).startswith("Weekly digest: 1 open case")
    part = message.get_body(("plain",))
    assert part is not None
    text = " ".join(part.get_content().split())
    assert "2 came in = 1 + 0 + 0 + 1 + 0; 0 unaccounted for" in text
    assert "inbox/INBOX: asked" in text
    assert "Every mail is accounted for." in text
    answer = (
        f"From: Ben <ben@radial.example>\r\nTo: triage@radial.example\r\n"
        f"Subject: Re: {message['Subject']}\r\nMessage-ID: <r1@radial.example>\r\n"
        f"In-Reply-To: {message['Message-ID']}\r\n\r\ndone\r\n"
    )
    rig.mailbox.deliver(answer.encode())
    once(rig)
    said = [b for b in rig.briefs() if b"X-Triage-Loop: confirmation" in b.content]
    assert len(said) == 1
    assert b"nothing was changed" in said[0].content
    assert len(rig.digests()) == 1
    assert "1 open case" in rig.run("digest").stdout


def test_a_folder_that_cannot_be_read_holds_up_no_digest(rig: AlwaysOpen) -> None:
    store = Store.open(rig.folder / "triage.db")
    with store.write() as tx:
        digests.begin(tx, "ben", "week", time.time() - 8 * DAY_S)
    store.close()
    rig.folders = ("INBOX", "Nowhere")
    done = rig.run("run", "--once")
    assert done.returncode == 1
    assert "Nowhere" in done.stderr
    assert len(rig.digests()) == 1


def test_a_digest_that_was_asked_for_is_sent_by_the_next_run(rig: AlwaysOpen) -> None:
    once(rig)
    done = rig.run("digest", "--person", "priya", "--period", "day", "--send")
    assert done.returncode == 0, done.stderr
    assert "queued for Priya Shah" in done.stdout
    assert rig.digests() == []
    once(rig)
    assert [digest.recipient for digest in rig.digests()] == ["priya@radial.example"]
