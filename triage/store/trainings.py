"""Trainings: when a model was made from the labels here, and what became of it.

Rule: a training has its row before it begins. One without an end, of which no program runs any
more, was interrupted: it has changed nothing, and what it was to learn is still new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import func, insert, select, update

from triage.store.tables import example_labels, labels, trainings

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

Outcome = Literal["promoted", "kept", "failed", "interrupted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One training. `outcome` is empty until it ends; `version` names the model it made."""

    id: int
    by: str
    how: str
    label_id: int
    example_label_id: int
    started_at: float
    finished_at: float | None
    outcome: str
    version: str
    detail: str


def begin(tx: Connection, *, by: str, how: str, now: float) -> int:
    """Write down that a training begins, with the labels there are; returns its number."""
    statement = (
        insert(trainings)
        .values(
            by=by,
            how=how,
            label_id=_newest(tx, labels.c.id),
            example_label_id=_newest(tx, example_labels.c.id),
            started_at=now,
            outcome="",
            version="",
            detail="",
        )
        .returning(trainings.c.id)
    )
    training_id: int = tx.execute(statement).scalar_one()
    return training_id


def finish(
    tx: Connection,
    training_id: int,
    *,
    outcome: Outcome,
    now: float,
    version: str = "",
    detail: str = "",
) -> None:
    """Write down how it ended; the first end counts."""
    row = (trainings.c.id == training_id) & trainings.c.finished_at.is_(None)
    values = {"finished_at": now, "outcome": outcome, "version": version, "detail": detail}
    tx.execute(update(trainings).where(row).values(values))


def interrupt(tx: Connection, now: float) -> int:
    """End every training that has no end; the caller knows that none is running."""
    row = trainings.c.finished_at.is_(None)
    values = {"finished_at": now, "outcome": "interrupted"}
    return tx.execute(update(trainings).where(row).values(values)).rowcount


def last(tx: Connection) -> Training | None:
    """The training that began last."""
    row = tx.execute(select(trainings).order_by(trainings.c.id.desc()).limit(1)).first()
    return _training(row) if row else None


def last_learnt(tx: Connection) -> Training | None:
    """The last training that made a model, used or not."""
    made = trainings.c.outcome.in_(["promoted", "kept"])
    query = select(trainings).where(made).order_by(trainings.c.id.desc()).limit(1)
    row = tx.execute(query).first()
    return _training(row) if row else None


def new_labels(tx: Connection) -> int:
    """How many mails and examples were labelled since the last training that made a model."""
    learnt = last_learnt(tx)
    mails = select(func.count(func.distinct(labels.c.message_id)))
    examples = select(func.count(func.distinct(example_labels.c.example_id)))
    if learnt:
        mails = mails.where(labels.c.id > learnt.label_id)
        examples = examples.where(example_labels.c.id > learnt.example_label_id)
    return tx.execute(mails).scalar_one() + tx.execute(examples).scalar_one()


def _newest(tx: Connection, column: Any) -> int:
    return tx.execute(select(func.max(column))).scalar() or 0


def _training(row: Row[Any]) -> Training:
    return Training(**row._mapping)  # noqa: SLF001 - the documented way to a dict
