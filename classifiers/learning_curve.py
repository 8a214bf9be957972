"""What a firm's own labels are worth: how good the model is by how many of them it learnt from.

Rule: every point is judged on the same own mails, each by a model that had not learnt it: what a
step leaves out is judged by the model of that step, what it learns by scores that were held out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers import local
from classifiers.evaluation import rounded_figures
from classifiers.measures import average_precision
from classifiers.opinion import added

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.general import Linear
    from classifiers.local import Scored
    from classifiers.material import Material
    from classifiers.settings import Settings

FEWEST = 60  # own mails; of fewer no curve can be told from chance
ENOUGH = 10  # own mails of a tag, below which its average precision says nothing
STEPS = (0.5,)  # of the own mails; each costs a training on own labels


def learning_curve(
    material: Material, linear: Linear, scored: Scored, settings: Settings
) -> list[dict[str, Any]]:
    """Return the figures of each step, from no labels to all of them; [] where they are too few.

    Only tags count that the starter mails know and that enough own mails carry.

    Args:
        material: what was learned from.
        linear: what the starter mails say of it.
        scored: what came of all own labels.
        settings: how to train.
    """
    judged = material.local & scored.linear.honest.all(axis=1)
    columns = [
        column
        for column in range(len(material.tags))
        if material.has_general(column, settings.min_positives)
        and material.truth[judged, column].sum() >= ENOUGH
    ]
    if judged.sum() < FEWEST or not columns:
        return []
    known = _of_tags(linear, columns)
    some = material.only(np.ones(len(judged), dtype=bool), tuple(material.tags[c] for c in columns))
    found = [(0, linear.scores[:, columns])]
    found += [_step(some, known, chosen, settings) for chosen in _growing(some, settings.seed)]
    found.append((int(material.local.sum()), scored.linear.scores[:, columns]))
    return [{"labels": labels, **_figures(some, scores, judged)} for labels, scores in found]


def _growing(material: Material, seed: int) -> list[Any]:
    """Masks (n,) of own mails, threads drawn together, each holding those of the one before."""
    own = [int(row) for row in np.flatnonzero(material.local)]
    groups = sorted({material.examples[row].group for row in own})
    drawn = np.random.default_rng(seed).permutation(len(groups))
    place = dict(zip(groups, drawn.tolist(), strict=True))
    own.sort(key=lambda row: (place[material.examples[row].group], row))
    every = np.arange(len(material.local))
    return [np.isin(every, own[: int(step * len(own))]) for step in STEPS]


def _step(material: Material, linear: Linear, chosen: Any, settings: Settings) -> tuple[int, Any]:
    """Learn from some of the own labels; how many, and the raw scores of all mails."""
    rows = ~material.local | chosen
    kept = replace(linear, scores=linear.scores[rows], honest=linear.honest[rows])
    learned = local.adapt(material.only(rows, material.tags), kept, settings).linear
    scores = material.features @ learned.coef.T + learned.intercept
    if material.opinion is not None:
        weights = dict(zip(material.tags, learned.encoder_weights, strict=True))
        scores += added(material.opinion, weights, material.tags, learned.vectors)
    scores[rows] = learned.scores
    return int(chosen.sum()), scores


def _of_tags(linear: Linear, columns: Sequence[int]) -> Linear:
    return replace(
        linear,
        coef=linear.coef[columns],
        intercept=linear.intercept[columns],
        encoder_weights=linear.encoder_weights[columns],
        vectors=linear.vectors[columns],
        scores=linear.scores[:, columns],
        honest=linear.honest[:, columns],
    )


def _figures(material: Material, scores: Any, judged: Any) -> dict[str, Any]:
    by_tag = {
        tag: average_precision(material.truth[judged, column].astype(bool), scores[judged, column])
        for column, tag in enumerate(material.tags)
    }
    known = [value for value in by_tag.values() if value is not None]
    mean = sum(known) / len(known) if known else None
    found = rounded_figures({"mean_average_precision": mean, "average_precision": by_tag})
    assert isinstance(found, dict)
    return found
