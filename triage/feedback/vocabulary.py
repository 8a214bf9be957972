"""Which words stand for which tag, kind of issue and person: names, titles, the policy's words.

Rule: a tag goes before a kind, a command before both; a phrase claimed twice is nobody's.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from triage.feedback.lexicon import COMMANDS, PHRASES, Item
from triage.feedback.tokens import words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from triage.policy import Kind, Person, Route

ISSUE = "issue:"  # before the id of a kind of issue, where a tag could stand
_MISSPELT_CHARS = 5  # a shorter tag is too like other words
_ALIKE = 0.8

Phrase = tuple[str, ...]
Entry = tuple[Phrase, Item, str]  # the phrase, what it does, and its tag, kind or person
NO_KINDS: Mapping[str, Kind] = MappingProxyType({})
NO_PEOPLE: Mapping[str, Person] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Every phrase that is understood, by its first word, the longest first.

    Attributes:
        tags: every tag, in the policy's order.
        shown: the word that a brief offers for each tag.
        clashes: phrases that several tags, or a tag and a command, claim; nobody gets them.
        shown_issues: the word that a brief offers for each kind of issue.
    """

    tags: tuple[str, ...]
    shown: Mapping[str, str]
    clashes: Mapping[str, tuple[str, ...]]
    entries: Mapping[str, tuple[Entry, ...]]
    shown_issues: Mapping[str, str] = field(default_factory=dict)

    def is_misspelt(self, word: str) -> bool:
        """Whether a word that means nothing is a tag or a command with a slip in it."""
        if any(sorted(word) == sorted(command) for command in COMMANDS):
            return True
        entries = [entry for each in self.entries.values() for entry in each]
        tags = [entry[0][0] for entry in entries if _is_meant_by_first_word(entry)]
        long = [tag for tag in tags if len(tag) >= _MISSPELT_CHARS]
        return bool(difflib.get_close_matches(word, long, n=1, cutoff=_ALIKE))

    def match(self, words: list[str], start: int) -> tuple[int, Item, str]:
        """The longest phrase at `start`: how many words, what it does, and its tag."""
        for phrase, item, tag in self.entries.get(words[start], ()):
            if _is_at(phrase, words, start, plural=item is Item.TAG):
                return len(phrase), item, tag
        return 1, Item.OTHER, ""


def vocabulary_of(
    routes: Mapping[str, Route],
    kinds: Mapping[str, Kind] = NO_KINDS,
    people: Mapping[str, Person] = NO_PEOPLE,
) -> Vocabulary:
    """The vocabulary of a policy. A phrase claimed twice is nobody's: it would be a guess."""
    claims: dict[Phrase, set[str]] = defaultdict(set)
    for tag, route in routes.items():
        for phrase in {_phrase(text) for text in (_plain(tag), route.title, *route.words)}:
            claims[phrase].add(tag)
    for tag in routes:  # a tag's own name is always its own
        claims[_phrase(_plain(tag))] = {tag}
    claims.pop((), None)
    fixed = {_phrase(text): item for item, texts in PHRASES.items() for text in texts}
    mine = {p: min(tags) for p, tags in claims.items() if len(tags) == 1 and p not in fixed}
    lost = {p: tuple(sorted(tags)) for p, tags in claims.items() if p not in mine}
    issues, disputed = _issues(kinds, taken={*claims, *fixed})
    named = _named(people, taken={*claims, *fixed, *issues})
    return Vocabulary(
        tags=tuple(routes),
        shown={tag: _shown(tag, route, mine) for tag, route in routes.items()},
        shown_issues={kind.id: _shown_issue(kind, issues) for kind in kinds.values()},
        clashes={" ".join(phrase): tags for phrase, tags in (lost | disputed).items()},
        entries=_by_first_word(
            [
                *((phrase, item, "") for phrase, item in fixed.items()),
                *((phrase, Item.TAG, tag) for phrase, tag in mine.items()),
                *((phrase, Item.TAG, f"{ISSUE}{kind}") for phrase, kind in issues.items()),
                *((phrase, Item.PERSON, person) for phrase, person in named.items()),
            ]
        ),
    )


def is_issue(tag: str) -> bool:
    """Whether what stands where a tag could is a kind of issue."""
    return tag.startswith(ISSUE)


def _issues(
    kinds: Mapping[str, Kind], taken: Collection[Phrase]
) -> tuple[dict[Phrase, str], dict[Phrase, tuple[str, ...]]]:
    """The phrases that stand for one kind of issue each, and those that several claim."""
    claims: dict[Phrase, set[str]] = defaultdict(set)
    for kind in kinds.values():
        words = (*kind.words, kind.title) if kind.words else (_plain(kind.id), kind.title)
        for phrase in {_phrase(text) for text in words} - {()}:
            claims[phrase].add(kind.id)
    free = {phrase: ids for phrase, ids in claims.items() if phrase not in taken}
    mine = {phrase: min(ids) for phrase, ids in free.items() if len(ids) == 1}
    return mine, {p: tuple(sorted(ids)) for p, ids in free.items() if p not in mine}


def _named(people: Mapping[str, Person], taken: Collection[Phrase]) -> dict[Phrase, str]:
    """How people are called: by their name, and by a part of it that is theirs alone."""
    claims: dict[Phrase, set[str]] = defaultdict(set)
    for person in people.values():
        words = _phrase(person.name)
        for phrase in {words, _phrase(_plain(person.id)), *((word,) for word in words)} - {()}:
            claims[phrase].add(person.id)
    return {p: min(ids) for p, ids in claims.items() if len(ids) == 1 and p not in taken}


def _shown_issue(kind: Kind, mine: Mapping[Phrase, str]) -> str:
    """The first word of the policy that is this kind's alone; nothing where none is."""
    names = (*kind.words, _plain(kind.id), kind.title)
    return next((word for word in names if mine.get(_phrase(word)) == kind.id), "")


def _is_meant_by_first_word(entry: Entry) -> bool:
    """Whether a slip in its first word is one in a tag; "clients" is none in "client pressure"."""
    phrase, item, tag = entry
    return item is Item.TAG and (not is_issue(tag) or len(phrase) == 1)


def _plain(tag: str) -> str:
    return tag.replace("_", " ")


def _phrase(text: str) -> Phrase:
    return tuple(words_of(text))


def _shown(tag: str, route: Route, mine: Mapping[Phrase, str]) -> str:
    """The first word of the policy that is this tag's alone, else the tag's name."""
    own = (word for word in route.words if mine.get(_phrase(word)) == tag)
    return next(own, _plain(tag))


def _by_first_word(entries: Iterable[Entry]) -> dict[str, tuple[Entry, ...]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        for first in _first_words(entry):
            found[first].append(entry)
    return {
        first: tuple(sorted(each, key=lambda entry: -len(entry[0])))
        for first, each in found.items()
    }


def _first_words(entry: Entry) -> Iterator[str]:
    phrase, item, _ = entry
    yield phrase[0]
    if item is Item.TAG and len(phrase) == 1:
        yield f"{phrase[0]}s"


def _is_at(phrase: Phrase, words: list[str], start: int, *, plural: bool) -> bool:
    """Whether the phrase stands there; a tag's last word may have an s behind it."""
    found = words[start : start + len(phrase)]
    if len(found) < len(phrase) or tuple(found[:-1]) != phrase[:-1]:
        return False
    return found[-1] == phrase[-1] or (plural and found[-1] == f"{phrase[-1]}s")
