"""HTML to the text that a reader sees, by lexbor, without what is hidden from them.

Text that is not displayed, without size, off the screen or of the colour of its ground does not
count (see `styles`): spammers and marketing tools put words there. Quoted blocks come out with
"> " before each line, as plain-text mail writes them. Input is capped by the caller, since lexbor
is quadratic on large hostile input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html import unescape
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser, LexborNode

from triage.parsing import styles
from triage.parsing.styles import Style

if TYPE_CHECKING:
    from collections.abc import Mapping

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
_SPACE = re.compile(r"[ \t\n\r\x0b\x0c\xa0\u3000]+")
_MANY_NEWLINES = re.compile(r"\n{3,}")
_MAX_DEPTH = 1_000  # browsers stop at 512; unclosed <p> and <li> count here too
_MAX_QUOTE_DEPTH = 9
_VOID = frozenset(("br", "img", "hr", "meta", "input", "link", "col", "area", "wbr", "base", "o"))
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_ANY_TAG = re.compile(r"<[^<>]*>?")
_UNSEEN_ELEMENT = re.compile(r"<(script|style|head|title)\b[^<]*(?:<(?!/\1)[^<]*)*", re.IGNORECASE)
_QUOTE_CLASSES = ("gmail_quote", "yahoo_quoted", "moz-cite", "protonmail_quote", "zmail_extra")


@dataclass(slots=True)
class _Output:
    """Lines under construction; white space collapses as a browser would."""

    lines: list[str] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    depth: int = 0
    verbatim: bool = False

    def add(self, text: str, style: Style) -> None:
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
        outer = Style(ground=None) if styled else Style()
        _walk(root, outer, styles.sheets(html), out)
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


def _walk(root: LexborNode, outer: Style, rules: Mapping[str, str], out: _Output) -> None:
    """Depth first without recursion: nesting is the sender's choice."""
    stack: list[tuple[LexborNode | str, Style]] = [(root, outer)]
    while stack:
        node, style = stack.pop()
        if isinstance(node, str):
            _close(node, out)
            continue
        if node.is_text_node:
            if style.is_seen:
                out.add(node.text_content or "", style)
            continue
        tag = node.tag or ""
        inner = _open(node, tag, style, rules, out)
        if inner is None:
            continue
        stack.append((tag, style))
        child = node.last_child
        while child is not None:
            stack.append((child, inner))
            child = child.prev


def _open(
    node: LexborNode, tag: str, style: Style, rules: Mapping[str, str], out: _Output
) -> Style | None:
    """Start an element; the style its children see, or None when it is not seen at all."""
    if tag in _DROPPED:
        return None
    attributes = node.attributes
    inner = style
    if attributes:
        seen = styles.restyle(attributes, style, rules)
        if seen is None:
            return None
        quoted = min(style.quoted + _quotes(tag, attributes), _MAX_QUOTE_DEPTH)
        inner = seen if quoted == seen.quoted else replace(seen, quoted=quoted)
    if tag == "br":
        out.end_line(keep_empty=True)
    elif tag in _PARAGRAPH:
        out.blank()
    elif tag in _BLOCK:
        out.end_line()
        if tag == "li":
            out.current.append("- ")
    if tag == "pre":
        inner = replace(inner, pre=True)
    return inner


def _close(tag: str, out: _Output) -> None:
    if tag in _PARAGRAPH:
        out.blank()
    elif tag in _BLOCK:
        out.end_line()
    elif tag in _CELL:
        out.current.append(" ")


def _quotes(tag: str, attributes: dict[str, str | None]) -> bool:
    if tag != "blockquote":
        return False
    classes = attributes.get("class") or ""
    return (attributes.get("type") or "").lower() == "cite" or any(
        name in classes for name in _QUOTE_CLASSES
    )
