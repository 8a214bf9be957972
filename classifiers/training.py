"""From labelled mails to a model: learn, correct, calibrate, choose thresholds, measure.

Rules: everything that is chosen or reported rests on scores that a mail got while it, its thread
and its near-duplicates were held out; mails whose labels the encoder was tuned on have no such
score and train the linear part only; the same data and settings give the same model.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers import (
    decisions,
    evaluation,
    foundation,
    local,
    material,
    novelty,
    opinion,
    pointing,
)
from classifiers.calibration import fit_sigmoid
from classifiers.card import Card
from classifiers.dataset import data_digest, digest_of, folds
from classifiers.duplicates import sift
from classifiers.learning_curve import learning_curve
from classifiers.material import tags_to_learn, truth_matrix
from classifiers.model import Model, Parts, PerTagLogistic, feature_matrix
from classifiers.settings import Settings
from classifiers.stored import libraries
from classifiers.tags import TagInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from classifiers.api import Document
    from classifiers.dataset import Example
    from classifiers.duplicates import Sifted
    from classifiers.encoder import Encoder
    from classifiers.foundation import Foundation
    from classifiers.local import Scored
    from classifiers.material import Material
    from classifiers.pointing import Pointing
    from classifiers.thresholds import Threshold

__all__ = ["Settings", "fit_sigmoid", "tags_to_learn", "train", "truth_matrix"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mails:
    """The labelled mails of one training.

    Attributes:
        sifted: without those that repeat others.
        tags: to learn.
        fold_of: (n,) a fold number for each that is kept.
    """

    sifted: Sifted
    tags: tuple[str, ...]
    fold_of: Any

    @property
    def kept(self) -> list[Example]:
        return self.sifted.kept

    @property
    def has_own(self) -> bool:
        return any(example.local for example in self.kept)


def train(
    examples: Sequence[Example],
    infos: Mapping[str, TagInfo],
    *,
    version: str,
    now: datetime,
    settings: Settings | None = None,
    encoder: Encoder | None = None,
    background: Sequence[Document] = (),
    roots: Iterable[Path] = (),
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
        roots: folders of models. One that learned the same mails, less the firm's own, saves
            minutes; the new model comes out the same without.
        progress: is told how it goes.

    Raises:
        DataError: a tag has too few mails to learn from, or there is none at all.
        ModelError: the encoder's files are missing, damaged or exchanged.
    """
    settings = settings or Settings()
    mails = _mails(examples, infos, settings, encoder)
    base, read = _foundation(mails, settings, encoder, roots, background=background, say=progress)
    progress("learning from your own labels" if mails.has_own else "calibrating")
    base = base.knowing_words_of([each.document for each in mails.kept if each.local])
    some = _judged(mails, base, read, encoder)
    linear = base.linear(some, mails.sifted.entangled)
    scored = local.adapt(some, linear, settings)
    points = _pointing(some, base, progress)
    inbox = _inbox(some, scored, background) if background else None
    thresholds = decisions.thresholds(some, scored, settings, inbox)
    card = Card(
        version=version,
        trained_at=now.isoformat(timespec="seconds"),
        tags=tuple(infos.get(tag, TagInfo(name=tag)) for tag in mails.tags),
        calibration=scored.calibration,
        sentence_calibration=points.calibration,
        thresholds=thresholds,
        libraries=libraries(),
        data={
            "read": len(examples),
            "background": len(background),
            **_data_summary(mails, settings),
            "judged_on": int(scored.linear.honest.all(axis=1).sum()),
        },
        settings=asdict(settings),
        metrics={
            **_metrics(some, scored, points, thresholds, settings),
            "learning": learning_curve(some, linear, scored, settings),
        },
        encoder=_encoder_section(some, scored),
    )
    return Model(_parts(some, scored, points, mails), card, encoder if card.encoder else None)


def _mails(
    examples: Sequence[Example],
    infos: Mapping[str, TagInfo],
    settings: Settings,
    encoder: Encoder | None,
) -> _Mails:
    """Sift the mails; one whose label the encoder was tuned on is nobody's own any more."""
    seen = encoder.seen if encoder else frozenset()
    sifted = sift([replace(e, local=e.local and e.digest not in seen) for e in examples])
    return _Mails(
        sifted=sifted,
        tags=tags_to_learn(sifted.kept, infos, settings),
        fold_of=np.array(folds(sifted.kept, settings.folds, settings.seed)),
    )


