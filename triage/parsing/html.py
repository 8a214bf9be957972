"""HTML to the text that a reader sees, by lexbor, without what is hidden from them.

Text under `display:none`, `visibility:hidden`, a font size of 0, the `hidden` attribute, or white
on white does not count: spammers and marketing tools put words there. Quoted blocks come out with
"> " before each line, as plain-text mail writes them. Input is capped by the caller, since lexbor
is quadratic on large hostile input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

_NOT_PROSE = ("head", "title", "script", "style", "template", "noscript", "-comment")
_EMBEDDED = ("object", "embed", "svg", "math", "iframe", "canvas", "audio", "video", "map")
_CONTROLS = ("select", "textarea", "button")
_DROPPED = frozenset((*_NOT_PROSE, *_EMBEDDED, *_CONTROLS))
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_PARAGRAPH = frozenset(("p", *_HEADINGS, "ul", "ol", "dl", "pre", "blockquote", "table", "hr"))
_SECTIONS = ("body", "html", "div", "section", "article", "header", "footer", "main", "nav")
_LINES = ("tr", "li", "dt", "dd", "address", "center", "caption", "figure", "figcaption", "form")
_BLOCK = frozenset((*_SECTIONS, *_LINES))
_CELL = frozenset(("td", "th"))
_HIDING = re.compile(
    r"(?:^|;)(?:display:none|visibility:hidden|mso-hide:all|opacity:0(?:\.0+)?(?:;|!|$)"
    r"|font-size:0(?:\.0+)?(?:px|pt|em|rem|%)?(?:;|!|$)"
    r"|max-height:0(?:px)?(?:;|!|$))"
)
_COLOUR = re.compile(r"(?:^|;)color:([^;!]{1,40})")
_BACKGROUND = re.compile(r"(?:^|;)background(?:-color|-image)?:([^;!]{1,80})")
_WHITE = frozenset({"white", "#fff", "#ffffff", "rgb(255,255,255)", "#fffffe", "#fefefe"})
_NO_COLOUR = frozenset({"", "none", "transparent", "inherit", "initial", "unset"})
_SPACE = re.compile(r"[ \t\n\r\x0b\x0c\xa0\u3000]+")
_MANY_NEWLINES = re.compile(r"\n{3,}")
_MAX_DEPTH = 1_000  # browsers stop at 512; unclosed <p> and <li> count here too
_MAX_QUOTE_DEPTH = 9
_VOID = frozenset(("br", "img", "hr", "meta", "input", "link", "col", "area", "wbr", "base", "o"))
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_ANY_TAG = re.compile(r"<[^<>]*>?")
_UNSEEN_ELEMENT = re.compile(r"<(script|style|head|title)\b[^<]*(?:<(?!/\1)[^<]*)*", re.IGNORECASE)
_QUOTE_CLASSES = ("gmail_quote", "yahoo_quoted", "moz-cite", "protonmail_quote", "zmail_extra")


@dataclass(frozen=True, slots=True)
class _Style:
    """What a node inherits that decides whether its text is seen."""

    white_text: bool = False
    white_ground: bool = True
    quoted: int = 0
    pre: bool = False


@dataclass(slots=True)
class _Output:
    """Lines under construction; white space collapses as a browser would."""

    lines: list[str] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    depth: int = 0
    verbatim: bool = False

    def add(self, text: str, style: _Style) -> None:
        if style.quoted != self.depth:
            self.end_line()
            self.depth = style.quoted
        self.verbatim = style.pre
        if style.pre:
            first, *rest = text.split("\n")
            self.current.append(first)
            for line in rest:
                self.end_line(keep_empty=True)
                self.current.append(line)
            return
        self.current.append(_SPACE.sub(" ", text))

    def end_line(self, *, keep_empty: bool = False) -> None:
        line = "".join(self.current)
        self.current.clear()
        if not self.verbatim:
            line = _SPACE.sub(" ", line).strip(" ")
        if line.strip() or keep_empty:
            self.lines.append("> " * self.depth + line)

    def blank(self) -> None:
        self.end_line()
        if self.lines and self.lines[-1]:
            self.lines.append("")


def to_text(html: str) -> str:
    """Visible text of `html`; empty when there is none."""
    if _is_too_deep(html):
        return _without_tags(html)
    try:
        root = LexborHTMLParser(html).root
    except Exception:  # noqa: BLE001 - the binding raises plain errors on damaged trees
        return ""
    out = _Output()
    # A style sheet may put a dark ground under white text: then white alone hides nothing.
    styled = "<style" in html and "background" in html
    if root is not None:
        _walk(root, _Style(white_ground=not styled), out)
    out.end_line()
    return _MANY_NEWLINES.sub("\n\n", "\n".join(out.lines)).strip("\n")


def _is_too_deep(html: str) -> bool:
    """Whether elements nest deeper than any honest mail; the tree builder is quadratic in that."""
    if html.count("<") - 2 * html.count("</") < _MAX_DEPTH:
        return False
    depth = deepest = 0
    for tag in _TAG.finditer(html):
        if tag[2].lower() not in _VOID:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            deepest = max(deepest, depth)
    return deepest > _MAX_DEPTH


def _without_tags(html: str) -> str:
    """Rough text of a document that is not worth a tree."""
    text = _ANY_TAG.sub(" ", _UNSEEN_ELEMENT.sub(" ", html))
    return "\n".join(line.strip() for line in unescape(text).split("\n") if line.strip())


def _walk(root: LexborNode, outer: _Style, out: _Output) -> None:
    """Depth first without recursion: nesting is the sender's choice."""
    stack: list[tuple[LexborNode | str, _Style]] = [(root, outer)]
    while stack:
        node, style = stack.pop()
        if isinstance(node, str):
            _close(node, out)
            continue
        if node.is_text_node:
            if not (style.white_text and style.white_ground):
                out.add(node.text_content or "", style)
            continue
        tag = node.tag or ""
        inner = _open(node, tag, style, out)
        if inner is None:
            continue
        stack.append((tag, style))
        child = node.last_child
        while child is not None:
            stack.append((child, inner))
            child = child.prev


