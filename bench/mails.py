"""Mail to measure with: made up from the labelled starter set, the same for the same seed.

Each mail is one row of the set with the headers that servers add, often an HTML alternative, and
quoted history of untagged rows until it has the size asked for. No two have the same bytes, and
each is a thread of its own, so that nothing is joined to an earlier case.
"""

from __future__ import annotations

import json
import random
import textwrap
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
OUR_DOMAIN = "radial.example"
SIZE_BYTES = 4096
_HTML_SHARE = 1 / 3
_CLIENTS = ("brightwater", "castellan", "harlow", "larkfield", "medlar", "norrvik", "quintrell")
_NAMES = ("Ana", "Bram", "Chidi", "Dagny", "Emil", "Femi", "Grete", "Hana", "Ines", "Jonas")
_ENVELOPE_BYTES = 1800  # headers, borders and what the transfer encoding adds
_LONGEST = 900  # characters of a row; a longer one leaves no room for history beside its HTML
_QUOTING = (">", "----", "____", "wrote:", "From:")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A mail and what it was made from. `tagged` tells how its row is labelled."""

    message_id: str
    content: bytes
    tagged: bool


def make(number: int, *, tagged_share: float, seed: int = 1) -> Iterator[Made]:
    """`number` mails of about 4 KB; every so many of them from a clear row with a tag."""
    rng = random.Random(seed)
    clear = [row for row in rows() if not row["hard"]]
    tagged = [row for row in clear if row["tags"]]
    plain = [row for row in clear if not row["tags"]]
    for n in range(number):
        # Even spacing: each part of a run has the same mix.
        is_tagged = int((n + 1) * tagged_share) > int(n * tagged_share)
        row = rng.choice(tagged if is_tagged else plain)
        message_id = f"<bench{n}.{rng.getrandbits(48):012x}@mail.example>"
        content = _mail(row, message_id, plain, rng)
        yield Made(message_id=message_id, content=content, tagged=is_tagged)


def rows() -> list[Row]:
    """The labelled starter set, but for rows that quote a history of their own."""
    files = sorted((ROOT / "data" / "starter").glob("*.jsonl"))
    found = [json.loads(line) for f in files for line in f.read_text("utf-8").splitlines()]
    return [
        row
        for row in found
        if len(row["body"]) < _LONGEST
        and "wrote:" not in row["body"]
        and "From:" not in row["body"]
    ]


def _mail(row: Row, message_id: str, plain: list[Row], rng: random.Random) -> bytes:
    mail = EmailMessage(policy=SMTP)
    for name, value in _headers(row, message_id, rng):
        mail[name] = value
    with_html = rng.random() < _HTML_SHARE
    room = (SIZE_BYTES - _ENVELOPE_BYTES) // (2 if with_html else 1)
    text = _with_history(row["body"], plain, room, rng)
    mail.set_content(text, cte="quoted-printable")
    if with_html:
        lines = "<br>\n".join(escape(line) for line in text.splitlines())
        mail.add_alternative(f"<html><body><p>{lines}</p></body></html>", subtype="html")
    return mail.as_bytes()


def _headers(row: Row, message_id: str, rng: random.Random) -> list[tuple[str, str]]:
    staff = row["from_role"] == "staff"
    name = rng.choice(_NAMES)
    domain = OUR_DOMAIN if staff else f"{rng.choice(_CLIENTS)}.example"
    sender = f"{name.lower()}{rng.randrange(1000)}@{domain}"
    hops = [
        f"from mx{hop}.{domain} (mx{hop}.{domain} [192.0.2.{rng.randrange(1, 255)}])"
        f" by mail.{OUR_DOMAIN} with ESMTPS id {rng.getrandbits(64):016x}"
        f" for <inbox@{OUR_DOMAIN}>; Mon, 2 Nov 2026 09:{rng.randrange(60):02d}:00 +0000"
        for hop in range(3)
    ]
    return [
        *(("Received", hop) for hop in hops),
        ("From", f"{name} <{sender}>"),
        ("To", f"Projects <inbox@{OUR_DOMAIN}>"),
        ("Subject", " ".join(row["subject"].split()) or "(no subject)"),
        ("Date", f"Mon, 2 Nov 2026 08:{rng.randrange(60):02d}:{rng.randrange(60):02d} +0000"),
        ("Message-ID", message_id),
        ("References", f"<{rng.getrandbits(64):016x}@{domain}>"),
        ("X-Mailer", "Example Mail 4.2"),
    ]


def _with_history(body: str, plain: list[Row], room: int, rng: random.Random) -> str:
    """The body and a thread below it, each mail quoting the ones before, to fill `room` bytes."""
    older: list[str] = []
    while len(text := _thread(body, older)) < room:
        quoted = rng.choice(plain)["body"]
        if not any(mark in quoted for mark in _QUOTING):  # whose depth would not be clear
            who = rng.choice(_NAMES)
            when = f"On Fri, 30 Oct 2026 at 1{rng.randrange(8)}:{rng.randrange(10, 60)}"
            head = f"{when}, {who} <{who.lower()}@{OUR_DOMAIN}> wrote:"
            older.append(f"{head}\n{_quote(_wrapped(quoted))}")
    return text


def _thread(body: str, older: list[str]) -> str:
    below = ""
    for mail in reversed(older):
        below = f"{mail}\n{_quote(below)}" if below else mail
    return f"{body.rstrip()}\n\n{below}\n"


def _quote(text: str) -> str:
    return textwrap.indent(text, "> ", lambda _line: True)


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.fill(line, 72) for line in text.splitlines())
