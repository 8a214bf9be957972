"""What a person decides of a brief that did not leave, or of which nobody knows whether it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.store import audit, outbox

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from triage.store.outbox import OutboxRow

AGAIN = ("failed", "held", "queued", "digest")  # states in which a brief may be sent at once


def send_again(tx: Connection, brief: int, *, by: str, now: float) -> tuple[OutboxRow, bool]:
    """Send a failed, held or waiting brief at the next opportunity.

    Returns the row as it was, and whether it is queued now.

    Raises:
        NotFoundError: there is no such brief, or its words were deleted.
    """
    row = outbox.retry(tx, brief, now)
    again = row.state in AGAIN
    if again:
        _note(tx, row, "retried", f"by {by}", now)
    return row, again


def count_as_sent(tx: Connection, brief: int, *, by: str, now: float) -> tuple[OutboxRow, bool]:
    """A held brief did arrive, as somebody has seen. Returns the row as it was, and whether it was.

    Raises:
        NotFoundError: there is no such brief.
    """
    row = outbox.get(tx, brief)
    detail = f"the answer was lost, but it arrived, by {by}"
    settled = outbox.arrived(tx, brief, detail, now)
    if settled:
        _note(tx, row, "sent", f"{row.recipient}: {detail}", now)
    return row, settled


def _note(tx: Connection, row: OutboxRow, action: audit.Action, detail: str, now: float) -> None:
    case_id = row.case_id or None
    audit.note(tx, action, now=now, case_id=case_id, outbox_id=row.id, detail=detail)
