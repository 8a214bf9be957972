"""Timers: a due time in a row.

When one fires it checks whether anything is still to do, so nothing is ever cancelled. What the
due time was worked out from stands beside it, so that it can be worked out anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import func, insert, select, update

from triage.store import jobs
from triage.store.tables import cases, timers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from sqlalchemy import Connection, Row

Kind = Literal["remind", "level", "update", "storm"]

_COLUMNS = [column for column in timers.c if column.name != "done_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Something to look at for a case at `due_at`; `message_id` is the mail that set it.

    Attributes:
        kind: `remind` those who were told, go on to the next `level`, or see to it that the client
            gets an `update`.
        began_at: when the window began that it belongs to; 0: not known.
        step: how many levels had been told by then.
        tags, issue: whose routes set it; `issue` is the kind of issue.
        opening: it belongs to the window that the first briefs opened.
        policy: the policy it was worked out by.
    """

    id: int
    case_id: int
    message_id: int
    kind: str
    due_at: float
    began_at: float = 0.0
    step: int = 0
    tags: tuple[str, ...] = ()
    issue: str = ""
    opening: bool = True
    policy: str = ""


def put(
    tx: Connection,
    *,
    case_id: int,
    message_id: int,
    kind: str,
    due_at: float,
    began_at: float = 0.0,
    step: int = 0,
    tags: Sequence[str] = (),
    issue: str = "",
    opening: bool = True,
    policy: str = "",
) -> None:
    """Set a timer."""
    number: int = tx.execute(
        insert(timers)
        .values(
            case_id=case_id,
            message_id=message_id,
            kind=kind,
            due_at=due_at,
            began_at=began_at,
            step=step,
            basis={"tags": list(tags), "issue": issue, "opening": opening},
            policy=policy[:200],
        )
        .returning(timers.c.id)
    ).scalar_one()
    jobs.enqueue(tx, "follow_up", number, due_at)


def get(tx: Connection, timer_id: int) -> Timer | None:
    """A timer that is yet to fire; None: it has fired."""
    query = select(*_COLUMNS).where(timers.c.id == timer_id, timers.c.done_at.is_(None))
    row = tx.execute(query).first()
    return _timer(row) if row else None


def due(tx: Connection, now: float, limit: int = 50) -> list[Timer]:
    """Timers whose time has come, the earliest first."""
    query = (
        select(*_COLUMNS)
        .where(timers.c.done_at.is_(None), timers.c.due_at <= now)
        .order_by(timers.c.due_at, timers.c.id)
        .limit(limit)
    )
    return [_timer(row) for row in tx.execute(query)]


def waiting(tx: Connection, case_id: int) -> list[Timer]:
    """Timers of a case that can still do something, the earliest first."""
    query = (
        select(*_COLUMNS)
        .join(cases, cases.c.id == timers.c.case_id)
        .where(
            timers.c.case_id == case_id,
            timers.c.done_at.is_(None),
            cases.c.status == "open",
            (timers.c.began_at == 0) | (timers.c.began_at >= cases.c.stopped_at),
        )
        .order_by(timers.c.due_at, timers.c.id)
    )
    return [_timer(row) for row in tx.execute(query)]


def pending(tx: Connection, case_id: int, kind: Kind) -> list[Timer]:
    """Timers of a case that are yet to fire, the earliest first, whatever became of the case."""
    query = (
        select(*_COLUMNS)
        .where(timers.c.case_id == case_id, timers.c.kind == kind, timers.c.done_at.is_(None))
        .order_by(timers.c.due_at, timers.c.id)
    )
    return [_timer(row) for row in tx.execute(query)]


def of_other_policies(tx: Connection, policy: str) -> list[Timer]:
    """Timers yet to fire that were worked out by another policy, by case and number."""
    query = (
        select(*_COLUMNS)
        .where(timers.c.done_at.is_(None), timers.c.began_at > 0, timers.c.policy != policy[:200])
        .order_by(timers.c.case_id, timers.c.id)
    )
    return [_timer(row) for row in tx.execute(query)]


def next_due_at(tx: Connection) -> float | None:
    """When the next timer fires."""
    return tx.execute(select(func.min(timers.c.due_at)).where(timers.c.done_at.is_(None))).scalar()


def finish(tx: Connection, timer_id: int, now: float) -> bool:
    """Mark it done; False when another worker did."""
    row = (timers.c.id == timer_id) & timers.c.done_at.is_(None)
    return tx.execute(update(timers).where(row).values(done_at=now)).rowcount == 1


def _timer(row: Row[Any]) -> Timer:
    fields = dict(row._mapping)  # noqa: SLF001 - the documented way to a dict
    basis = fields.pop("basis") or {}
    return Timer(
        **fields,
        tags=tuple(basis.get("tags", ())),
        issue=basis.get("issue", ""),
        opening=basis.get("opening", True),
    )


def put_again(tx: Connection, timer: Timer, *, due_at: float, policy: str = "") -> None:
    """Set the same timer for another time, by another policy where one is given."""
    put(
        tx,
        case_id=timer.case_id,
        message_id=timer.message_id,
        kind=timer.kind,
        due_at=due_at,
        began_at=timer.began_at,
        step=timer.step,
        tags=timer.tags,
        issue=timer.issue,
        opening=timer.opening,
        policy=policy or timer.policy,
    )