def _open(node: LexborNode, tag: str, style: _Style, out: _Output) -> _Style | None:
    """Start an element; the style its children see, or None when it is not seen at all."""
    if tag in _DROPPED:
        return None
    attributes = node.attributes
    inner = style
    if attributes:
        seen = _restyle(tag, attributes, style)
        if seen is None:
            return None
        inner = seen
    if tag == "br":
        out.end_line(keep_empty=True)
    elif tag in _PARAGRAPH:
        out.blank()
    elif tag in _BLOCK:
        out.end_line()
        if tag == "li":
            out.current.append("- ")
    if tag == "pre":
        inner = _Style(inner.white_text, inner.white_ground, inner.quoted, pre=True)
    return inner


def _close(tag: str, out: _Output) -> None:
    if tag in _PARAGRAPH:
        out.blank()
    elif tag in _BLOCK:
        out.end_line()
    elif tag in _CELL:
        out.current.append(" ")


def _restyle(tag: str, attributes: dict[str, str | None], style: _Style) -> _Style | None:
    css = (attributes.get("style") or "").lower()
    css = "".join(css.split())
    if "hidden" in attributes or (css and _HIDING.search(css)):
        return None
    colour = _last(_COLOUR, css) or (tag == "font" and attributes.get("color")) or ""
    ground = _last(_BACKGROUND, css) or attributes.get("bgcolor") or attributes.get("background")
    quoted = min(style.quoted + _quotes(tag, attributes), _MAX_QUOTE_DEPTH)
    if not colour and not ground and quoted == style.quoted:
        return style
    return _Style(
        white_text=_is_white(colour) if colour else style.white_text,
        white_ground=_is_ground_white(ground or "", style),
        quoted=quoted,
        pre=style.pre,
    )


def _last(pattern: re.Pattern[str], css: str) -> str:
    found = pattern.findall(css)
    return str(found[-1]) if found else ""


def _is_white(colour: str) -> bool:
    return colour.strip().lower() in _WHITE


def _is_ground_white(ground: str, style: _Style) -> bool:
    ground = ground.strip().lower()
    return style.white_ground if ground in _NO_COLOUR else ground in _WHITE


def _quotes(tag: str, attributes: dict[str, str | None]) -> bool:
    if tag != "blockquote":
        return False
    classes = attributes.get("class") or ""
    return (attributes.get("type") or "").lower() == "cite" or any(
        name in classes for name in _QUOTE_CLASSES
    )
