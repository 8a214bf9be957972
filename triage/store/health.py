"""What tells whether a running installation is well: rows that wait for too long, and times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from triage.store.alarms import Waiting
from triage.store.tables import audit, cases, messages, outbox, timers

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Stumbled:
    """A mail whose judging failed; `error` is of the program, not of the mail."""

    id: int
    attempts: int
    error: str


def stumbled(tx: Connection, limit: int = 20) -> list[Stumbled]:
    """Mails that the program failed on and will try again, oldest first."""
    query = (
        select(messages.c.id, messages.c.attempts, messages.c.error)
        .where(messages.c.state == "received", messages.c.attempts > 0)
        .order_by(messages.c.id)
        .limit(limit)
    )
    return [Stumbled(**row._mapping) for row in tx.execute(query)]  # noqa: SLF001 - documented


def unmarked(tx: Connection) -> dict[str, int]:
    """How many escalated mails are still to be marked or moved (`pending`), or could not be."""
    query = (
        select(messages.c.mark, func.count().label("number"))
        .where(messages.c.mark.in_(["pending", "failed"]))
        .group_by(messages.c.mark)
    )
    return {row.mark: row.number for row in tx.execute(query)}


def overdue_timers(tx: Connection, before: float) -> Waiting | None:
    """Timers of open cases that should have been looked at before then."""
    query = (
        select(func.count(), func.min(timers.c.due_at))
        .join(cases, cases.c.id == timers.c.case_id)
        .where(timers.c.done_at.is_(None), timers.c.due_at < before, cases.c.status == "open")
    )
    number, since = tx.execute(query).one()
    return Waiting(number=number, since=since) if number else None


def overdue_briefs(tx: Connection, before: float) -> Waiting | None:
    """Briefs whose next attempt should have been made before then."""
    query = select(func.count(), func.min(outbox.c.next_attempt_at)).where(
        outbox.c.state.in_(["queued", "digest"]), outbox.c.next_attempt_at < before
    )
    number, since = tx.execute(query).one()
    return Waiting(number=number, since=since) if number else None


def newest_at(tx: Connection) -> float | None:
    """The latest moment that the program wrote down; None in a store where nothing happened."""
    newest = [
        tx.execute(select(func.max(column))).scalar()
        for column in (messages.c.stored_at, audit.c.at)
    ]
    return max((at for at in newest if at is not None), default=None)


def server_ahead_s(tx: Connection, mails: int = 50) -> float:
    """By how much mail of late was received, by its server's clock, after it was stored by ours."""
    last = select(messages.c.received_at, messages.c.stored_at).order_by(messages.c.id.desc())
    rows = tx.execute(last.limit(mails)).all()
    return max((received - stored for received, stored in rows), default=0.0)


def unwatched(tx: Connection) -> dict[tuple[str, str], int]:
    """How many mails wait to be judged, by account and folder."""
    query = (
        select(messages.c.account, messages.c.folder, func.count().label("number"))
        .where(messages.c.state == "received")
        .group_by(messages.c.account, messages.c.folder)
    )
    return {(row.account, row.folder): row.number for row in tx.execute(query)}
