"""Parameters of MIME headers and the file names in them, made safe to show and to store."""

from __future__ import annotations

import re
from email.utils import collapse_rfc2231_value
from typing import TYPE_CHECKING

from triage.parsing import charsets, words

if TYPE_CHECKING:
    from email.message import Message

MAX_NAME_CHARS = 200

_FORBIDDEN = re.compile(r'[<>:"|?*]')


def parameter(part: Message, name: str, header: str = "content-type") -> str:
    """A parameter's raw value (RFC 2231 put together); empty when absent or damaged."""
    if name not in str(part.get(header, "")).lower():
        return ""
    try:
        value = part.get_param(name, "", header)
        if isinstance(value, tuple):
            return collapse_rfc2231_value(value)
        return str(value)
    except Exception:  # noqa: BLE001 - the library raises many families on damaged parameters
        return ""


def raw_name(part: Message) -> str:
    """The file name as sent; empty when the part has none."""
    return parameter(part, "filename", "content-disposition") or parameter(part, "name")


def clean(raw: str) -> str:
    """A bare file name: no folders, control or bidi characters, leading dots or odd signs."""
    name = words.decode(raw) if raw else ""
    name = re.split(r"[/\\]", name.rstrip("/\\ "))[-1]
    name = charsets.clean_line(_FORBIDDEN.sub("_", name)).lstrip(". ")
    if len(name) <= MAX_NAME_CHARS:
        return name
    stem, dot, suffix = name.rpartition(".")
    short = dot + suffix if dot and len(suffix) <= 10 else ""  # noqa: PLR2004 - a long file suffix
    return (stem or name)[: MAX_NAME_CHARS - len(short)] + short
