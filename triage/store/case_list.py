"""Cases as a list to work through: what is overdue first, filtered, searched, a page at a time.

Rules: an unresolved case stands before every resolved one, the more pressing one first; a page
begins right after the last case of the page before (keyset), so that none is skipped or shown twice
for want of a place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, literal, or_, select, tuple_

from triage.store.case_filters import State, Wanted, conditions, visible, waits_for
from triage.store.case_places import Place
from triage.store.cases import case_of
from triage.store.tables import cases, issues, messages, timers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from triage.policy import Person
    from triage.store.cases import Case

__all__ = ["Counts", "Listed", "Page", "Place", "State", "Wanted", "counts", "page"]

PAGE = 50
_OVERDUE, _WAITING, _TAKEN_UP = range(3)  # how pressing
_CURRENT = ("open", "acknowledged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A case in the list.

    Attributes:
        due_at: until when somebody was to take it up; None: the policy sets no time, or it was.
        overdue: that moment has passed.
        kinds: its kinds of issue by tag, as far as they are known.
        mails: how many mails it has.
    """

    case: Case
    due_at: float | None
    overdue: bool
    kinds: Mapping[str, str]
    mails: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some cases in order, and where the next page begins; None: these were the last."""

    lines: tuple[Listed, ...]
    following: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many unresolved cases there are, and of them are what; `mine` wait for `first`."""

    current: int
    waiting: int
    overdue: int
    mine: int


def page(
    tx: Connection, wanted: Wanted, now: float, *, after: Place | None = None, limit: int = PAGE
) -> Page:
    """One page of cases. What is overdue is told as of `now`, or as of the first page's moment."""
    now = after.now if after else now
    rows: list[Row[Any]] = []
    if wanted.state is not State.RESOLVED and not (after and after.resolved):
        rows = list(tx.execute(_current(tx, wanted, now, after, limit + 1)))
    if wanted.state in (State.RESOLVED, State.ALL) and len(rows) <= limit:
        rows += tx.execute(_resolved(tx, wanted, after, limit + 1 - len(rows)))
    shown = rows[:limit]
    following = _place(shown[-1], now) if len(rows) > limit else None
    return Page(lines=tuple(_listed(tx, shown, now)), following=following)


def counts(tx: Connection, wanted: Wanted, now: float) -> Counts:
    """Of all unresolved cases that the reader may see, whatever else the list is narrowed to."""
    inner = _pressing(now, wanted.first).where(*visible(wanted)).subquery()
    query = select(
        func.count(),
        *(
            func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
            for condition in (
                inner.c.rank < _TAKEN_UP,
                inner.c.rank == _OVERDUE,
                inner.c.others == 0,
            )
        ),
    ).select_from(inner)
    current, waiting, overdue, mine = tx.execute(query).one()
    return Counts(current=current, waiting=waiting, overdue=overdue, mine=mine)


def _current(
    tx: Connection, wanted: Wanted, now: float, after: Place | None, limit: int
) -> Select[Any]:
    inner = _pressing(now, wanted.first).where(*conditions(tx, wanted)).subquery()
    key = (inner.c.rank, inner.c.others, inner.c.lightness, inner.c.opened_at, inner.c.id)
    query = select(inner).order_by(*key).limit(limit)
    if wanted.state is State.OVERDUE:
        query = query.where(inner.c.rank == _OVERDUE)
    return query.where(tuple_(*key) > tuple_(*map(literal, after.key))) if after else query


def _pressing(now: float, first: Person | None) -> Select[Any]:
    """Unresolved cases with what they are ordered by, all of it rising."""
    due_at = _due_at().label("due_at")
    rank = case(
        (cases.c.status == "acknowledged", _TAKEN_UP),
        (_due_at() <= now, _OVERDUE),
        else_=_WAITING,
    )
    others = case((waits_for(first), 0), else_=1) if first else literal(1)
    return select(
        cases,
        due_at,
        rank.label("rank"),
        others.label("others"),
        (-cases.c.urgency).label("lightness"),
    ).where(cases.c.status.in_(_CURRENT))


def _due_at() -> ColumnElement[float]:
    """Until when somebody is to take up an open case: the first window that is not void.

    A timer that was finished before it was due was put in the place of another.
    """

    def first_of(kind: str) -> ColumnElement[float]:
        query = select(func.min(timers.c.due_at)).where(
            timers.c.case_id == cases.c.id,
            timers.c.kind == kind,
            or_(timers.c.began_at == 0, timers.c.began_at >= cases.c.stopped_at),
            or_(timers.c.done_at.is_(None), timers.c.done_at >= timers.c.due_at),
        )
        return query.correlate(cases).scalar_subquery()

    return case((cases.c.status == "open", func.coalesce(first_of("level"), first_of("remind"))))


def _resolved(tx: Connection, wanted: Wanted, after: Place | None, limit: int) -> Select[Any]:
    key = (cases.c.resolved_at, cases.c.id)
    query = (
        select(cases, literal(None).label("due_at"))
        .where(cases.c.status == "resolved", *conditions(tx, wanted))
        .order_by(cases.c.resolved_at.desc(), cases.c.id.desc())
        .limit(limit)
    )
    if after and after.resolved:
        return query.where(tuple_(*key) < tuple_(*map(literal, after.key)))
    return query


def _listed(tx: Connection, rows: Sequence[Row[Any]], now: float) -> Iterable[Listed]:
    ids = [row.id for row in rows]
    kinds, mails = _kinds(tx, ids), _mails(tx, ids)
    for row in rows:
        yield Listed(
            case=case_of(row),
            due_at=row.due_at,
            overdue=row.due_at is not None and row.due_at <= now,
            kinds=kinds.get(row.id, {}),
            mails=mails.get(row.id, 0),
        )


def _kinds(tx: Connection, case_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    query = (
        select(messages.c.case_id, issues.c.tag, issues.c.kind)
        .join(messages, messages.c.id == issues.c.message_id)
        .where(messages.c.case_id.in_(case_ids))
        .order_by(issues.c.id)
    )
    found: dict[int, dict[str, str]] = {}
    for row in tx.execute(query):
        found.setdefault(row.case_id, {})[row.tag] = row.kind
    return found


def _mails(tx: Connection, case_ids: Sequence[int]) -> dict[int, int]:
    query = (
        select(messages.c.case_id, func.count().label("number"))
        .where(messages.c.case_id.in_(case_ids))
        .group_by(messages.c.case_id)
    )
    return {row.case_id: row.number for row in tx.execute(query)}


def _place(row: Row[Any], now: float) -> Place:
    if row.status == "resolved":
        return Place(now=now, key=(row.resolved_at, row.id))
    return Place(now=now, key=(row.rank, row.others, row.lightness, row.opened_at, row.id))
