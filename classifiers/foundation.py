"""What the starter mails teach, before the firm's own labels correct it.

Rules: it follows from these mails, the settings and the encoder alone, so that a model which
learned nothing else can lend it to later ones, which then take seconds instead of minutes and come
out the same; it is lent only if all of these are equal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers import general, material, pointing, registry
from classifiers.api import ModelError
from classifiers.dataset import data_digest
from classifiers.model import feature_matrix, with_further_words
from classifiers.pointing import Pointing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from sklearn.pipeline import FeatureUnion

    from classifiers.api import Document
    from classifiers.card import Card
    from classifiers.dataset import Example
    from classifiers.encoder import Encoder
    from classifiers.general import Linear
    from classifiers.material import Material
    from classifiers.model import Model
    from classifiers.settings import Settings

METHOD = 1  # counts up when the same mails teach something else
_SETTINGS = ("seed", "folds", "min_positives", "encoder_weight")
_DIGITS = 4  # of a stored score


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What was learned; arrays have a row for each of `tags`.

    Attributes:
        tags: those that enough of the mails carry.
        fitted: the features, which know the words of these mails.
        scores: per mail (by digest) the raw scores it got while it was held out, nan where such a
            score proves nothing; a mail of which none does is missing.
        learned: the digests of all mails.
        pointing: which sentences speak for these tags.
    """

    tags: tuple[str, ...]
    fitted: FeatureUnion
    coef: Any
    intercept: Any
    encoder_weights: Any
    scores: Mapping[str, tuple[float, ...]]
    learned: frozenset[str]
    pointing: Pointing | None

    def knowing_words_of(self, documents: Sequence[Document]) -> Foundation:
        """Return a foundation that also counts words which only these documents have.

        It says nothing of them yet.
        """
        fitted = with_further_words(self.fitted, documents)
        if fitted is self.fitted:
            return self
        more = len(fitted.transformer_list[-1][1].vectorizer_.vocabulary_)
        points = self.pointing
        return replace(
            self,
            fitted=fitted,
            coef=_widened(self.coef, more),
            pointing=points and replace(points, coef=_widened(points.coef, more)),
        )

    def linear(self, mails: Material, entangled: frozenset[str]) -> Linear:
        """Return what it says of these mails and of the tags of theirs that it knows.

        What it says of the firm's own mail is honest, as it never learned from it, unless it
        learned from another mail of the same group (`entangled`, digests).
        """
        linear = general.blank(mails)
        at = [mails.tags.index(tag) for tag in self.tags]
        if not at:
            return linear
        linear.coef[at], linear.intercept[at] = self.coef, self.intercept
        linear.encoder_weights[at] = self.encoder_weights
        found = mails.features @ self.coef.T + self.intercept
        if mails.opinion is not None:
            found += mails.opinion.logits[:, at] * self.encoder_weights
        honest = np.array([[e.digest not in entangled] * len(at) for e in mails.examples])
        unknown = (np.nan,) * len(at)
        for row in np.flatnonzero(~mails.local).tolist():
            found[row] = self.scores.get(mails.examples[row].digest, unknown)
            honest[row] = ~np.isnan(found[row])
        linear.scores[:, at], linear.honest[:, at] = np.nan_to_num(found), honest
        return linear


def learn(
    mails: Sequence[Example],
    tags: tuple[str, ...],
    settings: Settings,
    encoder: Encoder | None,
    *,
    like: Sequence[Document] = (),
    before: Foundation | None = None,
    say: Callable[[str], None],
) -> tuple[Foundation, Material]:
    """Learn from mails that are not the firm's own, deduplicated; return the mails as read, too.

    Args:
        mails: to learn from.
        tags: to learn, where `settings.min_positives` mails carry them.
        settings: how to train.
        encoder: adds what it says of mails.
        like: mails of an inbox; those of `mails` that read like these count more.
        before: a foundation of the same mails, in which others counted more; saves time.
        say: is told how it goes.
    """
    known = tuple(
        tag for tag in tags if sum(tag in e.tags for e in mails) >= settings.min_positives
    )
    read = material.read(
        mails, known, settings, encoder, say, fitted=before.fitted if before else None
    )
    inbox = feature_matrix(read.fitted, like) if like else None
    linear = general.learn(read, settings, background=inbox, say=say)
    if before is not None:
        points = before.pointing
    elif known:
        points = pointing.learn(mails, known, read.fitted, read.fold_of, say)
    else:
        points = None
    rounded = np.where(linear.honest, linear.scores.round(_DIGITS), np.nan)
    found = Foundation(
        tags=known,
        fitted=read.fitted,
        coef=linear.coef,
        intercept=linear.intercept,
        encoder_weights=linear.encoder_weights,
        scores={
            e.digest: tuple(row.tolist())
            for e, row, honest in zip(mails, rounded, linear.honest, strict=True)
            if honest.any()
        },
        learned=frozenset(e.digest for e in mails),
        pointing=points,
    )
    return found, read


