"""The one place that touches mail-parser, and hands typed values out.

mail-parser raises outside its own exception family on real mail, so any exception leads to the
standard library's parser, and one from that to None ("headers only"). Only `parse_from_bytes`,
addresses and the date are used; the tree is walked by `body`.
"""

from __future__ import annotations

import email
import email.parser
import logging
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import mailparser
import mailparser.utils

from triage.parsing import charsets, limits

if TYPE_CHECKING:
    from email.message import Message

# Its warnings about odd parts are not for the operator: `Email.problems` says what is wrong.
logging.getLogger("mailparser").addHandler(logging.NullHandler())
logging.getLogger("mailparser").propagate = False


def _normalize(form: Literal["NFC"], text: str) -> str:
    """What mail-parser does to every text, but not to bodies, which are not read from it."""
    if len(text) > limits.MAX_HEADER_BYTES:
        return text
    return unicodedata.normalize(form, charsets.stream_safe(text))


mailparser.utils.normalize = _normalize  # quadratic: hours for a body of combining marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A MIME tree with the addresses (name, address) and the date read from its headers."""

    message: Message
    senders: tuple[tuple[str, str], ...] = ()
    to: tuple[tuple[str, str], ...] = ()
    cc: tuple[tuple[str, str], ...] = ()
    date: datetime | None = None
    defects: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def parse_tree(raw: bytes) -> Parsed | None:
    """Parse the whole message; None when no parser can."""
    try:
        return _by_mail_parser(raw)
    except Exception as error:  # noqa: BLE001 - it raised three foreign families on real mail
        problem = f"read by the second parser ({type(error).__name__} in the first)"
    try:
        return Parsed(message=email.message_from_bytes(raw), problems=(problem,))
    except Exception:  # noqa: BLE001 - RecursionError and others; headers remain
        return None


def parse_headers(block: bytes) -> Parsed:
    """Parse a header block alone, as text that cannot fail."""
    message = email.parser.BytesParser().parsebytes(block, headersonly=True)
    return Parsed(message=message)


def _by_mail_parser(raw: bytes) -> Parsed:
    mail: Any = mailparser.parse_from_bytes(raw)
    return Parsed(
        message=mail.message,
        senders=_pairs(mail.from_),
        to=_pairs(mail.to),
        cc=_pairs(mail.cc),
        date=_utc(mail.date),
        defects=tuple(sorted(str(name) for name in mail.defects_categories)),
    )


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list):
        return ()
    return tuple((str(name), str(address)) for name, address in value)


def _utc(value: object) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC)
