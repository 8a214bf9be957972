"""Timers: a due time in a row.

When one fires it checks whether anything is still to do, so nothing is ever cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from triage.store.tables import timers

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Something to look at for a case at `due_at`; `message_id` is the mail that set it."""

    id: int
    case_id: int
    message_id: int
    kind: str
    due_at: float


def put(tx: Connection, *, case_id: int, message_id: int, kind: str, due_at: float) -> None:
    """Set a timer."""
    values = {"case_id": case_id, "message_id": message_id, "kind": kind, "due_at": due_at}
    tx.execute(insert(timers).values(values))


def due(tx: Connection, now: float, limit: int = 50) -> list[Timer]:
    """Timers whose time has come, the earliest first."""
    query = (
        select(timers.c.id, timers.c.case_id, timers.c.message_id, timers.c.kind, timers.c.due_at)
        .where(timers.c.done_at.is_(None), timers.c.due_at <= now)
        .order_by(timers.c.due_at)
        .limit(limit)
    )
    return [Timer(**row._mapping) for row in tx.execute(query)]  # noqa: SLF001


def next_due_at(tx: Connection) -> float | None:
    """When the next timer fires."""
    return tx.execute(select(func.min(timers.c.due_at)).where(timers.c.done_at.is_(None))).scalar()


def finish(tx: Connection, timer_id: int, now: float) -> bool:
    """Mark it done; False when another worker did."""
    row = (timers.c.id == timer_id) & timers.c.done_at.is_(None)
    return tx.execute(update(timers).where(row).values(done_at=now)).rowcount == 1
