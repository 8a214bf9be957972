"""Labels: what people say a mail is. The newest one counts; all are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from triage.store.tables import labels, verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A person's judgement. `previous` is what stood before; `how` is the gesture.

    `sentence`: the one of the mail that decides, as they say; empty where they do not.
    """

    message_id: int
    tags: tuple[str, ...]
    previous: tuple[str, ...]
    by: str
    how: str
    at: float
    sentence: str = ""


def put(
    tx: Connection,
    message_id: int,
    *,
    tags: Sequence[str],
    previous: Sequence[str],
    by: str,
    how: str,
    now: float,
    sentence: str = "",
) -> None:
    """Add a label."""
    tx.execute(
        insert(labels).values(
            message_id=message_id,
            tags=list(tags),
            previous=list(previous),
            by=by,
            how=how,
            at=now,
            sentence=sentence,
        )
    )


def in_force(tx: Connection, message_id: int) -> tuple[str, ...] | None:
    """The tags of the newest label of one message; None when nobody has labelled it."""
    query = select(labels.c.tags).where(labels.c.message_id == message_id)
    row = tx.execute(query.order_by(labels.c.id.desc()).limit(1)).first()
    return tuple(row.tags) if row else None


def tags_of(tx: Connection, message_id: int) -> tuple[str, ...]:
    """What a message counts as: what people say it is, else what the classifier said."""
    labelled = in_force(tx, message_id)
    if labelled is not None:
        return labelled
    row = tx.execute(select(verdicts.c.tags).where(verdicts.c.message_id == message_id)).first()
    return tuple(row.tags) if row else ()


def newest(tx: Connection) -> list[Label]:
    """The label in force for each labelled message."""
    last = select(func.max(labels.c.id)).group_by(labels.c.message_id)
    query = select(labels).where(labels.c.id.in_(last)).order_by(labels.c.message_id)
    return [_label(row) for row in tx.execute(query)]


def everything(tx: Connection) -> list[Label]:
    """Every label there ever was, in the order in which they were given."""
    return [_label(row) for row in tx.execute(select(labels).order_by(labels.c.id))]


def of_mail(tx: Connection, message_id: int) -> list[Label]:
    """Every label of one message, in the order in which they were given."""
    query = select(labels).where(labels.c.message_id == message_id).order_by(labels.c.id)
    return [_label(row) for row in tx.execute(query)]


def _label(row: Row[Any]) -> Label:
    return Label(
        message_id=row.message_id,
        tags=tuple(row.tags),
        previous=tuple(row.previous),
        by=row.by,
        how=row.how,
        at=row.at,
        sentence=row.sentence,
    )
