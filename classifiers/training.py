"""From labelled mails to a model: fit, calibrate, choose thresholds, measure.

Rules: everything that is chosen or reported rests on scores that a mail got while it, its thread
and its near-duplicates were held out; mails whose labels the encoder was tuned on have no such
score and train the linear part only; the same data and settings give the same model.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from classifiers import evaluation, novelty
from classifiers.api import DataError
from classifiers.card import Card
from classifiers.dataset import data_digest, deduplicate, folds
from classifiers.evidence import candidates, marks
from classifiers.model import Model, Parts, PerTagLogistic, encoder_scores, unfitted_features
from classifiers.stored import libraries
from classifiers.tags import TagInfo
from classifiers.thresholds import Budget, Sigmoid, choose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from classifiers.api import Document
    from classifiers.dataset import Example
    from classifiers.encoder import Encoder
    from classifiers.thresholds import Threshold

_UNREGULARISED = 1e6  # calibration fits two numbers; there is nothing to hold back
_CHOICE_FROM = 3  # sentences; with fewer, pointing at the right one proves nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train.

    Attributes:
        min_positives: fewer mails than this are not enough to learn a tag, nor to calibrate it
            with the encoder's help.
        encoder_weight: what one unit of the encoder's logit counts beside the linear score.
            Measured on strangers' mail: anything from .2 to .7 is within noise of the best.
    """

    seed: int = 7
    folds: int = 5
    min_positives: int = 20
    encoder_weight: float = 0.4
    budget: Budget = field(default_factory=Budget)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """Every sentence of the training mails, with what is known of it.

    Attributes:
        owner: (n_sentences,) index of the mail.
        truth: (n_sentences, n_tags) whether it speaks for the tag.
        weight: (n_sentences, n_tags) 0 where nobody said.
    """

    documents: list[Document]
    owner: Any
    truth: Any
    weight: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrices:
    """Features of all mails and all sentences: (n, n_features) each."""

    mails: Any
    sentences: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Raw scores that were given while held out: (n_mails, n_tags) and (n_sentences, n_tags).

    Attributes:
        honest: (n_mails, n_tags) False where the encoder was tuned on the mail's label, so that
            the score must not be used to choose or report anything.
    """

    mails: Any
    sentences: Any
    honest: Any


def train(
    examples: Sequence[Example],
    infos: Mapping[str, TagInfo],
    *,
    version: str,
    now: datetime,
    settings: Settings | None = None,
    encoder: Encoder | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Model:
    """Train a model on `examples`; `infos` says what the tags mean and in which order they come.

    An `encoder` adds what it says of the tags that it knows, where enough mails are left that it
    was not tuned on to calibrate the sum.

    Raises:
        DataError: a tag has too few mails to learn from, or there is none at all.
        ModelError: the encoder's files are missing, damaged or exchanged.
    """
    settings = settings or Settings()
    kept = deduplicate(examples)
    tags = tags_to_learn(kept, infos, settings)
    truth = truth_matrix(kept, tags)
    sentences = sentences_of(kept, tags)
    fold_of = np.array(folds(kept, settings.folds, settings.seed))
    progress("reading the features of all mails and sentences")
    documents = [example.document for example in kept]
    features = unfitted_features().fit(documents)
    matrices = Matrices(
        mails=features.transform(documents), sentences=features.transform(sentences.documents)
    )
    held_out = held_out_scores(matrices, truth, sentences, fold_of, progress)
    weights = encoder_weights(encoder, kept, tags, settings, progress)
    if encoder is not None and weights:
        held_out = with_encoder(held_out, encoder, weights, kept, tags)
    usable = held_out.honest.all(axis=1)
    progress("fitting on all mails")
    parts = Parts(
        tags=tags,
        features=features,
        mails=PerTagLogistic().fit(matrices.mails, truth),
        sentences=PerTagLogistic().fit(matrices.sentences, sentences.truth, sentences.weight),
        held_out=_by_digest(_where(usable, kept), held_out.mails[usable]),
        flattered=frozenset(example.digest for example in _where(~usable, kept)),
        novelty=novelty.fit(documents, fold_of.tolist()),
    )
    card = _card(kept, infos, sentences, held_out, tags=tags, settings=settings)
    data = {
        "read": len(examples),
        **_data_summary(kept, tags),
        "judged_on": int(usable.sum()),
    }
    return Model(
        parts,
        Card(
            version=version,
            trained_at=now.isoformat(timespec="seconds"),
            data=data,
            encoder={"files": encoder.pins, "weights": weights} if encoder and weights else {},
            **card,
        ),
        encoder if weights else None,
    )


def tags_to_learn(
    examples: Sequence[Example], infos: Mapping[str, TagInfo], settings: Settings
) -> tuple[str, ...]:
    """Return the tags in the order of `infos`, those without a description behind, by name.

    Raises:
        DataError: a tag has too few mails, or too few threads to hold some out.
    """
    used = {tag for example in examples for tag in example.tags}
    tags = [*(tag for tag in infos if tag in used), *sorted(used - set(infos))]
    problems = []
    for tag in tags:
        mails = [example for example in examples if tag in example.tags]
        threads = len({example.group for example in mails})
        if len(mails) < settings.min_positives:
            problems.append(
                f"tag {tag!r} has {len(mails)} mails, at least {settings.min_positives} are "
                f"needed (first at {mails[0].place}); label more, or mend the spelling"
            )
        elif threads < 2 * settings.folds:
            problems.append(f"tag {tag!r} comes from {threads} threads only; label other mails")
    if problems or not tags:
        raise DataError("There is not enough to learn from:", problems or ["no mail has a tag"])
    return tuple(tags)


def encoder_weights(
    encoder: Encoder | None,
    examples: Sequence[Example],
    tags: Sequence[str],
    settings: Settings,
    say: Callable[[str], None],
) -> dict[str, float]:
    """Return what the encoder's logit counts, for each tag with which it can help."""
    if encoder is None:
        return {}
    fresh = [example for example in examples if example.digest not in encoder.seen]
    weights = {}
    for tag in tags:
        mails = sum(tag in example.tags for example in fresh)
        if tag not in encoder.tags:
            say(f"the encoder does not know {tag!r}: it is learned without")
        elif min(mails, len(fresh) - mails) < settings.min_positives:
            say(f"{tag!r} is learned without the encoder: it saw nearly all of these mails before")
        else:
            weights[tag] = settings.encoder_weight
    return weights


