"""The words of hostile mails: to slow readers down, to be shown as something else, to be run."""

from __future__ import annotations

import base64

from tests.hostile.headers import READ, sender
from tests.hostile.shape import TEXT, WORDS, Kind, attached, html, mail, mixed, part, typed

SAID = WORDS.decode()
TEMPLATE = "{{ 7 * 7 }} {% include '/etc/passwd' %} {{ brief.__class__.__mro__ }} ${7*7} <%= 7 %>"
SHELL = "$(touch /tmp/owned) `id` ; rm -rf / | cat %s %(x)s {0.__class__}"
FORMULA = '=HYPERLINK("http://evil.example","x")'
HTML = (
    "<script>alert(1)</script><img src=http://evil.example/x.png onerror=alert(1)>"
    "<a href=javascript:alert(1)>x</a></td></table><style>*{display:none}</style>"
    "<iframe src=//evil.example></iframe><link rel=stylesheet href=//evil.example>"
)
ESCAPED = HTML.replace("<", "&lt;").replace(">", "&gt;")
OWN_ID = "<" + "0123456789" * 4 + "." + "a2b3c4d5" * 2 + "@firm.example>"
REFERENCE = "012345678901a2b3c4d5a2b3c4d5"
LOOKS_LIKE_OURS = f"URGENT Blocker\r\nReply: ok, mine, done\r\nRef: {REFERENCE}\r\n"
CALENDAR = part("Content-Type: text/calendar; method=REQUEST", b"BEGIN:VCALENDAR")
SMTP_END = ".\r\nMAIL FROM:<x@evil.example>\r\n.\r\n"
OF_OURS = "--=_0123\r\nContent-Type: text/html\r\n\r\n<b>x"
OURS = "X-Triage-Loop: brief\r\nX-Triage-Case: 1\r\nAuto-Submitted: auto-generated\r\n"


def text(words: str) -> bytes:
    return mail(words.encode())


def said(words: str) -> bytes:
    """The usual words, and then these."""
    return text(SAID + words)


def everywhere(words: str) -> bytes:
    """The same words in every place that a brief shows."""
    quoted = words.replace('"', "'")
    plain = words.encode()
    body = mixed(
        part("Content-Type: text/plain", WORDS + plain + b"\r\n"),
        part(f'Content-Disposition: attachment; filename="{quoted}.pdf"', b"x"),
    ).partition(b"\r\n\r\n")[2]
    return mail(
        body,
        sender=f'From: "{quoted}" <dana@client.example>\r\n'.encode(),
        subject=b"Subject: " + plain + b"\r\n",
        more=b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n",
    )


def _forwards(levels: int) -> str:
    head = "---------- Forwarded message ---------\nFrom: Eve <e@evil.example>\nSubject: x\n\n"
    return head * levels + SAID


def _accented() -> bytes:
    body = base64.encodebytes((SAID + "\u0335\u0301" * 3_300_000).encode())
    return mail(
        body.replace(b"\n", b"\r\n"),
        more=b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n",
    )


