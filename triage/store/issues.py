"""Kinds of issue of mails, and people whom cases are about. The newest kind of a tag counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from triage.store.tables import issues, messages, spared

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import Connection, Row

_CHUNK = 500  # numbers in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What a mail with a tag is taken for.

    Attributes:
        kind: id of the kind in the policy; empty: none of those there are.
        because: why, in words.
        by: address of the person who says so; empty: the program found it.
    """

    tag: str
    kind: str
    because: str = ""
    by: str = ""


def put(tx: Connection, message_id: int, issue: Issue, *, how: str, now: float) -> None:
    """Add what a mail is taken for."""
    values = {
        "message_id": message_id,
        "tag": issue.tag,
        "kind": issue.kind,
        "because": issue.because,
        "by": issue.by,
        "how": how,
        "at": now,
    }
    tx.execute(insert(issues).values(values))


def of_message(tx: Connection, message_id: int) -> dict[str, Issue]:
    """What one mail is taken for, by tag."""
    query = select(issues).where(issues.c.message_id == message_id).order_by(issues.c.id)
    return {row.tag: _issue(row) for row in tx.execute(query)}


def of_case(tx: Connection, case_id: int) -> dict[str, Issue]:
    """What the mails of a case are taken for, by tag; the newest word counts."""
    query = (
        select(issues)
        .join(messages, messages.c.id == issues.c.message_id)
        .where(messages.c.case_id == case_id)
        .order_by(issues.c.id)
    )
    return {row.tag: _issue(row) for row in tx.execute(query)}


def kinds_of_cases(tx: Connection) -> dict[int, dict[str, str]]:
    """Of every case its kinds by tag; the newest word counts."""
    query = (
        select(messages.c.case_id, issues.c.tag, issues.c.kind, issues.c.id)
        .join(messages, messages.c.id == issues.c.message_id)
        .where(messages.c.case_id.is_not(None))
    )
    return _by_case(tx.execute(query).all())


def kinds_of(tx: Connection, case_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """The kinds of these cases by tag; the newest word counts."""
    rows: list[Row[*tuple[Any, ...]]] = []
    for start in range(0, len(case_ids), _CHUNK):
        some = case_ids[start : start + _CHUNK]
        query = (
            select(messages.c.case_id, issues.c.tag, issues.c.kind, issues.c.id)
            .join(messages, messages.c.id == issues.c.message_id)
            .where(messages.c.case_id.in_(some))
        )
        rows += tx.execute(query).all()
    return _by_case(rows)


def _by_case(rows: Iterable[Row[*tuple[Any, ...]]]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for row in sorted(rows, key=lambda row: int(row.id)):
        found.setdefault(row.case_id, {})[row.tag] = row.kind
    return found


def spare(tx: Connection, case_id: int, people: Collection[str], now: float) -> None:
    """A case is about these people; whom somebody had told already stays told."""
    known = select(spared.c.person).where(spared.c.case_id == case_id)
    for person in sorted(set(people) - set(tx.execute(known).scalars())):
        tx.execute(insert(spared).values(case_id=case_id, person=person, at=now))


def spared_people(tx: Connection, case_id: int) -> frozenset[str]:
    """Ids of the people who must not hear of a case."""
    query = select(spared.c.person).where(spared.c.case_id == case_id, spared.c.told_at.is_(None))
    return frozenset(tx.execute(query).scalars())


def kept_from(tx: Connection, person: str) -> frozenset[int]:
    """Cases that this person must not hear of."""
    query = select(spared.c.case_id).where(spared.c.person == person, spared.c.told_at.is_(None))
    return frozenset(tx.execute(query).scalars())


def tell(tx: Connection, case_id: int, person: str, *, by: str, now: float) -> bool:
    """Somebody says that this person may hear after all; False when nobody kept it from them."""
    row = (spared.c.case_id == case_id) & (spared.c.person == person) & spared.c.told_at.is_(None)
    values = {"told_by": by, "told_at": now}
    return tx.execute(update(spared).where(row).values(values)).rowcount == 1


def _issue(row: Row[tuple[object, ...]]) -> Issue:
    return Issue(tag=row.tag, kind=row.kind, because=row.because, by=row.by)
