"""What the firm's own labels add.

Rules: where the starter mails taught a tag, own labels correct what these say, the more the more of
them there are, and they start from it; where they did not, own labels are all there is, and the
encoder's sense of a mail helps most. Nothing that is chosen or reported rests on a mail that was
learned from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from classifiers import calibration, offset_logistic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from classifiers.general import Linear
    from classifiers.material import Material
    from classifiers.offset_logistic import Fitted
    from classifiers.settings import Settings
    from classifiers.thresholds import Sigmoid

FEWEST = 3  # own mails with the tag, and without, below which they correct nothing
CALIBRATED_FROM = 10  # own mails with the tag, and without, on which its calibration can rest
# Features are small numbers and a coefficient costs what it is, so that a scale says how freely
# own labels move it. Words at 10 rank corporate mail better still, but two hundred right labels
# without an encoder were then refused by the gate: see docs/experiments.md.
WORDS, VECTORS = 5.0, 2.0
# Where they teach a tag: the encoder was tuned on other tags and has forgotten topics. On kinds of
# mail that no word tells (solved, praise) vectors gain .03 to .05, on mere topics they lose that.
_WORDS_TEACHING, _VECTORS_TEACHING = 2.0, 1.0
_SAMPLE = 2_000  # starter mails that are learned beside own ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Raw scores of all tags, and how they become probabilities.

    Attributes:
        calibration: per tag, from a raw score to its probability.
        home: per tag, (n,) True for the mails on which its calibration and thresholds rest.
        own: tags whose calibration rests on the firm's own labels.
    """

    linear: Linear
    calibration: Mapping[str, Sigmoid]
    home: Mapping[str, Any]
    own: frozenset[str] = frozenset()

    def plus(self, tag: str, linear: Linear, sigmoid: Sigmoid, home: Any, *, own: bool) -> Scored:
        """Return a copy with one more tag."""
        return replace(
            self,
            linear=linear,
            calibration={**self.calibration, tag: sigmoid},
            home={**self.home, tag: home},
            own=self.own | {tag} if own else self.own,
        )


def adapt(material: Material, linear: Linear, settings: Settings) -> Scored:
    """Calibrate every tag, after own labels have corrected it or taught it from nothing."""
    general = [
        material.has_general(column, settings.min_positives) for column in range(len(material.tags))
    ]
    views = {
        True: _View.of(material, WORDS, VECTORS if material.local.any() else 0),
        False: _View.of(material, _WORDS_TEACHING, 0 if all(general) else _VECTORS_TEACHING),
    }
    scored = Scored(linear=linear, calibration={}, home={})
    for column, known in enumerate(general):
        learn = _corrected if known else _taught
        scored = learn(scored, column, material, views[known], settings)
    return scored


def _corrected(
    scored: Scored, column: int, material: Material, view: _View, settings: Settings
) -> Scored:
    """Let own labels correct a tag that the starter mails taught, if there are enough.

    What the starter mails say is taken as known log-odds, which count less as labels grow. Some
    starter mails are learned again beside the own ones, at a small weight: without them, eight own
    mails with a tag among 250 silence it in all mail of another kind.
    """
    tag, linear, truth = material.tags[column], scored.linear, material.truth[:, column]
    judged = linear.honest[:, column] & ~material.local
    general = calibration.fit_sigmoid(linear.scores[judged, column], truth[judged])
    own = int(material.local.sum())
    positives = int(truth[material.local].sum())
    enough = min(positives, own - positives)
    if enough < FEWEST:
        return scored.plus(tag, linear, general, judged, own=False)
    trust = settings.half_weight_at / (settings.half_weight_at + own)
    known = trust * (general.slope * linear.scores[:, column] + general.intercept)
    again = sample(judged & view.readable)
    learned = _learn(
        view,
        truth,
        material,
        rows=material.local | again,
        weight=np.where(material.local, 1.0, trust * settings.starter_weight),
        known=known,
    )
    linear = linear.with_tag(
        column,
        coef=trust * general.slope * linear.coef[column] + view.words(learned.fitted),
        intercept=trust * (general.slope * linear.intercept[column] + general.intercept)
        + view.intercept(learned.fitted),
        encoder_weights=trust * general.slope * linear.encoder_weights[column],
        vectors=view.vectors(learned.fitted),
        scores=known + learned.added,
        honest=linear.honest[:, column] & view.readable & learned.held_out,
    )
    if enough < CALIBRATED_FROM:
        judged &= linear.honest[:, column]
        return scored.plus(tag, linear, calibration.AS_IT_IS, judged, own=False)
    home = material.local & linear.honest[:, column]
    sigmoid = calibration.adjusted(linear.scores[home, column], truth[home])
    return scored.plus(tag, linear, sigmoid, home, own=True)


