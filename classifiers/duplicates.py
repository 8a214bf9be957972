"""Mails that read almost alike: of those that say the same one is kept, the others share a group.

Rule: the firm's own label counts for more than one that came with the program, and of two labels
for the very same text the later one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from classifiers.dataset import Example

NEAR_DUPLICATE = 0.8  # Jaccard similarity of word 3-grams
_COMMON_GRAM = 50  # a 3-gram in more mails than this is boilerplate, useless for finding pairs
_TINY = 1e-9  # more than rounding does
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """Labelled mails without those that repeat others.

    Attributes:
        kept: all that are worth keeping, grouped.
        general: the same of the mails that are not the firm's own, as if there were no others.
        entangled: digests of the firm's own mails that share a group with others.
    """

    kept: list[Example]
    general: list[Example]
    entangled: frozenset[str]


def deduplicate(examples: Sequence[Example]) -> list[Example]:
    """Drop near-duplicates that say the same, and group those that say different things.

    Two mails that read almost alike with other labels are a contrast pair: worth keeping, but
    never on two sides of a split. If one of them is the firm's own, it replaces the other.
    """
    return _kept(examples, _pairs(examples))[0]


def sift(examples: Sequence[Example]) -> Sifted:
    """Do the same, and once more for the mails that are not the firm's own."""
    pairs = _pairs(examples)
    kept, groups = _kept(examples, pairs)
    place = {old: new for new, old in enumerate(i for i, e in enumerate(examples) if not e.local)}
    among = {
        place[index]: [place[other] for other in others if other in place]
        for index, others in pairs.items()
        if index in place
    }
    theirs = {groups.name(example.group) for example in examples if not example.local}
    return Sifted(
        kept=kept,
        general=_kept([examples[old] for old in place], among)[0],
        entangled=frozenset(e.digest for e in kept if e.local and e.group in theirs),
    )


def near_duplicates(texts: Sequence[str]) -> dict[int, list[int]]:
    """Map the index of each text to the indexes of texts that read almost the same.

    Texts that share so much also share one of the rarest grams of either: of n grams sorted by
    how rare they are, the first n - ceil(.8 n) + 1 hold one ("prefix filter", Chaudhuri 2006).
    """
    grams = [_grams(text) for text in texts]
    common = Counter(gram for own in grams for gram in own)
    found: dict[int, list[int]] = {}
    where: dict[str, list[int]] = {}
    for index, own in enumerate(grams):
        rare = sorted((g for g in own if common[g] <= _COMMON_GRAM), key=lambda g: (common[g], g))
        first = rare[: len(own) - math.ceil(NEAR_DUPLICATE * len(own) - _TINY) + 1]
        for other in {i for gram in first for i in where.get(gram, ())}:
            if _alike(own, grams[other]):
                found.setdefault(index, []).append(other)
                found.setdefault(other, []).append(index)
        for gram in first:
            where.setdefault(gram, []).append(index)
    return {index: sorted(found[index]) for index in sorted(found)}


def _pairs(examples: Sequence[Example]) -> dict[int, list[int]]:
    return near_duplicates([f"{e.document.subject}\n{e.document.text}" for e in examples])


def _kept(
    examples: Sequence[Example], pairs: Mapping[int, Sequence[int]]
) -> tuple[list[Example], _Groups]:
    kept: list[Example] = []
    groups = _Groups()
    for index, example in enumerate(examples):
        others = pairs.get(index, ())
        if not _is_replaced(index, others, examples):
            kept.append(example)
        for other in others:
            groups.join(examples[other].group, example.group)
    return [replace(example, group=groups.name(example.group)) for example in kept], groups


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
