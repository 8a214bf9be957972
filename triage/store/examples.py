"""Labelled texts that came by import, each with all its labels; the newest one counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from triage.examples import Event
from triage.store.tables import example_labels, examples, messages

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text without a mail in this store; `subject` and `body` may both have been left out."""

    id: int
    digest: str
    sha256: str
    from_role: str
    subject: str
    body: str
    thread: str
    redacted: bool


def everything(tx: Connection) -> list[Example]:
    """Every example, oldest first."""
    return [_example(row) for row in tx.execute(select(examples).order_by(examples.c.id))]


def find(tx: Connection, digest: str, sha256: str) -> Example | None:
    """The example with these words and these bytes."""
    query = select(examples).where(examples.c.digest == digest, examples.c.sha256 == sha256)
    row = tx.execute(query).first()
    return _example(row) if row else None


def put(tx: Connection, now: float, **fields: Any) -> int:
    """Keep a new example; its number."""
    statement = insert(examples).values(**fields, imported_at=now).returning(examples.c.id)
    example_id: int = tx.execute(statement).scalar_one()
    return example_id


def fill(tx: Connection, example_id: int, *, subject: str, body: str, redacted: bool) -> None:
    """Give an example the words that it came without, or came with less of."""
    values = {"subject": subject, "body": body, "redacted": redacted}
    tx.execute(update(examples).where(examples.c.id == example_id).values(values))


def labels(tx: Connection) -> dict[int, tuple[Event, ...]]:
    """Every label, by example, in the order in which they were given."""
    found: defaultdict[int, tuple[Event, ...]] = defaultdict(tuple)
    for row in tx.execute(select(example_labels).order_by(example_labels.c.id)):
        found[row.example_id] += (_event(row),)
    return found


def labels_of(tx: Connection, example_id: int) -> tuple[Event, ...]:
    """The labels of one example, in the order in which they were given."""
    query = select(example_labels).where(example_labels.c.example_id == example_id)
    return tuple(_event(row) for row in tx.execute(query.order_by(example_labels.c.id)))


def put_label(tx: Connection, example_id: int, event: Event) -> None:
    """Add a label."""
    fields = {**asdict(event), "tags": list(event.tags), "previous": list(event.previous)}
    tx.execute(insert(example_labels).values(example_id=example_id, **fields))


def mail_of(tx: Connection, digest: str, sha256: str) -> int | None:
    """The mail that an example is: by its bytes where they are known, else by its words."""
    same = messages.c.sha256 == sha256 if sha256 else messages.c.text_digest == digest
    decided = messages.c.state == "decided"
    query = select(messages.c.id).where(same, decided).order_by(messages.c.id).limit(1)
    return tx.execute(query).scalar()


def _example(row: Row[Any]) -> Example:
    fields = dict(row._mapping)  # noqa: SLF001 - the documented way to a dict
    fields.pop("imported_at")
    return Example(**fields)


def _event(row: Row[Any]) -> Event:
    return Event(
        tags=tuple(row.tags), previous=tuple(row.previous), by=row.by, how=row.how, at=row.at
    )
