"""Figures of a model in the words and rows that stand beside its charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.measures import Point


def percent(value: float | None) -> str:
    """A share as people say it, `84 %`; a dash where there is none."""
    return "-" if value is None else f"{100 * value:.0f} %"


def share(value: float | None) -> str:
    """A figure between 0 and 1 that is no share of mails, with two digits; a dash for none."""
    return "-" if value is None else f"{value:.2f}"


def point_at(points: Sequence[Point], threshold: float) -> Point | None:
    """The last point of a curve that a threshold still lets through."""
    return next((point for point in reversed(points) if point.threshold >= threshold), None)


def bar_rows(above: Sequence[int], below: Sequence[int]) -> list[tuple[str, int, int]]:
    """A chart of two histograms as rows: (range of probability, mails above, mails below)."""
    bars = len(above)
    return [
        (f"{index / bars:.2f} to {(index + 1) / bars:.2f}", up, down)
        for index, (up, down) in enumerate(zip(above, below, strict=True))
        if up or down
    ]
