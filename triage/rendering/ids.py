"""Message-IDs of our briefs, and ids of others that may be repeated in a header.

Rule: the same decision about the same message for the same person has the same id on every
attempt and every machine, so that a repeat can be recognised; without the key nobody can make
one up (RFC 5322, section 3.6.4).

    <5f0c...40 hex digits.k3jq...16 letters@firm.example>
     which decision        signature: this recipient may answer it

The first twelve digits and the signature together are the brief's *reference*, which stands in
its text: an answer that a relay has robbed of its In-Reply-To still says what it answers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triage.messages import MessageRef

ID_CHARS = 40  # hex digits kept of the digest: 160 bits
PREFIX_CHARS = 12  # of them in a reference: enough to find the brief; the signature proves it
SIGNATURE_CHARS = 16  # base32: 80 bits
REFERENCES = 20  # ids repeated at most; the newest matter to mail programs
VALID_ID = re.compile(r"<[!-;=?A-~]{1,120}@[!-;=?A-~]{1,120}>")
_SIGNED_ID = re.compile(
    rf"<([0-9a-f]{{{ID_CHARS}}})\.([a-z2-7]{{{SIGNATURE_CHARS}}})@[!-;=?A-~]{{1,250}}>"
)
_REFERENCE = re.compile(
    rf"(?<![a-z0-9])([0-9a-f]{{{PREFIX_CHARS}}})([a-z2-7]{{{SIGNATURE_CHARS}}})(?![a-z0-9])"
)
# How an id of ours looks, with or without the signature, wherever it is quoted.
OWN_ID = re.compile(
    rb"<[0-9a-f]{%d}(?:\.[a-z2-7]{%d})?@[^<>\s]{1,255}>" % (ID_CHARS, SIGNATURE_CHARS)
)


def notice_id(
    *,
    key: bytes,
    ref: MessageRef,
    sha256: str,
    occasion: str,
    tags: Sequence[str],
    recipient: str,
    domain: str,
) -> str:
    """Return `<digest.signature@domain>` for one mail to one person; tags in any order."""
    place = [ref.account, ref.folder, ref.uid_validity, ref.uid]
    # JSON keeps the fields apart: no two different lists of values read the same.
    facts = json.dumps([place, sha256, occasion, sorted(tags), recipient.lower()])
    digest = hmac.new(key, facts.encode(), hashlib.sha256).hexdigest()
    kept = digest[:ID_CHARS]
    return f"<{kept}.{_signature(key, kept, recipient)}@{domain}>"


def is_signed(rfc_id: str, *, key: bytes, recipient: str) -> bool:
    """Whether we made this id, with this key, for this recipient."""
    found = _SIGNED_ID.fullmatch(rfc_id)
    return found is not None and hmac.compare_digest(found[2], _signature(key, found[1], recipient))


def reference_of(rfc_id: str) -> str:
    """The short form that stands in the text of a mail; nothing for an id without a signature."""
    found = _SIGNED_ID.fullmatch(rfc_id)
    return found[1][:PREFIX_CHARS] + found[2] if found else ""


def references_in(text: str) -> tuple[str, ...]:
    """What looks like a reference of ours in a text, each once, in order."""
    return tuple(dict.fromkeys(match[0] for match in _REFERENCE.finditer(text.lower())))


def start_of_id(reference: str) -> str:
    """How the Message-ID begins that this reference is short for."""
    return f"<{reference[:PREFIX_CHARS]}"


def _signature(key: bytes, digest: str, recipient: str) -> str:
    signed = hmac.new(key, f"answer\0{digest}\0{recipient.lower()}".encode(), hashlib.sha256)
    return base64.b32encode(signed.digest())[:SIGNATURE_CHARS].decode("ascii").lower()


def valid_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Keep the ids that are safe to repeat in a header, each once, the newest at most."""
    valid = [i for i in dict.fromkeys(ids) if VALID_ID.fullmatch(i)]
    return tuple(valid[-REFERENCES:])
