"""Two cases turn out to be one: all of the later one moves to the earlier one.

Rule: nothing that waits is lost by it. Briefs move, so that an answer to any of them reaches the
case; so do timers, so that the case waits as long as the stricter of the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from triage.store import audit, search
from triage.store.cases import extend, get, resolve
from triage.store.tables import answers, cases, messages, outbox, spared, storms, timers

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MOVES = (messages, outbox, timers, answers, storms)


def absorb(tx: Connection, case_id: int, *, into: int, because: str, now: float) -> None:
    """Make a case part of another one, and close it as that. Raises NotFoundError."""
    case, other = get(tx, case_id), get(tx, into)
    level, status = max(case.level, other.level), other.status
    for table in _MOVES:
        tx.execute(update(table).where(table.c.case_id == case_id).values(case_id=into))
    known = select(spared.c.person).where(spared.c.case_id == into).scalar_subquery()
    twice = (spared.c.case_id == case_id) & spared.c.person.in_(known)
    tx.execute(delete(spared).where(twice))
    tx.execute(update(spared).where(spared.c.case_id == case_id).values(case_id=into))
    if status == "open":
        extend(
            tx,
            into,
            tags=list(dict.fromkeys([*other.tags, *case.tags])),
            urgency=max(other.urgency, case.urgency),
            recipients=list(dict.fromkeys([*other.recipients, *case.recipients])),
            now=other.updated_at,
        )
        tx.execute(update(cases).where(cases.c.id == into).values(level=level))
    resolve(tx, case_id, f"part of case {into}: {because}", now)
    tx.execute(update(cases).where(cases.c.id == case_id).values(merged_into=into))
    search.refresh(tx, [case_id, into])
    audit.note(tx, "merged", now=now, case_id=case_id, detail=f"into case {into}: {because}")
    audit.note(tx, "merged", now=now, case_id=into, detail=f"with case {case_id}: {because}")
