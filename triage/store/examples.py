"""Labelled texts that came by import, each with all its labels; the newest one counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from triage.store.tables import example_labels, examples, messages

if TYPE_CHECKING:
    from collections.abc import Sequence

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleLabel:
    """A person's judgement of an example; as `labels.Label` for a mail."""

    example_id: int
    tags: tuple[str, ...]
    previous: tuple[str, ...]
    by: str
    how: str
    at: float


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


def labels(tx: Connection) -> list[ExampleLabel]:
    """Every label of every example, in the order in which they were given."""
    return [_label(row) for row in tx.execute(select(example_labels).order_by(example_labels.c.id))]


def labels_of(tx: Connection, example_id: int) -> list[ExampleLabel]:
    """The labels of one example."""
    query = select(example_labels).where(example_labels.c.example_id == example_id)
    return [_label(row) for row in tx.execute(query.order_by(example_labels.c.id))]


def put_label(
    tx: Connection,
    example_id: int,
    *,
    tags: Sequence[str],
    previous: Sequence[str],
    by: str,
    how: str,
    at: float,
) -> None:
    """Add a label."""
    fields = {"tags": list(tags), "previous": list(previous), "by": by, "how": how, "at": at}
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


def _label(row: Row[Any]) -> ExampleLabel:
    return ExampleLabel(
        example_id=row.example_id,
        tags=tuple(row.tags),
        previous=tuple(row.previous),
        by=row.by,
        how=row.how,
        at=row.at,
    )
