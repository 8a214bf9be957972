"""Which kind of issue a mail is, beneath a tag: the one whose described situations are nearest.

Rules: small and open to inspection. A kind's score is the likeness (cosine over weighted words) of
the mail's nearest sentence to the kind's nearest described situation, plus a little for each of
its cues that is found. The best kind must stand clear of the next; where none does, no kind is
given and the tag's own route applies. It is a suggestion that people may correct.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from triage.phrases import find, normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from triage.policy import Kind

TEXT_CHARS = 6_000  # of a mail that are looked at
SENTENCES = 60
ELSEWHERE = 0.6  # what a sentence counts that did not decide for the tag
CUE = 0.16  # a cue in a deciding sentence
CUES = 3  # more make no difference
FLOOR = 0.25
CLEAR = 0.12  # by so much the best kind must be ahead of the next

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_DENIED = re.compile(r"(?:\b(?:not|never|without|hardly)|n't) $")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# They stand in every sort of mail.
_STOP = _words(
    "a about after again all also am an and any are as at be because been before being but by can "
    "can't cannot could dear did do does for from get go going got had has have he hello her here "
    "hi him his how i i'd i'll i'm i've if in into is it it's its just kind me more most much my "
    "no not now of off on one only or other our out over own please regards s same sent she "
    "should so some such than thank thanks that that's the their them then there these they this "
    "those to too two under until up us very was we we'd we'll we're we've were what when where "
    "which while who will with would you you'd you'll you're you've your best "
)
_ENDING = re.compile(r"(?<=\w{3})(?:ations?|ingly|ments?|ings?|edly|ies|ied|ers?|e[ds]|ly|[sey])$")

Vector = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindFound:
    """What kind of issue a mail with `tag` seems to be, and why.

    Attributes:
        kind: its id in the policy.
        score: how strongly, at most about 1.5; good for comparing only.
        sentence: the mail's own sentence that is nearest.
        situation: the described situation that it is nearest to; empty where cues decided.
        cues: the cues that were found, as the mail spells them.
    """

    tag: str
    kind: str
    score: float
    sentence: str = ""
    situation: str = ""
    cues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passage:
    text: str
    vector: Vector
    weight: float


class KindFinder:
    """Finds kinds by a policy's described situations and cues."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        """Weigh the words of all situations: rare ones say more."""
        self._kinds = tuple(kinds.values())
        self._cues = {k.id: sorted(k.cues, key=len, reverse=True) for k in self._kinds}
        counted = {k.id: [(s, _terms(s)) for s in k.situations] for k in self._kinds}
        every = [terms for each in counted.values() for _, terms in each]
        seen = Counter(term for terms in every for term in set(terms))
        self._rarest = math.log(1 + len(every)) + 1
        self._weights = {t: math.log((1 + len(every)) / (1 + n)) + 1 for t, n in seen.items()}
        self._situations = {
            kind: [(text, self._vector(terms)) for text, terms in each]
            for kind, each in counted.items()
        }

    def find(
        self,
        tags: Iterable[str],
        *,
        deciding: Mapping[str, Sequence[str]],
        text: str,
        subject: str = "",
        role: str,
    ) -> tuple[KindFound, ...]:
        """The kind beneath each of these tags that has a clear one.

        Args:
            tags: what the mail is tagged.
            deciding: by tag, the sentences that decided for it.
            text: what the sender newly wrote.
            subject: of the mail.
            role: who wrote it: `client` or `staff`.
        """
        found = (self._find(tag, deciding.get(tag, ()), text, subject, role) for tag in tags)
        return tuple(each for each in found if each)

    def _find(
        self, tag: str, deciding: Sequence[str], text: str, subject: str, role: str
    ) -> KindFound | None:
        scored = self.scores(tag, deciding=deciding, text=text, subject=subject, role=role)
        if not scored:
            return None
        best, next_best = scored[0], (scored[1].score if len(scored) > 1 else 0.0)
        sure = best.score >= FLOOR and best.score - next_best >= CLEAR
        return best if sure and best.cues else None

    def scores(
        self, tag: str, *, deciding: Sequence[str], text: str, subject: str, role: str
    ) -> list[KindFound]:
        """How every kind beneath a tag fares, the best first."""
        possible = [k for k in self._kinds if tag in k.routes and (not k.roles or role in k.roles)]
        passages = list(self._passages(deciding, text, subject))
        found = [self._score(tag, kind, passages) for kind in possible]
        return sorted(found, key=lambda each: -each.score)

    def _passages(self, deciding: Sequence[str], text: str, subject: str) -> Iterator[_Passage]:
        first = [_plain(sentence) for sentence in deciding]
        for sentence in first:
            yield self._passage(sentence, 1.0)
        rest = [subject, *_SENTENCE.split(text[:TEXT_CHARS])][:SENTENCES]
        for sentence in map(_plain, rest):
            if sentence and sentence not in first:
                yield self._passage(sentence, ELSEWHERE if first else 1.0)

    def _passage(self, text: str, weight: float) -> _Passage:
        return _Passage(text=text, vector=self._vector(_terms(text)), weight=weight)

    def _score(self, tag: str, kind: Kind, passages: Sequence[_Passage]) -> KindFound:
        likeness, sentence, situation = max(
            (
                (passage.weight * _cosine(passage.vector, vector), passage.text, text)
                for passage in passages
                for text, vector in self._situations[kind.id]
            ),
            default=(0.0, "", ""),
        )
        cues = _cues(self._cues[kind.id], passages)
        points = sorted(cues.values(), reverse=True)[:CUES]
        return KindFound(
            tag=tag,
            kind=kind.id,
            score=likeness + CUE * sum(points),
            sentence=sentence,
            situation=situation if likeness else "",
            cues=tuple(cues),
        )

    def _vector(self, terms: Sequence[str]) -> Vector:
        """Weighted terms of unit length."""
        counts = Counter(terms)
        raw = {t: (1 + math.log(n)) * self._weights.get(t, self._rarest) for t, n in counts.items()}
        length = math.sqrt(sum(value * value for value in raw.values())) or 1.0
        return {term: value / length for term, value in raw.items()}


def _cosine(one: Vector, other: Vector) -> float:
    """How alike two texts are, in [0, 1]; one word in common is no more than half a likeness."""
    if len(one) > len(other):
        one, other = other, one
    shared = [value * other[term] for term, value in one.items() if term in other]
    return sum(shared) / (2 if len(shared) == 1 else 1)


def _cues(cues: Sequence[str], passages: Sequence[_Passage]) -> dict[str, float]:
    """Each cue that is found, with the weight of the best passage it stands in.

    Of two that are found at the same place the longer one counts: "my laptop", not "laptop" too.
    """
    found: dict[str, float] = {}
    for passage in sorted(passages, key=lambda each: -each.weight):
        text, taken = normalise(passage.text), set[int]()
        for cue in cues:
            match = find(cue, text)
            if match is None or _DENIED.search(text[: match.start()]):
                continue
            place = set(range(*match.span()))
            if not taken & place:
                taken |= place
                found.setdefault(cue, passage.weight)
    return found


def _plain(text: str) -> str:
    return " ".join(text.replace("\u2019", "'").split())


def _terms(text: str) -> list[str]:
    """The stems of a text's telling words, and each two that stand side by side."""
    words = [word for word in _WORD.findall(_plain(text).lower()) if word not in _STOP]
    stems = [_stem(word) for word in words]
    return [*stems, *(f"{one} {two}" for one, two in pairwise(stems))]


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    """A word without its ending, roughly: "delays" and "delayed" are one."""
    return _ENDING.sub("", word.removesuffix("'s"))
