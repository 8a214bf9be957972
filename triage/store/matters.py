"""Earlier mails that may be about the same matter as one that has just come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from triage.store.tables import cases, messages, thread_ids

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row

# Mails that were judged: a robot's, or one that nobody has read, is the same as nothing. Looked at
# here and not in SQL, where SQLite would take the index of all mails with one of these outcomes.
_JUDGED = frozenset({"escalated", "joined", "unsure", "left", "unreadable"})
_COLUMNS = (
    messages.c.id,
    messages.c.case_id,
    messages.c.sender,
    messages.c.role,
    messages.c.client,
    messages.c.received_at,
    messages.c.action,
)
_IN_THREAD = (
    select(*_COLUMNS)
    .join(thread_ids, thread_ids.c.message_id == messages.c.id)
    .where(
        thread_ids.c.rfc_id == bindparam("rfc_id"), thread_ids.c.message_id < bindparam("before")
    )
    .order_by(thread_ids.c.message_id.desc())
    .limit(bindparam("most"))
)
_SAME_WORDS = (
    select(*_COLUMNS)
    .where(messages.c.text_digest == bindparam("digest"), messages.c.id < bindparam("before"))
    .order_by(messages.c.id.desc())
    .limit(bindparam("most"))
)
_RECENT_CASES = select(cases.c.id).where(cases.c.updated_at >= bindparam("since"))
_OF_CASES = (
    select(*_COLUMNS)
    .where(messages.c.case_id.in_(_RECENT_CASES))
    .order_by(messages.c.case_id.desc(), messages.c.id.desc())
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

    Either may be empty. `before` is the number of the mail in question, `since` in epoch seconds.
    """
    known: dict[str, Any] = {"before": before, "most": most}
    rows = list(tx.execute(_IN_THREAD, {**known, "rfc_id": rfc_id[:998]})) if rfc_id else []
    rows += list(tx.execute(_SAME_WORDS, {**known, "digest": digest})) if digest else []
    return _judged(rows, before=before, since=since)[:most]


def in_recent_cases(tx: Connection, *, before: int, since: float, most: int) -> list[Earlier]:
    """Mails of the newest cases in which something happened since then; newest first."""
    rows = list(tx.execute(_OF_CASES, {"since": since, "most": most}))
    return _judged(rows, before=before, since=since)


def _judged(rows: Iterable[Row[*tuple[Any, ...]]], *, before: int, since: float) -> list[Earlier]:
    found = {
        row.id: Earlier(
            id=row.id,
            case_id=row.case_id,
            sender=row.sender,
            role=row.role,
            client=row.client,
            received_at=row.received_at,
        )
        for row in rows
        if row.action in _JUDGED and row.id < before and row.received_at >= since
    }
    return [found[each] for each in sorted(found, reverse=True)]
