"""One mail for review, as lines for a terminal. Pure.

Rules: text of a mail is made harmless first; the sentences that decided stand out; a long mail is
cut, but never where it would hide one of them.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.cli.tables import paragraph, plain, when

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triage.messages import Email
    from triage.store.inbox import Decided

LINES = 16  # of the text, before it is cut
MOST_LINES = 30  # with sentences that stand further down
WHOLE_LINES = 400
TEXT_CHARS = 40_000
SENTENCES = 6
SENTENCE_CHARS = 160
_ON, _OFF = "\ue000", "\ue001"  # private characters, which `paragraph` never lets through


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a terminal can show. `colour`: it knows ANSI sequences."""

    width: int = 80
    colour: bool = False

    @property
    def marks(self) -> tuple[str, str]:
        """What stands around a sentence that decided."""
        return ("\x1b[1;33m", "\x1b[0m") if self.colour else ("«", "»")

    def bold(self, text: str) -> str:
        """Text that stands out."""
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text

    def faint(self, text: str) -> str:
        """Text that steps back."""
        return f"\x1b[2m{text}\x1b[0m" if self.colour else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Everything that is shown of one mail. `evidence` holds (tag, sentence) pairs."""

    mail: Decided
    email: Email
    evidence: Sequence[tuple[str, str]]
    reason: str
    label: tuple[str, ...] | None = None


def card_lines(card: Card, look: Look, zone: str, *, whole: bool = False) -> Iterator[str]:
    """The mail with the classifier's opinion."""
    mail = card.mail
    yield look.bold(f"Mail {mail.id}") + f"  {card.reason}"
    yield look.bold(str(plain(card.email.subject or "(no subject)", 200)))
    yield f"{plain(card.email.sender.display, 120)}, {when(mail.received_at, zone)}"
    if mail.case_id:
        yield f"in case {mail.case_id}"
    yield ""
    yield from text_lines(card, look, whole=whole)
    yield ""
    yield from _opinion(card, look)


def text_lines(card: Card, look: Look, *, whole: bool = False) -> Iterator[str]:
    """The new text, wrapped, with the deciding sentences marked."""
    text = "\n".join(paragraph(card.email.new_text[:TEXT_CHARS]))
    text = text.replace(_ON, " ").replace(_OFF, " ")
    wrapped = _wrapped(_marked(text, [sentence for _, sentence in card.evidence]), look.width - 2)
    if not wrapped:
        yield look.faint("  (no text)")
        return
    most = WHOLE_LINES if whole else LINES
    shown = _shown(wrapped, most)
    last = -1
    for number in shown:
        if number != last + 1:
            yield look.faint("  ...")
        yield f"  {_painted(wrapped[number], look)}".rstrip()
        last = number
    if last + 1 < len(wrapped):
        more = len(wrapped) - last - 1
        yield look.faint(f"  ... {more} more lines" + ("" if whole else "; t shows them"))


def _opinion(card: Card, look: Look) -> Iterator[str]:
    mail = card.mail
    scores = [f"{tag} {score:.2f}" for tag, score in (mail.scores or {}).items()]
    said = ", ".join(mail.tags) or "none"
    unsure = f", unsure of {', '.join(mail.unsure_tags)}" if mail.unsure_tags else ""
    if scores:
        yield f"Classifier: {said}{unsure}" + look.faint(f"   {'  '.join(scores)}")
    if card.label is not None:
        yield f"Labelled: {', '.join(card.label) or 'none'}"
    for tag, sentence in card.evidence[:SENTENCES]:
        yield look.faint(f"  {tag}: ") + str(plain(sentence, SENTENCE_CHARS))


def _marked(text: str, sentences: Sequence[str]) -> str:
    """The text with marks around each sentence, wherever its lines may break."""
    for sentence in dict.fromkeys(sentences):
        words = [re.escape(word) for word in str(plain(sentence, TEXT_CHARS)).split()]
        if words:
            pattern = r"\s+".join(words)
            text = re.sub(pattern, lambda found: f"{_ON}{found[0]}{_OFF}", text, count=1)
    return text


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width`; a mark that is open at a break is closed and opened again."""
    lines: list[str] = []
    for line in text.strip("\n").split("\n"):
        lines += textwrap.wrap(line, max(width, 20)) or ([""] if lines and lines[-1] else [])
    out, is_open = [], False
    for line in lines:
        out.append(f"{_ON}{line}" if is_open and line else line)
        is_open = (line.rfind(_ON) > line.rfind(_OFF)) or (
            is_open and _ON not in line and _OFF not in line
        )
        if is_open and out[-1]:
            out[-1] += _OFF
    return out


def _shown(lines: Sequence[str], most: int) -> list[int]:
    """Numbers of the lines to show: the first ones, and further down those with a mark."""
    first = list(range(min(most, len(lines))))
    further = [n for n in range(len(first), len(lines)) if _ON in lines[n]]
    return first + further[: max(0, MOST_LINES - most)]


def _painted(line: str, look: Look) -> str:
    on, off = look.marks
    return line.replace(_ON, on).replace(_OFF, off)