def with_encoder(
    scores: Scores,
    encoder: Encoder,
    weights: Mapping[str, float],
    examples: Sequence[Example],
    tags: Sequence[str],
) -> Scores:
    """Add what the encoder says to the held-out scores of the mails it was not tuned on.

    Of the others it knows the answer; a calibration fitted there would believe it far too much.
    """
    fresh = np.array([example.digest not in encoder.seen for example in examples])
    documents = [example.document for example in _where(fresh, examples)]
    mails = scores.mails.copy()
    mails[fresh] += encoder_scores(encoder, weights, tags, documents)
    helped = np.array([bool(weights.get(tag)) for tag in tags])
    return replace(scores, mails=mails, honest=fresh[:, None] | ~helped[None, :])


def truth_matrix(examples: Sequence[Example], tags: Sequence[str]) -> Any:
    """Return (n_examples, n_tags) of 0 and 1."""
    return np.array([[int(tag in example.tags) for tag in tags] for example in examples])


def sentences_of(examples: Sequence[Example], tags: Sequence[str]) -> Sentences:
    """Cut all mails into sentences and label each by what the mail's evidence says."""
    pieces = [candidates(example.document) for example in examples]
    marked = {tag for example in examples for tag in (example.evidence or {})}
    labels = [
        [
            _sentence_label(piece.text, example, tag, len(some), shared=tag not in marked)
            for tag in tags
        ]
        for example, some in zip(examples, pieces, strict=True)
        for piece in some
    ]
    array = np.array(labels, dtype=float).reshape(len(labels), len(tags), 2)
    return Sentences(
        documents=[piece for some in pieces for piece in some],
        owner=np.repeat(np.arange(len(pieces)), [len(some) for some in pieces]),
        truth=array[:, :, 0].astype(int),
        weight=array[:, :, 1],
    )


def _sentence_label(
    sentence: str, example: Example, tag: str, sentences: int, *, shared: bool
) -> tuple[float, float]:
    """Return (speaks for the tag, weight).

    A mail in which nobody marked anything says nothing of its sentences, unless the tag is marked
    nowhere at all: then all sentences are `shared` suspects. Measured on the starter set, sharing
    points to the right sentence less often (.83 against .86), so it is only the second choice.
    """
    if tag not in example.tags:
        return 0, 1
    marked = (example.evidence or {}).get(tag)
    if marked:
        return float(marks(sentence, marked)), 1
    if sentences == 1:
        return 1, 1
    return (1, 1 / sentences) if shared else (0, 0)


def held_out_scores(
    matrices: Matrices, truth: Any, sentences: Sentences, fold_of: Any, say: Callable[[str], None]
) -> Scores:
    """Score every mail and sentence by a model that has not seen its group.

    The features are fitted once, on all mails: vocabulary and document frequencies know the text
    of what is held out, never its labels. Fitting them anew in every fold takes three times as
    long, and average precision came out the same to within .002.
    """
    scores = Scores(
        mails=np.zeros(truth.shape),
        sentences=np.zeros(sentences.truth.shape),
        honest=np.ones(truth.shape, dtype=bool),
    )
    count = int(fold_of.max()) + 1
    fold_of_sentence = fold_of[sentences.owner]
    for fold in range(count):
        say(f"held-out scores, part {fold + 1} of {count}")
        inside, outside = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        mails = PerTagLogistic().fit(matrices.mails[inside], truth[inside])
        scores.mails[outside] = mails.decision_function(matrices.mails[outside])
        seen, unseen = (
            np.flatnonzero(chosen)
            for chosen in (fold_of_sentence != fold, fold_of_sentence == fold)
        )
        pieces = PerTagLogistic().fit(
            matrices.sentences[seen], sentences.truth[seen], sentences.weight[seen]
        )
        scores.sentences[unseen] = pieces.decision_function(matrices.sentences[unseen])
    return scores


