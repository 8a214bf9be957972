"""Mailboxes from a raw address header, in one pass over its characters (RFC 5322 section 3.4).

mail-parser's addresses are trusted, its display names are not; this scanner reads the names, and
the addresses too where mail-parser found none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from triage.messages import Address
from triage.parsing import charsets, words

MAX_ADDRESSES = 1_000
MAX_NAME_CHARS = 500
MAX_ADDRESS_CHARS = 320  # RFC 5321: 64 + 1 + 255

_PAIR_OR_QUOTE = re.compile(r'\\(.)|"', re.DOTALL)
# A quoted string or comment that never ends takes the rest: no start is tried twice.
_TOKEN = re.compile(
    r'(?P<quoted>"(?:[^"\\]|\\.)*(?:"|\\?$))'
    r"|\((?P<comment>(?:[^()\\]|\\.|\((?:[^()\\]|\\.)*(?:\)|\\?$))*)(?:\)|\\?$)"
    r"|<(?P<angle>[^>]*)(?:>|$)"
    r"|(?P<mark>[,;:])"
    r'|(?P<text>[^"(<,;:]+)',
    re.DOTALL,
)


@dataclass(slots=True)
class _Item:
    """What was seen since the last comma."""

    text: list[str] = field(default_factory=list)
    angle: str = ""
    comment: list[str] = field(default_factory=list)


def parse(raw: str) -> tuple[Address, ...]:
    """Every mailbox in a raw header value, groups opened; a name without address is one too."""
    found = (_address(item) for item in _scan(raw))
    return tuple(a for a in found if a.address or a.name)[:MAX_ADDRESSES]


def merge(trusted: tuple[tuple[str, str], ...], raw: tuple[str, ...]) -> tuple[Address, ...]:
    """The trusted (name, address) pairs with names read anew from the raw headers.

    What only this scanner finds comes behind: mail-parser reads the first of repeated headers.
    """
    own = [address for value in raw for address in parse(value)]
    names = {a.address.lower(): a.name for a in reversed(own)}
    found: dict[str, Address] = {}
    for name, written in trusted[:MAX_ADDRESSES]:
        address = _clean_address(written)
        key = address.lower()
        if "@" in key:
            found.setdefault(key, Address(address=address, name=names.get(key, _clean_name(name))))
    if not found or len(raw) > 1:
        for other in own:
            found.setdefault(other.address.lower(), other)
    return tuple(found.values())[:MAX_ADDRESSES]


def _scan(raw: str) -> list[_Item]:
    items = [_Item()]
    for token in _TOKEN.finditer(raw):
        item, value = items[-1], token[token.lastgroup or "text"]
        if token.lastgroup == "mark":
            if value != ":":
                items.append(_Item())
            elif not any("@" in text for text in item.text):
                item.text.clear()  # the name of a group
        elif token.lastgroup == "angle":
            item.angle = item.angle or value
        elif token.lastgroup == "comment":
            item.comment.append(value)
        else:
            item.text.append(value)
    return items


def _address(item: _Item) -> Address:
    text, comment = "".join(item.text), " ".join(item.comment).strip()
    if item.angle.strip():
        return _named(text.strip() or comment, item.angle)
    if "@" in text:
        head, _, tail = text.strip().rpartition(" ")
        return _named(head.strip() or comment, tail) if "@" in tail else _named(comment, text)
    return Address(address="", name=_clean_name(text.strip() or comment))


def _named(name: str, address: str) -> Address:
    return Address(address=_clean_address(address), name=_clean_name(name))


def _clean_name(raw: str) -> str:
    r"""Decode, then unquote: `"Doe, \"J\""` reads `Doe, "J"`."""
    name = words.decode(raw)
    if '"' in name or "\\" in name:
        name = _unquote(name)
    return charsets.clean_line(name)[:MAX_NAME_CHARS]


def _unquote(name: str) -> str:
    return _PAIR_OR_QUOTE.sub(r"\1", name)


def _clean_address(raw: str) -> str:
    address = "".join(words.decode(raw).split()).strip("<>\"'") if raw else ""
    return address if len(address) <= MAX_ADDRESS_CHARS else ""
