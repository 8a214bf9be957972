"""The mail of the month: what it is, and its bytes.

What a mail is (its tags, its kind, what makes it more urgent) is planted: the classifier of the
month looks it up by the number that stands in the first line. The rest of the text comes from the
starter set.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from classifiers.api import Document, Evidence, Verdict
from tests.month.world import (
    FIRM_DOMAIN,
    KIND_CUES,
    KINDS,
    PEOPLE,
    ROUTES,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


ROOT = Path(__file__).resolve().parents[2]
INBOX = f"hello@{FIRM_DOMAIN}"
COLLEAGUES = ("sam", "ines", *PEOPLE)  # two who are in no policy
CLIENTS = (
    *("harrow.example", "pike-sons.example", "lindqvist.example", "okafor.example"),
    *("meridian.example", "castell.example", "bluefin.example", "novak.example"),
    *("arden.example", "tanaka.example", "gmail.com", "outlook.com"),
)
Sort = Literal["plain", "auto-reply", "list", "bounce", "copy", "broken"]
NOT_READ = frozenset({"auto-reply", "list", "bounce", "copy", "broken"})
QUIET_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a mail is about.

    Attributes:
        kind: the planted kind of issue, beneath one of its tags.
        words: planted words that make it more urgent.
        named: people of the policy whom it speaks of.
    """

    tags: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    kind: str = ""
    words: str = ""
    named: tuple[str, ...] = ()


NOTHING = Matter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One planned mail.

    Attributes:
        number: stands in its first line and its Message-ID.
        at: when it arrives, in minutes.
        follows: the number of the mail it answers; 0: it begins a thread.
        copies: for a copy, the number of the mail whose bytes it has.
    """

    number: int
    at: int
    thread: int
    follows: int = 0
    copies: int = 0
    sort: Sort = "plain"
    sender: str = ""
    to: tuple[str, ...] = (INBOX,)
    matter: Matter = NOTHING

    @property
    def tags(self) -> tuple[str, ...]:
        """What the classifier finds."""
        return self.matter.tags

    @property
    def rfc_id(self) -> str:
        """Its Message-ID."""
        return f"<m{self.copies or self.number}@{self.sender.rpartition('@')[2] or 'x.example'}>"

    @property
    def from_us(self) -> bool:
        """Whether one of the firm's own people wrote it."""
        return self.sender.endswith(FIRM_DOMAIN)


def text_of(mail: Mail) -> str:
    """What the sender newly wrote."""
    lines = [f"Item {mail.number:05d}."]
    if mail.matter.words:
        lines.append(f"{mail.matter.words.capitalize()}.")
    if mail.matter.kind:
        lines.append(KINDS[mail.matter.kind][1])
    lines += [
        f"This is about {person.title()} {person.title()}son." for person in mail.matter.named
    ]
    if not (mail.matter.kind or mail.matter.words):
        rows = _rows()["tagged" if mail.tags else "plain"]
        lines += ["", rows[(mail.number * 7919) % len(rows)]]
    return "\n".join(lines) + "\n"


@cache
def _rows() -> Mapping[str, Sequence[str]]:
    """Bodies of the starter set without quotes, planted words, and names of the firm's people."""
    unwanted = [*KIND_CUES.values(), *(words for r in ROUTES.values() for words, _ in r.raises)]
    bad = re.compile(
        r"^\s*(?:>|from:|von:|-{2,}|_{3,})|wrote:|"
        + "|".join(rf"\b{re.escape(word)}" for word in (*unwanted, *PEOPLE, "ms", "mr")),
        re.IGNORECASE | re.MULTILINE,
    )
    found: dict[str, list[str]] = {"tagged": [], "plain": []}
    for file in sorted((ROOT / "data" / "starter").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            body = row["body"].strip()
            if body and not bad.search(body):
                found["tagged" if row["tags"] else "plain"].append(body)
    return found


def bytes_of(mail: Mail, by_number: Mapping[int, Mail]) -> bytes:
    """The mail as a server hands it out."""
    if mail.copies:
        return bytes_of(by_number[mail.copies], by_number)
    message = EmailMessage(policy=SMTP)
    name = mail.sender.partition("@")[0].title()
    message["From"] = f"{name} {name}son <{mail.sender}>"
    message["To"] = ", ".join(mail.to)
    message["Date"] = format_datetime(datetime.fromtimestamp(mail.at * 60, UTC))
    message["Message-ID"] = mail.rfc_id
    message["Subject"] = _subject(mail)
    if mail.follows:
        last, first = by_number[mail.follows].rfc_id, by_number[mail.thread].rfc_id
        message["In-Reply-To"] = last
        message["References"] = " ".join(dict.fromkeys((first, last)))
    if mail.sort == "auto-reply":
        message["Auto-Submitted"] = "auto-replied"
    if mail.sort == "list":
        message["List-Id"] = "<letters.example>"
        message["List-Unsubscribe"] = "<mailto:off@letters.example>"
    message.set_content(text_of(mail), cte="8bit")
    return message.as_bytes()


def _subject(mail: Mail) -> str:
    own = {
        "auto-reply": "Automatic reply: away",
        "list": "This week in letters",
        "bounce": "Undelivered Mail Returned to Sender",
    }.get(mail.sort)
    return own or f"{'Re: ' if mail.follows else ''}Matter {mail.thread:05d}"


class Planted:
    """Says of each mail what was planted; anything else has no tag."""

    tags = tuple(ROUTES)
    version = "planted-1"

    def __init__(self, mails: Sequence[Mail]) -> None:
        self._mails = {mail.number: mail for mail in mails}

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        return [self._judge(document) for document in documents]

    def _judge(self, document: Document) -> Verdict:
        match = re.search(r"Item (\d{5})\.", document.text)
        mail = self._mails.get(int(match[1])) if match else None
        tags = mail.tags if mail else ()
        sentence = (
            KINDS[mail.matter.kind][1] if mail and mail.matter.kind else document.text[:80].strip()
        )
        return Verdict(
            tags=tags,
            unsure_tags=mail.matter.unsure if mail else (),
            scores={tag: 0.9 if tag in tags else 0.1 for tag in self.tags},
            evidence=tuple(Evidence(tag=tag, sentence=sentence, score=0.9) for tag in tags),
            model=self.version,
        )
