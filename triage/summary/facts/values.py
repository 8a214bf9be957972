"""The values that facts are made of, and a text taken apart into sentences that have a place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.summary.quoting import GREETING, GREETING_LIMIT, TEXT_LIMIT
from triage.summary.wording import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

_BULLET = re.compile(r"\s{0,8}(?:[-*\u2022\u2013]|\d{1,2}[.)])\s")
_END = re.compile(
    # Begins where the marks begin: without that, a line of marks takes quadratic time.
    r"(?<![.!?\u2026])[.!?\u2026]+[\"'\u201d\u2019)\]]{0,2}\s+(?=[\"'\u201c\u2018(\[\u00bf\u00a1]?[^\W_])"
)
# What ends in a full stop and ends no sentence; the last two are German days and initials.
_NO_END = re.compile(
    r"(?:\b(?:dr|mr|mrs|ms|prof|st|vs|appr|e\.g|i\.e|z\.b|bzw|inc|ltd|incl|jan|feb|mar|apr|jun|"
    r"jul|aug|sept?|oct|okt|nov|dec|dez|mon|tues?|wed|thu|thurs|fri|[ap]\.m)|"
    r"(?<![\w.,])\d{1,2}|\b[A-Z])\.\s+$",
    re.IGNORECASE,
)
_COUNTING = re.compile(
    r"\b(?:no|nr|approx|ca|est)\.\s+$", re.IGNORECASE
)  # "No. 5", but not "No. We"
_HALF_DAY = re.compile(r"[ap]\.m\.\s+$", re.IGNORECASE)
_LONGEST_NO_END = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of a mail on one line, and where it stands, such as `paragraph 2`."""

    text: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A stretch of a mail, word for word.

    Attributes:
        text: as it stands in the mail, on one line.
        where: its place: `subject`, `paragraph 2`, `sentence 1`, `quoted mail`.
        day: the day that it names, where it can only be one.
        deadline: whether the words say that something is to be done by that day.
        by: who said it, where that is not the person whom the brief is about.
        said: when they did, in words; empty for this mail.
        ours: whether one of our own people said it.
    """

    text: str
    where: str
    day: date | None = None
    deadline: bool = False
    by: str = ""
    said: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An earlier mail of the thread, as far as a brief may speak of it.

    Attributes:
        text: the writer's own words in it.
        by: who wrote it, by name.
        said: when, in words.
        where: where it can be found: `mail of 2 March`, `quoted mail`.
        ours: whether one of our own people wrote it.
    """

    text: str
    by: str
    said: str
    where: str
    ours: bool = False


def sentences_of(text: str, place: str = "") -> list[Sentence]:
    """The sentences of a text in order, each with its place.

    Places are counted in paragraphs, without the greeting; where there is only one, in sentences.
    `place` stands before them, or instead of them for a text that is short itself.
    """
    blocks = [list(_pieces(block)) for block in re.split(r"\n\s*\n", text[:TEXT_LIMIT])]
    counted = [block for block in blocks if block and not _is_greeting(block)]
    found = [
        Sentence(text=s, where=place) for block in blocks if _is_greeting(block) for s in block
    ]
    if place or not counted:
        return found + [Sentence(text=s, where=place) for block in counted for s in block]
    if len(counted) == 1:
        return [Sentence(text=s, where=f"sentence {n}") for n, s in enumerate(counted[0], 1)]
    return [
        Sentence(text=s, where=f"paragraph {n}")
        for n, block in enumerate(counted, 1)
        for s in block
    ]


def _is_greeting(block: list[str]) -> bool:
    return len(block) == 1 and len(block[0]) <= GREETING_LIMIT and bool(GREETING.match(block[0]))


def _pieces(block: str) -> Iterator[str]:
    """A paragraph in sentences; a list has at least one for each item."""
    items: list[str] = []
    for line in block.splitlines():
        if items and not _BULLET.match(line):
            items[-1] += " " + line
        else:
            items.append(line)
    for item in items:
        yield from _split(clean_line(item))


def _split(line: str) -> Iterator[str]:
    start = 0
    for match in _END.finditer(line):
        if not _goes_on(
            line[max(start, match.end() - _LONGEST_NO_END) : match.end()], line[match.end()]
        ):
            yield line[start : match.end()].strip()
            start = match.end()
    if line[start:].strip():
        yield line[start:].strip()


def _goes_on(before: str, following: str) -> bool:
    """Whether the full stop belongs to an abbreviation or a number."""
    if _COUNTING.search(before):
        return following.isdigit()
    if _HALF_DAY.search(before):
        return not following.isupper()
    return bool(_NO_END.search(before))
