"""The audit trail: one row per business event, in a fixed vocabulary, without mail text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import insert, select

from triage.store.tables import audit

if TYPE_CHECKING:
    from sqlalchemy import Connection

Action = Literal[
    "decided",
    "escalated",
    "joined",
    "merged",
    "storm",
    "queued",
    "sent",
    "deferred",
    "failed",
    "held",
    "refused",
    "released",
    "digested",
    "waits",
    "uncertain",
    "retried",
    "bounced",
    "acknowledged",
    "taken",
    "handed",
    "asked",
    "reminded",
    "raised",
    "unanswered",
    "client-answered",
    "update-due",
    "rescheduled",
    "resolved",
    "outcome",
    "suggested",
    "labelled",
    "told",
    "marked",
    "stumbled",
    "trained",
    "promoted",
    "rolled-back",
    "model-taken",
    "model-refused",
    "policy-taken",
    "policy-refused",
    "absent",
    "present",
    "fitting-offered",
    "backed-up",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event."""

    at: float
    action: str
    detail: str
    message_id: int | None = None


def note(
    tx: Connection,
    action: Action,
    *,
    now: float,
    detail: str = "",
    case_id: int | None = None,
    message_id: int | None = None,
    outbox_id: int | None = None,
) -> None:
    """Record an event, in the transaction that makes it true."""
    tx.execute(
        insert(audit).values(
            at=now,
            action=action,
            detail=detail,
            case_id=case_id,
            message_id=message_id,
            outbox_id=outbox_id,
        )
    )


def last(tx: Connection, *actions: Action) -> Entry | None:
    """The newest event of these kinds."""
    query = select(audit.c.at, audit.c.action, audit.c.detail, audit.c.message_id)
    query = query.where(audit.c.action.in_(actions)).order_by(audit.c.id.desc()).limit(1)
    row = tx.execute(query).first()
    return Entry(**row._mapping) if row else None  # noqa: SLF001 - the documented way to a dict


def of_case(tx: Connection, case_id: int) -> list[Entry]:
    """Everything that happened to a case, in order."""
    columns = (audit.c.at, audit.c.action, audit.c.detail, audit.c.message_id)
    query = select(*columns).where(audit.c.case_id == case_id)
    return [Entry(**row._mapping) for row in tx.execute(query.order_by(audit.c.id))]  # noqa: SLF001
