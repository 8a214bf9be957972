"""Managers answer briefs: from an SMTP server through Dovecot into the case, and back by SMTP."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.integration.rig import PLAIN, STUCK, Rig, mail, until
from tests.smtp_sink import Sink
from triage.store import cases, inbox, labels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.dovecot import Mailbox
    from triage.runners.embedded import EmbeddedRunner
    from triage.store.cases import Case

BEN, MARSHALL = "ben@radial.example", "marshall@radial.example"
QUOTE = "Could you give us a quote for the second phase?"


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path / "sink") as running:
        yield running


@pytest.fixture
def rig(tmp_path: Path, mailbox: Mailbox, sink: Sink) -> Rig:
    return Rig(folder=tmp_path, mailbox=mailbox, sink=sink)


@dataclass(kw_only=True)
class Desk:
    """The people around a running program: they read what SMTP brings, and answer into IMAP."""

    rig: Rig
    runner: EmbeddedRunner

    def sent_to(self, person: str) -> list[EmailMessage]:
        """What the SMTP server accepted for somebody, in order."""
        found = [brief for brief in self.rig.briefs() if brief.recipient == person]
        return [message_from_bytes(each.content, policy=policy.default) for each in found]

    def brief(self, person: str = BEN) -> EmailMessage:
        """The first mail that reaches a person."""
        until(lambda: self.sent_to(person))
        return self.sent_to(person)[0]

    def reply(self, text: str, *, person: str = BEN, to: EmailMessage | None = None) -> bytes:
        """An answer as a mail program writes it: ids, quote and all."""
        brief = to or self.brief(person)
        body = brief.get_body(("plain",))
        assert body is not None
        quoted = "".join(f"> {line}\n" for line in str(body.get_content()).splitlines())
        answer = EmailMessage(policy=policy.SMTP)
        answer["From"] = f"Somebody <{person}>"
        answer["To"] = str(brief["From"])
        answer["Subject"] = f"Re: {brief['Subject']}"
        answer["Date"] = format_datetime(datetime.now(UTC))
        answer["Message-ID"] = make_msgid(domain="radial.example")
        answer["In-Reply-To"] = str(brief["Message-ID"])
        answer["References"] = f"{brief.get('References', '')} {brief['Message-ID']}".strip()
        answer.set_content(
            f"{text}\n\nOn Monday, Radial Triage <triage@radial.example> wrote:\n{quoted}"
        )
        return answer.as_bytes()

    def hear(self, *contents: bytes) -> None:
        """Deliver answers and wait until they are decided."""
        before = self.decided()
        self.rig.mailbox.deliver(*contents)
        until(lambda: self.decided() == before + len(contents))

    def decided(self) -> int:
        with self.runner.sender.store.read() as tx:
            return sum(count for action, count in inbox.outcomes(tx).items() if action)

    def outcomes(self) -> dict[str, int]:
        with self.runner.sender.store.read() as tx:
            return inbox.outcomes(tx)

    def case(self) -> Case:
        with self.runner.sender.store.read() as tx:
            return cases.get(tx, 1)

    def labels(self) -> list[labels.Label]:
        with self.runner.sender.store.read() as tx:
            return labels.newest(tx)

    def told(self, person: str = BEN) -> str:
        """The confirmation that a person gets, in one line."""
        until(lambda: self.confirmations(person))
        [mail] = self.confirmations(person)
        return str(mail.get_content()).splitlines()[0]

    def confirmations(self, person: str = BEN) -> list[EmailMessage]:
        return [m for m in self.sent_to(person) if m["Auto-Submitted"] == "auto-replied"]

    def nobody_hears(self) -> None:
        """Nothing more leaves within the time that a confirmation takes, several times over."""
        before = len(self.rig.briefs())
        time.sleep(0.5)
        assert len(self.rig.briefs()) == before


@contextmanager
def open_case(rig: Rig, text: str = STUCK, subject_number: int = 1) -> Iterator[Desk]:
    """The program at work, with one case open and its briefs sent."""
    with rig.running() as runner:
        desk = Desk(rig=rig, runner=runner)
        rig.mailbox.deliver(mail(subject_number, text))
        desk.brief()
        yield desk


def test_ok(rig: Rig) -> None:
    with open_case(rig) as desk:
        desk.hear(desk.reply("OK, thanks"))
        assert desk.told() == 'Understood: you have seen "Portal 1" (case 1). No reminder follows.'
        assert (desk.case().status, desk.case().acknowledged_by) == ("acknowledged", BEN)
        [confirmation] = desk.confirmations()
        assert str(desk.brief()["Message-ID"]) in str(confirmation["References"])
        assert desk.confirmations(MARSHALL) == []


def test_mine(rig: Rig) -> None:
    with open_case(rig) as desk:
        desk.hear(desk.reply("Mine.\n\nSent from my iPhone"))
        assert desk.told() == 'Understood: "Portal 1" (case 1) is yours; nobody else is told.'
        assert desk.case().owner == BEN


def test_done(rig: Rig) -> None:
    with open_case(rig) as desk:
        desk.hear(desk.reply("done: reset their accounts"))
        assert 'is closed: "reset their accounts"' in desk.told()
        assert (desk.case().status, desk.case().outcome) == ("resolved", "reset their accounts")


def test_not_a_tag(rig: Rig) -> None:
    with open_case(rig, f"{STUCK} I am disappointed.") as desk:
        desk.hear(desk.reply("Not unhappy"))
        assert desk.told() == (
            'Understood: not Customer recovery (dissatisfaction). "Portal 1" is now tagged '
            "Work is blocked (blocker); nobody else is told."
        )
        assert desk.case().tags == ("blocker",)
        [label] = desk.labels()
        assert (label.by, label.how, label.tags) == (BEN, "reply", ("blocker",))
        assert set(label.previous) == {"blocker", "dissatisfaction"}


def test_another_tag_reaches_who_must_know(rig: Rig) -> None:
    with open_case(rig, QUOTE) as desk:
        assert desk.sent_to(MARSHALL) == []
        desk.hear(desk.reply("This isn't sales, it's a blocker"))
        assert desk.told().endswith("Marshall Smith gets a brief.")
        brief = desk.brief(MARSHALL)
        assert "Work is blocked" in brief["Subject"]
        body = brief.get_body(("plain",))
        assert body is not None
        assert "Ben West, who got a brief about this mail, tagged it" in body.get_content()
        assert desk.case().tags == ("blocker",)
        desk.hear(desk.reply("mine", person=MARSHALL))
        assert desk.case().owner == MARSHALL


def test_none(rig: Rig) -> None:
    with open_case(rig) as desk:
        desk.hear(desk.reply("none"))
        assert desk.told() == (
            'Understood: not Work is blocked (blocker). "Portal 1" is now without a tag, and case '
            "1 is closed as not an escalation; nobody else is told."
        )
        assert (desk.case().status, desk.case().outcome) == ("resolved", "not an escalation")
        assert [label.tags for label in desk.labels()] == [()]


def test_unclear(rig: Rig) -> None:
    with open_case(rig) as desk:
        before = desk.case()
        desk.hear(desk.reply("ok but not sure it's upsell?"))
        assert "nothing was changed" in desk.told()
        assert desk.case() == before
        assert desk.labels() == []
        [question] = desk.confirmations()
        desk.hear(desk.reply("none", to=question))
        assert desk.case().status == "resolved"


@pytest.mark.parametrize("sender", ["dana1@client.example", MARSHALL, "eve@evil.example"])
def test_an_outsider_commands_nothing(rig: Rig, sender: str) -> None:
    with open_case(rig) as desk:
        before = desk.case()
        forged = desk.reply("none").replace(b"Somebody <ben@", b"Somebody <nobody@")
        stolen = desk.reply("none", person=sender, to=desk.brief(BEN))
        desk.hear(forged, stolen)
        time.sleep(0.5)
        assert [desk.confirmations(person) for person in (BEN, MARSHALL, sender)] == [[], [], []]
        assert {brief.recipient for brief in rig.briefs()} == {BEN, MARSHALL}
        assert desk.case() == before
        assert desk.labels() == []


def test_a_replay_commands_nothing(rig: Rig) -> None:
    with open_case(rig) as desk:
        first = desk.reply("none")
        desk.hear(first)
        desk.hear(desk.reply("blocker"))
        until(lambda: len(desk.confirmations()) == 2)
        renamed = re.sub(rb"Message-ID: <", b"Message-ID: <again.", first, count=1)
        rerouted = b"Received: from elsewhere by here; Mon, 2 Mar 2026 09:14:00 +0000\r\n" + first
        desk.hear(first, renamed, rerouted)
        desk.nobody_hears()
        assert desk.case().tags == ("blocker",)
        assert desk.labels()[-1].tags == ("blocker",)
        assert desk.outcomes()["duplicate"] == 3


def test_an_absence_note_commands_nothing(rig: Rig) -> None:
    with open_case(rig) as desk:
        note = desk.reply("none").replace(
            b"Subject: ", b"Auto-Submitted: auto-replied\r\nSubject: Out of office: ", 1
        )
        desk.hear(note)
        desk.nobody_hears()
        assert desk.case().status == "open"


def test_an_answer_by_link_needs_no_header(rig: Rig) -> None:
    with open_case(rig) as desk:
        part = desk.brief().get_body(("html",))
        assert part is not None
        links = re.findall(r'href="(mailto:triage@[^"]*)"', part.get_content())
        link = next(each for each in links if "body=not%20blocker" in each).replace("&amp;", "&")
        asked = parse_qs(urlsplit(link).query)
        answer = EmailMessage(policy=policy.SMTP)
        answer["From"] = BEN
        answer["To"] = unquote(urlsplit(link).path)
        answer["Subject"] = asked["subject"][0]
        answer["Date"] = format_datetime(datetime.now(UTC))
        answer["Message-ID"] = make_msgid(domain="radial.example")
        answer.set_content(asked["body"][0] + "\n\nVon meinem iPhone gesendet")
        desk.hear(answer.as_bytes())
        assert desk.case().outcome == "not an escalation"
        assert "Understood" in desk.told()


def test_other_mail_goes_its_way_while_answers_come_in(rig: Rig) -> None:
    with open_case(rig) as desk:
        desk.hear(desk.reply("ok"), mail(2, PLAIN), mail(3))
        until(lambda: len(desk.sent_to(MARSHALL)) == 2)
        assert desk.outcomes() == {"acknowledged": 1, "left": 1, "escalated": 2}


def test_a_key_is_made_at_the_first_start_and_kept(rig: Rig) -> None:
    done = rig.run("run", "--once")
    assert done.returncode == 0, done.stderr
    assert "made a new key" in done.stderr
    key = rig.folder / "triage.key"
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_text()
    again = rig.run("run", "--once")
    assert "made a new key" not in again.stderr
    assert key.read_text() == before
