"""From probabilities to decisions: when a score is enough, and when a person should look.

Rules: a threshold never looks at one mail alone, only at the scores of many; raising a threshold
never adds a tag; what is certain costs less than the alert budget, what is unsure less than the
review budget.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NEVER = 1.0  # calibrated probabilities stay below it


@dataclass(frozen=True, slots=True, kw_only=True)
class Sigmoid:
    """Turns a raw score into a probability: 1 / (1 + exp(-(slope * score + intercept)))."""

    slope: float
    intercept: float

    def __call__(self, score: float) -> float:
        """Return the probability, strictly between 0 and 1."""
        exponent = max(-30.0, min(30.0, self.slope * score + self.intercept))
        return 1 / (1 + math.exp(-exponent))


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Probabilities for one tag: from `give` on it is given, from `unsure` on somebody looks."""

    give: float
    unsure: float

    def __post_init__(self) -> None:
        """Refuse a band that is upside down."""
        if not 0 <= self.unsure <= self.give <= 1:
            msg = (
                f"thresholds must satisfy 0 <= unsure <= give <= 1, not {self.unsure}, {self.give}"
            )
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much noise is bearable for one tag, in untagged mails of a hundred, and what to catch.

    Attributes:
        alerts: untagged mails that may be given the tag.
        reviews: untagged mails that may be given it or be unsure.
        recall: share of the tag's mails that should be given it or be unsure, if `reviews` allows.
    """

    alerts: float = 2.0
    reviews: float = 6.0
    recall: float = 0.9


def choose(probabilities: Sequence[float], untagged: Sequence[float], budget: Budget) -> Threshold:
    """Choose the thresholds of one tag.

    Args:
        probabilities: calibrated, of mails not trained on, tagged and untagged.
        untagged: the same for the mails among them that carry no tag at all.
        budget: what noise is bearable.
    """
    give = max(best_expected_f1(probabilities), within_budget(untagged, budget.alerts))
    wanted = expected_recall(probabilities, budget.recall)
    unsure = max(wanted, within_budget(untagged, budget.reviews))
    return Threshold(give=give, unsure=min(unsure, give))


def best_expected_f1(probabilities: Sequence[float]) -> float:
    """Return the threshold with the best F1 to be expected if the probabilities are honest.

    Giving the tag to the k likeliest mails is right for the sum of their probabilities.
    """
    ordered = sorted(probabilities, reverse=True)
    total = sum(ordered)
    best, threshold, right = 0.0, NEVER, 0.0
    for given, probability in enumerate(ordered, start=1):
        right += probability
        f1 = 2 * right / (given + total)
        if f1 > best:
            best, threshold = f1, probability
    return threshold


def expected_recall(probabilities: Sequence[float], share: float) -> float:
    """Return the highest threshold that is expected to catch `share` of the tag's mails."""
    ordered = sorted(probabilities, reverse=True)
    wanted = share * sum(ordered)
    caught = 0.0
    for probability in ordered:
        caught += probability
        if caught >= wanted:
            return probability
    return 0.0


def within_budget(untagged: Sequence[float], per_hundred: float) -> float:
    """Return the lowest threshold that at most `per_hundred` of 100 untagged mails reach."""
    allowed = int(len(untagged) * per_hundred / 100)
    ordered = sorted(untagged, reverse=True)
    if allowed >= len(ordered):
        return 0.0
    return math.nextafter(ordered[allowed], NEVER)


def decide(
    probabilities: Mapping[str, float], thresholds: Mapping[str, Threshold]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (tags given, tags unsure), both in the order of `thresholds`."""
    given = tuple(tag for tag, t in thresholds.items() if probabilities[tag] >= t.give)
    unsure = tuple(tag for tag, t in thresholds.items() if t.unsure <= probabilities[tag] < t.give)
    return given, unsure
