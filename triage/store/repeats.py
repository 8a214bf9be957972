"""The cases of late, to see what comes up again and again, and what was said about that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, or_, select, true

from triage.store import issues
from triage.store.case_filters import holds
from triage.store.tables import cases, client_domain, messages, spared, suggestions
from triage.store.tables import issues as issue_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

_COLUMNS = (cases.c.id, cases.c.client, cases.c.tags, cases.c.opened_at, cases.c.recurs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Like:
    """Which cases are asked for: those of which any of this is true.

    Attributes:
        clients: these are the addresses, or the mail domains, of their clients.
        tags: they carry one of these.
        kinds: one of their mails was once taken for one of these kinds of issue.
    """

    clients: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCase:
    """A case that was opened of late.

    Attributes:
        client: the address of whom it is about.
        kinds: by tag, the kind of issue that it is taken for; tags without one are left out.
        recurs: whether somebody says that it could happen again; None: nobody has said.
    """

    id: int
    client: str
    tags: tuple[str, ...]
    kinds: dict[str, str]
    opened_at: float
    recurs: bool | None = None


def private(tx: Connection) -> frozenset[int]:
    """Cases that are kept from somebody whom they are about."""
    query = select(spared.c.case_id).where(spared.c.told_at.is_(None))
    return frozenset(tx.execute(query).scalars())


def opened_since(
    tx: Connection, since: float, until: float, like: Like | None = None
) -> list[OpenedCase]:
    """Cases opened in [since, until], oldest first; none that is part of another, or nothing.

    `like`: only such cases, so that a mail costs no more the more cases there are of other kinds.
    """
    query = select(*_COLUMNS).where(
        cases.c.opened_at.between(since, until), cases.c.merged_into.is_(None)
    )
    wanted = [true()] if like is None else _each_of(like, since)
    found = {
        row.id: row
        for condition in wanted  # one by one, since each has an index of its own
        for row in tx.execute(query.where(condition))
        if row.tags
    }
    rows = sorted(found.values(), key=lambda row: (row.opened_at, row.id))
    return _opened(rows, issues.kinds_of(tx, [row.id for row in rows]))


def _each_of(like: Like, since: float) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if like.clients:
        wanted += [cases.c.client.in_(like.clients), client_domain().in_(like.clients)]
    if like.tags:
        wanted.append(or_(*(holds(cases.c.tags, tag) for tag in like.tags)))
    if like.kinds:  # no case is older than what its mails are taken for
        of_kind = (
            select(messages.c.case_id)
            .join(issue_rows, issue_rows.c.message_id == messages.c.id)
            .where(issue_rows.c.kind.in_(like.kinds), issue_rows.c.at >= since)
        )
        wanted.append(cases.c.id.in_(of_kind))
    return wanted


def opened(tx: Connection, case_id: int) -> OpenedCase | None:
    """One case as the others are counted; None when it is part of another, or nothing."""
    query = select(*_COLUMNS).where(cases.c.id == case_id, cases.c.merged_into.is_(None))
    found = [row for row in tx.execute(query) if row.tags]
    return next(iter(_opened(found, issues.kinds_of(tx, [case_id]))), None)


def _opened(
    found: Sequence[Row[*tuple[Any, ...]]], kinds: Mapping[int, Mapping[str, str]]
) -> list[OpenedCase]:
    return [
        OpenedCase(
            id=row.id,
            client=row.client,
            tags=tuple(row.tags),
            kinds={tag: kind for tag, kind in kinds.get(row.id, {}).items() if kind},
            opened_at=row.opened_at,
            recurs=row.recurs,
        )
        for row in found
    ]


def suggested(tx: Connection, since: float) -> dict[str, float]:
    """By matter, when somebody was last told that it comes up again and again."""
    query = (
        select(suggestions.c.matter, suggestions.c.at)
        .where(suggestions.c.at > since)
        .order_by(suggestions.c.at)
    )
    return {row.matter: row.at for row in tx.execute(query)}


def suggest(tx: Connection, matter: str, case_id: int, number: int, now: float) -> None:
    """Remember that the brief of a case says so."""
    values = {"matter": matter[:400], "case_id": case_id, "number": number, "at": now}
    tx.execute(insert(suggestions).values(values))
