"""Taking back what one transaction has just added, as far as nothing of it has left the house."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, select, update

from triage.store import search
from triage.store.tables import cases, labels, messages, outbox, timers

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

_ADDED = (labels, outbox, timers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The store between two changes: the newest row of each table, one mail's case, that case."""

    newest: tuple[int, ...]
    message_id: int
    case_id: int | None
    case: dict[str, Any] | None


def moment(tx: Connection, message_id: int) -> Moment:
    """How things stand for a mail, inside the transaction that is about to change it."""
    case_id = tx.execute(select(messages.c.case_id).where(messages.c.id == message_id)).scalar()
    return Moment(
        newest=tuple(_newest(tx, table) for table in _ADDED),
        message_id=message_id,
        case_id=case_id,
        case=_case(tx, case_id),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What came of it.

    Attributes:
        left: addresses whose briefs had left already, or may have; those stay in the outbox.
        case_as_before: whether the case is as it was; not when somebody has changed it since.
    """

    left: tuple[str, ...]
    case_as_before: bool


def take_back(tx: Connection, before: Moment, after: Moment) -> TakenBack:
    """Make it as it was at `before`, where `after` is how it stood at the end of that change."""
    added = {
        table.name: and_(table.c.id > old, table.c.id <= new)
        for table, old, new in zip(_ADDED, before.newest, after.newest, strict=True)
    }
    waiting = (outbox.c.state == "queued") & (outbox.c.attempts == 0)
    tx.execute(delete(outbox).where(added["outbox"], waiting))
    left = tx.execute(select(outbox.c.recipient).where(added["outbox"])).scalars().all()
    tx.execute(delete(timers).where(added["timers"]))
    tx.execute(delete(labels).where(added["labels"]))
    untouched = _case(tx, after.case_id) == after.case
    row = messages.c.id == before.message_id
    tx.execute(update(messages).where(row).values(case_id=before.case_id))
    if before.case and untouched:
        tx.execute(update(cases).where(cases.c.id == before.case_id).values(before.case))
    if before.case_id != after.case_id:
        search.refresh(tx, [each for each in (before.case_id, after.case_id) if each is not None])
    return TakenBack(left=tuple(left), case_as_before=untouched)


def _case(tx: Connection, case_id: int | None) -> dict[str, Any] | None:
    row = tx.execute(select(cases).where(cases.c.id == case_id)).first()
    return dict(row._mapping) if row else None  # noqa: SLF001 - the documented way to a dict


def _newest(tx: Connection, table: Table) -> int:
    return tx.execute(select(func.max(table.c.id))).scalar() or 0
