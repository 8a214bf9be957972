"""Mail that returns our own briefs: bounces, and what looks like one.

It refers to the Message-ID of a notice, which nobody can guess (a keyed hash).
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from triage.messages import Occasion
from triage.rendering.ids import OWN_ID
from triage.store import audit, outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from triage.messages import Email
    from triage.store.inbox import Stored
    from triage.store.outbox import OutboxRow

    Tell = Callable[[Connection, OutboxRow, str, float], None]

log = logging.getLogger(__name__)

_WAITING = re.compile(rb"^Action:[ \t]*delayed", re.IGNORECASE | re.MULTILINE)  # RFC 3464, 2.3.3
_MAIL_PART = re.compile(
    rb"^Content-Type:\s*(?:message/rfc822|text/rfc822-headers)", re.IGNORECASE | re.MULTILINE
)
_SEARCHED_BYTES = 256 * 1024  # a bounce quotes our headers near its start


def take_bounce(tx: Connection, stored: Stored, now: float, tell: Tell) -> str:
    """Fail the notices that this bounce returns, and `tell`; says in words which, for the record.

    Most servers accept first and bounce later, so this is how a wrong address usually shows.
    """
    rows = _returned(tx, stored)
    if not rows:
        return ""
    which = f" for our brief {rows[0].id} to {rows[0].recipient}"
    if _WAITING.search(_MAIL_PART.split(stored.raw.content[:_SEARCHED_BYTES], maxsplit=1)[0]):
        return f"{which}: it is late, and the server goes on trying"
    for row in rows:
        audit.note(
            tx,
            "bounced",
            now=now,
            case_id=row.case_id or None,
            outbox_id=row.id,
            message_id=stored.id,
        )
        log.error(
            "a brief of ours bounced",
            extra={"action": "bounced", "outbox": row.id, "recipient": row.recipient},
        )
        if outbox.bounced(tx, row.id, f"bounced; see message {stored.id}", now):
            tell(tx, row, "it came back", now)
    return which


def returns_unreadable(tx: Connection, stored: Stored, email: Email) -> bool:
    """Whether somebody sends back our own brief about an unreadable mail, as a bounce does.

    Such a bounce may be as unreadable as the mail; a brief about it would bounce again, for ever.
    """
    sender = email.sender.address.lower()
    rows = [row for row in _returned(tx, stored) if row.recipient.lower() != sender]
    return any(row.occasion == Occasion.UNREADABLE for row in rows)


def _returned(tx: Connection, stored: Stored) -> list[OutboxRow]:
    found = OWN_ID.findall(stored.raw.content[:_SEARCHED_BYTES])
    return outbox.by_rfc_ids(tx, [rfc_id.decode("ascii", "replace") for rfc_id in found])
