"""A mail as a page shows it: its words in sentences, those that decided marked. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.summary.wording import clean_line, clean_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triage.messages import Email
    from triage.store.inbox import Decided
    from triage.store.labels import Label

TEXT_CHARS = 20_000  # that are shown; the rest is in the original
WORDS = 3  # fewer are a scrap
SENTENCES = 200  # that can be chosen as the deciding one
_CUT = re.compile(r"(?<=[.!?])(\s+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A sentence, or the blanks between two (then `line` is empty).

    `line` is the sentence on one line; `tags` are those that it speaks for.
    """

    text: str
    line: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailView:
    """A mail in a thread.

    Attributes:
        tags: what it counts as now.
        label: the newest word of a person on that; None: nobody has said anything.
        email: None when its words are no longer kept, or it was left out as too large.
        quoted: whether the original holds more text than is shown.
    """

    mail: Decided
    tags: tuple[str, ...]
    label: Label | None
    email: Email | None
    paragraphs: tuple[tuple[Piece, ...], ...] = ()
    quoted: bool = False

    @property
    def sentences(self) -> list[str]:
        """What can be chosen as the deciding sentence."""
        found = (piece.line for part in self.paragraphs for piece in part if piece.line)
        return list(dict.fromkeys(found))[:SENTENCES]


def mail_view(
    mail: Decided,
    email: Email | None,
    *,
    tags: Sequence[str],
    label: Label | None,
    evidence: Iterable[tuple[str, str]],
) -> MailView:
    """Put a mail together; `evidence` are (tag, sentence) that decided."""
    if email is None:
        return MailView(mail=mail, tags=tuple(tags), label=label, email=None)
    words = clean_text(email.new_text)[:TEXT_CHARS]
    return MailView(
        mail=mail,
        tags=tuple(tags),
        label=label,
        email=email,
        paragraphs=pieces(words, evidence),
        quoted=len(clean_text(email.text)) > len(words),
    )


def pieces(text: str, evidence: Iterable[tuple[str, str]]) -> tuple[tuple[Piece, ...], ...]:
    """The paragraphs of a text in pieces, each with the tags that its words decided."""
    deciding = [(tag, clean_line(sentence)) for tag, sentence in evidence]
    return tuple(
        tuple(_piece(each, deciding) for each in _CUT.split(part) if each)
        for part in text.split("\n\n")
        if part
    )


def _piece(text: str, deciding: Sequence[tuple[str, str]]) -> Piece:
    line = clean_line(text)
    told = (tag for tag, sentence in deciding if line and _is_part(line, sentence))
    return Piece(text=text, line=line, tags=tuple(dict.fromkeys(told)))


def _is_part(line: str, sentence: str) -> bool:
    """Whether one is the other, or cut from it at other places; a scrap is no part."""
    line, sentence = (text.strip(" .!?") for text in (line, sentence))
    shorter, longer = sorted((line, sentence), key=len)
    return line == sentence or (len(shorter.split()) >= WORDS and shorter in longer)
