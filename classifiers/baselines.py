"""What a model has to beat, in code: never a tag, a keyword filter, words counted by TF-IDF alone.

Rule: a baseline gets the same chance as the model. It is judged on the same mails, learns from
none of them, and where it learns, the same rules choose its thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier

from classifiers.dataset import folds
from classifiers.thresholds import NEVER, Pool, Threshold, choose
from classifiers.training import Settings, fit_sigmoid, truth_matrix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classifiers.api import Document
    from classifiers.dataset import Example
    from classifiers.tags import TagInfo

FEWEST = 20  # mails of a tag, below which words learn nothing
ALIKE = 0.8  # cosine of two mails' words from which on they count as the same mail
_EPOCHS = 20
_BATCH = 256
_ALWAYS_HALF = Threshold(give=0.5, unsure=0.5)
_NEVER = Threshold(give=NEVER, unsure=NEVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What somebody says of every mail: probabilities by position, and when they are enough."""

    probabilities: Sequence[Mapping[str, float]]
    thresholds: Mapping[str, Threshold]


def majority(count: int, tags: Sequence[str]) -> Opinion:
    """The most frequent answer for every tag and each of `count` mails, which is: never."""
    return Opinion(
        probabilities=[dict.fromkeys(tags, 0.0)] * count,
        thresholds=dict.fromkeys(tags, _ALWAYS_HALF),
    )


def keywords(documents: Sequence[Document], infos: Sequence[TagInfo]) -> Opinion:
    """A mail filter: a tag is given when one of its keywords occurs; more of them rank higher."""
    return Opinion(
        probabilities=[{i.name: keyword_score(doc, i) for i in infos} for doc in documents],
        thresholds={info.name: _ALWAYS_HALF for info in infos},
    )


def keyword_score(document: Document, info: TagInfo) -> float:
    """Return 0 without a keyword, 0.5 with one, nearer to 1 with more."""
    text = f"{document.subject}\n{document.text}".lower()
    return 1 - 0.5 ** sum(word.lower() in text for word in info.keywords)


def words(
    judged: Sequence[Example],
    learned: Sequence[Example],
    tags: Sequence[str],
    settings: Settings | None = None,
) -> Opinion:
    """Words and pairs of words by TF-IDF, one logistic regression a tag, learned on the spot.

    A mail of `learned` that is, or reads like, a judged one is left out with its whole group when
    that one is judged. A tag with fewer than `FEWEST` mails to learn from is never given.
    """
    settings = settings or Settings()
    learnable = [t for t in tags if sum(t in one.tags for one in learned) >= FEWEST]
    if not judged or not learnable:
        return Opinion(
            probabilities=[dict.fromkeys(tags, 0.0)] * len(judged),
            thresholds=dict.fromkeys(tags, _NEVER),
        )
    vectorizer = _vectorizer()
    known = vectorizer.fit_transform(_texts(learned))
    asked = vectorizer.transform(_texts(judged))
    truth = truth_matrix(learned, learnable)
    own = _held_out(known, truth, np.array(folds(learned, settings.folds, settings.seed)))
    raw = _fair_scores(asked, known, truth, _twins(asked, known, learned), settings)
    sigmoids = [fit_sigmoid(own[:, c], truth[:, c]) for c in range(len(learnable))]
    thresholds = _thresholds(
        {
            tag: [sigmoid(float(one)) for one in column]
            for tag, sigmoid, column in zip(learnable, sigmoids, own.T, strict=True)
        },
        [not example.tags for example in learned],
        settings,
    )
    chances = [
        {t: sigmoid(float(s)) for t, sigmoid, s in zip(learnable, sigmoids, row, strict=True)}
        for row in raw
    ]
    return Opinion(
        probabilities=[{tag: chance.get(tag, 0.0) for tag in tags} for chance in chances],
        thresholds={
            **dict.fromkeys(tags, _NEVER),
            **thresholds,
        },
    )


def _thresholds(
    probabilities: Mapping[str, Sequence[float]], untagged: Sequence[bool], settings: Settings
) -> dict[str, Threshold]:
    quiet = Pool(
        probabilities={tag: list(compress(p, untagged)) for tag, p in probabilities.items()},
        forwards=settings.budget.false_forwards,
        reviews=settings.budget.false_reviews,
    )
    costs = settings.costs_by_tag(probabilities)
    return choose(probabilities, [quiet], costs, recall=settings.budget.recall)


def _vectorizer() -> TfidfVectorizer:
    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, dtype=np.float32)


def _texts(examples: Sequence[Example]) -> list[str]:
    return [f"{example.document.subject}\n{example.document.text}" for example in examples]


def _scores(inside: Any, truth: Any, outside: Any) -> Any:
    """Learn from some rows and return (n_outside, n_tags) for others.

    Stochastic descent ranks like the exact solver here (mean average precision within .001) and
    takes a thirtieth of the time.
    """
    columns = [_scores_of(inside, truth[:, tag], outside) for tag in range(truth.shape[1])]
    return np.column_stack(columns)


def _scores_of(inside: Any, truth: Any, outside: Any) -> Any:
    """Return (n_outside,) for one tag; 0 where the rows do not tell it from the rest."""
    if truth.min() == truth.max():
        return np.zeros(outside.shape[0])
    learner = SGDClassifier(
        loss="log_loss",
        alpha=1 / inside.shape[0],
        class_weight="balanced",
        max_iter=_EPOCHS,
        tol=None,
        random_state=0,
    )
    return learner.fit(inside, truth).decision_function(outside)


def _held_out(known: Any, truth: Any, fold_of: Any) -> Any:
    """Return (n_learned, n_tags): what each mail gets while its group is held out."""
    scores = np.zeros(truth.shape)
    for fold in np.unique(fold_of):
        inside, outside = fold_of != fold, fold_of == fold
        scores[outside] = _scores(known[inside], truth[inside], known[outside])
    return scores


def _fair_scores(asked: Any, known: Any, truth: Any, twins: Any, settings: Settings) -> Any:
    """Return (n_judged, n_tags), each learned without the mails that `twins` forbids.

    Where nothing is forbidden one fit does for all; else the forbidden are spread over a few.
    """
    met = np.flatnonzero(np.diff(twins.indptr))
    part_of = np.zeros(asked.shape[0], dtype=int)
    part_of[met] = 1 + np.arange(len(met)) * settings.folds // max(1, len(met))
    scores = np.zeros((asked.shape[0], truth.shape[1]))
    for part in np.unique(part_of):
        rows = np.flatnonzero(part_of == part)
        allowed = np.asarray(twins[rows].sum(axis=0)).ravel() == 0
        scores[rows] = _scores(known[allowed], truth[allowed], asked[rows])
    return scores


def _twins(asked: Any, known: Any, learned: Sequence[Example]) -> Any:
    """Return (n_judged, n_learned) sparse: 1 where the group of a learned mail reads alike."""
    names = {name: index for index, name in enumerate(dict.fromkeys(e.group for e in learned))}
    group_of = np.array([names[example.group] for example in learned])
    member = sparse.csr_matrix(
        (np.ones(len(learned)), (np.arange(len(learned)), group_of)),
        shape=(len(learned), len(names)),
    )
    blocks = []
    for start in range(0, asked.shape[0], _BATCH):
        alike = (asked[start : start + _BATCH] @ known.T) >= ALIKE
        blocks.append(((alike @ member) @ member.T) > 0)
    return sparse.vstack(blocks, format="csr")
