"""Prefixes of subjects: is it a reply or a forward, and what is the subject without them."""

from __future__ import annotations

import re

_REPLY = "re|aw|antw|antwort|sv|vs|res|ref|rif|r|odp|ynt|回复|答复|回覆"
_FORWARD = "fwd?|wg|tr|rv|vb|vl|enc|i|pd|ilt|doorst|wtr|fs|转发|轉寄"
_COUNT = r"(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?"
_TAG = r"\[[^\]\d]{1,40}\]"  # a tag with digits is a ticket number and stays
_LEAD = re.compile(
    rf"(?:\s+|{_TAG}|(?:{_REPLY}|{_FORWARD}|ext){_COUNT}\s{{0,3}}[:\uff1a])", re.IGNORECASE
)
_FORWARD_LEAD = re.compile(
    rf"\s*(?:{_TAG}\s*)?(?:{_FORWARD}){_COUNT}\s{{0,3}}[:\uff1a]", re.IGNORECASE
)
_REPLY_LEAD = re.compile(rf"\s*(?:{_TAG}\s*)?(?:{_REPLY}){_COUNT}\s{{0,3}}[:\uff1a]", re.IGNORECASE)
_TRAILING = re.compile(r"\s*\((?:fwd|was: .{0,200})\)\s*$", re.IGNORECASE)


def normalise_subject(subject: str) -> str:
    """The subject as a thread key: no Re:/Fwd: chains or list tags, case folded, spaces single."""
    text = " ".join(subject[:1_000].split())
    end = 0
    while (lead := _LEAD.match(text, end)) and lead.end() > end:
        end = lead.end()
    return _TRAILING.sub("", text[end:]).strip().casefold()


def is_forward(subject: str) -> bool:
    """Whether the outermost prefix says forwarded (Fwd:, FW:, WG:, TR:, RV: ...)."""
    return _FORWARD_LEAD.match(subject) is not None


def is_reply(subject: str) -> bool:
    """Whether the outermost prefix says reply."""
    return _REPLY_LEAD.match(subject) is not None
