"""Rows that should have been seen to, and of which no job speaks: their jobs are put down anew.

So nothing hangs on a job: it may be lost with a table that was not restored, be given up, or never
have been there, as in a store that was moved here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from triage.store import jobs
from triage.store.tables import messages, outbox, timers

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

    from triage.store.jobs import Step

LATE_S = 15.0
MOST = 2000  # rows of a kind that are looked at in one go, the oldest

_KNOWN = text(
    "select task_name, args from procrastinate_jobs where status in ('todo', 'doing')"
    " and (scheduled_at is null or scheduled_at <= now())"
)


def put_down(tx: Connection, now: float) -> int:
    """Put down what is missing; how many rows that were. `now` in epoch seconds."""
    known = _known(tx)
    found = 0
    for step, query in _late(now - LATE_S):
        for number in tx.execute(query.limit(MOST)).scalars():
            if (step, number) not in known:
                jobs.enqueue(tx, step, number)
                found += 1
    return found


def _late(before: float) -> list[tuple[Step, Select[int]]]:
    received = select(messages.c.id).where(
        messages.c.state == "received",
        messages.c.stored_at <= before,
        messages.c.next_attempt_at <= before,
    )
    queued = select(outbox.c.id).where(
        outbox.c.state == "queued", outbox.c.next_attempt_at <= before
    )
    due = select(timers.c.id).where(timers.c.done_at.is_(None), timers.c.due_at <= before)
    return [
        ("decide", received.order_by(messages.c.id)),
        ("send", queued.order_by(outbox.c.id)),
        ("follow_up", due.order_by(timers.c.due_at)),
    ]


def _known(tx: Connection) -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for step, arguments in tx.execute(_KNOWN):
        numbers = arguments.get("numbers") or [arguments.get("number")]
        found.update((step, number) for number in numbers)
    return found
