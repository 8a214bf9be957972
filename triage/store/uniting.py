"""A person says that two cases are one matter.

Rules: an open case never ends up in a closed one, where nobody would look for it; what either has,
tags, people told, owner and answers, the one that stands has too; nobody is written to by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from triage.store import cases
from triage.store.merging import absorb
from triage.store.tables import cases as rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from triage.store.cases import Case


def unite(
    tx: Connection, case_id: int, other_id: int, *, by: str, now: float
) -> tuple[Case, Case] | None:
    """Make the second case part of the first, or the other way round where only that is open.

    Returns:
        The case that stands, and the one that is part of it; None: they were one before.

    Raises:
        NotFoundError: there is no such case.
    """
    first, second = cases.standing(tx, case_id), cases.standing(tx, other_id)
    if first.id == second.id:
        return None
    stands, part = (second, first) if second.open and not first.open else (first, second)
    absorb(tx, part.id, into=stands.id, because=f"{by} says that they are one matter", now=now)
    taken = next((each for each in (stands, part) if each.status == "acknowledged"), None)
    if taken:
        cases.acknowledge(tx, stands.id, taken.acknowledged_by, now)
    tx.execute(update(rows).where(rows.c.id == stands.id).values(_united(stands, part)))
    tx.execute(update(rows).where(rows.c.merged_into == part.id).values(merged_into=stands.id))
    return cases.get(tx, stands.id), cases.get(tx, part.id)


def _united(stands: Case, part: Case) -> dict[str, object]:
    """What the case that stands has of both."""
    answered = max((stands, part), key=lambda case: case.answered_at or 0.0)
    return {
        "tags": list(dict.fromkeys([*stands.tags, *part.tags])),
        "urgency": int(max(stands.urgency, part.urgency)),
        "recipients": list(dict.fromkeys([*stands.recipients, *part.recipients])),
        "owner": stands.owner or part.owner,
        "opened_at": min(stands.opened_at, part.opened_at),
        "updated_at": max(stands.updated_at, part.updated_at),
        "answered_at": answered.answered_at,
        "answered_by": answered.answered_by,
    }
