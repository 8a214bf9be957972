"""Sentences as examples of their own: what each says of a tag, by what people marked.

Rule: a mail in which nobody marked anything says nothing of its sentences, unless the tag is
marked nowhere at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers.evidence import candidates, marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.api import Document
    from classifiers.dataset import Example

_CHOICE_FROM = 3  # sentences; with fewer, pointing at the right one proves nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """Every sentence of the training mails, with what is known of it.

    Attributes:
        owner: (n_sentences,) index of the mail.
        truth: (n_sentences, n_tags) whether it speaks for the tag.
        weight: (n_sentences, n_tags) 0 where nobody said.
    """

    documents: list[Document]
    owner: Any
    truth: Any
    weight: Any


def sentences_of(examples: Sequence[Example], tags: Sequence[str]) -> Sentences:
    """Cut all mails into sentences and label each by what the mail's evidence says."""
    pieces = [candidates(example.document) for example in examples]
    marked = {tag for example in examples for tag in (example.evidence or {})}
    labels = [
        [
            _sentence_label(piece.text, example, tag, len(some), shared=tag not in marked)
            for tag in tags
        ]
        for example, some in zip(examples, pieces, strict=True)
        for piece in some
    ]
    array = np.array(labels, dtype=float).reshape(len(labels), len(tags), 2)
    return Sentences(
        documents=[piece for some in pieces for piece in some],
        owner=np.repeat(np.arange(len(pieces)), [len(some) for some in pieces]),
        truth=array[:, :, 0].astype(int),
        weight=array[:, :, 1],
    )


def _sentence_label(
    sentence: str, example: Example, tag: str, sentences: int, *, shared: bool
) -> tuple[float, float]:
    """Return (speaks for the tag, weight).

    A mail in which nobody marked anything says nothing of its sentences, unless the tag is marked
    nowhere at all: then all sentences are `shared` suspects. Measured on the starter set, sharing
    points to the right sentence less often (.83 against .86), so it is only the second choice.
    """
    if tag not in example.tags:
        return 0, 1
    marked = (example.evidence or {}).get(tag)
    if marked:
        return float(marks(sentence, marked)), 1
    if sentences == 1:
        return 1, 1
    return (1, 1 / sentences) if shared else (0, 0)


def evidence_hits(sentences: Sentences, scores: Any, examples: Sequence[Example]) -> dict[str, Any]:
    """How often a marked sentence ranks first, and among the first three, in mails with a choice.

    Counted over pairs of mail and tag where a person marked sentences and there are at least
    three to choose from.
    """
    first, three, cases = 0, 0, 0
    for mail, example in enumerate(examples):
        rows = np.arange(*np.searchsorted(sentences.owner, [mail, mail + 1]))
        if example.evidence is None or len(rows) < _CHOICE_FROM:
            continue
        for tag in range(sentences.truth.shape[1]):
            marked = sentences.truth[rows, tag][np.argsort(-scores[rows, tag], kind="stable")]
            if marked.any():
                cases, first = cases + 1, first + int(marked[0])
                three += int(marked[:3].any())
    share = {"first": first / cases, "first_three": three / cases} if cases else {}
    return {"cases": cases, **{key: round(value, 4) for key, value in share.items()}}
