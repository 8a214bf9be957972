"""The unfitted pipeline, and the fitted model that answers as a `Classifier`.

Rules: scores are paired with tags by name, through the card's list; a mail is judged as a whole;
its sentences are scored only for tags that are given or unsure, so that ordinary mail is cheap.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import FeatureUnion

from classifiers import features, opinion
from classifiers.api import Verdict
from classifiers.evidence import best_sentences, candidates
from classifiers.thresholds import decide

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from classifiers.api import Document, Evidence
    from classifiers.card import Card
    from classifiers.encoder import Encoder
    from classifiers.novelty import Novelty

FURTHER = "further words"  # of the firm's own mail
CORES = 2  # that learn at a time; each holds a copy of all features
_TOLERANCE = 1e-2  # LIBLINEAR's own; scores come out the same to within .02, AP to within .0002
_SURE = 3.0  # log-odds where all mails agree
BATCH = 256  # documents whose features are in memory at a time


def unfitted_features() -> FeatureUnion:
    """All features, one line each, with the weight that measuring gave them."""
    parts = [
        ("words", features.WordGrams(), 1.4),
        ("characters", features.CharGrams(), 0.7),
        ("role", features.Role(), 0.3),
        ("surface", features.Surface(), 0.15),
        ("cues", features.Cues(), 0.15),
    ]
    return FeatureUnion(
        [(name, feature) for name, feature, _ in parts],
        transformer_weights={name: weight for name, _, weight in parts},
    )


def with_further_words(fitted: FeatureUnion, documents: Sequence[Document]) -> FeatureUnion:
    """Return fitted features that also count words which only these documents have, if any."""
    name, words = fitted.transformer_list[0]
    further = features.further_words(words, documents)
    if further is None:
        return fitted
    return FeatureUnion(
        [*fitted.transformer_list, (FURTHER, further)],
        transformer_weights={
            **fitted.transformer_weights,
            FURTHER: fitted.transformer_weights[name],
        },
    )


def feature_matrix(fitted: FeatureUnion, documents: Sequence[Document]) -> Any:
    """Return (n_documents, n_features), exactly as `fitted.transform` does.

    That method sets up a pool of workers on every call, which costs three times as much as the
    features of a single mail.
    """
    weights = fitted.transformer_weights
    parts = [part.transform(documents) * weights[name] for name, part in fitted.transformer_list]
    return sparse.hstack(parts, format="csr")


class PerTagLogistic(ClassifierMixin, BaseEstimator):
    """One logistic regression a tag, balanced, so that a rare tag is learned like a common one."""

    def __init__(self, C: float = 1.0) -> None:
        self.C = C

    @classmethod
    def of(cls, coef: Any, intercept: Any) -> PerTagLogistic:
        """Return the model that was learned elsewhere, with a row of `coef` for each tag."""
        found = cls()
        found.coef_, found.intercept_ = coef, intercept
        return found

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit on X (n_documents, n_features) and y (n_documents, n_tags) of 0 and 1.

        `sample_weight` has the shape of y; 0 leaves a document out for that tag.
        """
        if sparse.issparse(X):
            X.sort_indices()  # else every thread would do so, in place
        fit_tag = partial(self._fit_tag, X, y, sample_weight)
        with ThreadPoolExecutor(CORES) as pool:  # the solver works outside the interpreter's lock
            fitted = list(pool.map(fit_tag, range(y.shape[1])))
        self.coef_ = np.vstack([coef for coef, _ in fitted]).astype(np.float32)
        self.intercept_ = np.concatenate([intercept for _, intercept in fitted])
        return self

    def decision_function(self, X: Any) -> Any:
        """Return raw scores (n_documents, n_tags)."""
        return np.asarray(X @ self.coef_.T) + self.intercept_

    def _fit_tag(self, X: Any, y: Any, sample_weight: Any, tag: int) -> tuple[Any, Any]:
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only for learning

        one = LogisticRegression(
            C=self.C, solver="liblinear", class_weight="balanced", random_state=0, tol=_TOLERANCE
        )
        truth, weight = y[:, tag], None
        if sample_weight is not None:
            used = np.flatnonzero(sample_weight[:, tag])
            truth, weight = truth[used], sample_weight[used, tag]
            X = X if len(used) == len(y) else X[used]
        if len(np.unique(truth)) == 1:  # where a rare tag is held out as a whole
            return np.zeros((1, X.shape[1])), np.array([_SURE if truth[0] else -_SURE])
        one.fit(X, truth, sample_weight=weight)
        return one.coef_, one.intercept_


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What was learned, and nothing else: this is what `model.joblib` holds.

    Attributes:
        tags: the order of the scores' columns.
        held_out: per training mail (by digest) the raw scores it got while it was held out, so
            that a later model can be compared on the same mails without either having seen them.
        flattered: training mails (by digest) without such scores, since the encoder was tuned on
            them; whatever the model says of these proves nothing.
        vectors: (n_tags, dimensions) what each dimension of the encoder's vectors counts for each
            tag; None where none counts.
        novelty: what tells mail unlike all of it; None in models from before there was such.
    """

    tags: tuple[str, ...]
    features: FeatureUnion
    mails: PerTagLogistic
    sentences: PerTagLogistic
    held_out: Mapping[str, tuple[float, ...]]
    flattered: frozenset[str] = frozenset()
    novelty: Novelty | None = None
    vectors: Any = None


class Model:
    """A fitted model with its card. Implements `classifiers.api.Classifier`."""

    def __init__(self, parts: Parts, card: Card, encoder: Encoder | None = None) -> None:
        """Take what was learned and what it says of itself; `registry` brings them together.

        `encoder` is the one that the card pins, None when it pins none.
        """
        self.parts = parts
        self.card = card
        self.encoder = encoder

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags this model can give, in a fixed order."""
        return self.card.names

    @property
    def version(self) -> str:
        """Name of the model, recorded with every decision."""
        return self.card.version

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """Judge each document; the answer has the same length and order as `documents`."""
        return [verdict for batch in _batches(documents) for verdict in self._classify(batch)]

    def probabilities(self, documents: Sequence[Document]) -> list[dict[str, float]]:
        """Return the calibrated probability of every tag, without evidence."""
        return [self.calibrated(row) for batch in _batches(documents) for row in self._raw(batch)]

    def explain(
        self, documents: Sequence[Document], tags: Sequence[tuple[str, ...]]
    ) -> list[list[Evidence]]:
        """Return the sentences that speak most for the tags named, whether they are given or not.

        `tags` are those asked about for each document, by position.
        """
        return list(self._evidence(documents, tags))

    def calibrated(self, raw: Sequence[float]) -> dict[str, float]:
        """Turn the raw scores of one mail, in the order of `parts.tags`, into probabilities."""
        pairs = zip(self.parts.tags, raw, strict=True)
        return {tag: self.card.calibration[tag](float(score)) for tag, score in pairs}

    def _raw(self, documents: Sequence[Document]) -> Any:
        matrix = feature_matrix(self.parts.features, documents)
        scores = self.parts.mails.decision_function(matrix)
        if self.encoder is None:
            return scores
        said = opinion.ask(self.encoder, documents, self.parts.tags)
        weights = self.card.encoder["weights"]
        return scores + opinion.added(said, weights, self.parts.tags, self.parts.vectors)

    def _classify(self, documents: Sequence[Document]) -> list[Verdict]:
        scores = self.probabilities(documents)
        decisions = [self._decided(*each) for each in zip(documents, scores, strict=True)]
        wanted = [(*given, *unsure) for given, unsure, _ in decisions]
        grounds = self._evidence(documents, wanted)
        return [
            Verdict(
                id=document.id,
                tags=given,
                unsure_tags=unsure,
                scores={tag: score[tag] for tag in self.tags},
                evidence=tuple(evidence),
                model=self.version,
                novel=novel,
            )
            for document, score, (given, unsure, novel), evidence in zip(
                documents, scores, decisions, grounds, strict=True
            )
        ]

    def _decided(
        self, document: Document, scores: Mapping[str, float]
    ) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
        """Return (tags given, tags unsure, whether the mail is novel).

        A novel mail is only given what its familiar sentences would be given by themselves.
        """
        given, unsure = decide(scores, self.card.thresholds)
        novelty = self.parts.novelty
        if novelty is None or not novelty.is_novel(document):
            return given, unsure, False
        alone = self._given(novelty.familiar_part(document)) if given else ()
        sure = tuple(tag for tag in given if tag in alone)
        doubted = {*given, *unsure} - set(sure)
        return sure, tuple(tag for tag in self.card.thresholds if tag in doubted), True

    def _given(self, document: Document) -> tuple[str, ...]:
        [scores] = self.probabilities([document])
        return decide(scores, self.card.thresholds)[0]

    def _evidence(
        self, documents: Sequence[Document], wanted: Sequence[tuple[str, ...]]
    ) -> Iterator[list[Evidence]]:
        """Yield the evidence of each document, scoring all sentences of a batch at once."""
        pieces = [
            candidates(document) if tags else []
            for document, tags in zip(documents, wanted, strict=True)
        ]
        scored = iter(self._score_sentences([piece for some in pieces for piece in some]))
        for some, tags in zip(pieces, wanted, strict=True):
            rows = [next(scored) for _ in some]
            texts = [piece.text for piece in some]
            yield [
                evidence
                for tag in tags
                for evidence in best_sentences(tag, texts, [row[tag] for row in rows])
            ]

    def _score_sentences(self, sentences: Sequence[Document]) -> list[dict[str, float]]:
        return [
            {
                tag: self.card.sentence_calibration[tag](float(score))
                for tag, score in zip(self.parts.tags, row, strict=True)
            }
            for batch in _batches(sentences)
            for row in self.parts.sentences.decision_function(
                feature_matrix(self.parts.features, batch)
            )
        ]


def _batches(documents: Sequence[Document]) -> Iterator[Sequence[Document]]:
    for start in range(0, len(documents), BATCH):
        yield documents[start : start + BATCH]
