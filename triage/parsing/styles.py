"""Whether text in HTML is seen: sizes, colours and places, as far as CSS says so plainly.

Read are inline styles, old attributes such as `bgcolor`, and rules of style sheets for one class or
id outside of `@media`. What cannot be told counts as seen: losing a client's words is worse than
reading hidden ones. All of it is linear in the length of the input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Colour = tuple[int, int, int]

_WHITE: Colour = (255, 255, 255)
_NAMES: dict[str, Colour] = {
    "white": _WHITE,
    "black": (0, 0, 0),
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "ghostwhite": (248, 248, 255),
    "whitesmoke": (245, 245, 245),
    "floralwhite": (255, 250, 240),
}
_ALIKE = 12  # of 255, in every channel: nobody reads #f5f5f5 on white
_NO_COLOUR = frozenset({"", "none", "transparent", "inherit", "initial", "unset", "currentcolor"})
_HEX = re.compile(r"#([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})(?![0-9a-f])")
_RGB = re.compile(r"rgba?\((\d{1,3}),(\d{1,3}),(\d{1,3})(?:,([\d.]{1,8}))?\)")
_DISPLAY = re.compile(r"(?:^|;)display:([^;!]{1,40})")
_INK = re.compile(r"(?:^|;)color:([^;!]{1,40})")
_GROUND = re.compile(r"(?:^|;)background(?:-color|-image)?:([^;!]{1,200})")
_SIZE = re.compile(r"(?:^|;)font(?:-size)?:([^;!]{1,80})")
_NUMBER = re.compile(r"(\d{0,9}\.?\d{1,30})(px|pt|rem|em|ex|%)?(?:$|/)")
_LEAST_SIZE = 1.0  # px or pt that nobody can read any more
_HIDING = re.compile(
    r"(?:^|;)(?:visibility:(?:hidden|collapse)|mso-hide:all|max-height:0(?:px)?(?:;|!|$)"
    r"|(?:filter:opacity\(|opacity:)0(?:\.0+)?[;!%)]|opacity:0(?:\.0+)?$"
    r"|text-indent:-\d{3}|margin(?:-left|-top):-\d{4}|clip-path:inset\((?:50|100)%"
    r"|clip:rect\([01](?:px)?,?[01](?:px)?,?[01](?:px)?,?[01](?:px)?\)"
    r"|transform:(?:scale\(0[,)]|translate[xy]?\(-\d{4}))"
)
_NO_BOX = re.compile(r"(?:^|;)(?:max-)?(?:height|width):0(?:px|pt|em|%)?(?:;|!|$)")
_CLIPPED = re.compile(r"(?:^|;)overflow:hidden")
_PLACED = re.compile(r"(?:^|;)position:(?:absolute|fixed|relative)")
_OFF_SCREEN = re.compile(r"(?:^|;)(?:left|top|right|bottom):-\d{3}")
_SHEET = re.compile(r"<style\b[^>]*>([^<]*(?:<(?!/style)[^<]*)*)", re.IGNORECASE)
_SELECTOR = re.compile(r"(?:[a-z][a-z0-9]{0,20}|\*)?([.#][\w-]{1,60})", re.IGNORECASE)
_BRACE = re.compile(r"([{}])")
_MAX_RULE_CHARS = 300
_MAX_CLASSES = 5


@dataclass(frozen=True, slots=True)
class Style:
    """What a node inherits that decides whether its text is seen. None: not known."""

    ink: Colour | None = None
    ground: Colour | None = _WHITE
    tiny: bool = False
    quoted: int = 0
    pre: bool = False

    @property
    def is_seen(self) -> bool:
        """Whether a reader could make out the text."""
        if self.tiny:
            return False
        if self.ink is None or self.ground is None:
            return True
        return any(abs(a - b) > _ALIKE for a, b in zip(self.ink, self.ground, strict=True))


@dataclass(frozen=True, slots=True)
class _Look:
    """What one declaration says. `tiny` is None where it says nothing of the size."""

    hidden: bool = False
    ink: str = ""
    ground: str = ""
    tiny: bool | None = None


def sheets(html: str) -> dict[str, str]:
    """What style sheets declare for `.class` and `#id`, squeezed; without `@media` and its like."""
    if "<style" not in html and "<STYLE" not in html:
        return {}
    found: dict[str, str] = {}
    for sheet in _SHEET.findall(html):
        for selectors, declared in _rules(_without_comments(sheet)):
            for selector in selectors.split(","):
                named = _SELECTOR.fullmatch(selector.strip())
                if named:
                    whole = f"{found.get(named[1], '')};{declared}"
                    found[named[1]] = whole[-_MAX_RULE_CHARS:]
    return found


def _rules(css: str) -> list[tuple[str, str]]:
    """Selectors and declarations of the rules that are not inside another block."""
    found: list[tuple[str, str]] = []
    selectors, depth, text = "", 0, ""
    for piece in _BRACE.split(css):
        if piece == "{":
            selectors = text.strip() if depth == 0 else selectors
            depth += 1
        elif piece == "}":
            if depth == 1 and not selectors.startswith("@"):
                found.append((selectors, _squeezed(text)))
            depth = max(0, depth - 1)
        else:
            text = piece
    return found


def _without_comments(css: str) -> str:
    first, *rest = css.replace("<!--", " ").replace("-->", " ").split("/*")
    return first + "".join(piece.partition("*/")[2] for piece in rest)


def restyle(
    attributes: Mapping[str, str | None], style: Style, rules: Mapping[str, str]
) -> Style | None:
    """The style inside an element with these attributes; None when it is not shown at all."""
    look = _look(_declared(attributes, rules))
    if "hidden" in attributes or look.hidden:
        return None
    ink = look.ink or attributes.get("color") or ""
    ground = look.ground or attributes.get("bgcolor") or attributes.get("background") or ""
    inner = style
    if look.tiny is not None and look.tiny != style.tiny:
        inner = replace(inner, tiny=look.tiny)
    if ground.strip().lower() not in _NO_COLOUR:
        inner = replace(inner, ground=_colour(ground))
    if ink and ink.strip().lower() not in _NO_COLOUR - {"transparent"}:
        inner = replace(inner, ink=inner.ground if _is_clear(ink) else _colour(ink))
    return inner


def _declared(attributes: Mapping[str, str | None], rules: Mapping[str, str]) -> str:
    """All declarations for an element, the strongest last."""
    own = _squeezed(attributes.get("style") or "")
    if not rules:
        return own
    names = [f".{name}" for name in (attributes.get("class") or "").split()[:_MAX_CLASSES]]
    names.append(f"#{attributes.get('id') or ''}")
    return ";".join([*(rules[name] for name in names if name in rules), own])


def _squeezed(css: str) -> str:
    return "".join(css.lower().split())


@lru_cache(maxsize=1024)
def _look(css: str) -> _Look:
    if not css:
        return _Look()
    return _Look(
        hidden=_is_hidden(css),
        ink=_last(_INK, css),
        ground=_last(_GROUND, css),
        tiny=_is_tiny(_last(_SIZE, css)),
    )


def _is_hidden(css: str) -> bool:
    if _last(_DISPLAY, css) == "none" or _HIDING.search(css):
        return True
    if _NO_BOX.search(css) and _CLIPPED.search(css):
        return True
    return bool(_OFF_SCREEN.search(css) and _PLACED.search(css))


def _is_tiny(size: str) -> bool | None:
    """None where the size depends on the one outside, or none is given."""
    if not size:
        return None
    number = _NUMBER.match(size)
    if number is None:
        return None if size.startswith(("inherit", "unset", "smaller", "larger")) else False
    value = float(number[1])
    if number[2] in ("em", "ex", "%"):
        return True if value == 0 else None
    return value <= _LEAST_SIZE if number[2] in ("px", "pt") else value == 0


def _last(pattern: re.Pattern[str], css: str) -> str:
    found = pattern.findall(css)
    return str(found[-1]) if found else ""


def _is_clear(colour: str) -> bool:
    """Wholly transparent."""
    squeezed = _squeezed(colour)
    rgb, digits = _RGB.match(squeezed), _HEX.match(squeezed)
    alpha = (rgb[4] or "1") if rgb else "1"
    clear_hex = bool(digits) and len(squeezed) in (5, 9) and not squeezed[-1:].strip("0")
    return squeezed == "transparent" or not alpha.strip("0.") or clear_hex


def _colour(written: str) -> Colour | None:
    """The colour, if it is a plain one; a picture may have any."""
    squeezed = _squeezed(written)
    if "url(" in squeezed or "gradient" in squeezed:
        return None
    if rgb := _RGB.match(squeezed):
        return (int(rgb[1]), int(rgb[2]), int(rgb[3]))
    if found := _HEX.match(squeezed):
        digits = found[1]
        wide = digits if len(digits) >= 6 else "".join(d * 2 for d in digits)  # noqa: PLR2004 - rrggbb
        return (int(wide[0:2], 16), int(wide[2:4], 16), int(wide[4:6], 16))
    return _NAMES.get(squeezed)