def find(
    roots: Iterable[Path],
    mails: Sequence[Example],
    tags: tuple[str, ...],
    settings: Settings,
    encoder: Encoder | None,
) -> Foundation | None:
    """Look for a model that learned the same mails in the same way and no others.

    Args:
        roots: folders of models; one that cannot be read is passed over.
        mails: see `learn`, as are the others.
        tags: likewise.
        settings: likewise.
        encoder: likewise.
    """
    known = {tag for tag in tags if sum(tag in e.tags for e in mails) >= settings.min_positives}
    wanted = {**traits(mails, settings), "pins": encoder.pins if encoder else {}}
    for root in roots:
        try:
            cards = [entry.card for entry in registry.entries(root) if entry.card]
            for card in cards:
                if _lends(card, wanted, known):
                    return of(registry.load(root, card.version), settings)
        except ModelError:
            continue
    return None


def of(model: Model, settings: Settings) -> Foundation:
    """Return the foundation that a model without own labels is."""
    parts, card = model.parts, model.card
    tags = tuple(t for t in parts.tags if card.data["positives"][t] >= settings.min_positives)
    at = [parts.tags.index(tag) for tag in tags]
    weights = card.encoder.get("weights", {})
    return Foundation(
        tags=tags,
        fitted=parts.features,
        coef=parts.mails.coef_[at],
        intercept=parts.mails.intercept_[at],
        encoder_weights=np.array([weights.get(tag, 0.0) for tag in tags]),
        scores={d: tuple(row[i] for i in at) for d, row in parts.held_out.items()},
        learned=parts.flattered | parts.held_out.keys(),
        pointing=Pointing(
            tags=tags,
            coef=parts.sentences.coef_[at],
            intercept=parts.sentences.intercept_[at],
            calibration={tag: card.sentence_calibration[tag] for tag in tags},
            hits=card.metrics.get("evidence", {}),
        ),
    )


def traits(mails: Sequence[Example], settings: Settings) -> dict[str, Any]:
    """Return what a card says of what was learned and how."""
    whole = [
        [e.digest, e.group, sorted(e.tags), {t: list(s) for t, s in (e.evidence or {}).items()}]
        for e in mails
    ]
    return {
        "sha256": data_digest(mails),
        "rows": sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest(),
        "method": METHOD,
        "settings": {name: getattr(settings, name) for name in _SETTINGS},
    }


def _lends(card: Card, wanted: Mapping[str, Any], known: set[str]) -> bool:
    """Whether the model's foundation is the one that is wanted.

    A model from before `rows` and `method` were written down is taken at its other word.
    """
    data = card.data
    weights = card.encoder.get("weights", {})
    return (
        not data.get("own")
        and not data.get("background")
        and data.get("sha256") == wanted["sha256"]
        and data.get("rows", wanted["rows"]) == wanted["rows"]
        and data.get("method", 1) == wanted["method"]
        and {name: card.settings.get(name) for name in _SETTINGS} == wanted["settings"]
        and card.encoder.get("files", {}) == wanted["pins"]
        and (not wanted["pins"] or known <= weights.keys())
    )


def _widened(coef: Any, more: int) -> Any:
    """Return coefficients with so many further columns of zeros."""
    return np.hstack([coef, np.zeros((len(coef), more), dtype=coef.dtype)])
