"""Bytes to text under the charset that a mail declares, and text cleaned of what nobody can read.

Declared charsets are often wrong: valid UTF-8 wins over a declared Latin-1 or ASCII, and the old
names mean their supersets (as WHATWG says). Nothing here raises.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import lru_cache

_SUPERSETS = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
}
_ALIASES = {
    "ks_c_5601": "cp949",
    "ks_c_5601-1987": "cp949",
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "x-euc-jp": "euc_jp",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "unicode-1-1-utf-7": "utf-7",
    "cp-850": "cp850",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "utf-8mb4": "utf-8",
    "unicode": "utf-8",
}
UNDECLARED = frozenset({"", "unknown", "x-unknown", "unknown-8bit", "default", "binary", "none"})
# Text codecs of Python that are no charsets of mail and do strange or slow things to bytes.
_REFUSED = frozenset(
    {"idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape", "mbcs", "oem"}
)
_WEAK = frozenset({"cp1252", "iso8859-15", "cp1250", "cp1254", "cp437", "cp850", "mac-roman"})
_MAX_NAME_CHARS = 40

# Controls except tab and newline, bidi marks and overrides, lone surrogates, separators that
# act as line ends.
_UNSAFE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029"
    "\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb"
)
_INVISIBLE = "\u00ad\u180e\u200b\u2060-\u2064\ufeff\U000e0000-\U000e007f"
_UNSAFE_IN_TEXT = re.compile(f"[{_UNSAFE}]+")
_INVISIBLE_ANYWHERE = re.compile(f"[{_INVISIBLE}]+")
_LINE_RUN = re.compile(rf"[ \t\n\r{_UNSAFE}]+")
# Nobody sees these between two Latin letters, but they tear the word apart for a program.
_SPLITTERS = re.compile("(?<=[A-Za-z])[\u200c\u200d\u034f\ufe00-\ufe0f]+(?=[A-Za-z])")
_MAX_MARKS = 30  # in a row: the Stream-Safe Text Format of Unicode (UAX 15, section 13)
_PERHAPS_MARKS = re.compile(r"[^\x00-\x7f\w]{31,}")


@lru_cache(maxsize=256)
def codec_of(declared: str) -> str | None:
    """Python's codec for a declared charset; "" when none is declared, None when unusable."""
    name = declared.strip(" \t\"'").lower().partition("*")[0]
    if name in UNDECLARED:
        return ""
    if len(name) > _MAX_NAME_CHARS or not name.isascii():
        return None
    name = _ALIASES.get(name, name)
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    if info.name.replace("-", "_") in _REFUSED or not getattr(info, "_is_text_encoding", False):
        return None
    return _SUPERSETS.get(info.name, info.name)


def decode(payload: bytes, declared: str = "") -> str:
    """Text of `payload`; undecodable bytes become U+FFFD. Not yet cleaned."""
    codec = codec_of(declared)
    if not codec:
        return _guess(payload)
    if codec == "utf-8" or codec in _WEAK:
        return _utf8_or(payload, codec)
    try:
        return payload.decode(codec, "replace")
    except (LookupError, UnicodeError, ValueError):
        return _guess(payload)


def _utf8_or(payload: bytes, codec: str) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return payload.decode(codec, "replace")


def _guess(payload: bytes) -> str:
    if b"\x1b$" in payload or b"\x1b(" in payload:
        try:
            return payload.decode("iso2022_jp")
        except UnicodeDecodeError:
            pass
    return _utf8_or(payload, "cp1252")


def stream_safe(text: str) -> str:
    """The text with at most 30 combining marks in a row; normalising more takes quadratic time."""
    return text if text.isascii() else _PERHAPS_MARKS.sub(_fewer_marks, text)


def _fewer_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for char in run.group():
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MAX_MARKS:
            kept.append(char)
    return "".join(kept)


def clean_line(text: str) -> str:
    """One printable line: control, bidi and surrogate runs become one space, ends are trimmed."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _without_invisible(text)
    return _LINE_RUN.sub(_one_space, text).strip()


def _one_space(run: re.Match[str]) -> str:
    found = run.group()
    return found if found.isspace() and found.strip(" ") == "" else " "


def clean_text(text: str) -> str:
    """Lines ended by a newline alone, free of control and bidi characters and surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n")
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    text = text.replace("\u2028", "\n").replace("\u2029", "\n")
    return _without_invisible(_UNSAFE_IN_TEXT.sub("", text))


def _without_invisible(text: str) -> str:
    return stream_safe(_SPLITTERS.sub("", _INVISIBLE_ANYWHERE.sub("", text)))
