"""Message-IDs of our briefs, and ids of others that may be repeated in a header.

Rule: the same decision about the same message for the same person has the same id on every
attempt and every machine, so that a repeat can be recognised; without the key nobody can make
one up (RFC 5322, section 3.6.4).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triage.messages import MessageRef

ID_CHARS = 40  # hex digits kept of the digest: 160 bits
REFERENCES = 20  # ids repeated at most; the newest matter to mail programs
VALID_ID = re.compile(r"<[!-;=?A-~]{1,120}@[!-;=?A-~]{1,120}>")


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
    """Return `<digest@domain>` for one brief to one person; the order of tags does not matter."""
    place = [ref.account, ref.folder, ref.uid_validity, ref.uid]
    # JSON keeps the fields apart: no two different lists of values read the same.
    facts = json.dumps([place, sha256, occasion, sorted(tags), recipient.lower()])
    digest = hmac.new(key, facts.encode(), hashlib.sha256).hexdigest()
    return f"<{digest[:ID_CHARS]}@{domain}>"


def valid_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Keep the ids that are safe to repeat in a header, each once, the newest at most."""
    valid = [i for i in dict.fromkeys(ids) if VALID_ID.fullmatch(i)]
    return tuple(valid[-REFERENCES:])
