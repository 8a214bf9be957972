"""Is the difference between two models real? Paired bootstrap over threads.

Rules: both models are judged on the same draws, so that what is hard for both cancels out; mails
of one thread are drawn together, since they say the same thing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from classifiers.evaluation import scores_of, truth_of
from classifiers.measures import Interval, average_precisions, drawn_again, interval

if TYPE_CHECKING:
    from classifiers.thresholds import Threshold

# From weights (n_resamples, n_mails), how often each mail counts, to one figure a resample.
Measure = Callable[[Any], Any]
Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure of two models on the same mails.

    Attributes:
        before, after: of the model in use and of the new one; None where it is not defined.
        interval: what 95 of 100 resamplings of `after - before` lie between; None where hardly
            one could be computed.
    """

    before: float | None
    after: float | None
    interval: Interval | None

    @property
    def change(self) -> float:
        """How much higher the new model's figure is; 0 where one is not defined."""
        if self.before is None or self.after is None:
            return 0.0
        return self.after - self.before

    @property
    def real(self) -> bool:
        """Whether chance is an unlikely explanation: the interval leaves 0 out."""
        return self.interval is not None and not self.interval.low <= 0 <= self.interval.high


def differences(
    groups: Sequence[str], pairs: Mapping[Name, tuple[Measure, Measure]]
) -> dict[Name, Difference]:
    """Compare (before, after) measures by name, all on the same draws of whole groups."""
    drawn: dict[Name, list[Any]] = {name: [] for name in pairs}
    for weights in drawn_again(groups) if groups else ():
        for name, (before, after) in pairs.items():
            drawn[name].append(after(weights) - before(weights))
    whole = np.ones((1, len(groups)))
    return {
        name: Difference(
            before=_number(before(whole)),
            after=_number(after(whole)),
            interval=interval(np.concatenate(drawn[name])) if drawn[name] else None,
        )
        for name, (before, after) in pairs.items()
    }


def average_precision_of(
    tag: str, truths: Sequence[frozenset[str]], probabilities: Sequence[Mapping[str, float]]
) -> Measure:
    """How well the scores rank the tag's mails before others."""
    truth, scores = truth_of(tag, truths), scores_of(tag, probabilities)
    return lambda weights: average_precisions(truth, scores, weights)


def f1_of(
    tag: str,
    truths: Sequence[frozenset[str]],
    probabilities: Sequence[Mapping[str, float]],
    threshold: Threshold,
) -> Measure:
    """How well the decisions on the tag fit, at the model's own threshold."""
    truth = truth_of(tag, truths)
    given = scores_of(tag, probabilities) >= threshold.give

    def measure(weights: Any) -> Any:
        return _divided(2 * (weights @ (truth & given)), weights @ truth + weights @ given)

    return measure


def false_alarms_of(
    truths: Sequence[frozenset[str]],
    probabilities: Sequence[Mapping[str, float]],
    thresholds: Mapping[str, Threshold],
) -> Measure:
    """Of 100 mails without a tag, how many get one."""
    untagged = np.array([not truth for truth in truths], dtype=bool)
    given = np.zeros(len(truths), dtype=bool)
    for tag, threshold in thresholds.items():
        given |= scores_of(tag, probabilities) >= threshold.give
    return lambda weights: 100 * _divided(weights @ (untagged & given), weights @ untagged)


def _divided(part: Any, whole: Any) -> Any:
    """Divide (n_resamples,) figures; nan where there is nothing to divide by."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def _number(values: Any) -> float | None:
    value = float(values[0])
    return None if np.isnan(value) else value
