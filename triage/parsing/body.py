"""The text a person reads, and the parts they would call attachments.

Own walk over the MIME tree, since an attached or forwarded message must not decide the tag:
`message/*`, attachments and named parts are skipped; of alternatives the plain one counts, or the
HTML one when the plain one says nothing; of a report the first part; of related parts the root.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from triage.messages import Attachment
from triage.parsing import charsets, filenames, html, limits

if TYPE_CHECKING:
    from email.message import Message

_MAX_DEPTH = 2 * limits.MAX_NESTING + 2
_READABLE = ("text/plain", "text/html", "text/markdown", "text/enriched")
_PLACEHOLDER = re.compile(
    r"\W*(?:this (?:is an? |e-?mail |message )?(?:multi-?part|html|mime)\b.{0,200}"
    r"|.{0,80}\b(?:html|browser|mail client|e-?mail client|text version)\b.{0,200}"
    r"|(?:n/?a|no text|empty|text))\W*",
    re.IGNORECASE | re.DOTALL,
)
_MAX_PLACEHOLDER_CHARS = 300
_MAX_TYPE_CHARS = 100
_ENRICHED_TAG = re.compile(r"<(?:param>[^<]{0,500}</param|/?[a-zA-Z-]{1,40})>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the walk found. `forwarded` is the first attached message, if any."""

    text: str
    attachments: tuple[Attachment, ...]
    forwarded: Message | None
    problems: tuple[str, ...]


EMPTY = Content(text="", attachments=(), forwarded=None, problems=())


@dataclass(slots=True)
class _Found:
    attachments: list[Attachment] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    inline: list[Message] = field(default_factory=list)
    problems: dict[str, None] = field(default_factory=dict)
    chars_left: int = limits.MAX_TEXT_CHARS
    html_bytes_left: int = limits.MAX_HTML_BYTES


@dataclass(slots=True)
class _Piece:
    """A text part, rendered once and only when it is needed: HTML is dear."""

    part: Message
    found: _Found
    is_html: bool
    rendered: str | None = None

    @property
    def text(self) -> str:
        """The part's text, within what the whole mail may still use."""
        if self.rendered is None:
            render = _rendered_html if self.is_html else _rendered_plain
            self.rendered = render(self.part, self.found)
        return self.rendered


def read(message: Message) -> Content:
    """Walk the tree once."""
    found = _Found()
    text = _join(_collect(message, found, 0))
    if not text.strip():
        text = _last_resort(message, found) or text
    return Content(
        text=text,
        attachments=tuple(found.attachments),
        forwarded=found.messages[0] if found.messages else None,
        problems=tuple(found.problems),
    )


def _last_resort(message: Message, found: _Found) -> str:
    """Where nothing else is text: text parts shown inline though named, or the mail itself."""
    parts = found.inline
    if not parts and not message.is_multipart() and message.get_content_type() in _READABLE:
        parts = [message]
    return _join([_text_piece(part, found) for part in parts])


def _join(pieces: list[_Piece]) -> str:
    return "\n".join(piece.text.rstrip("\n") if i else piece.text for i, piece in enumerate(pieces))


def _collect(part: Message, found: _Found, depth: int) -> list[_Piece]:
    kind = part.get_content_type()
    if depth > _MAX_DEPTH:
        found.problems["parts nested too deep were left out"] = None
        return []
    if kind.startswith("message/"):
        _note_message(part, found)
        return []
    if part.is_multipart():
        return _collect_multipart(part, kind, found, depth)
    if kind.startswith("multipart/"):  # without parts: what stands there is text
        return [_text_piece(part, found)]
    if kind not in _READABLE or _is_detached(part):
        found.attachments.append(_attachment(part))
    elif _is_named(part) or kind == "text/enriched":
        found.inline.append(part)
        found.attachments.append(_attachment(part))
    else:
        return [_text_piece(part, found)]
    return []


def _collect_multipart(part: Message, kind: str, found: _Found, depth: int) -> list[_Piece]:
    children = _children(part)
    if kind == "multipart/alternative":
        return _best([_collect(child, found, depth + 1) for child in children])
    if kind == "multipart/report":
        first = _collect(children[0], found, depth + 1) if children else []
        for child in children[1:]:
            _collect(child, found, depth + 1)
        return first
    if kind == "multipart/related":
        return _related(part, children, found, depth)
    return [piece for child in children for piece in _collect(child, found, depth + 1)]


def _related(part: Message, children: list[Message], found: _Found, depth: int) -> list[_Piece]:
    wanted = str(part.get_param("start") or "").strip()
    root = next((c for c in children if wanted and c.get("content-id") == wanted), None)
    root = root or (children[0] if children else None)
    pieces: list[_Piece] = []
    for child in children:
        got = _collect(child, found, depth + 1)
        pieces = got if child is root else pieces
    return pieces


