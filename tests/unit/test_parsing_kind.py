"""What sort of mail it is: robots are left alone, and no client mail is taken for one."""

from __future__ import annotations

import pytest

from triage.messages import LOOP_HEADER, MailKind
from triage.parsing import parse

REPORT = (
    "Content-Type: multipart/report; report-type={}; boundary=b\n\n"
    "--b\nContent-Type: text/plain\n\nwords\n--b--"
)
GROUP = (
    "Precedence: list\nList-ID: <help.firm.example>\nList-Post: <mailto:help@firm.example>\n"
    "List-Unsubscribe: <mailto:help+unsubscribe@firm.example>\nX-Google-Group-Id: 1\n"
)
ONE_CLICK = (
    "List-Unsubscribe: <https://x.example/u>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click"
)


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ("Subject: Invoice", MailKind.ORDINARY),
        ("Subject: Out of office next week: who takes over?", MailKind.ORDINARY),
        ("Subject: Delivery failed again, we are angry", MailKind.ORDINARY),
        ("Subject: Fwd: Undelivered Mail Returned to Sender", MailKind.ORDINARY),
        ("Auto-Submitted: no", MailKind.ORDINARY),
        ("X-Auto-Response-Suppress: All", MailKind.ORDINARY),
        ("Return-Path: <>", MailKind.ORDINARY),
        ("Auto-Submitted: auto-replied", MailKind.AUTO_REPLY),
        ("Auto-Submitted: Auto-Generated; x=y", MailKind.AUTO_REPLY),
        ("X-Autoreply: yes", MailKind.AUTO_REPLY),
        ("Precedence: auto_reply", MailKind.AUTO_REPLY),
        ("Subject: Automatic reply: Invoice", MailKind.AUTO_REPLY),
        ("Subject: Out of office\nReturn-Path: <>", MailKind.AUTO_REPLY),
        ("Subject: Abwesend: Urlaub\nX-Auto-Response-Suppress: All", MailKind.AUTO_REPLY),
        (REPORT.format("disposition-notification"), MailKind.AUTO_REPLY),
        (REPORT.format("delivery-status"), MailKind.BOUNCE),
        ("From: MAILER-DAEMON@x.example\nSubject: failure notice", MailKind.BOUNCE),
        ("Return-Path: <>\nSubject: Undeliverable: Invoice", MailKind.BOUNCE),
        (GROUP, MailKind.ORDINARY),
        ("List-Id: <dev.x.example>\nPrecedence: list", MailKind.ORDINARY),
        ("List-Unsubscribe: <mailto:u@x.example>", MailKind.ORDINARY),
        ("Precedence: bulk", MailKind.LIST),
        ("Precedence: bulk\nIn-Reply-To: <a@x.example>", MailKind.ORDINARY),
        (ONE_CLICK, MailKind.LIST),
        ("List-Id: <news.x.example>\nList-Unsubscribe: <https://x.example/u>", MailKind.LIST),
        (f"{LOOP_HEADER}: x", MailKind.OURS),
        (f"{LOOP_HEADER}: x\nAuto-Submitted: auto-generated", MailKind.OURS),
    ],
)
def test_kinds(headers: str, kind: MailKind) -> None:
    sender = "" if "From:" in headers else "From: Jane <jane@client.example>\n"
    end = "" if "\n\n" in headers else "\n\nhi"
    assert parse(f"{sender}{headers}{end}".encode()).kind is kind


@pytest.mark.parametrize(("hops", "loop"), [(0, False), (50, False), (51, True)])
def test_too_many_hops_are_a_loop(hops: int, loop: bool) -> None:  # noqa: FBT001 - a table
    assert parse(b"Received: from a by b; x\n" * hops + b"Subject: x\n\nhi").loop is loop


def test_our_own_mail_is_a_loop() -> None:
    assert parse(f"{LOOP_HEADER}: x\n\nhi".encode()).loop
