"""Which digests were made: one row a person, period and day or week, however often one tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from triage.store.tables import digests
from triage.store.upserts import upsert

if TYPE_CHECKING:
    from sqlalchemy import Connection

BEGIN = "begin"  # key of the row that says when a person's digests began


def covered_until(tx: Connection, person: str, period: str, now: float) -> float | None:
    """Until when a person's digests reach, or when they began; None: they have not begun.

    What lies in the future was written by a clock that was wrong, and does not count.
    """
    query = select(func.max(digests.c.until)).where(
        digests.c.person == person, digests.c.period == period, digests.c.until <= now
    )
    until: float | None = tx.execute(query).scalar()
    return until


def begin(tx: Connection, person: str, period: str, now: float) -> None:
    """A person's digests begin at this moment: the first one is the next that falls due."""
    values = {"person": person, "period": period, "key": BEGIN, "since": now, "until": now}
    again = {"since": now, "until": now}
    statement = upsert(tx.dialect.name, digests).values(**values)
    unique = ["person", "period", "key"]
    tx.execute(statement.on_conflict_do_update(index_elements=unique, set_=again))


def is_made(tx: Connection, person: str, period: str, key: str) -> bool:
    """Whether there is one for this day or week, sent or found empty."""
    query = select(digests.c.id).where(
        digests.c.person == person, digests.c.period == period, digests.c.key == key
    )
    return tx.execute(query).first() is not None


def put(
    tx: Connection,
    *,
    person: str,
    period: str,
    key: str,
    since: float,
    until: float,
    outbox_id: int | None,
) -> bool:
    """Note that it was made; False when another has made it. None: there was nothing to tell."""
    statement = (
        upsert(tx.dialect.name, digests)
        .values(
            person=person, period=period, key=key, since=since, until=until, outbox_id=outbox_id
        )
        .on_conflict_do_nothing()
    )
    return tx.execute(statement).rowcount == 1
