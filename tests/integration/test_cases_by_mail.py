"""One case for one matter, between real servers: a forward that joins, and how a case ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.integration.rig import Rig, until
from tests.integration.test_answers_by_mail import BEN, MARSHALL, Desk
from tests.mail_styles import Mail, attached, forward
from tests.smtp_sink import Sink
from triage.store import cases, inbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.dovecot import Mailbox
    from triage.store.inbox import Decided

NORA = "Nora Quist <nora@radial.example>"
CLIENT = Mail(
    text=(
        "Hi,\n\nNobody on our side can log in to the staging portal, so our testers are stuck and "
        "the release has to wait.\nCould you tell us who resets the accounts?\n\nDana"
    ),
    to="hello@radial.example",
    message_id="<first@client.example>",
)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path / "sink") as running:
        yield running


@pytest.fixture
def rig(tmp_path: Path, mailbox: Mailbox, sink: Sink) -> Rig:
    return Rig(folder=tmp_path, mailbox=mailbox, sink=sink)


def now() -> Mail:
    """The client's mail, written just now."""
    return replace(CLIENT, date=datetime.now(UTC).replace(microsecond=0))


def mails(desk: Desk, case: int = 1) -> list[Decided]:
    with desk.runner.sender.store.read() as tx:
        return inbox.of_case(tx, case)


def test_a_colleague_s_forward_joins_the_case_and_only_their_comment_is_told(rig: Rig) -> None:
    first = now()
    with rig.running() as runner:
        desk = Desk(rig=rig, runner=runner)
        desk.hear(first.content(1))
        desk.brief(BEN)
        desk.brief(MARSHALL)
        before = len(rig.briefs())
        desk.hear(
            forward(first, "Outlook", "FYI, see below.", sender=NORA, hours=0).content(2),
            attached(first, sender=NORA, hours=0).content(3),
            replace(first, to="support@radial.example").content(4),
        )
        desk.nobody_hears()
        assert len(rig.briefs()) == before
        note = "They told me by phone how disappointed they are."
        desk.hear(forward(first, "Gmail", note, sender=NORA, hours=0).content(5))
        until(lambda: len(rig.briefs()) > before)
        found = mails(desk)
        assert [mail.action for mail in found] == ["escalated", *["joined"] * 3, "escalated"]
        assert [mail.why for mail in found[1:4]] == [
            "joined case 1: a forward of mail 1, by Nora Quist",
            "joined case 1: a forward of mail 1, by Nora Quist",
            "joined case 1: a copy of mail 1",
        ]
        last = desk.sent_to(BEN)[-1]
        assert last["X-Triage-Case"] == "1"
        body = last.get_body(("plain",))
        assert body is not None
        assert f"> {note.removesuffix('.')}" in str(body.get_content())
        with runner.sender.store.read() as tx:
            assert cases.count(tx) == 1


def test_closing_asks_once_how_it_ended_and_the_answer_is_kept(rig: Rig) -> None:
    with rig.running() as runner:
        desk = Desk(rig=rig, runner=runner)
        desk.hear(now().content(1))
        desk.brief(BEN)
        desk.hear(desk.reply("Done, thanks"))
        until(lambda: desk.confirmations(BEN))
        [question] = desk.confirmations(BEN)
        assert "How did it end, in one line? And could it happen again" in question.get_content()
        desk.hear(desk.reply("Reset their accounts, yes.\n\nSent from my iPhone", to=question))
        until(lambda: len(desk.confirmations(BEN)) == 2)
        noted = str(desk.confirmations(BEN)[1].get_content())
        assert 'ended like this: "Reset their accounts", and it could happen again.' in noted
        assert "?" not in noted
        desk.nobody_hears()
        case = desk.case()
        assert (case.status, case.outcome, case.recurs) == (
            "resolved",
            "Reset their accounts",
            True,
        )
        assert case.outcome_by == BEN
    shown = rig.run("show", "1").stdout
    assert "outcome: Reset their accounts (could happen again), says ben@radial.example" in shown
