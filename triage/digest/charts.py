"""Small charts that any mail program shows: signs in plain text, cells of a table in HTML. Pure.

Rule: a chart never stands alone; the numbers it shows are beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEPS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"  # an eighth to eight eighths
_NONE = "\u00b7"
_FULL = "\u2588"
BAR_PX = 20
WIDE = 24  # signs of the longest bar in text


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a chart; `height_px` is at least 1 where there is anything."""

    value: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A row of values over time, the latest last; `says` is the whole in words."""

    label: str
    columns: tuple[Column, ...]
    signs: str
    numbers: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of several; `percent` of the longest, at least 1 where there is anything."""

    label: str
    value: int
    percent: int
    signs: str


def columns(label: str, values: Sequence[int], *, highest: int, width: int = 2) -> Columns:
    """Draw the values against `highest`, so that charts below one another can be compared."""
    return Columns(
        label=label,
        columns=tuple(Column(value=v, height_px=_part(v, highest, BAR_PX)) for v in values),
        signs="".join(_STEPS[_part(v, highest, len(_STEPS)) - 1] if v else _NONE for v in values),
        numbers=" ".join(f"{value:>{width}}" for value in values),
        says=f"{label}: {', '.join(map(str, values))}",
    )


def bars(rows: Sequence[tuple[str, int]]) -> tuple[Bar, ...]:
    """Draw each value against the largest."""
    highest = max((value for _, value in rows), default=0)
    return tuple(
        Bar(
            label=label,
            value=value,
            percent=_part(value, highest, 100),
            signs=_FULL * _part(value, highest, WIDE),
        )
        for label, value in rows
    )


def _part(value: int, highest: int, whole: int) -> int:
    """The share of `whole`, rounded, but 1 for the least of things and 0 only for none."""
    if value <= 0 or highest <= 0:
        return 0
    return min(whole, max(1, round(whole * value / highest)))
