"""Small pictures of measurements, as SVG with a look of their own: bars, and lines over a size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, BAR, LEFT, RIGHT, TOP = 640, 26, 210, 560, 44
HEIGHT, BOTTOM = 320, 268  # of a picture of lines
_COLOURS = ("#1f6f8b", "#c0662b", "#5b7d3a", "#7a4e9e", "#8a8a8a")
_STYLE = (
    "text{font:13px sans-serif;fill:#222}.title{font-weight:bold}.grid{stroke:#ddd}"
    ".small{font-size:11px;fill:#555}rect.ground{fill:#fff}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: its name, and a value for each size."""

    name: str
    points: Sequence[tuple[float, float]]


def bars(title: str, rows: Sequence[tuple[str, float, str]]) -> str:
    """A bar for each row: what it is, how much, and that in words."""
    longest = max((value for _, value, _ in rows), default=0) or 1
    shapes = []
    for n, (name, value, words) in enumerate(rows):
        y = TOP + n * BAR
        length = (RIGHT - LEFT) * value / longest
        colour = _COLOURS[0] if name.startswith("triage") else _COLOURS[-1]
        shapes += [
            _text(LEFT - 8, y + 15, name, anchor="end"),
            _block(LEFT, y + 3, max(1.0, length), BAR - 8, colour),
            _text(LEFT + length + 6, y + 15, words, kind="small"),
        ]
    return _picture(title, shapes, TOP + BAR * len(rows) + 12)


def lines(title: str, across: str, up: str, drawn: Sequence[Line]) -> str:
    """Lines over a size whose steps grow by factors; upwards the picture begins at 0."""
    sizes = sorted({x for line in drawn for x, _ in line.points})
    low, high = math.log10(sizes[0]), math.log10(sizes[-1])
    most = max(y for line in drawn for _, y in line.points) or 1

    def at(x: float, y: float) -> tuple[float, float]:
        share = (math.log10(x) - low) / ((high - low) or 1)
        return 70 + share * 470, BOTTOM - (BOTTOM - TOP - 10) * y / most

    shapes = [
        f'<path class="grid" d="M70 {at(sizes[0], most * part)[1]:.1f}H545"/>'
        + _text(64, at(sizes[0], most * part)[1] + 4, _short(most * part), "small", anchor="end")
        for part in (0, 0.25, 0.5, 0.75, 1)
    ]
    shapes += [_text(at(x, 0)[0], BOTTOM + 16, _short(x), "small", anchor="middle") for x in sizes]
    for n, line in enumerate(drawn):
        colour = _COLOURS[n % len(_COLOURS)]
        places = [at(x, y) for x, y in line.points]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        shapes.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        shapes += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        shapes.append(
            f'<rect x="{80 + n * 185}" y="{TOP - 12}" width="10" height="10" fill="{colour}"/>'
        )
        shapes.append(_text(95 + n * 185, TOP - 3, line.name, "small"))
    shapes += [_text(307, HEIGHT - 12, f"{across}; upwards: {up}", "small", anchor="middle")]
    return _picture(title, shapes, HEIGHT)


def _block(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{height}" fill="{colour}"/>'


def _short(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _text(x: float, y: float, words: str, kind: str = "", *, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{escape(words)}</text>'


def _picture(title: str, shapes: Sequence[str], height: float) -> str:
    inside = "\n".join([_text(12, 20, title, "title"), *shapes])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'width="{WIDTH}" height="{height:.0f}" role="img"><title>{escape(title)}</title>'
        f'<style>{_STYLE}</style><rect class="ground" width="{WIDTH}" height="{height:.0f}"/>\n'
        f"{inside}\n</svg>\n"
    )
