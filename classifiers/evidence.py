"""Which sentences decided. Evidence is what a reader needs in order to disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifiers.api import Document, Evidence
from classifiers.features import MAX_CHARS
from classifiers.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_SENTENCES = 3  # per tag
WORTH = 0.5  # a further sentence needs this share of the best one's probability


def candidates(document: Document) -> list[Document]:
    """Return each sentence of the new text as a document of its own; the subject if none is."""
    sentences = split_sentences(document.text[:MAX_CHARS]) or [document.subject.strip()]
    return [
        Document(text=sentence, from_role=document.from_role) for sentence in sentences if sentence
    ]


def best_sentences(
    tag: str, sentences: Sequence[str], probabilities: Sequence[float]
) -> list[Evidence]:
    """Return the likeliest sentences for a tag, best first, at most `MOST_SENTENCES`.

    `sentences` and `probabilities` belong together by position; equal ones keep their order.
    """
    ranked = sorted(zip(probabilities, sentences, strict=True), key=lambda pair: -pair[0])
    found: dict[str, float] = {}
    for probability, sentence in ranked:
        if len(found) < MOST_SENTENCES and probability >= WORTH * ranked[0][0]:
            found.setdefault(sentence, probability)
    return [Evidence(tag=tag, sentence=text, score=score) for text, score in found.items()]


def marks(sentence: str, evidence: Sequence[str]) -> bool:
    """Whether a sentence is, or is part of, or contains, one that a person marked."""
    return any(sentence in marked or marked in sentence for marked in evidence)
