"""Which sentences speak for a tag: a model of single sentences, learned from what people marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers.calibration import fit_sigmoid
from classifiers.model import PerTagLogistic, feature_matrix
from classifiers.sentence_labels import evidence_hits, sentences_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sklearn.pipeline import FeatureUnion

    from classifiers.dataset import Example
    from classifiers.thresholds import Sigmoid


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointing:
    """What points to sentences.

    Attributes:
        tags: the order of the rows of `coef`.
        coef: (n_tags, n_features).
        intercept: (n_tags,).
        calibration: per tag, from a sentence's raw score to its probability.
        hits: how often a marked sentence is found, as `evidence_hits` counts.
    """

    tags: tuple[str, ...]
    coef: Any
    intercept: Any
    calibration: Mapping[str, Sigmoid]
    hits: Mapping[str, Any]


def learn(
    examples: Sequence[Example],
    tags: tuple[str, ...],
    fitted: FeatureUnion,
    fold_of: Any,
    say: Callable[[str], None],
) -> Pointing:
    """Learn it, in parts so that it can be judged, and as a whole.

    Args:
        examples: labelled mails.
        tags: to point to.
        fitted: the features.
        fold_of: (n_examples,) fold number; a mail is judged by what the other folds teach.
        say: is told how it goes.
    """
    sentences = sentences_of(examples, tags)
    matrix = feature_matrix(fitted, sentences.documents)
    sentence_fold = fold_of[sentences.owner]
    scores = np.zeros(sentences.truth.shape)

    def fit(rows: Any) -> PerTagLogistic:
        return PerTagLogistic().fit(matrix[rows], sentences.truth[rows], sentences.weight[rows])

    for fold in np.unique(fold_of):
        say(f"sentences that decide, part {fold + 1} of {int(fold_of.max()) + 1}")
        inside, outside = (
            np.flatnonzero(sentence_fold != fold),
            np.flatnonzero(sentence_fold == fold),
        )
        scores[outside] = fit(inside).decision_function(matrix[outside])
    whole = fit(np.arange(len(sentences.documents)))
    return Pointing(
        tags=tags,
        coef=whole.coef_,
        intercept=whole.intercept_,
        calibration={
            tag: fit_sigmoid(scores[:, at], sentences.truth[:, at], sentences.weight[:, at])
            for at, tag in enumerate(tags)
        },
        hits=evidence_hits(sentences, scores, examples),
    )


def together(tags: tuple[str, ...], parts: Sequence[Pointing]) -> Pointing:
    """Put together what was learned of different tags, in the order of `tags`."""
    coef = {tag: row for part in parts for tag, row in zip(part.tags, part.coef, strict=True)}
    intercept = {
        tag: one for part in parts for tag, one in zip(part.tags, part.intercept, strict=True)
    }
    return Pointing(
        tags=tags,
        coef=np.vstack([coef[tag] for tag in tags]),
        intercept=np.array([intercept[tag] for tag in tags]),
        calibration={tag: part.calibration[tag] for part in parts for tag in part.tags},
        hits=max((part.hits for part in parts), key=lambda hits: hits.get("cases", 0)),
    )
