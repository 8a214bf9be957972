"""Mail that answers mail by itself goes no further than one hop, with real servers all the way."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.integration.rig import STUCK, Rig, mail, until
from tests.smtp_sink import Sink, SinkOptions
from triage.store import inbox, outbox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dovecot import Dovecot
    from triage.runners.embedded import EmbeddedRunner

pytestmark = pytest.mark.dovecot
QUIET_S = 2.0  # several times as long as a mail takes from the mailbox to a brief


def outcomes(runner: EmbeddedRunner) -> dict[str, int]:
    with runner.sender.store.read() as tx:
        return inbox.outcomes(tx)


def bounce(brief: bytes, recipient: str) -> bytes:
    """A report of non-delivery (RFC 3464) with the headers of the brief, as servers send it."""
    headers = brief.split(b"\r\n\r\n", 1)[0]
    return (
        b"From: Mail Delivery System <MAILER-DAEMON@mx.example>\r\n"
        b"To: triage@radial.example\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        b"Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nNo such user: we are stuck.\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; "
        + recipient.encode()
        + b"\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n" + headers + b"\r\n\r\n--b--\r\n"
    )


def test_two_installations_that_forward_into_each_others_inbox_stop_after_one_hop(
    tmp_path: Path, own_dovecot: Dovecot
) -> None:
    boxes = [own_dovecot.new_mailbox() for _ in range(2)]
    for box in boxes:  # so that the folders are there before the other delivers into them
        box.deliver(mail(0, "Thanks, see you."))
    with ExitStack() as stack:
        rigs = []
        for name, own, other in zip(("one", "two"), boxes, reversed(boxes), strict=True):
            folder = tmp_path / name
            folder.mkdir()
            options = SinkOptions(maildir=own_dovecot.maildir("INBOX", other.user))
            sink = stack.enter_context(Sink(folder / "sink", options=options))
            rigs.append(Rig(folder=folder, mailbox=own, sink=sink))
        runners = [stack.enter_context(rig.running()) for rig in rigs]
        boxes[0].deliver(mail(1))
        until(lambda: len(rigs[0].briefs()) == 2)
        until(lambda: outcomes(runners[1]).get("not-triaged") == 2)
        time.sleep(QUIET_S)
        assert [len(rig.briefs()) for rig in rigs] == [2, 0]
        assert outcomes(runners[0]) == {"escalated": 1}


ROBOTS = {
    "an absence note": "Auto-Submitted: auto-replied\r\n",
    "an absence note of Exchange": "X-Auto-Response-Suppress: All\r\nX-Autoreply: yes\r\n",
    "a bounce without a report": "Return-Path: <>\r\nAuto-Submitted: auto-replied\r\n",
    "a newsletter": "List-Unsubscribe: <https://x.example>\r\nPrecedence: bulk\r\n",
    "a mailing campaign": "Feedback-ID: 1:2:3:x\r\nPrecedence: bulk\r\n",
    "a brief of another installation": "X-Triage-Loop: radial.example\r\n",
    "a mail that went in circles": "".join(f"Received: from a{n}\r\n" for n in range(60)),
}


def test_robots_bounces_lists_and_circles_get_no_brief(rig: Rig) -> None:
    with rig.running() as runner:
        rig.mailbox.deliver(*(mail(n, STUCK, each) for n, each in enumerate(ROBOTS.values(), 1)))
        until(lambda: sum(outcomes(runner).values()) == len(ROBOTS))
        time.sleep(QUIET_S)
        assert outcomes(runner) == {"not-triaged": len(ROBOTS)}
    assert rig.briefs() == []


def test_a_bounce_of_our_brief_reaches_outbox_and_operator_and_goes_no_further(rig: Rig) -> None:
    with rig.running() as runner:
        rig.mailbox.deliver(mail(1))
        until(lambda: len(rig.briefs()) == 2)
        brief = next(b for b in rig.briefs() if b.recipient == "ben@radial.example")
        rig.mailbox.deliver(bounce(brief.content, brief.recipient))
        until(lambda: len(rig.briefs()) == 3)
        told = rig.briefs()[-1]
        assert told.recipient == "priya@radial.example"
        assert b"could not be delivered" in told.content
        rig.mailbox.deliver(bounce(told.content, told.recipient))  # hers comes back as well
        rig.mailbox.deliver(bounce(brief.content, brief.recipient))  # and his once more
        until(lambda: sum(outcomes(runner).values()) == 4)
        time.sleep(QUIET_S)
        assert len(rig.briefs()) == 3
        with runner.sender.store.read() as tx:
            assert outbox.counts(tx) == {"failed": 2, "sent": 1}
    shown = json.loads(rig.run("status", "--json").stdout)["outbox"]
    assert {(row["recipient"], row["state"]) for row in shown} == {
        ("ben@radial.example", "failed"),
        ("priya@radial.example", "failed"),
    }