_CASES = [
    ("On lines", lambda: text("On Mon, 1 Jan 2024\r\n" * 9_000 + SAID), READ),
    ("attributions", lambda: said("On Mon, 1 Jan 2024 a@b wrote:\r\n> x\r\n" * 5_000), READ),
    ("header blocks", lambda: said("From: a@b\nSent: x\nTo: y\nSubject: z\n" * 5_000), READ),
    ("forwards in forwards", lambda: text(_forwards(2_000)), READ),
    ("quote marks", lambda: said(">" * 150_000), READ),
    ("signature marks", lambda: said("\n-- \n" * 1_900), READ),
    ("disclaimers", lambda: said("\n\nThis email is confidential\n" * 6_000), READ),
    ("one sentence of 190 KB", lambda: text("disappointed and " * 11_000), READ),
    ("200 KB without a space", lambda: said("x" * 190_000), READ),
    ("dates and money without end", lambda: said("by 12 May 2026, 1,000.00 EUR, " * 6_000), READ),
    ("digits without end", lambda: said("1,000" * 30_000 + " " + "12/" * 9_000), READ),
    ("requests without end", lambda: said("Could you please send the file? " * 5_000), READ),
    ("addresses and links without end", lambda: said("a@b.example http://x.y/z " * 5_000), READ),
    ("brackets and quotes without end", lambda: said("(\"'[{<" * 25_000), READ),
    ("dots and marks without end", lambda: said(". ! ? - " * 20_000), READ),
    ("stacked accents in 18 MB of base64", _accented, READ),
    ("stacked accents", lambda: said("Z" + "\u0335\u0301" * 60_000), READ),
    ("joiners inside words", lambda: text(SAID.replace("app", "a\u200dp\u200cp")), READ),
    ("unassigned characters", lambda: said("\ue000\U000e0041\ufff9\U0010ffff"), READ),
    ("template syntax everywhere", lambda: everywhere(TEMPLATE), READ),
    ("shell and format syntax everywhere", lambda: everywhere(SHELL), READ),
    ("formula cells everywhere", lambda: everywhere(FORMULA), READ),
    ("HTML everywhere", lambda: everywhere(HTML), READ),
    ("escaped HTML in HTML", lambda: html(f"<p>{SAID}</p>{ESCAPED}"), READ),
    ("HTML that loads and runs", lambda: html(f"<p>{SAID}</p>{HTML}"), READ),
    ("boundary of ours", lambda: said(OF_OURS), READ),
    ("dots as SMTP ends a mail", lambda: said(SMTP_END), READ),
    ("mbox line", lambda: b"From x@evil.example Mon Mar  2 09:14:00 2026\r\n" + text(SAID), READ),
    ("invitation", lambda: mixed(TEXT, CALENDAR), READ),
    ("winmail.dat", lambda: attached("winmail.dat", b"x\x9f>" * 99, "application/ms-tnef"), READ),
    ("encrypted", lambda: typed("application/pkcs7-mime", b"MIAGCSqGSIb3"), READ),
    ("attached page", lambda: attached("x.html", HTML.encode(), "text/html"), READ),
    # Mails that pretend to be of this program, or to command it.
    ("our own loop header", lambda: mail(more=OURS.encode()), ("not-triaged",)),
    ("case header of ours", lambda: mail(more=b"X-Triage-Case: 1\r\n"), READ),
    (
        "reply to a brief that never was",
        lambda: mail(
            b"done: credited. not dissatisfaction\r\n",
            sender=b"From: Ben <ben@firm.example>\r\n",
            more=f"In-Reply-To: {OWN_ID}\r\nReferences: {OWN_ID}\r\n".encode(),
        ),
        READ,
    ),
    (
        "reference that was made up",
        lambda: mail(
            f"mine\r\n\r\nRef: {REFERENCE}\r\n".encode(),
            sender=b"From: Ben <ben@firm.example>\r\n",
        ),
        READ,
    ),
    ("brief that looks like ours", lambda: text(LOOKS_LIKE_OURS), READ),
    ("person of ours as sender", lambda: sender(b"Ben <ben@firm.example>"), READ),
    (
        "bounce of a brief that never was",
        lambda: typed(
            "multipart/report; report-type=delivery-status; boundary=b",
            b"--b\r\n" + part("Content-Type: message/rfc822", f"Message-ID: {OWN_ID}".encode()),
        ),
        ("not-triaged",),
    ),
    ("question marks without end", lambda: said("?" * 150_000), READ),
]  # fmt: skip


def kinds(start: int) -> tuple[Kind, ...]:
    """All of them, numbered from `start`."""
    return tuple(
        Kind(number=number, name=name, build=build, ends=ends)
        for number, (name, build, ends) in enumerate(_CASES, start=start)
    )
