"""Earlier mails that may be about the same matter as one that has just come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select

from triage.store.tables import cases, messages, thread_ids

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

# Mails that were judged: a robot's, or one that nobody has read, is the same as nothing.
_JUDGED = ("escalated", "joined", "unsure", "left", "unreadable")
_COLUMNS = (
    messages.c.id,
    messages.c.case_id,
    messages.c.sender,
    messages.c.role,
    messages.c.client,
    messages.c.received_at,
)
_WITH_ID = select(thread_ids.c.message_id).where(thread_ids.c.rfc_id == bindparam("rfc_id"))
_COPIES = (
    select(*_COLUMNS)
    .where(
        or_(messages.c.id.in_(_WITH_ID), messages.c.text_digest == bindparam("digest")),
        messages.c.id < bindparam("before"),
        messages.c.action.in_(_JUDGED),
        messages.c.received_at >= bindparam("since"),
    )
    .order_by(messages.c.id.desc())
    .limit(bindparam("most"))
)
_OF_CASES = (
    select(*_COLUMNS)
    .join(cases, cases.c.id == messages.c.case_id)
    .where(
        cases.c.updated_at >= bindparam("since"),
        messages.c.id < bindparam("before"),
        messages.c.action.in_(_JUDGED),
    )
    .order_by(messages.c.id.desc())
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An earlier mail. `sender` is name and address as shown; `client` whom it is about."""

    id: int
    case_id: int | None
    sender: str
    role: str
    client: str
    received_at: float


def perhaps_copies(
    tx: Connection, rfc_id: str, digest: str, *, before: int, since: float, most: int
) -> list[Earlier]:
    """Mails with this Message-ID in their thread, or with these very words; newest first.

    `before` is the number of the mail in question, `since` in epoch seconds.
    """
    key = {"rfc_id": rfc_id[:998], "digest": digest, "before": before, "since": since, "most": most}
    return [_earlier(row) for row in tx.execute(_COPIES, key)]


def in_recent_cases(tx: Connection, *, before: int, since: float, most: int) -> list[Earlier]:
    """Mails of the cases in which something happened since then; newest first."""
    key = {"before": before, "since": since, "most": most}
    return [_earlier(row) for row in tx.execute(_OF_CASES, key)]


def _earlier(row: Row[*tuple[Any, ...]]) -> Earlier:
    return Earlier(**row._mapping)  # noqa: SLF001 - the documented way to a dict
