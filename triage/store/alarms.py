"""Trouble of the program itself: what there is now, and of what the operator was told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from triage.store.tables import alarms, messages, outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Trouble that lasted so long that somebody was told. Times in epoch seconds."""

    id: int
    key: str
    says: str
    since: float
    told_at: float
    over_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Rows that should have been seen to: how many, since when, and why not, if that is known."""

    number: int
    since: float
    says: str = ""


def open_ones(tx: Connection) -> list[Alarm]:
    """What is not over yet, oldest first."""
    query = select(alarms).where(alarms.c.over_at.is_(None)).order_by(alarms.c.id)
    return [Alarm(**row._mapping) for row in tx.execute(query)]  # noqa: SLF001 - the way to a dict


def over(tx: Connection, limit: int = 10) -> list[Alarm]:
    """What is over, the latest first."""
    query = select(alarms).where(alarms.c.over_at.is_not(None)).order_by(alarms.c.over_at.desc())
    found = tx.execute(query.limit(limit))
    return [Alarm(**row._mapping) for row in found]  # noqa: SLF001 - as above


def begin(tx: Connection, *, key: str, says: str, since: float, now: float) -> int:
    """Somebody is told of it; the alarm's number."""
    row = {"key": key, "says": says, "since": since, "told_at": now}
    number: int = tx.execute(insert(alarms).values(**row).returning(alarms.c.id)).scalar_one()
    return number


def end(tx: Connection, numbers: Sequence[int], now: float) -> None:
    """These are over."""
    tx.execute(update(alarms).where(alarms.c.id.in_(numbers)).values(over_at=now))


def undecided(tx: Connection) -> Waiting | None:
    """Mail that is in the store and was not judged."""
    # By equality, which the index serves: this is asked every half minute.
    query = select(func.count(), func.min(messages.c.stored_at)).where(
        messages.c.state == "received"
    )
    number, since = tx.execute(query).one()
    return Waiting(number=number, since=since) if number else None


def unsent(tx: Connection) -> Waiting | None:
    """Briefs that were tried in vain, if none has left since: then it is not one recipient."""
    stuck = (outbox.c.state == "queued") & (outbox.c.attempts > 0)
    last = select(func.max(outbox.c.finished_at)).where(outbox.c.state == "sent").scalar_subquery()
    query = (
        select(outbox.c.created_at, outbox.c.detail, last.label("last"), func.count().over())
        .where(stuck)
        .order_by(outbox.c.created_at)
        .limit(1)
    )
    row = tx.execute(query).first()
    if row is None:
        return None
    since, says, last_sent, number = row
    return Waiting(number=number, since=max(since, last_sent or 0.0), says=says)