def fit_sigmoid(scores: Any, truth: Any, weight: Any = None) -> Sigmoid:
    """Fit the probability that a raw score means the tag, over (n,) scores and truths."""
    one = LogisticRegression(C=_UNREGULARISED).fit(
        scores.reshape(-1, 1), truth, sample_weight=weight
    )
    return Sigmoid(slope=float(one.coef_[0, 0]), intercept=float(one.intercept_[0]))


def evidence_hits(sentences: Sentences, scores: Any, examples: Sequence[Example]) -> dict[str, Any]:
    """How often a marked sentence ranks first, and among the first three, in mails with a choice.

    Counted over pairs of mail and tag where a person marked sentences and there are at least
    three to choose from.
    """
    first, three, cases = 0, 0, 0
    for mail, example in enumerate(examples):
        rows = np.flatnonzero(sentences.owner == mail)
        if example.evidence is None or len(rows) < _CHOICE_FROM:
            continue
        for tag in range(sentences.truth.shape[1]):
            marked = sentences.truth[rows, tag][np.argsort(-scores[rows, tag], kind="stable")]
            if marked.any():
                cases, first = cases + 1, first + int(marked[0])
                three += int(marked[:3].any())
    share = {"first": first / cases, "first_three": three / cases} if cases else {}
    return {"cases": cases, **{key: round(value, 4) for key, value in share.items()}}


def _card(
    examples: Sequence[Example],
    infos: Mapping[str, TagInfo],
    sentences: Sentences,
    scores: Scores,
    *,
    tags: tuple[str, ...],
    settings: Settings,
) -> dict[str, Any]:
    truth = truth_matrix(examples, tags)
    untagged = ~truth.any(axis=1)
    columns = range(len(tags))
    calibration, thresholds = {}, {}
    for column, tag in enumerate(tags):
        honest = scores.honest[:, column]
        raw = scores.mails[:, column]
        calibration[tag] = fit_sigmoid(raw[honest], truth[honest, column])
        thresholds[tag] = choose(
            [calibration[tag](float(score)) for score in raw[honest]],
            [calibration[tag](float(score)) for score in raw[honest & untagged]],
            settings.budget,
        )
    report = _held_out_report(examples, scores, calibration, thresholds)
    return {
        "tags": tuple(infos.get(tag, TagInfo(name=tag)) for tag in tags),
        "calibration": calibration,
        "sentence_calibration": {
            tags[c]: fit_sigmoid(
                scores.sentences[:, c], sentences.truth[:, c], sentences.weight[:, c]
            )
            for c in columns
        },
        "thresholds": thresholds,
        "libraries": libraries(),
        "settings": asdict(settings),
        "metrics": {
            "held_out": report.to_json(),
            "evidence": evidence_hits(sentences, scores.sentences, examples),
        },
    }


def _held_out_report(
    examples: Sequence[Example],
    scores: Scores,
    calibration: Mapping[str, Sigmoid],
    thresholds: Mapping[str, Threshold],
) -> evaluation.Report:
    """Judge on the mails of which every tag has an honest score."""
    usable = scores.honest.all(axis=1)
    probabilities = [
        {tag: calibration[tag](float(raw)) for tag, raw in zip(calibration, row, strict=True)}
        for row in scores.mails[usable]
    ]
    truths = [example.tags for example in _where(usable, examples)]
    return evaluation.evaluate(truths, probabilities, thresholds)


def _where(chosen: Any, examples: Sequence[Example]) -> list[Example]:
    return [example for example, wanted in zip(examples, chosen, strict=True) if wanted]


def _data_summary(examples: Sequence[Example], tags: Sequence[str]) -> dict[str, Any]:
    return {
        "used": len(examples),
        "groups": len({example.group for example in examples}),
        "untagged": sum(not example.tags for example in examples),
        "positives": {tag: sum(tag in example.tags for example in examples) for tag in tags},
        "sha256": data_digest(examples),
    }


def _by_digest(examples: Sequence[Example], scores: Any) -> dict[str, tuple[float, ...]]:
    return {
        example.digest: tuple(round(float(score), 4) for score in row)
        for example, row in zip(examples, scores, strict=True)
    }
