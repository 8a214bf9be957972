"""Small charts as SVG text: no script, no remote file, no style of their own.

Rules: a shape says what it is by a class, and the page's style sheet says how that looks, by day
and by night; every chart has a title and a description for those who cannot see it; what is not
a number is escaped. Coordinates inside are those of the data, 0 to 1, both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from classifiers.measures import thinned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from classifiers.measures import Bin, Interval, Point

WIDTH, HEIGHT = 320, 236
LEFT, RIGHT, TOP, BOTTOM = 48, 308, 12, 196  # of the area where data is drawn
ROW = 34  # height of a row in a chart of rows
_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LEAST_BAR = 1.5  # so that one mail among thousands can still be seen
_MARKS = ("m0 -5.5v11", "m0 -4l4.5 8h-9z", "m-3.5 -3.5l7 7m-7 0l7 -7")  # tick, triangle, cross
_MOST_STEPS = 400  # of a curve; more cannot be seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A line over recall and precision. `kind` is its class in the style sheet."""

    kind: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a chart of rows: a range with its middle, and marks to compare it with."""

    label: str
    value: float | None
    interval: Interval | None
    marks: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A share over time or over versions. `kind` is its class; None where there was nothing."""

    kind: str
    values: Sequence[float | None]


def precision_recall(
    curves: Sequence[Curve], marks: Sequence[tuple[str, Point | None]], *, title: str, told: str
) -> Markup:
    """Draw what share of the given tags is right against what share of the tag is found."""
    shapes = [
        *_axes("found (recall)", "right (precision)"),
        *(_steps(curve) for curve in curves if curve.points),
        *(
            f'<circle class="{kind}" cx="{_x(at.recall)}" cy="{_y(at.precision)}" r="4.5"/>'
            for kind, at in marks
            if at is not None
        ),
    ]
    return _svg(shapes, title=title, told=told)


def reliability(bins: Sequence[Bin], *, title: str, told: str) -> Markup:
    """Draw what came true against what was said, with the interval of each group of mails."""
    shapes = [
        *_axes("said (probability)", "came true"),
        _line("never", 0, 0, 1, 1),
        *(
            _line("spread", b.predicted, b.interval.low, b.predicted, b.interval.high)
            + f'<circle class="dot" cx="{_x(b.predicted)}" cy="{_y(b.observed)}" r="3.5"/>'
            for b in bins
        ),
    ]
    return _svg(shapes, title=title, told=told)


def two_histograms(
    above: Sequence[int],
    below: Sequence[int],
    cuts: Sequence[tuple[str, float]],
    *,
    title: str,
    told: str,
) -> Markup:
    """Draw two groups back to back, each as shares of its own size, and where the cuts lie.

    Each side has its own scale, or the mass at one end would hide all the rest.
    """
    top = TOP + 24
    middle = (top + BOTTOM) / 2
    up, down = _shares(above), _shares(below)
    shapes = [
        *_bars("with", up, middle, (top - middle) / (max(up) or 1)),
        *_bars("without", down, middle, (BOTTOM - middle) / (max(down) or 1)),
        _text(LEFT - 6, top + 8, f"{100 * max(up):.0f} %", "tick", anchor="end"),
        _text(LEFT - 6, BOTTOM, f"{100 * max(down):.0f} %", "tick", anchor="end"),
        f'<path class="axis" d="M{LEFT} {middle:.1f}H{RIGHT}"/>',
        *(_text(_x(x), BOTTOM + 16, f"{x:g}", "tick", anchor="middle") for x in _QUARTERS),
        _text((LEFT + RIGHT) / 2, HEIGHT - 4, "probability", "name", anchor="middle"),
        _turned("without | with the tag", middle),
        *(_cut(label, at, row) for row, (label, at) in enumerate(cuts)),
    ]
    return _svg(shapes, title=title, told=told)


