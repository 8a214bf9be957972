"""Cut a mail into sentences, each an exact piece of the text so that it can be quoted.

Rules: linear in the length of the text whatever it holds; nothing but white space is lost between
sentences; a hard-wrapped line is not an end.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SENTENCE_CHARS = 400  # longer ones are cut at a space
_WRAPPED_FROM_CHARS = 55  # a line at least this long without an end mark goes on in the next
_END = re.compile(r"""[.!?\u2026]+["'\u201d\u2019)\]*]*(?=\s)""")
_BULLET = re.compile(r"\s*(?:[-*\u2022\u2013>|]|\(?\d{1,2}[.)]|[a-z]\))\s")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'])(?:[A-Za-z]|mr|mrs|ms|dr|prof|st|vs|no|nr|inc|ltd|approx|ca|est|ext|tel|dept"
    r"|e\.g|i\.e|a\.m|p\.m|u\.s|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.$",
    re.IGNORECASE,
)
_LONGEST_ABBREVIATION = 10


def split_sentences(text: str) -> list[str]:
    """Return the sentences of `text` in order, without surrounding white space."""
    return [
        sentence
        for start, end in _paragraphs(text)
        for piece in _sentences(text[start:end])
        for sentence in _bounded(piece.strip())
        if any(char.isalnum() for char in sentence)
    ]


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Yield spans of lines that belong together: wrapped prose is one, a list item is one."""
    start = position = 0
    goes_on = False
    for line in text.splitlines(keepends=True):
        if not (goes_on and line.strip() and not _BULLET.match(line)):
            yield start, position
            start = position
        position += len(line)
        goes_on = len(line.rstrip()) >= _WRAPPED_FROM_CHARS
    yield start, position


def _sentences(paragraph: str) -> Iterator[str]:
    start = 0
    for mark in _END.finditer(paragraph):
        tail = paragraph[max(start, mark.end() - _LONGEST_ABBREVIATION) : mark.end()]
        if not _ABBREVIATION.search(tail):
            yield paragraph[start : mark.end()]
            start = mark.end()
    yield paragraph[start:]


def _bounded(sentence: str) -> Iterator[str]:
    while len(sentence) > MAX_SENTENCE_CHARS:
        cut = sentence.rfind(" ", MAX_SENTENCE_CHARS // 2, MAX_SENTENCE_CHARS)
        cut = cut if cut > 0 else MAX_SENTENCE_CHARS
        yield sentence[:cut].rstrip()
        sentence = sentence[cut:].lstrip()
    yield sentence
