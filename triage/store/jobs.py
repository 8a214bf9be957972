"""Which steps a transaction makes due.

Where several programs share the store these become jobs in the same transaction, see
`triage.store.queue`. The rows alone say what is to do: a job that is lost is put down anew, and
one too many finds nothing to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sqlalchemy import Connection

Step = Literal["decide", "send", "follow_up"]

_KEY = "triage_jobs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A step for one row: a message, a brief, a timer. `at`: not before, in epoch seconds."""

    step: Step
    number: int
    at: float = 0.0


def collect(tx: Connection) -> list[Job]:
    """What this transaction will have asked for by its end."""
    wanted: list[Job] = []
    tx.info[_KEY] = wanted
    return wanted


def enqueue(tx: Connection, step: Step, number: int, at: float = 0.0) -> None:
    """Have a step run when this transaction is committed."""
    tx.info.setdefault(_KEY, []).append(Job(step=step, number=number, at=at))
