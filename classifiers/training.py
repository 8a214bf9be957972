"""From labelled mails to a model: learn, correct, calibrate, choose thresholds, measure.

Rules: everything that is chosen or reported rests on scores that a mail got while it, its thread
and its near-duplicates were held out; mails whose labels the encoder was tuned on have no such
score and train the linear part only; the same data and settings give the same model.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers import decisions, evaluation, general, local, novelty, opinion
from classifiers.calibration import fit_sigmoid
from classifiers.card import Card
from classifiers.dataset import data_digest, digest_of
from classifiers.material import Material, prepare, tags_to_learn, truth_matrix
from classifiers.model import Model, Parts, PerTagLogistic, feature_matrix
from classifiers.sentence_labels import evidence_hits, sentences_of
from classifiers.settings import Settings
from classifiers.stored import libraries
from classifiers.tags import TagInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from classifiers.api import Document
    from classifiers.dataset import Example
    from classifiers.encoder import Encoder
    from classifiers.local import Scored
    from classifiers.sentence_labels import Sentences
    from classifiers.thresholds import Sigmoid, Threshold

__all__ = ["Settings", "fit_sigmoid", "tags_to_learn", "train", "truth_matrix"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What points to sentences.

    Attributes:
        scores: (n_sentences, n_tags) raw, given while the sentence's mail was held out.
    """

    sentences: Sentences
    model: PerTagLogistic
    scores: Any


