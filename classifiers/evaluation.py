"""How good decisions are, per tag and as a whole.

Rules: judge only on mails the model was not trained on; count false alarms on mails that carry no
tag at all, since that is the noise people will see; a mail is forwarded when it gets any tag.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers.measures import average_precision, calibration_bins, calibration_error
from classifiers.thresholds import decide, within_budget

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classifiers.thresholds import Threshold

FALSE_FORWARDS = (5, 10, 15)  # budgets: untagged mails of a hundred, forwarded by mistake
FORWARDED = (15,)  # budgets: mails of a hundred, forwarded rightly or not


@dataclass(frozen=True, slots=True, kw_only=True)
class TagReport:
    """One tag. Shares are in [0, 1]; None where there is nothing to divide by.

    Attributes:
        positives: mails that carry the tag.
        caught: recall when a mail that is unsure counts as caught, since somebody looks at it.
        brier: mean squared error of the probability.
        calibration_error: expected calibration error over ten bins of equally many mails.
        forwarded_at_false_forwards: share of the tag's mails that are forwarded, for whichever
            tag, when so many of 100 untagged mails may be forwarded by mistake.
    """

    positives: int
    precision: float | None
    recall: float | None
    f1: float | None
    average_precision: float | None
    caught: float | None
    brier: float
    calibration_error: float
    forwarded_at_false_forwards: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All tags. The rates are per 100 mails that carry no tag, if they do not say otherwise.

    Attributes:
        recall_of_tagged: share of the mails with any tag that are forwarded, for whichever tag.
        recall_at_false_forwards: the same when so many of 100 untagged mails may be forwarded by
            mistake, whatever the thresholds are; mails are ranked by their likeliest tag.
        recall_at_forwarded: the same when so many of all 100 mails may be forwarded.
        possible_at_forwarded: what a perfect ranking would reach there, as tagged mail may be
            more than that.
    """

    mails: int
    untagged: int
    tags: Mapping[str, TagReport]
    mean_average_precision: float | None
    mean_f1: float | None
    false_alarms_per_100_untagged: float | None
    unsure_per_100_untagged: float | None
    forwarded_per_100: float | None = None
    recall_of_tagged: float | None = None
    recall_at_false_forwards: Mapping[str, float | None] = field(default_factory=dict)
    recall_at_forwarded: Mapping[str, float | None] = field(default_factory=dict)
    possible_at_forwarded: Mapping[str, float | None] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, rounded to what the numbers can bear."""
        rounded = rounded_figures(asdict(self))
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
    likeliest = [max(scores[tag] for tag in thresholds) for scores in probabilities]
    cuts = {str(n): _cut(likeliest, truths, n) for n in FALSE_FORWARDS}
    tags = {
        tag: _tag_report(
            truth_of(tag, truths), scores_of(tag, probabilities), threshold, likeliest, cuts
        )
        for tag, threshold in thresholds.items()
    }
    tagged = [bool(truth) for truth in truths]
    at_most = {str(n): within_budget(likeliest, n) for n in FORWARDED}
    return Report(
        mails=len(truths),
        untagged=len(quiet),
        tags=tags,
        mean_average_precision=_mean([report.average_precision for report in tags.values()]),
        mean_f1=_mean([report.f1 for report in tags.values()]),
        false_alarms_per_100_untagged=_per_100([bool(given) for given, _ in quiet]),
        unsure_per_100_untagged=_per_100([bool(uns) and not given for given, uns in quiet]),
        forwarded_per_100=_per_100([bool(given) for given, _ in decisions]),
        recall_of_tagged=_recall([bool(given) for given, _ in decisions], tagged),
        recall_at_false_forwards=_recalls(likeliest, cuts, tagged),
        recall_at_forwarded=_recalls(likeliest, at_most, tagged),
        possible_at_forwarded={
            str(n): min(1.0, int(n * len(tagged) / 100) / sum(tagged)) if any(tagged) else None
            for n in FORWARDED
        },
    )


def truth_of(tag: str, truths: Sequence[frozenset[str]]) -> Any:
    """Return (n_mails,) of bool: which mails carry the tag."""
    return np.array([tag in truth for truth in truths], dtype=bool)


def scores_of(tag: str, probabilities: Sequence[Mapping[str, float]]) -> Any:
    """Return (n_mails,): how likely each mail carries the tag."""
    return np.array([scores[tag] for scores in probabilities], dtype=float)


def rounded_figures(value: object) -> object:
    """Round every number in nested dicts and lists to four places."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: rounded_figures(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded_figures(inner) for inner in value]
    return value


def _tag_report(
    truth: Any,
    scores: Any,
    threshold: Threshold,
    likeliest: Sequence[float],
    cuts: Mapping[str, float],
) -> TagReport:
    given, seen = scores >= threshold.give, scores >= threshold.unsure
    right = int((given & truth).sum())
    positives = int(truth.sum())
    return TagReport(
        positives=positives,
        precision=_share(right, int(given.sum())),
        recall=_share(right, positives),
        f1=_share(2 * right, int(given.sum()) + positives),
        average_precision=average_precision(truth, scores),
        caught=_share(int((seen & truth).sum()), positives),
        brier=float(np.mean((scores - truth) ** 2)) if len(truth) else 0.0,
        calibration_error=calibration_error(calibration_bins(truth, scores)),
        forwarded_at_false_forwards=_recalls(likeliest, cuts, [bool(one) for one in truth]),
    )


def _cut(likeliest: Sequence[float], truths: Sequence[frozenset[str]], per_hundred: float) -> float:
    """Return the lowest score that at most so many of 100 untagged mails reach."""
    quiet = [score for score, truth in zip(likeliest, truths, strict=True) if not truth]
    return within_budget(quiet, per_hundred)


def _recalls(
    scores: Sequence[float], cuts: Mapping[str, float], wanted: Sequence[bool]
) -> dict[str, float | None]:
    return {name: _recall([s >= cut for s in scores], wanted) for name, cut in cuts.items()}


def _recall(chosen: Sequence[bool], wanted: Sequence[bool]) -> float | None:
    both = sum(one and other for one, other in zip(chosen, wanted, strict=True))
    return _share(both, sum(wanted))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _per_100(flags: Sequence[bool]) -> float | None:
    return 100 * sum(flags) / len(flags) if flags else None