def _taught(
    scored: Scored, column: int, material: Material, view: _View, settings: Settings
) -> Scored:
    """Learn a tag from the mails labelled for it alone.

    Nobody looked for it in the starter mails, so that these count little where there are others.
    """
    truth = material.truth[:, column]
    whole = material.local if truth[material.local].any() else np.ones(len(truth), dtype=bool)
    home = whole & view.readable
    rows = home | sample(view.readable & ~home)
    weight = np.where(home, 1.0, settings.background_weight) * rows
    positives, others = weight[truth == 1].sum(), weight[truth == 0].sum()
    balanced = np.where(truth == 1, others / positives if positives and others else 1.0, 1.0)
    learned = _learn(view, truth, material, rows=rows, weight=weight * balanced, known=0 * weight)
    share = np.clip(truth[home].mean(), 1 / (len(truth) + 1), len(truth) / (len(truth) + 1))
    usual = float(np.log(share / (1 - share)))
    linear = scored.linear.with_tag(
        column,
        coef=view.words(learned.fitted),
        intercept=view.intercept(learned.fitted) + usual,
        vectors=view.vectors(learned.fitted),
        scores=learned.added + usual,
        honest=view.readable & learned.held_out,
    )
    judged = (home if (truth[home] == 0).any() else rows) & linear.honest[:, column]
    sigmoid = calibration.adjusted(linear.scores[judged, column], truth[judged])
    return scored.plus(material.tags[column], linear, sigmoid, judged, own=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """The features as own labels see them.

    Attributes:
        matrix: (n, n_features + dimensions) scaled, vectors less their mean.
        readable: (n,) False where a mail's vector is missing.
        features: how many of the columns are not vectors.
        mean: (dimensions,).
        word_scale: of the columns that are not vectors.
        scale: of the vectors; without an encoder there are none.
    """

    matrix: Any
    readable: Any
    features: int
    mean: Any
    word_scale: float
    scale: float

    @classmethod
    def of(cls, material: Material, word_scale: float, scale: float) -> _View:
        words = cls(
            matrix=word_scale * material.features,
            readable=np.ones(len(material.examples), dtype=bool),
            features=material.features.shape[1],
            mean=np.zeros(0),
            word_scale=word_scale,
            scale=0,
        )
        if not scale or material.opinion is None or not material.fresh.any():
            return words
        mean = material.opinion.vectors[material.fresh].mean(axis=0)
        centred = np.where(material.fresh[:, None], material.opinion.vectors - mean, 0)
        both = sparse.hstack([words.matrix, sparse.csr_matrix(scale * centred)], format="csr")
        return replace(words, matrix=both, readable=material.fresh, mean=mean, scale=scale)

    def words(self, fitted: Fitted) -> Any:
        """What is to be added to the coefficients of the unscaled features."""
        return self.word_scale * fitted.coef[: self.features]

    def vectors(self, fitted: Fitted) -> Any:
        """The same for the unscaled vectors."""
        if not self.scale:
            return 0.0
        return self.scale * fitted.coef[self.features :]

    def intercept(self, fitted: Fitted) -> float:
        """The same for the intercept, as nobody takes the mean off later."""
        return fitted.intercept - float(np.dot(self.vectors(fitted), self.mean).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Learned:
    """A tag learned by all rows, and what it adds to each row by a fit without its fold.

    Attributes:
        added: (n,).
        held_out: (n,) False where the other folds had no mail with the tag to learn from.
    """

    fitted: Fitted
    added: Any
    held_out: Any


def _learn(
    view: _View, truth: Any, material: Material, *, rows: Any, weight: Any, known: Any
) -> _Learned:
    def fit(chosen: Any) -> Fitted:
        some = np.flatnonzero(chosen)
        return offset_logistic.fit(view.matrix[some], truth[some], known[some], weight[some])

    fitted = fit(rows)
    added, held_out = fitted(view.matrix), np.ones(len(truth), dtype=bool)
    for fold in np.unique(material.fold_of[rows]):
        outside = rows & (material.fold_of == fold)
        if truth[rows & ~outside].any():
            added[outside] = fit(rows & ~outside)(view.matrix[outside])
        else:
            held_out[outside] = False
    return _Learned(fitted=fitted, added=added, held_out=held_out)


def sample(rows: Any) -> Any:
    """Every so-manieth of the rows, so that at most `_SAMPLE` are left."""
    found = np.flatnonzero(rows)
    chosen = np.zeros(len(rows), dtype=bool)
    chosen[found[:: max(1, -(-len(found) // _SAMPLE))]] = True
    return chosen
