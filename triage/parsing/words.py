"""Header text as people read it: RFC 2047 encoded words, raw 8-bit bytes, folding.

Lenient where mail is sloppy (spaces or folds inside a word, missing padding, words touching
other text), literal where a word cannot be decoded. Linear in the length of the value.
"""

from __future__ import annotations

import binascii
import re

from triage.parsing import charsets

# The encoded text stops at the next "=?" or "?=", so no start scans past the next one.
_WORD = re.compile(r"=\?([^?=\s]{1,60})\?([bBqQ])\?((?:[^?=]|=(?!\?(?!=))|\?(?!=))*)\?=", re.ASCII)
_FOLD = re.compile(r"[\r\n][ \t\r\n]*")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")

_Bit = tuple[str, bytes]  # charset ("" for none) and bytes


def decode(raw: str) -> str:
    """One clean line from a raw header value (a str whose surrogates stand for 8-bit bytes)."""
    if "=?" not in raw:
        return charsets.clean_line(_plain(raw))
    return charsets.clean_line("".join(_pieces(_FOLD.sub(" ", raw))))


def _pieces(value: str) -> list[str]:
    out: list[str] = []
    pending: list[_Bit] = []  # adjacent words of one charset may split a character between them
    end = 0
    for word in _WORD.finditer(value):
        gap = value[end : word.start()]
        charset = word[1].partition("*")[0].lower()
        if charsets.codec_of(charset) is None:
            out += [_flush(pending), _plain(value[end : word.end()])]
        else:
            if gap.strip() or (pending and pending[-1][0] != charset):
                out.append(_flush(pending))
            if gap.strip() or not end:
                out.append(_plain(gap) + " " * gap.endswith("]"))
            pending.append((charset, _word_bytes(word[2], word[3])))
        end = word.end()
    return [*out, _flush(pending), _plain(value[end:])]


def _flush(pending: list[_Bit]) -> str:
    text = charsets.decode(b"".join(b for _, b in pending), pending[0][0]) if pending else ""
    pending.clear()
    return text


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return _HEX.sub(lambda m: bytes.fromhex(m[1].decode()), data.replace(b"_", b" "))
    return base64_bytes(data)


def base64_bytes(data: bytes) -> bytes:
    """Decode what can be decoded, whatever the padding and stray characters."""
    data = _NOT_BASE64.sub(b"", data)
    data = data[: len(data) - (len(data) % 4 == 1)]
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


def _plain(raw: str) -> str:
    if raw.isascii():
        return raw
    return charsets.decode(raw.encode("utf-8", "surrogateescape"))
