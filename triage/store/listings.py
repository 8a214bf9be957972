"""What the server last said it holds of each folder, counted from the first start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from triage.reconciliation import OLDER, VANISHED, Row
from triage.store.tables import listings, messages, moves
from triage.uid_sets import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Connection

    from triage.store.mailboxes import Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The UIDs of a folder at one moment; `asked_at` in epoch seconds."""

    asked_at: float
    uids: frozenset[int]


def put(tx: Connection, mailbox_id: int, uids: Iterable[int], now: float) -> None:
    """Keep what the server says; what it said before is forgotten."""
    forget(tx, mailbox_id)
    tx.execute(insert(listings).values(mailbox_id=mailbox_id, asked_at=now, uids=packed(uids)))


def forget(tx: Connection, mailbox_id: int) -> None:
    """The server is to be asked anew at the next look."""
    tx.execute(delete(listings).where(listings.c.mailbox_id == mailbox_id))


def asked_at(tx: Connection, mailbox_id: int) -> float | None:
    """When the server was last asked; None: never."""
    query = select(listings.c.asked_at).where(listings.c.mailbox_id == mailbox_id)
    return tx.execute(query).scalar()


def of_mailbox(tx: Connection, mailbox_id: int) -> Listing | None:
    """What the server last said; None: it was never asked."""
    row = tx.execute(select(listings).where(listings.c.mailbox_id == mailbox_id)).first()
    return Listing(asked_at=row.asked_at, uids=frozenset(unpacked(row.uids))) if row else None


def rows_of(tx: Connection, mailbox: Mailbox) -> list[Row]:
    """All that the store has of a folder under its present UIDVALIDITY."""
    query = select(messages.c.uid, messages.c.action, messages.c.why, messages.c.stored_at).where(
        *_of(mailbox)
    )
    return [
        Row(uid=row.uid, action=row.action, why=row.why, stored_at=row.stored_at)
        for row in tx.execute(query)
    ]


def forget_vanished(tx: Connection, mailbox: Mailbox, present: Iterable[int]) -> list[int]:
    """Take back that these mails were gone when they were to be read: they are there after all.

    Returns:
        The UIDs that have no row any more, and are to be read.
    """
    there = set(present)
    query = select(messages.c.id, messages.c.uid).where(
        *_of(mailbox),
        messages.c.action == VANISHED,
        messages.c.id.not_in(select(moves.c.message_id).where(moves.c.message_id.is_not(None))),
    )
    back = {row.uid: row.id for row in tx.execute(query) if row.uid in there}
    for message_id in back.values():
        tx.execute(delete(messages).where(messages.c.id == message_id))
    return sorted(back)


def forget_older(tx: Connection, mailbox: Mailbox) -> int:
    """Take back that mails were older than the first start; how many are to be read now."""
    older = delete(messages).where(
        *_of(mailbox), messages.c.why == OLDER, messages.c.uid > mailbox.first_uid
    )
    return tx.execute(older).rowcount


def _of(mailbox: Mailbox) -> tuple[ColumnElement[bool], ...]:
    return (
        messages.c.account == mailbox.account,
        messages.c.folder == mailbox.folder,
        messages.c.uid_validity == mailbox.uid_validity,
    )
