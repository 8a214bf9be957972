"""The escalation matrix and the flow as one SVG picture: no script, no remote file.

Rules: narrow enough to be read on a phone, so everything stands below everything else; colours
come from a style sheet, by day and by night; every text is escaped.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from triage.drawing.ladder import Ladder, Rung, ladders, names, short
from triage.drawing.sentences import hours_in_words, skips_in_words
from triage.policy import DAY_S
from triage.resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triage.policy import Policy

WIDTH, MARGIN = 420, 16
LABEL = 138  # of the column of issues in the matrix
COLUMN = 58  # of a person in the matrix, at least
ROW = 46
HEAD = 92  # of the names that stand aslant
LINE = 17
_CHAR = 6.2  # of a letter in running text, on the wide side
_END = "Nobody else hears; the case stays open in the list of open cases."
_STOP = (
    "Ends at once, for all: an answer to any brief, an answer to the client in the thread, or "
    "triage resolve."
)

_STYLE = "web/static/policy.css"  # of the pictures, on a page as in a file of their own


@dataclass(kw_only=True)
class Canvas:
    """Shapes from top to bottom; `y` is where the next one goes."""

    width: int
    y: float = 30
    shapes: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        """One line of text."""
        place = f'x="{x:g}" y="{y:g}" text-anchor="{anchor}"'
        self.shapes.append(f'<text class="{kind}" {place}>{escape(words)}</text>')

    def paragraph(self, words: str, kind: str = "", *, x: float = MARGIN, right: float = 0) -> None:
        """Running text, broken into lines that fit; moves on below it."""
        for line in _lines(words, self.width - MARGIN - x - right):
            self.text(x, self.y, line, kind)
            self.y += LINE

    def draw(self, shape: str) -> None:
        """Any other shape."""
        self.shapes.append(shape)


def picture(policy: Policy) -> str:
    """The whole picture as the text of an SVG file, which holds its style sheet."""
    style = (resource("templates") / _STYLE).read_text(encoding="utf-8")
    return f"{_drawn(policy, f'<style>{style}</style>')}\n"


def picture_in_page(policy: Policy) -> Markup:
    """The same for a page that loads the style sheet."""
    return Markup(_drawn(policy, ""))  # noqa: S704 - every text in it went through `escape`


def _drawn(policy: Policy, style: str) -> str:
    found = ladders(policy)
    people = _columns(policy, found)
    canvas = Canvas(width=max(WIDTH, 2 * MARGIN + LABEL + COLUMN * len(people)))
    canvas.text(MARGIN, canvas.y, "Who hears of what", "title")
    canvas.y += 22
    canvas.paragraph(f"Escalation policy {policy.stamp}. {hours_in_words(policy)}", "soft")
    canvas.y += 8
    _matrix(canvas, policy, found, people)
    _legend(canvas)
    canvas.y += 30
    canvas.text(MARGIN, canvas.y, "What happens when nobody answers", "title")
    canvas.y += 18
    _flow(canvas, policy, found)
    return _whole(canvas, f"Escalation policy {policy.stamp}", _told(policy, found), style)


def _whole(canvas: Canvas, title: str, told: str, style: str) -> str:
    height = canvas.y + MARGIN
    size = f'width="{canvas.width}" height="{height:g}" viewBox="0 0 {canvas.width} {height:g}"'
    page = f'<rect class="page" width="{canvas.width}" height="{height:g}"/>'
    inside = "\n".join(canvas.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="policy-picture" {size} role="img">'
        f"<title>{escape(title)}</title><desc>{escape(told)}</desc>{style}\n{page}\n{inside}</svg>"
    )


def _told(policy: Policy, found: Sequence[Ladder]) -> str:
    """The picture in words, for those who cannot see it."""
    return " ".join(
        f"{each.title}: {names(policy, each.first, one_of=each.one_of)} at once"
        + "".join(
            f"; {names(policy, rung.people)} after {_short(policy, rung.after_s)}"
            for rung in each.rungs
            if rung.people
        )
        + "."
        for each in found
    )


def _short(policy: Policy, seconds: int) -> str:
    return short(seconds, policy.hours.day_s if policy.hours else DAY_S)


def _columns(policy: Policy, found: Iterable[Ladder]) -> list[str]:
    """The people who stand in the matrix, in the policy's order."""
    reached = {p for each in found for p in each.first}
    reached |= {p for each in found for rung in each.rungs for p in rung.people}
    return [key for key in policy.people if key in reached]


# ---- Matrix --------------------------------------------------------------------------------------


def _matrix(canvas: Canvas, policy: Policy, found: Sequence[Ladder], people: Sequence[str]) -> None:
    step = (canvas.width - 2 * MARGIN - LABEL) / max(len(people), 1)
    centres = [MARGIN + LABEL + step * (index + 0.5) for index in range(len(people))]
    base = canvas.y + HEAD
    for key, x in zip(people, centres, strict=True):
        canvas.draw(
            f'<text class="strong" transform="translate({x - 4:g} {base - 8:g}) rotate(-38)">'
            f"{escape(_fitting(policy.people[key].name, HEAD * 1.2))}</text>"
        )
    canvas.y = base
    for ladder in found:
        _line(canvas)
        lines = _lines(ladder.title, LABEL - 10)[:2]
        top = canvas.y + (19 if len(lines) == 1 else 14)
        for index, words in enumerate(lines):
            canvas.text(MARGIN, top + 15 * index, words, "strong")
        canvas.text(MARGIN, top + 15 * len(lines), ladder.urgency, "soft")
        for key, x in zip(people, centres, strict=True):
            _cell(canvas, policy, ladder, key, x)
        canvas.y += ROW + (6 if len(lines) > 1 else 0)
    _line(canvas)


