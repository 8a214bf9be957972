"""Whether two mails say the same, word for word, and whether one person wrote both. Pure.

Rules: a wrong "the same" hides a matter, so nothing is guessed. Two texts are the same when the
shorter one stands whole in the longer one, every word of it and in order; letters and digits
count, while case, punctuation, line breaks, quote marks and the wrappers of links do not. One word
that differs, such as the month of an invoice, makes it another matter.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from triage.parsing import normalise_subject
from triage.pipeline.people import is_same_client
from triage.summary.people import OFFICE, TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triage.config import Firm
    from triage.messages import Address, Email

TEXT_CHARS = 40_000  # of a mail that are looked at
MIN_NAMES = 2  # a first name alone is shared by many

_WORD = re.compile(r"[^\W_]+")
_WRAPPED = re.compile(
    r"<mailto:[^>\s]{0,320}>|\[mailto:[^\]\s]{0,320}\]|\[(?:cid|image):[^\]\n]{0,200}\]"
)
# Filters of mail servers put their own address around links.
_SAFE_LINK = re.compile(r"https?://[^\s<>]{1,200}[?&](?:url|u)=([^&\s<>]+)[^\s<>]*", re.IGNORECASE)
_VIA = re.compile(r"\s+via\s.*$", re.IGNORECASE)
_CALENDAR = (
    "january february march april may june july august september october november december"
    " jan feb mar apr jun jul aug sep sept oct nov dec"
    " monday tuesday wednesday thursday friday saturday sunday"
)
_NAMED_TIMES = frozenset(_CALENDAR.split())
Words = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a mail says, whoever carries it.

    Attributes:
        author: who wrote these words: in a forward, the original writer.
        words: of the text, in order.
        note: the words of whoever forwards it.
        forwarded: whether it is a forward.
        subject: without the prefixes of replies and forwards.
    """

    author: Address
    words: Words
    note: Words
    forwarded: bool
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How a later text differs from an earlier one, of which it says every word or a part.

    Attributes:
        added: words of the later one before and behind the earlier one's.
        missing: how many words of the earlier one it leaves out, before and behind.
        shared: how many words both have.
    """

    added: Words
    missing: int
    shared: int


def said(email: Email, firm: Firm) -> Said:
    """What a mail says. Only our own people, and the client itself, forward somebody's words."""
    original = email.original_sender
    ours = firm.role_of(email.sender.address) == "staff"
    if email.forwarded_text and original:
        theirs = is_same_client(email.sender.address.lower(), original.address.lower())
        if ours or theirs:
            return Said(
                author=original,
                words=words_of(email.forwarded_text),
                note=words_of(email.forward_note),
                forwarded=True,
                subject=normalise_subject(email.original_subject or email.subject),
            )
    return Said(
        author=email.sender,
        words=words_of(email.new_text),
        note=(),
        forwarded=False,
        subject=normalise_subject(email.subject),
    )


def words_of(text: str) -> Words:
    """The words of a text, in order and lower case."""
    plain = _WRAPPED.sub(" ", text[:TEXT_CHARS])
    plain = _SAFE_LINK.sub(lambda link: unquote(link[1]), plain)
    plain = unicodedata.normalize("NFKC", plain)
    kept = "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Mn"))
    return tuple(_WORD.findall(kept.casefold()))


def compare(earlier: Words, later: Words) -> Likeness | None:
    """How the later text differs, if one of them holds the other whole; else None."""
    if not (earlier and later):
        return None
    shorter, longer = sorted((earlier, later), key=len)
    whole, part = f" {' '.join(longer)} ", f" {' '.join(shorter)} "
    at = whole.find(part)
    if at < 0:
        return None
    around = (*whole[:at].split(), *whole[at + len(part) :].split())
    grown = len(later) > len(earlier)
    return Likeness(
        added=around if grown else (),
        missing=0 if grown else len(around),
        shared=len(shorter),
    )


def facts(words: Iterable[str]) -> frozenset[str]:
    """The words that make two mails of one wording two matters: figures, months, weekdays."""
    return frozenset(w for w in words if w in _NAMED_TIMES or any(c.isdigit() for c in w))


def is_same_person(one: Address, other: Address) -> bool:
    """Whether both are the same person, perhaps at another address of theirs.

    The address says so, or the full name, which takes two words at least; an office such as
    "Front Desk" is nobody. A forward that names somebody without an address means who is called so.
    """
    mine, theirs = _plain_address(one), _plain_address(other)
    if mine and mine == theirs:
        return True
    names, others = _names(one), _names(other)
    if names & OFFICE or names != others:
        return False
    return len(names) >= MIN_NAMES or (bool(names) and not (mine and theirs))


def is_list_of(copy: Address, original: Address) -> bool:
    """Whether a mailing list has put its own address in the place of the writer's."""
    return bool(_VIA.search(copy.name)) and _names(copy) == _names(original) != frozenset()


def _plain_address(person: Address) -> str:
    """The address without what some put behind a plus sign."""
    local, at, domain = person.address.lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


@lru_cache(maxsize=4096)  # the senders of recent cases are asked for with each new mail
def _names(person: Address) -> frozenset[str]:
    """The words of somebody's name; where none is given, those of the address: dana.reyes@..."""
    name = _VIA.sub("", person.name)
    if not name.strip() or "@" in name:
        name = person.address.rpartition("@")[0].partition("+")[0]
    found = frozenset(word for word in words_of(name) if not word.isdigit()) - TITLES
    return found if person.name.strip() or len(found) >= MIN_NAMES else frozenset()
