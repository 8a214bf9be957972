"""From probabilities to decisions: when a score is enough, and when a person should look.

Rules: a threshold never looks at one mail alone, only at the scores of many; raising a threshold
never adds a tag. A tag is given from the probability on at which a miss costs more than a false
alarm; where that would forward more mail than the budget allows, the thresholds of all tags rise
together, so that what is likeliest in view of its costs stays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

NEVER = 1.0  # calibrated probabilities stay below it
_NEXT = 1 + 1e-9  # a factor that leaves the mail at the border outside, whatever rounding does
_ROUNDING = 4e-16  # of a probability that was odds in between
_TINY = 1e-15


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
class Costs:
    """What mistakes about one tag cost, in any unit, as only their ratio counts.

    A missed mail surfaces late, or with an angry client; a false alarm costs a manager the ten
    seconds of a brief, and some trust in the next one.
    """

    miss: float = 2.0
    false_alarm: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what no threshold follows from."""
        if self.miss <= 0 or self.false_alarm <= 0:
            msg = f"costs must be above 0, not {self.miss} and {self.false_alarm}"
            raise ValueError(msg)

    @property
    def break_even(self) -> float:
        """The probability from which on keeping quiet costs more than speaking."""
        return self.false_alarm / (self.false_alarm + self.miss)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much noise is bearable, for all tags together, and what to catch.

    Labelled mail that was held out stands for the inbox as long as the inbox is not known; its
    tagged mails are far too many, so only the untagged ones count.

    Attributes:
        false_forwards: untagged mails of a hundred that may be given any tag.
        false_reviews: untagged mails of a hundred that may be unsure beside.
        forwards: mails of a hundred of a known inbox that may be given any tag.
        reviews: mails of a hundred of a known inbox that may be unsure beside.
        recall: share of a tag's mails that should be given it or be unsure, where that fits.
    """

    false_forwards: float = 8.0
    false_reviews: float = 11.0
    forwards: float = 10.0
    reviews: float = 15.0
    recall: float = 0.95

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        hundreds = (self.false_forwards, self.false_reviews, self.forwards, self.reviews)
        if not all(0 <= share <= 100 for share in hundreds) or not 0 < self.recall <= 1:  # noqa: PLR2004  # per cent
            msg = f"a budget is in mails of a hundred, and recall in (0, 1], not {self}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Mails among which only so many may be forwarded, and so many be unsure, of a hundred.

    Attributes:
        probabilities: per tag, that of every mail, none of them trained on.
        slack: standard deviations by which more mails may be given one tag than its part of the
            budget: in few mails more than that part says little of the tag, and a threshold set
            above the loudest of them would silence it.
    """

    probabilities: Mapping[str, Sequence[float]]
    forwards: float
    reviews: float
    slack: float = 0.0

    def bearable(self, share: float) -> float:
        """Mails of a hundred that one tag may be given if `share` of the budget is its part."""
        mails = max(map(len, self.probabilities.values()), default=0)
        part = min(self.forwards * share, 100.0)
        spread = math.sqrt(part * (100 - part) / mails) if mails else 0.0
        return min(part + self.slack * spread, max(part, self.forwards))


def choose(
    probabilities: Mapping[str, Sequence[float]],
    pools: Sequence[Pool],
    costs: Mapping[str, Costs],
    *,
    recall: float,
    cautious: Collection[str] = (),
) -> dict[str, Threshold]:
    """Choose the thresholds of all tags.

    One tag alone may use up half of a pool's forwards, and a cautious one a quarter, so that a tag
    that is hard to tell does not raise the thresholds of all others.

    Args:
        probabilities: per tag, calibrated, of mails not trained on, tagged and untagged.
        pools: the mails whose budgets must hold, each of them.
        costs: per tag.
        recall: see `Budget`.
        cautious: tags that few mails taught.
    """
    share = {tag: 1 / 4 if tag in cautious else 1 / 2 for tag in probabilities}
    start = {
        tag: _odds(max([costs[tag].break_even, *_alone(tag, pools, share[tag])]))
        for tag in probabilities
    }
    give = max((_level(pool, start, pool.forwards) for pool in pools), default=1.0)
    give = max(give, 1.0)
    both = max((_level(pool, start, pool.forwards + pool.reviews) for pool in pools), default=0.0)
    return {
        tag: _band(
            _probability(start[tag] * give),
            max(
                expected_recall(scores, recall),
                _probability(start[tag] * both),
            ),
        )
        for tag, scores in probabilities.items()
    }


def _band(give: float, unsure: float) -> Threshold:
    return Threshold(give=give, unsure=min(unsure, give))


def _alone(tag: str, pools: Sequence[Pool], share: float) -> list[float]:
    return [within_budget(pool.probabilities[tag], pool.bearable(share)) for pool in pools]


def _level(pool: Pool, start: Mapping[str, float], per_hundred: float) -> float:
    """Return by what to multiply the odds of all thresholds so that the pool's budget holds.

    A mail reaches them by its likeliest tag in view of where that tag's threshold starts.
    """
    columns = [[_odds(p) / start[tag] for p in pool.probabilities[tag]] for tag in start]
    reached = sorted((max(row) for row in zip(*columns, strict=True)), reverse=True)
    allowed = int(len(reached) * per_hundred / 100)
    return reached[allowed] * _NEXT if allowed < len(reached) else 0.0


def _odds(probability: float) -> float:
    return probability / max(1 - probability, _TINY)


def _probability(odds: float) -> float:
    return min(odds / (1 + odds) + _ROUNDING, NEVER)


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
