"""A case is closed, and somebody says how it ended: by an answer, at the machine, on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.store import audit, cases
from triage.summary.ending import said_by

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What came of it.

    Attributes:
        closed: it was closed by this; else it had been closed before.
        noted: how it ended was said of a case that had been closed before.
        case: as it is now.
    """

    closed: bool
    noted: bool
    case: cases.Case

    @property
    def asks_outcome(self) -> bool:
        """Whether somebody who has just closed it should say how it ended."""
        return self.closed and not self.case.outcome

    @property
    def asks_recurs(self) -> bool:
        """Whether they should say if it could happen again."""
        return self.closed and self.case.recurs is None


def close(
    tx: Connection, case_id: int, *, outcome: str, recurs: bool | None, by: str, now: float
) -> Closing:
    """Close a case; or say of a closed one how it ended, as far as nobody has. NotFoundError."""
    closed = cases.resolve(tx, case_id, outcome, now, by=by, recurs=recurs)
    noted = not closed and cases.conclude(
        tx, case_id, outcome=outcome, recurs=recurs, by=by, now=now
    )
    if closed or noted:
        action: audit.Action = "resolved" if closed else "outcome"
        detail = said_by(by, outcome, recurs=recurs)
        audit.note(tx, action, now=now, case_id=case_id, detail=detail)
    return Closing(closed=closed, noted=noted, case=cases.get(tx, case_id))