def _best(alternatives: list[list[_Piece]]) -> list[_Piece]:
    """Plain text if it says something, else HTML, else whatever there is."""
    plain = [a for a in alternatives if a and not any(p.is_html for p in a)]
    rich = [a for a in alternatives if any(p.is_html for p in a)]
    for pieces in plain:
        text = _join(pieces).strip()
        if text and not (rich and _may_be_placeholder(text) and _says_more(rich[-1], text)):
            return pieces
    said = (pieces for pieces in (*reversed(rich), *plain) if _join(pieces).strip())
    return next(said, [])


def _may_be_placeholder(text: str) -> bool:
    """Whether the plain part perhaps only says that the mail is in HTML."""
    return len(text) <= _MAX_PLACEHOLDER_CHARS and _PLACEHOLDER.fullmatch(text) is not None


def _says_more(rich: list[_Piece], text: str) -> bool:
    return len(_join(rich).strip()) > len(text)


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return cast("list[Message]", payload) if isinstance(payload, list) else []


def _is_detached(part: Message) -> bool:
    return _disposition(part) == "attachment"


def _disposition(part: Message) -> str:
    return str(part.get("content-disposition", "")).partition(";")[0].strip().lower()


def _is_named(part: Message) -> bool:
    return bool(filenames.raw_name(part))


def _text_piece(part: Message, found: _Found) -> _Piece:
    return _Piece(part, found, is_html=part.get_content_type() == "text/html")


def _rendered_html(part: Message, found: _Found) -> str:
    data = payload(part)
    if len(data) > found.html_bytes_left:
        found.problems[f"HTML cut after {limits.MAX_HTML_BYTES:,} bytes"] = None
        data = data[: found.html_bytes_left]
    found.html_bytes_left -= len(data)
    text = html.to_text(charsets.clean_text(_decoded(part, data, found)))
    return _within(charsets.clean_text(text), found)  # again: entities can spell any character


def _rendered_plain(part: Message, found: _Found) -> str:
    data = payload(part)[: 4 * found.chars_left + 4]
    text = charsets.clean_text(_decoded(part, data, found))
    if part.get_content_type() == "text/enriched":
        text = _ENRICHED_TAG.sub("", text)
    return _within(text, found)


def _within(text: str, found: _Found) -> str:
    if len(text) > found.chars_left:
        found.problems[f"text cut after {limits.MAX_TEXT_CHARS:,} characters"] = None
        text = text[: found.chars_left]
    found.chars_left -= len(text)
    return text


def _decoded(part: Message, data: bytes, found: _Found) -> str:
    charset = filenames.parameter(part, "charset")
    if charset and charsets.codec_of(charset) is None:
        found.problems[f"unknown charset {charsets.clean_line(charset)[:40]!r}"] = None
    return charsets.decode(data, charset)


def payload(part: Message) -> bytes:
    """The decoded bytes of a leaf; empty when they cannot be had."""
    _trim_encoding(part)
    try:
        data = part.get_payload(decode=True)
    except Exception:  # noqa: BLE001 - the library's codecs raise many families on damaged parts
        return b""
    return data if isinstance(data, bytes) else b""


def _trim_encoding(part: Message) -> None:
    """`base64 ` with a blank, or `"base64"`, is base64 too; the library compares literally."""
    written = str(part.get("content-transfer-encoding", ""))
    name = written.partition(";")[0].strip(" \t\r\n\"'")
    if name != written:
        part.replace_header("content-transfer-encoding", name)


def _attachment(part: Message) -> Attachment:
    data = payload(part)
    return Attachment(
        name=filenames.clean(filenames.raw_name(part)),
        type=_shown_type(part),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _shown_type(part: Message) -> str:
    return charsets.clean_line(part.get_content_type())[:_MAX_TYPE_CHARS]


def _note_message(part: Message, found: _Found) -> None:
    """An attached message counts as one attachment; its bytes are rendered anew."""
    children = _children(part)
    kind = part.get_content_type()
    if kind in ("message/rfc822", "message/global") and children:
        found.messages.append(children[0])
    data = _rendered(children) if children else payload(part)
    found.attachments.append(
        Attachment(
            name=filenames.clean(filenames.raw_name(part)),
            type=_shown_type(part),
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
    )


def _rendered(children: list[Message]) -> bytes:
    try:
        return b"\n".join(child.as_bytes() for child in children)
    except Exception:  # noqa: BLE001 - the generator raises many families on damaged parts
        return b""
