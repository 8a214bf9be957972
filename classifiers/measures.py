"""Figures over one tag's truths and scores: average precision, calibration, curves, intervals.

Rules: equal scores count as one step, so that no figure depends on the order of the mails; mails
of one group are drawn together, since they say the same thing twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BINS = 10  # of equally many mails, for the calibration error
RESAMPLES = 1000
SEED = 7
_AT_ONCE = 2_000_000  # numbers in memory while resampling
_WILSON_Z = 1.96  # of a 95 % interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """What 95 of 100 resamplings lie between."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Mails of about the same probability.

    Attributes:
        predicted: their mean probability.
        observed: the share of them that carries the tag, with its 95 % interval (Wilson).
    """

    mails: int
    predicted: float
    observed: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What giving the tag from `threshold` on would find, and how much of that is right."""

    threshold: float
    recall: float
    precision: float


def average_precisions(truth: Any, scores: Any, weights: Any) -> Any:
    """Return the average precision under each row of `weights`, (n_resamples,).

    Args:
        truth: (n,) of bool.
        scores: (n,), higher is likelier.
        weights: (n_resamples, n), how often each mail counts.

    A resample without a positive gets nan.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, drawn = scores[order], weights[:, order]
    ends = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    right = np.cumsum(drawn * truth[order], axis=1)[:, ends]
    given = np.cumsum(drawn, axis=1)[:, ends]
    gained = np.diff(right, axis=1, prepend=0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(given > 0, right / given, 0.0)
        return np.where(right[:, -1] > 0, (gained * precision).sum(axis=1) / right[:, -1], np.nan)


def average_precision(truth: Any, scores: Any) -> float | None:
    """Return the average precision of (n,) scores; None when no mail carries the tag."""
    if not truth.any():
        return None
    return float(average_precisions(truth, scores, np.ones((1, len(truth))))[0])


def drawn_again(
    groups: Sequence[str], resamples: int = RESAMPLES, seed: int = SEED
) -> Iterator[Any]:
    """Yield weights (some, n): whole groups drawn with replacement, as many as there are."""
    names = {name: index for index, name in enumerate(dict.fromkeys(groups))}
    member = np.array([names[group] for group in groups], dtype=int)
    rng = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // max(1, len(groups)))
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        chosen = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=count)
        yield chosen[:, member].astype(float)


def interval(values: Any) -> Interval | None:
    """Return the middle 95 % of resampled figures; None when hardly one could be computed."""
    known = values[~np.isnan(values)]
    if len(known) < len(values) / 2 or not len(known):
        return None
    low, high = np.quantile(known, [0.025, 0.975])
    return Interval(low=float(low), high=float(high))


def calibration_bins(truth: Any, scores: Any, bins: int = BINS) -> tuple[Bin, ...]:
    """Cut the mails, ranked by probability, into bins of equally many; equal ones stay together."""
    if not len(scores):
        return ()
    ranked = np.sort(scores)
    middle = (np.searchsorted(ranked, scores) + np.searchsorted(ranked, scores, side="right")) / 2
    bin_of = np.minimum((bins * middle / len(scores)).astype(int), bins - 1)
    return tuple(
        Bin(
            mails=int(inside.sum()),
            predicted=float(scores[inside].mean()),
            observed=float(truth[inside].mean()),
            interval=wilson(int(truth[inside].sum()), int(inside.sum())),
        )
        for inside in (bin_of == each for each in np.unique(bin_of))
    )


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the expected calibration error: the mean gap of predicted and observed share."""
    mails = sum(each.mails for each in bins)
    gaps = sum(each.mails * abs(each.predicted - each.observed) for each in bins)
    return gaps / mails if mails else 0.0


def wilson(part: int, whole: int) -> Interval:
    """Return the 95 % interval of a share `part` of `whole` (Wilson 1927), sound for few mails."""
    if not whole:
        return Interval(low=0.0, high=1.0)
    share, z2 = part / whole, _WILSON_Z**2
    centre = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    reach = (
        _WILSON_Z * math.sqrt(share * (1 - share) / whole + z2 / (4 * whole**2)) / (1 + z2 / whole)
    )
    return Interval(low=max(0.0, centre - reach), high=min(1.0, centre + reach))


def precision_recall(truth: Any, scores: Any) -> tuple[Point, ...]:
    """Return one point for each different score, from the highest down; none without positives."""
    if not truth.any():
        return ()
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    right = np.cumsum(truth[order])[ends]
    return tuple(
        Point(threshold=float(score), recall=float(found), precision=float(share))
        for score, found, share in zip(
            scores[order][ends], right / right[-1], right / (ends + 1), strict=True
        )
    )


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """Keep one point a recall, the best, and of very many only some, the last among them."""
    best: dict[float, Point] = {}
    for point in points:
        known = best.get(point.recall)
        if known is None or point.precision > known.precision:
            best[point.recall] = point
    kept = list(best.values())
    step = -(-len(kept) // most) or 1
    return [
        point for index, point in enumerate(kept) if index % step == 0 or index == len(kept) - 1
    ]


def precision_at(points: Sequence[Point], recall: float) -> float | None:
    """Return the best precision at which at least `recall` of the tag's mails are found."""
    return max((p.precision for p in points if p.recall >= recall - 1e-9), default=None)


def histogram(scores: Any, bins: int) -> tuple[int, ...]:
    """Count (n,) probabilities in `bins` equally wide bins of [0, 1]."""
    return tuple(int(n) for n in np.histogram(scores, bins=bins, range=(0.0, 1.0))[0])