def train(
    examples: Sequence[Example],
    infos: Mapping[str, TagInfo],
    *,
    version: str,
    now: datetime,
    settings: Settings | None = None,
    encoder: Encoder | None = None,
    background: Sequence[Document] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Model:
    """Train a model on `examples`; `infos` says what the tags mean and in which order they come.

    Args:
        examples: labelled mails; `Example.local` marks the firm's own, which correct what the
            others teach.
        infos: what the tags mean.
        version: the model's name.
        now: when.
        settings: how to train.
        encoder: adds what it says of mails, where enough are left that it was not tuned on.
        background: mails of the firm's inbox without labels. They teach no tag; they say which
            labelled mails are like the inbox and count more, and what share of the inbox a
            threshold would forward.
        progress: is told how it goes.

    Raises:
        DataError: a tag has too few mails to learn from, or there is none at all.
        ModelError: the encoder's files are missing, damaged or exchanged.
    """
    settings = settings or Settings()
    material = prepare(examples, infos, settings, encoder, progress)
    unlabelled = feature_matrix(material.fitted, background) if background else None
    linear = general.learn(material, settings, background=unlabelled, say=progress)
    progress("learning from your own labels" if material.local.any() else "calibrating")
    scored = local.adapt(material, linear, settings)
    evidence = _evidence(material, progress)
    inbox = _inbox(material, scored, background, unlabelled) if background else None
    thresholds = decisions.thresholds(material, scored, settings, inbox)
    card = Card(
        version=version,
        trained_at=now.isoformat(timespec="seconds"),
        tags=tuple(infos.get(tag, TagInfo(name=tag)) for tag in material.tags),
        calibration=scored.calibration,
        sentence_calibration=_sentence_calibration(evidence, material.tags),
        thresholds=thresholds,
        libraries=libraries(),
        data=_data_summary(examples, material, scored, len(background)),
        settings=asdict(settings),
        metrics=_metrics(material, scored, evidence, thresholds, settings),
        encoder=_encoder_section(material, scored),
    )
    return Model(_parts(material, scored, evidence), card, encoder if card.encoder else None)


def _inbox(
    material: Material, scored: Scored, background: Sequence[Document], features: Any
) -> dict[str, list[float]]:
    """Return per tag the probabilities of unlabelled mails; labelled ones among them held out."""
    linear = scored.linear
    scores = features @ linear.coef.T + linear.intercept
    if material.encoder is not None:
        weights = dict(zip(material.tags, linear.encoder_weights, strict=True))
        said = opinion.ask(material.encoder, background, material.tags)
        scores += opinion.added(said, weights, material.tags, linear.vectors)
    row_of = {example.digest: row for row, example in enumerate(material.examples)}
    for at, document in enumerate(background):
        row = row_of.get(digest_of(document))
        if row is not None and linear.honest[row].all():
            scores[at] = linear.scores[row]
    return {
        tag: [scored.calibration[tag](float(raw)) for raw in scores[:, column]]
        for column, tag in enumerate(material.tags)
    }


def _evidence(material: Material, say: Callable[[str], None]) -> Evidence:
    """Learn which sentences speak for a tag, in parts and as a whole."""
    sentences = sentences_of(material.examples, material.tags)
    matrix = feature_matrix(material.fitted, sentences.documents)
    fold_of = material.fold_of[sentences.owner]
    scores = np.zeros(sentences.truth.shape)

    def fit(rows: Any) -> PerTagLogistic:
        return PerTagLogistic().fit(matrix[rows], sentences.truth[rows], sentences.weight[rows])

    for fold in np.unique(material.fold_of):
        say(f"sentences that decide, part {fold + 1} of {int(material.fold_of.max()) + 1}")
        inside, outside = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        scores[outside] = fit(inside).decision_function(matrix[outside])
    return Evidence(
        sentences=sentences, model=fit(np.arange(len(sentences.documents))), scores=scores
    )


def _sentence_calibration(evidence: Evidence, tags: Sequence[str]) -> dict[str, Sigmoid]:
    truth, weight = evidence.sentences.truth, evidence.sentences.weight
    return {
        tag: fit_sigmoid(evidence.scores[:, column], truth[:, column], weight[:, column])
        for column, tag in enumerate(tags)
    }


def _parts(material: Material, scored: Scored, evidence: Evidence) -> Parts:
    linear = scored.linear
    mails = PerTagLogistic()
    mails.coef_, mails.intercept_ = linear.coef, linear.intercept
    usable = linear.honest.all(axis=1)
    return Parts(
        tags=material.tags,
        features=material.fitted,
        mails=mails,
        sentences=evidence.model,
        held_out=_by_digest(material.where(usable), linear.scores[usable]),
        flattered=frozenset(example.digest for example in material.where(~usable)),
        novelty=novelty.fit(material.documents, material.fold_of.tolist()),
        vectors=linear.vectors if linear.vectors.any() else None,
    )


def _encoder_section(material: Material, scored: Scored) -> dict[str, Any]:
    weights = {
        tag: float(weight)
        for tag, weight in zip(material.tags, scored.linear.encoder_weights, strict=True)
        if weight
    }
    if material.encoder is None or not (weights or scored.linear.vectors.any()):
        return {}
    return {"files": material.encoder.pins, "weights": weights}


def _metrics(
    material: Material,
    scored: Scored,
    evidence: Evidence,
    thresholds: Mapping[str, Threshold],
    settings: Settings,
) -> dict[str, Any]:
    """Judge on the mails of which every tag has an honest score, own ones apart."""
    usable = scored.linear.honest.all(axis=1)
    whole = _report(material, scored, thresholds, usable)
    metrics = {
        "held_out": whole.to_json(),
        "evidence": evidence_hits(evidence.sentences, evidence.scores, material.examples),
    }
    own = usable & material.local
    judged = _report(material, scored, thresholds, own) if own.any() else whole
    if own.any():
        metrics["own"] = judged.to_json()
    expected = decisions.expected(judged, settings)
    return {**metrics, "expected": evaluation.rounded_figures(expected)}


def _report(
    material: Material, scored: Scored, thresholds: Mapping[str, Threshold], rows: Any
) -> evaluation.Report:
    found = decisions.probabilities(scored, material.tags, rows)
    mails = [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]
    return evaluation.evaluate([e.tags for e in material.where(rows)], mails, thresholds)


def _data_summary(
    examples: Sequence[Example], material: Material, scored: Scored, background: int
) -> dict[str, Any]:
    kept = material.examples
    return {
        "read": len(examples),
        "used": len(kept),
        "own": int(material.local.sum()),
        "background": background,
        "groups": len({example.group for example in kept}),
        "untagged": int(material.untagged.sum()),
        "positives": {
            tag: int(material.truth[:, column].sum()) for column, tag in enumerate(material.tags)
        },
        "sha256": data_digest(kept),
        "judged_on": int(scored.linear.honest.all(axis=1).sum()),
    }


def _by_digest(examples: Sequence[Example], scores: Any) -> dict[str, tuple[float, ...]]:
    return {
        example.digest: tuple(round(float(score), 4) for score in row)
        for example, row in zip(examples, scores, strict=True)
    }
