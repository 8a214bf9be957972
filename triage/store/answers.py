"""Answers to briefs that were taken: each counts once, and none after a newer one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, or_, select

from triage.store.tables import answers

if TYPE_CHECKING:
    from sqlalchemy import Connection


def put(
    tx: Connection,
    *,
    outbox_id: int,
    case_id: int,
    message_id: int,
    by: str,
    rfc_id: str,
    fingerprint: str,
    meaning: str,
    written_at: float,
    now: float,
) -> None:
    """Remember an answer. `rfc_id` is its Message-ID, or nothing where it has none."""
    tx.execute(
        insert(answers).values(
            outbox_id=outbox_id,
            case_id=case_id,
            message_id=message_id,
            by=by,
            rfc_id=rfc_id[:998],
            fingerprint=fingerprint,
            meaning=meaning,
            written_at=written_at,
            taken_at=now,
        )
    )


def is_taken(tx: Connection, rfc_id: str, fingerprint: str) -> bool:
    """Whether this very answer, by its Message-ID or by what it says, was taken before."""
    same = answers.c.fingerprint == fingerprint
    if rfc_id:
        same = or_(same, answers.c.rfc_id == rfc_id[:998])
    return tx.execute(select(answers.c.id).where(same).limit(1)).first() is not None


def newest_written_at(tx: Connection, case_id: int, by: str) -> float:
    """When this person wrote the newest answer of the case that was followed; 0: none so far."""
    query = select(func.max(answers.c.written_at)).where(
        answers.c.case_id == case_id, answers.c.by == by, answers.c.meaning != "unclear"
    )
    return tx.execute(query).scalar() or 0.0


def people_since(tx: Connection, case_id: int, since: float) -> set[str]:
    """Who has answered a brief of the case at that time or later; addresses in lower case."""
    query = select(answers.c.by).where(
        answers.c.case_id == case_id, answers.c.taken_at >= since, answers.c.meaning != "unclear"
    )
    return set(tx.execute(query).scalars())
