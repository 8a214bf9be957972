"""The mails on which a model errs worst, with the sentences it went by: what to read first.

Rule: a mistake is judged by the same scores as the report, never by ones that a model gave to
mails it knows the label of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from classifiers.thresholds import decide

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from classifiers.api import Document, Evidence
    from classifiers.judgement import Judgement

    Explain = Callable[[Sequence[Document], Sequence[tuple[str, ...]]], list[list[Evidence]]]

MOST = 10  # of each kind, for each tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mail and what the model made of it, seen from one tag.

    Attributes:
        probability: of the tag in question.
        carries: the tags that people gave it.
        given: the tags that the model gave it.
        unsure: whether the model was unsure of the tag in question.
        sentences: those that speak most for the tag in question, in the model's view.
    """

    document: Document
    probability: float
    carries: tuple[str, ...]
    given: tuple[str, ...]
    unsure: bool
    sentences: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistakes:
    """The worst of both kinds for one tag, worst first, and how many there are in all."""

    misses: tuple[Mistake, ...]
    false_alarms: tuple[Mistake, ...]
    all_misses: int
    all_false_alarms: int


def worst(judgement: Judgement, explain: Explain, most: int = MOST) -> dict[str, Mistakes]:
    """Return the worst mistakes for every tag. `explain` is that of the model judged."""
    return {tag: _of_tag(tag, judgement, explain, most) for tag in judgement.tags}


def _of_tag(
    tag: str,
    judgement: Judgement,
    explain: Explain,
    most: int,
) -> Mistakes:
    chances = [scores[tag] for scores in judgement.model.probabilities]
    give = judgement.model.thresholds[tag].give
    places = range(len(chances))
    carries = [tag in truth for truth in judgement.truths]
    missed = sorted(
        (i for i in places if carries[i] and chances[i] < give), key=chances.__getitem__
    )
    alarms = sorted(
        (i for i in places if not carries[i] and chances[i] >= give), key=lambda i: -chances[i]
    )
    return Mistakes(
        misses=_told(tag, missed[:most], judgement, explain),
        false_alarms=_told(tag, alarms[:most], judgement, explain),
        all_misses=len(missed),
        all_false_alarms=len(alarms),
    )


def _told(
    tag: str,
    places: Sequence[int],
    judgement: Judgement,
    explain: Explain,
) -> tuple[Mistake, ...]:
    documents = [judgement.examples[i].document for i in places]
    grounds = explain(documents, [(tag,)] * len(documents))
    decisions = [
        decide(judgement.model.probabilities[i], judgement.model.thresholds) for i in places
    ]
    return tuple(
        Mistake(
            document=document,
            probability=judgement.model.probabilities[i][tag],
            carries=tuple(t for t in judgement.tags if t in judgement.truths[i]),
            given=given,
            unsure=tag in unsure,
            sentences=tuple(evidence),
        )
        for i, document, evidence, (given, unsure) in zip(
            places, documents, grounds, decisions, strict=True
        )
    )
