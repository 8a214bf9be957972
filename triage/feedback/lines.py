"""The first lines of an answer: without greeting, sign-off and our own reference line.

Lines that a mail program wrapped are joined again, since half a sentence may look like a command.
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from triage.feedback.lexicon import CLOSERS, GREETINGS
from triage.feedback.tokens import CLINGING, DASH, words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

FIRST_LINES = 6  # with wrapped lines joined; what stands below them is no command
_LINES = 60
_LINE_CHARS = 400  # what of a line is looked at
_JOINED_CHARS = 1_000
_WRAPPED_CHARS = 50  # a line as long as this may go on in the next one
_GREETING_WORDS = 5
_CLOSING_WORDS = 6
_NAME_WORDS = 4
_MARKS = frozenset({",", ".", "!", ":", ";", "/", DASH, CLINGING})
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
# An attribution that runs on into what it quotes, as Yahoo's programs write it.
_WROTE = re.compile(
    r"@\S+.{0,40}\b(?:wrote|schrieb|a \u00e9crit|escribi\u00f3|ha scritto|escreveu|schreef|skrev|"
    r"napisa\u0142(?:\(a\))?)\s?:",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^\s*(?:[-*\u2022\u00b7]|\d{1,2}[.)])\s+")

Paragraph = tuple[str, ...]


def paragraphs(text: str, names: Collection[str], ours: re.Pattern[str]) -> list[Paragraph]:
    """The first lines in paragraphs. `ours` finds lines that we put into the answer ourselves."""
    lines = [line.strip()[:_LINE_CHARS] for line in text.splitlines()[:_LINES]]
    lines = list(takewhile(lambda line: not _WROTE.search(line), lines))
    lines = [_BULLET.sub("", line) for line in lines if not ours.search(line)]
    kept = _without_greeting(lines)
    kept = list(_before_sign_off(kept, frozenset(names)))
    return _first(_grouped(kept))


def sentences(line: str) -> list[str]:
    """A line cut behind its full stops, question marks and exclamation marks."""
    return [part for part in _SENTENCE.split(line) if part]


def _without_greeting(lines: list[str]) -> list[str]:
    start = next((n for n, line in enumerate(lines) if line), len(lines))
    if start < len(lines) and _is_greeting(lines[start]):
        return lines[start + 1 :]
    return lines[start:]


def _is_greeting(line: str) -> bool:
    """Whether it is "Hi Ben," or the like, alone on its line."""
    words = _plain_words(line)
    if len(words) > _GREETING_WORDS or not line.endswith((",", "!", ".", ":")):
        return False
    return any(_starts(words, greeting.split()) for greeting in GREETINGS)


def _before_sign_off(lines: Iterable[str], names: Collection[str]) -> Iterator[str]:
    said = False
    for line in lines:
        words = _plain_words(line)
        if said and words and (_is_closing(words) or _is_name(words, names)):
            return
        said = said or bool(words)
        yield line


def _is_closing(words: list[str]) -> bool:
    return len(words) <= _CLOSING_WORDS and any(_starts(words, c.split()) for c in CLOSERS)


def _is_name(words: list[str], names: Collection[str]) -> bool:
    return len(words) <= _NAME_WORDS and all(w in names or len(w) == 1 for w in words)


def _starts(words: list[str], phrase: list[str]) -> bool:
    return words[: len(phrase)] == phrase


def _plain_words(line: str) -> list[str]:
    return [word for word in words_of(line) if word not in _MARKS]


def _grouped(lines: Iterable[str]) -> list[list[str]]:
    """Paragraphs of whole lines: what was wrapped is one line again."""
    groups: list[list[str]] = [[]]
    length = 0
    for line in lines:
        if not line:
            groups.append([])
            length = 0
            continue
        goes_on = length >= _WRAPPED_CHARS and not groups[-1][-1].endswith((".", "!", "?", ":"))
        if goes_on:
            groups[-1][-1] = f"{groups[-1][-1]} {line}"[:_JOINED_CHARS]
        else:
            groups[-1].append(line)
        length = len(line)
    return [group for group in groups if group]


def _first(groups: list[list[str]]) -> list[Paragraph]:
    found: list[Paragraph] = []
    left = FIRST_LINES
    for group in groups:
        found += [tuple(group[:left])] if left else []
        left -= min(left, len(group))
    return found
