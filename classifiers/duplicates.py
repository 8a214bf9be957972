"""Mails that read almost alike: of those that say the same one is kept, the others share a group.

Rule: the firm's own label counts for more than one that came with the program, and of two labels
for the very same text the later one.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from classifiers.dataset import Example

NEAR_DUPLICATE = 0.8  # Jaccard similarity of word 3-grams
_COMMON_GRAM = 50  # a 3-gram in more mails than this is boilerplate, useless for finding pairs
_WORD = re.compile(r"\w+")


def deduplicate(examples: Sequence[Example]) -> list[Example]:
    """Drop near-duplicates that say the same, and group those that say different things.

    Two mails that read almost alike with other labels are a contrast pair: worth keeping, but
    never on two sides of a split. If one of them is the firm's own, it replaces the other.
    """
    kept: list[Example] = []
    groups = _Groups()
    pairs = near_duplicates([f"{e.document.subject}\n{e.document.text}" for e in examples])
    for index, example in enumerate(examples):
        others = pairs.get(index, ())
        if not _is_replaced(index, others, examples):
            kept.append(example)
        for other in others:
            groups.join(examples[other].group, example.group)
    return [replace(example, group=groups.name(example.group)) for example in kept]


def near_duplicates(texts: Sequence[str]) -> dict[int, list[int]]:
    """Map the index of each text to the indexes of texts that read almost the same."""
    grams = [_grams(text) for text in texts]
    where: dict[str, list[int]] = {}
    for index, own in enumerate(grams):
        for gram in own:
            where.setdefault(gram, []).append(index)
    found: dict[int, list[int]] = {}
    for index, own in enumerate(grams):
        seen = [where[gram] for gram in own if len(where[gram]) <= _COMMON_GRAM]
        for other in {i for places in seen for i in places} - {index}:
            if _alike(own, grams[other]):
                found.setdefault(index, []).append(other)
    return found


def _is_replaced(index: int, others: Iterable[int], examples: Sequence[Example]) -> bool:
    example = examples[index]
    return any(_replaces(examples[other], example, later=other > index) for other in others)


def _replaces(other: Example, example: Example, *, later: bool) -> bool:
    if other.local != example.local:
        return other.local
    if other.tags == example.tags:
        return not later
    return later and other.digest == example.digest


class _Groups:
    """Groups that turn out to be one (union-find over their names)."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def name(self, group: str) -> str:
        while self._parent.get(group, group) != group:
            group = self._parent[group]
        return group

    def join(self, first: str, second: str) -> None:
        kept, merged = self.name(first), self.name(second)
        if kept != merged:
            self._parent[merged] = kept


def _grams(text: str) -> frozenset[str]:
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) < 3:  # noqa: PLR2004  # three words make the first 3-gram
        return frozenset([" ".join(words)])
    return frozenset(" ".join(words[i : i + 3]) for i in range(len(words) - 2))


def _alike(first: frozenset[str], second: frozenset[str]) -> bool:
    shared = len(first & second)
    return shared >= NEAR_DUPLICATE * (len(first) + len(second) - shared)