def _foundation(
    mails: _Mails,
    settings: Settings,
    encoder: Encoder | None,
    roots: Iterable[Path],
    *,
    background: Sequence[Document],
    say: Callable[[str], None],
) -> tuple[Foundation, Material | None]:
    """Return what the mails that are not the firm's own teach, and these as read, if they were.

    A model of these mails alone is always learned anew: it is what others are founded on.
    """
    theirs = mails.sifted.general
    own = [example.document for example in mails.kept if example.local]
    found = None
    if own or background:
        found = foundation.find(roots, theirs, mails.tags, settings, encoder)
    if found is not None and not background:
        return found, None
    return foundation.learn(
        theirs,
        mails.tags,
        settings,
        encoder,
        like=[*own, *background] if background else (),
        before=found,
        say=say,
    )


def _judged(
    mails: _Mails,
    base: Foundation,
    read: Material | None,
    encoder: Encoder | None,
) -> Material:
    """Return the mails that own labels are learned beside: own ones, and those with a score.

    All of them where nothing was learned from others. The encoder is asked again even if it was
    before: what it says depends a little on which mails it reads together, and a model must not
    depend on whether its foundation was there already.
    """
    chosen = np.array([e.local or e.digest in base.scores or not base.tags for e in mails.kept])
    if read is not None and not mails.has_own:
        return read.only(chosen, mails.tags)
    kept = list(compress(mails.kept, chosen))
    return material.gathered(
        kept,
        mails.tags,
        fitted=base.fitted,
        features=feature_matrix(base.fitted, [example.document for example in kept]),
        fold_of=mails.fold_of[chosen],
        encoder=encoder,
    )


def _pointing(some: Material, base: Foundation, say: Callable[[str], None]) -> Pointing:
    """Return what points to sentences; for a tag of the firm's own, learned from its mails."""
    new = tuple(tag for tag in some.tags if tag not in base.tags)
    parts = [base.pointing] if base.pointing else []
    if new:
        rows = some.local | local.sample(~some.local) if some.local.any() else ~some.local
        mails, fold_of = some.where(rows), some.fold_of[rows]
        parts.append(pointing.learn(mails, new, base.fitted, fold_of, say))
    return pointing.together(some.tags, parts)


def _inbox(
    material: Material, scored: Scored, background: Sequence[Document]
) -> dict[str, list[float]]:
    """Return per tag the probabilities of unlabelled mails; labelled ones among them held out."""
    linear = scored.linear
    scores = feature_matrix(material.fitted, background) @ linear.coef.T + linear.intercept
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


def _parts(material: Material, scored: Scored, points: Pointing, mails: _Mails) -> Parts:
    linear = scored.linear
    usable = linear.honest.all(axis=1)
    held_out = _by_digest(material.where(usable), linear.scores[usable])
    learned = {example.digest for example in (*mails.kept, *mails.sifted.general)}
    return Parts(
        tags=material.tags,
        features=material.fitted,
        mails=PerTagLogistic.of(linear.coef, linear.intercept),
        sentences=PerTagLogistic.of(points.coef, points.intercept),
        held_out=held_out,
        flattered=frozenset(learned - held_out.keys()),
        novelty=novelty.fit([each.document for each in mails.kept], mails.fold_of.tolist()),
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
    points: Pointing,
    thresholds: Mapping[str, Threshold],
    settings: Settings,
) -> dict[str, Any]:
    """Judge on the mails of which every tag has an honest score, own ones apart."""
    usable = scored.linear.honest.all(axis=1)
    whole = _report(material, scored, thresholds, usable)
    metrics = {
        "held_out": whole.to_json(),
        "evidence": dict(points.hits),
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


def _data_summary(mails: _Mails, settings: Settings) -> dict[str, Any]:
    kept = mails.kept
    return {
        "used": len(kept),
        "own": sum(example.local for example in kept),
        "groups": len({example.group for example in kept}),
        "untagged": sum(not example.tags for example in kept),
        "positives": {tag: sum(tag in example.tags for example in kept) for tag in mails.tags},
        **foundation.traits(mails.sifted.general, settings),
        "sha256": data_digest(kept),
    }


def _by_digest(examples: Sequence[Example], scores: Any) -> dict[str, tuple[float, ...]]:
    return {
        example.digest: tuple(round(float(score), 4) for score in row)
        for example, row in zip(examples, scores, strict=True)
    }
