"""What a list of cases is narrowed to, as conditions on their rows.

Rule: what a reader must not see is a condition like any other, in lists and in counts alike.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, and_, cast, func, or_, select

from triage.store.search_index import cases_with, chunks, folded
from triage.store.tables import cases, issues, messages

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement, Connection

    from triage.policy import Person
    from triage.store.search_index import Chunk

_COMMON = 3000  # mails of a kind


class State(StrEnum):
    """Which cases: the unresolved ones, a part of them, the resolved ones, or all."""

    CURRENT = "current"
    WAITING = "waiting"  # nobody has taken it up
    OVERDUE = "overdue"  # nor will it be in time any more
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to list; everything is a narrowing, and nothing given means all current cases.

    Attributes:
        words: as somebody typed them; see `search_index.chunks`.
        people: people of the policy, so that their names find what they were told of too.
        tag, kind: ids of the policy.
        client: an address, a domain, or a part of one.
        person: who was told of it, or has it.
        waits_for: who was told and is yet to react, or has taken it up and is yet to resolve it.
        since, until: when it was opened, in epoch seconds.
        first: whose own cases come first among those that are equally pressing.
        only: the only person whose cases these may be, for a reader who sees no others.
        hidden: ids of cases that are kept from the reader.
    """

    state: State = State.CURRENT
    words: str = ""
    people: Collection[Person] = ()
    tag: str = ""
    kind: str = ""
    client: str = ""
    person: Person | None = None
    waits_for: Person | None = None
    since: float | None = None
    until: float | None = None
    first: Person | None = None
    only: Person | None = None
    hidden: Collection[int] = field(default=frozenset())


def conditions(tx: Connection, wanted: Wanted) -> list[ColumnElement[bool]]:
    """All that a case must be."""
    found = [*visible(wanted), *_named(tx, wanted)]
    if wanted.state in (State.WAITING, State.OVERDUE):
        found.append(cases.c.status == "open")
    if wanted.state is State.ACKNOWLEDGED:
        found.append(cases.c.status == "acknowledged")
    if wanted.since is not None:
        found.append(cases.c.opened_at >= wanted.since)
    if wanted.until is not None:
        found.append(cases.c.opened_at < wanted.until)
    return found + _with_words(tx, wanted)


def visible(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What the reader may see at all."""
    found: list[ColumnElement[bool]] = [cases.c.merged_into.is_(None)]
    if wanted.only:
        found.append(_is_told(wanted.only))
    if wanted.hidden:
        found.append(cases.c.id.not_in(wanted.hidden))
    return found


def _named(tx: Connection, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.tag:
        found.append(holds(cases.c.tags, wanted.tag))
    if wanted.kind:
        found.append(_is_of_kind(tx, wanted.kind))
    if wanted.client.strip():
        found.append(cases.c.client.contains(wanted.client.strip().lower(), autoescape=True))
    if wanted.person:
        found.append(_concerns(wanted.person))
    if wanted.waits_for:
        found.append(waits_for(wanted.waits_for))
    return found


def _with_words(tx: Connection, wanted: Wanted) -> list[ColumnElement[bool]]:
    """A chunk that names somebody may stand in the words, or be who was told or has it."""
    found: list[ColumnElement[bool]] = []
    plain: list[Chunk] = []
    for chunk in chunks(wanted.words):
        meant = [person for person in wanted.people if _names(chunk, person)]
        if meant:
            told = [_concerns(person) for person in meant]
            found.append(or_(cases.c.id.in_(cases_with(tx, [chunk])), *told))
        else:
            plain.append(chunk)
    return [*found, cases.c.id.in_(cases_with(tx, plain))] if plain else found


def _names(chunk: Chunk, person: Person) -> bool:
    """Whether this is a person's name, a part of it, or their address."""
    said = " ".join(chunk).lower()
    name = folded(person.name).lower()
    address = " ".join(chunks(person.address)[0]).lower()
    return said in {*name.split(), name, person.id, address}


def holds(column: ColumnElement[Any], item: str) -> ColumnElement[bool]:
    """A JSON list of plain words holds this one."""
    return cast(column, Text).contains(json.dumps(item), autoescape=True)


def _is_told(person: Person) -> ColumnElement[bool]:
    return holds(cases.c.recipients, person.id)


def _has(person: Person) -> ColumnElement[bool]:
    return func.lower(cases.c.owner) == person.address.lower()


def _concerns(person: Person) -> ColumnElement[bool]:
    return or_(_is_told(person), _has(person))


def waits_for(person: Person) -> ColumnElement[bool]:
    """It is this person's turn: to take it up, or to resolve it."""
    return or_(
        and_(cases.c.status == "open", _is_told(person)),
        and_(cases.c.status != "resolved", _has(person)),
    )


def _is_of_kind(tx: Connection, kind: str) -> ColumnElement[bool]:
    """One of its mails is taken for it; the newest word on its tag counts.

    A rare kind is looked up, a common one looked for case by case, until a page is full.
    """
    common = _is_common(tx, kind)
    later = issues.alias()
    newer = select(later.c.id).where(
        later.c.message_id == issues.c.message_id,
        later.c.tag == issues.c.tag,
        later.c.id > issues.c.id,
    )
    # An expression, so that the few rows of the case are gone through, not the many of the kind.
    of_kind = func.coalesce(issues.c.kind, "") if common else issues.c.kind
    query = (
        select(messages.c.case_id)
        .join(issues, issues.c.message_id == messages.c.id)
        .where(of_kind == kind, ~newer.exists())
    )
    if common:
        return query.where(messages.c.case_id == cases.c.id).correlate(cases).exists()
    return cases.c.id.in_(query.where(messages.c.case_id.is_not(None)))


def _is_common(tx: Connection, kind: str) -> bool:
    some = select(issues.c.id).where(issues.c.kind == kind).limit(_COMMON).subquery()
    return tx.execute(select(func.count()).select_from(some)).scalar_one() == _COMMON
