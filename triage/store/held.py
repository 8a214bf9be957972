"""Briefs that wait for their reader's digest, and what becomes of them.

Rule: each leaves by itself when its time comes first, so that a digest that is never made holds
nothing back for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from triage.messages import Occasion
from triage.store import audit, jobs
from triage.store.outbox import rows_of
from triage.store.tables import cases, outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from triage.policy import Person
    from triage.store.outbox import OutboxRow

WAITS, DIGESTED = "digest", "digested"  # states, see `triage.store.outbox`
_NO_BRIEFS = {Occasion.CONFIRMATION.value, Occasion.DIGEST.value, "alarm"}


def briefs_since(tx: Connection, address: str, since: float) -> int:
    """How many briefs went to an address since then; those that wait, or waited, do not count."""
    query = select(func.count()).where(
        outbox.c.recipient == address,
        outbox.c.created_at >= since,
        outbox.c.held_for == "",
        outbox.c.occasion.not_in(_NO_BRIEFS),
    )
    return tx.execute(query).scalar_one()


def held_for_digest(tx: Connection, person: Person) -> list[OutboxRow]:
    """What waits for somebody's digest, oldest first; `detail` says why. Of open cases only."""
    is_open = select(cases.c.id).where(cases.c.status != "resolved")
    theirs = (outbox.c.state == WAITS) & (outbox.c.recipient == person.address)
    return rows_of(tx, theirs & outbox.c.case_id.in_(is_open))


def of_case(tx: Connection, case_id: int) -> set[str]:
    """Addresses for which a brief of this case waits, and who have got no other."""
    query = select(outbox.c.recipient, outbox.c.state).where(
        outbox.c.case_id == case_id, outbox.c.occasion.not_in(_NO_BRIEFS)
    )
    found = tx.execute(query).all()
    told = {row.recipient for row in found if row.state != WAITS}
    return {row.recipient for row in found} - told


def told_in_digest(tx: Connection, ids: Sequence[int], rfc_id: str, now: float) -> None:
    """The digest with this Message-ID is in the outbox, and tells of these briefs."""
    _settle(tx, ids, f"told in the digest {rfc_id}", now)


def back_to_queue(tx: Connection, rfc_id: str, now: float) -> int:
    """That digest will not arrive: what it told of goes out as briefs; how many."""
    lost = (outbox.c.state == DIGESTED) & outbox.c.detail.endswith(rfc_id, autoescape=True)
    return _queue(tx, list(tx.execute(select(outbox.c.id).where(lost)).scalars()), now)


def has_due(tx: Connection, now: float) -> bool:
    """Whether something has waited for as long as it may."""
    query = select(outbox.c.id).where(outbox.c.state == WAITS, outbox.c.next_attempt_at <= now)
    return tx.execute(query.limit(1)).first() is not None


def release_due(tx: Connection, now: float) -> int:
    """What has waited for as long as it may goes out as a brief; how many.

    Of a case that somebody has closed meanwhile nobody hears any more.
    """
    due = (outbox.c.state == WAITS) & (outbox.c.next_attempt_at <= now)
    closed = select(cases.c.id).where(cases.c.status == "resolved")
    settled = tx.execute(select(outbox.c.id).where(due, outbox.c.case_id.in_(closed))).scalars()
    _settle(tx, list(settled), "the case was closed before", now)
    return _queue(tx, list(tx.execute(select(outbox.c.id).where(due)).scalars()), now)


def _queue(tx: Connection, ids: Sequence[int], now: float) -> int:
    rows = outbox.c.id.in_(ids)
    values = {"state": "queued", "next_attempt_at": now, "finished_at": None}
    tx.execute(update(outbox).where(rows).values(values))
    for row in rows_of(tx, rows):
        jobs.enqueue(tx, "send", row.id)
        detail = f"{row.recipient}: {row.detail}"
        audit.note(tx, "released", now=now, case_id=row.case_id, outbox_id=row.id, detail=detail)
    return len(ids)


def _settle(tx: Connection, ids: Sequence[int], says: str, now: float) -> None:
    rows = outbox.c.id.in_(ids) & (outbox.c.state == WAITS)
    values = {"state": DIGESTED, "finished_at": now, "detail": outbox.c.detail + f"; {says}"}
    for row in rows_of(tx, rows):
        detail = f"{row.recipient}: {says}"
        audit.note(tx, "digested", now=now, case_id=row.case_id, outbox_id=row.id, detail=detail)
    tx.execute(update(outbox).where(rows).values(values))