def trends(
    lines: Sequence[Trend],
    labels: Sequence[str],
    *,
    title: str,
    told: str,
    top: float = 1.0,
    percent: bool = True,
) -> Markup:
    """Draw shares from left to right, one place for each label; `top` is the height of the chart.

    Only the first, the middle and the last label have room below it. `percent`: how the scale
    is written, `50 %` or `0.5`.
    """
    last = max(len(labels) - 1, 1)
    grid = [f'<path class="grid" d="M{LEFT} {_y(at)}H{RIGHT}"/>' for at in _QUARTERS[::2]]
    ticks = [
        _text(
            LEFT - 6,
            _y(at) + 4,
            f"{100 * at * top:.0f} %" if percent else f"{at * top:g}",
            "tick",
            anchor="end",
        )
        for at in _QUARTERS[::2]
    ]
    shown = dict.fromkeys((0, len(labels) // 2, len(labels) - 1)) if labels else {}
    names = [
        _text(_x(place / last), BOTTOM + 16, labels[place], "tick", anchor=_anchor(place, last))
        for place in shown
    ]
    shapes = [*grid, *ticks, *names]
    for line in lines:
        shapes += _trend(line, last, top)
    return _svg(shapes, title=title, told=told)


def _anchor(place: int, last: int) -> str:
    return {0: "start", last: "end"}.get(place, "middle")


def _trend(line: Trend, last: int, top: float) -> Iterator[str]:
    """A line through the places that have a value, and a dot at each."""
    known = [(_x(n / last), _y(v / top)) for n, v in enumerate(line.values) if v is not None]
    if len(known) > 1:
        path = "L".join(f"{x} {y}" for x, y in known)
        yield f'<path class="curve {line.kind}" d="M{path}"/>'
    yield from (f'<circle class="point {line.kind}" cx="{x}" cy="{y}" r="3"/>' for x, y in known)


def rows(lines: Sequence[Row], *, title: str, told: str) -> Markup:
    """Draw a value with its range for each row, and marks of others on the same scale."""
    bottom = TOP + ROW * len(lines)
    shapes = [
        *(
            f'<path class="grid" d="M{_x(x, left=12)} {TOP}V{bottom}"/>'
            + _text(_x(x, left=12), bottom + 14, f"{x:g}", "tick", anchor="middle")
            for x in _QUARTERS
        ),
        *(_row(line, TOP + ROW * index + ROW / 2 + 7) for index, line in enumerate(lines)),
    ]
    return _svg(shapes, title=title, told=told, height=bottom + 22)


def mark_key(kind: str, index: int) -> Markup:
    """Draw the `index`th mark of a row alone, for a legend."""
    drawn = f'<svg viewBox="0 0 26 12" aria-hidden="true">{_mark(kind, index, 13, 6)}</svg>'
    return Markup(drawn)  # noqa: S704  # numbers, and a class of ours


def _mark(kind: str, index: int, x: float, y: float) -> str:
    shape = _MARKS[index % len(_MARKS)]
    return f'<path class="mark {kind}" d="M{x:g} {y:g}{shape}"/>'


def _svg(shapes: Iterable[str], *, title: str, told: str, height: float = HEIGHT) -> Markup:
    inside = "".join(shapes)
    return Markup(  # noqa: S704  # every text in it went through `escape`
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img">'
        f"<title>{escape(title)}</title><desc>{escape(told)}</desc>{inside}</svg>"
    )


def _axes(across: str, up: str) -> list[str]:
    grid = [
        f'<path class="grid" d="M{LEFT} {_y(at)}H{RIGHT}M{_x(at)} {TOP}V{BOTTOM}"/>'
        for at in _QUARTERS
    ]
    ticks = [
        _text(_x(at), BOTTOM + 16, f"{at:g}", "tick", anchor="middle")
        + _text(LEFT - 6, _y(at) + 4, f"{at:g}", "tick", anchor="end")
        for at in _QUARTERS
    ]
    names = [
        _text((LEFT + RIGHT) / 2, HEIGHT - 4, across, "name", anchor="middle"),
        _turned(up, (TOP + BOTTOM) / 2),
    ]
    return [*grid, *ticks, *names]


def _steps(curve: Curve) -> str:
    """A precision holds back to the recall before it, as average precision counts it."""
    points = thinned(curve.points, _MOST_STEPS)
    drawn = [f"M{_x(0)} {_y(points[0].precision)}H{_x(points[0].recall)}"]
    drawn += [f"V{_y(point.precision)}H{_x(point.recall)}" for _, point in pairwise(points)]
    return f'<path class="curve {curve.kind}" d="{"".join(drawn)}"/>'


def _bars(kind: str, shares: Sequence[float], base: float, scale: float) -> list[str]:
    width = (RIGHT - LEFT) / len(shares)
    return [
        f'<rect class="bar {kind}" x="{LEFT + index * width + 0.75:.1f}" '
        f'y="{base - height if scale < 0 else base:.1f}" '
        f'width="{width - 1.5:.1f}" height="{height:.1f}"/>'
        for index, share in enumerate(shares)
        if share and (height := max(_LEAST_BAR, abs(share * scale)))
    ]


def _shares(counts: Sequence[int]) -> list[float]:
    return [count / (sum(counts) or 1) for count in counts]


def _cut(label: str, at: float, row: int) -> str:
    """A threshold with its name, on the side where there is room."""
    x, height = _x(at), TOP + 2 + 12 * row
    end = at > 0.6  # noqa: PLR2004  # no room for the name on the right from here on
    name = _text(
        x - 4 if end else x + 4, height + 4, label, "tick", anchor="end" if end else "start"
    )
    return f'<path class="cut" d="M{x} {height - 5}V{BOTTOM}"/>{name}'


def _row(line: Row, y: float) -> str:
    label = _text(12, y - 9, line.label, "label", anchor="start")
    marks = "".join(
        _mark(kind, index, _x(at, left=12), y)
        for index, (kind, at) in enumerate(line.marks.items())
        if at is not None
    )
    if line.value is None:
        return label + marks
    spread = (
        f'<path class="spread" d="M{_x(line.interval.low, left=12)} {y:.1f}'
        f'H{_x(line.interval.high, left=12)}"/>'
        if line.interval
        else ""
    )
    dot = f'<circle class="dot" cx="{_x(line.value, left=12)}" cy="{y:.1f}" r="4.5"/>'
    return label + marks + spread + dot


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path class="{kind}" d="M{_x(x1)} {_y(y1)}L{_x(x2)} {_y(y2)}"/>'


def _text(x: float, y: float, text: str, kind: str, *, anchor: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'


def _turned(text: str, y: float) -> str:
    return (
        f'<text class="name" transform="translate(10 {y:g}) rotate(-90)" '
        f'text-anchor="middle">{escape(text)}</text>'
    )


def _x(value: float, left: float = LEFT) -> float:
    return round(left + value * (RIGHT - left), 1)


def _y(value: float) -> float:
    return round(BOTTOM - value * (BOTTOM - TOP), 1)