def _cell(canvas: Canvas, policy: Policy, ladder: Ladder, key: str, x: float) -> None:
    """When one person hears of one issue: at once, in turn, after some time, or again."""
    middle = canvas.y + ROW / 2
    first = key in ladder.first
    in_turn = ladder.one_of and first
    told = {key, *ladder.first} if in_turn else {key}  # whoever of the turn was not first is next
    later = [rung.after_s for rung in ladder.rungs if told & set(rung.people)]
    marks = [("turn", "turn") if in_turn else ("now", "now")] if first else []
    marks += [("later", _short(policy, min(later)))] if later else []
    for index, (kind, words) in enumerate(marks):
        y = middle + (index - (len(marks) - 1) / 2) * 20
        wide = max(38.0, len(words) * 6.4 + 10)
        canvas.draw(
            f'<rect class="{kind}" x="{x - wide / 2:g}" y="{y - 9:g}" width="{wide:g}" '
            f'height="18" rx="9"/>'
        )
        canvas.text(x, y + 4, words, "cell on" if kind == "now" else "cell", "middle")


def _legend(canvas: Canvas) -> None:
    canvas.y += 20
    words = (
        "now: with the first brief. turn: one of them, alternating. A time: after so much without "
        "an answer; 1d is a working day."
    )
    canvas.paragraph(words, "soft")


def _line(canvas: Canvas) -> None:
    right = canvas.width - MARGIN
    canvas.draw(f'<path class="rule" d="M{MARGIN} {canvas.y:g}H{right}"/>')


# ---- Flow ----------------------------------------------------------------------------------------


def _flow(canvas: Canvas, policy: Policy, found: Sequence[Ladder]) -> None:
    _box(canvas, "A mail gets one tag or several", ["Several tags: everybody, the shortest times."])
    first = [f"{each.title}: {names(policy, each.first, one_of=each.one_of)}" for each in found]
    _box(canvas, "At once: the brief", [*first, *skips_in_words(policy)], arrow=True)
    reminders = [
        f"{each.title}: after {_short(policy, rung.after_s)}"
        for each in found
        for rung in each.rungs
        if rung.is_reminder
    ]
    if reminders:
        _box(canvas, "Reminder to whoever has not answered", reminders, arrow=True)
    for level in policy.levels.values():
        lines = [
            f"{each.title}: after {_short(policy, rung.after_s)}, {_whom(policy, each, rung)}"
            for each in found
            for rung in each.rungs
            if rung.people and rung.title == level.title
        ]
        if lines:
            _box(canvas, level.title, lines, arrow=True)
    _box(canvas, "Then no more", [_END], arrow=True)
    canvas.y += 10
    _box(canvas, "What ends it", [_STOP], kind="stop")


def _whom(policy: Policy, ladder: Ladder, rung: Rung) -> str:
    if ladder.one_of and len(rung.people) == 1 and rung.people[0] in ladder.first:
        return "whoever of them is next"
    return names(policy, rung.people)


def _box(
    canvas: Canvas, title: str, lines: Sequence[str], *, kind: str = "box", arrow: bool = False
) -> None:
    inner = canvas.width - 2 * MARGIN - 24
    wrapped = [part for line in lines for part in _lines(line, inner)]
    height = 30 + LINE * len(wrapped) + (4 if wrapped else 0)
    middle = canvas.width / 2
    if arrow:
        canvas.draw(f'<path class="arrow" d="M{middle:g} {canvas.y:g}v14"/>')
        canvas.draw(f'<path class="tip" d="M{middle - 5:g} {canvas.y + 12:g}h10l-5 8z"/>')
        canvas.y += 21
    canvas.draw(
        f'<rect class="{kind}" x="{MARGIN}" y="{canvas.y:g}" width="{canvas.width - 2 * MARGIN}" '
        f'height="{height:g}" rx="8"/>'
    )
    canvas.text(MARGIN + 12, canvas.y + 21, title, "head")
    for index, words in enumerate(wrapped):
        canvas.text(MARGIN + 12, canvas.y + 41 + LINE * index, words)
    canvas.y += height


def _lines(words: str, width: float) -> list[str]:
    return textwrap.wrap(words, max(8, int(width / _CHAR)), break_on_hyphens=False) or [""]


def _fitting(name: str, width: float) -> str:
    """A name that fits, else the first name with an initial."""
    if len(name) * _CHAR <= width:
        return name
    first, *rest = name.split()
    return f"{first} {rest[-1][0]}." if rest else textwrap.shorten(name, 14, placeholder="...")
