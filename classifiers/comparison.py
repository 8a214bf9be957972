"""Models judged on labelled mails that they may have been trained on.

Rule: none is judged by a mail that it has learned: where a model knows a mail, the score counts
that it got while the mail was held out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifiers.evaluation import Report, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.dataset import Example
    from classifiers.model import Model


def fair_probabilities(model: Model, examples: Sequence[Example]) -> list[dict[str, float]]:
    """Return every example's probabilities, held-out ones for mails the model was trained on."""
    known = model.parts.held_out
    unseen = [example for example in examples if example.digest not in known]
    fresh = iter(model.probabilities([example.document for example in unseen]))
    return [
        model.calibrated(known[example.digest]) if example.digest in known else next(fresh)
        for example in examples
    ]


def judgeable(examples: Sequence[Example], *models: Model) -> list[Example]:
    """Return the examples of which every model can speak without having seen their labels."""
    flattered = frozenset().union(*(model.parts.flattered for model in models))
    return [example for example in examples if example.digest not in flattered]


def report_on(model: Model, examples: Sequence[Example], tags: Sequence[str]) -> Report:
    """Judge a model on labelled mails, for the `tags` named, without its having seen them."""
    return evaluate(
        [example.tags for example in examples],
        fair_probabilities(model, examples),
        {tag: model.card.thresholds[tag] for tag in tags},
    )
