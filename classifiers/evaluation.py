"""How good a model is, per tag and as a whole, beside the baselines it has to beat.

Rule: judge only on mails the model was not trained on, and count false alarms on mails that carry
no tag at all: that is the noise people will see.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import average_precision_score

from classifiers.thresholds import Threshold, decide

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classifiers.api import Document
    from classifiers.tags import TagInfo

_BINS = 10
_ALWAYS_HALF = Threshold(give=0.5, unsure=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class TagReport:
    """One tag. Shares are in [0, 1]; None where there is nothing to divide by.

    Attributes:
        positives: mails that carry the tag.
        caught: recall when a mail that is unsure counts as caught, since somebody looks at it.
        brier: mean squared error of the probability.
        calibration_error: expected calibration error over ten equally wide bins.
    """

    positives: int
    precision: float | None
    recall: float | None
    f1: float | None
    average_precision: float | None
    caught: float | None
    brier: float
    calibration_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All tags. The rates are per 100 mails that carry no tag."""

    mails: int
    untagged: int
    tags: Mapping[str, TagReport]
    mean_average_precision: float | None
    mean_f1: float | None
    false_alarms_per_100_untagged: float | None
    unsure_per_100_untagged: float | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values, rounded to what the numbers can bear."""
        rounded = _rounded(asdict(self))
        assert isinstance(rounded, dict)
        return rounded


def evaluate(
    truths: Sequence[frozenset[str]],
    probabilities: Sequence[Mapping[str, float]],
    thresholds: Mapping[str, Threshold],
) -> Report:
    """Compare decisions with labels; the tags are those of `thresholds`.

    `truths` and `probabilities` belong together by position.
    """
    decisions = [decide(scores, thresholds) for scores in probabilities]
    quiet = [d for d, truth in zip(decisions, truths, strict=True) if not truth]
    tags = {
        tag: _tag_report(
            np.array([tag in truth for truth in truths], dtype=bool),
            np.array([scores[tag] for scores in probabilities], dtype=float),
            threshold,
        )
        for tag, threshold in thresholds.items()
    }
    return Report(
        mails=len(truths),
        untagged=len(quiet),
        tags=tags,
        mean_average_precision=_mean([report.average_precision for report in tags.values()]),
        mean_f1=_mean([report.f1 for report in tags.values()]),
        false_alarms_per_100_untagged=_per_100([bool(given) for given, _ in quiet]),
        unsure_per_100_untagged=_per_100([bool(uns) and not given for given, uns in quiet]),
    )


def majority_baseline(truths: Sequence[frozenset[str]], tags: Sequence[str]) -> Report:
    """The most frequent answer for every tag, which is: never."""
    nothing = [dict.fromkeys(tags, 0.0)] * len(truths)
    return evaluate(truths, nothing, dict.fromkeys(tags, _ALWAYS_HALF))


def keyword_baseline(
    truths: Sequence[frozenset[str]], documents: Sequence[Document], infos: Sequence[TagInfo]
) -> Report:
    """A mail filter: a tag is given when one of its keywords occurs; more of them rank higher."""
    scores = [{info.name: keyword_score(doc, info) for info in infos} for doc in documents]
    return evaluate(truths, scores, {info.name: _ALWAYS_HALF for info in infos})


def keyword_score(document: Document, info: TagInfo) -> float:
    """Return 0 without a keyword, 0.5 with one, nearer to 1 with more."""
    text = f"{document.subject}\n{document.text}".lower()
    return 1 - 0.5 ** sum(word.lower() in text for word in info.keywords)


def _tag_report(truth: Any, scores: Any, threshold: Threshold) -> TagReport:
    given, seen = scores >= threshold.give, scores >= threshold.unsure
    right = int((given & truth).sum())
    positives = int(truth.sum())
    return TagReport(
        positives=positives,
        precision=_share(right, int(given.sum())),
        recall=_share(right, positives),
        f1=_share(2 * right, int(given.sum()) + positives),
        average_precision=float(average_precision_score(truth, scores)) if positives else None,
        caught=_share(int((seen & truth).sum()), positives),
        brier=float(np.mean((scores - truth) ** 2)) if len(truth) else 0.0,
        calibration_error=_calibration_error(truth, scores),
    )


def _calibration_error(truth: Any, scores: Any) -> float:
    bins = np.minimum((scores * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(scores[bins == b].mean() - truth[bins == b].mean()) * (bins == b).sum()
        for b in np.unique(bins)
    ]
    return float(sum(gaps) / len(truth)) if len(truth) else 0.0


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _per_100(flags: Sequence[bool]) -> float | None:
    return 100 * sum(flags) / len(flags) if flags else None


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return value
