"""Where reading stands in each folder: one row per (account, folder, UIDVALIDITY)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from triage.store.tables import mailboxes, messages

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """How far a folder has been read, and since when mail in it counts.

    `problem` is why it cannot be read now; empty when the last look went well. Mails up to
    `first_uid` were there before the first start, and are none of ours.
    """

    id: int
    account: str
    folder: str
    uid_validity: int
    last_uid: int
    started_at: float
    whole_history: bool
    looked_at: float | None = None
    problem: str = ""
    problem_since: float | None = None
    first_uid: int = 0


def current(tx: Connection, account: str, folder: str) -> Mailbox | None:
    """The folder's row under the UIDVALIDITY in force, or None before the first start."""
    query = select(mailboxes).where(
        mailboxes.c.account == account, mailboxes.c.folder == folder, mailboxes.c.current
    )
    row = tx.execute(query).first()
    return _mailbox(row) if row else None


def everything(tx: Connection) -> list[Mailbox]:
    """Every folder that is being watched, by account and name."""
    query = (
        select(mailboxes)
        .where(mailboxes.c.current)
        .order_by(mailboxes.c.account, mailboxes.c.folder)
    )
    return [_mailbox(row) for row in tx.execute(query)]


def counts(tx: Connection) -> dict[tuple[str, str], tuple[int, int]]:
    """By account and folder, how many mails have been read and how many wait to be judged."""
    place = (messages.c.account, messages.c.folder)
    everything = select(*place, func.count().label("number")).group_by(*place)
    waiting = everything.where(messages.c.state == "received")
    left = {(row.account, row.folder): row.number for row in tx.execute(waiting)}
    return {
        (row.account, row.folder): (row.number, left.get((row.account, row.folder), 0))
        for row in tx.execute(everything)
    }


def begin(
    tx: Connection,
    *,
    account: str,
    folder: str,
    uid_validity: int,
    last_uid: int,
    started_at: float,
    whole_history: bool,
) -> None:
    """Start reading a folder, under a new UIDVALIDITY when it had another one before."""
    same = (mailboxes.c.account == account) & (mailboxes.c.folder == folder)
    tx.execute(update(mailboxes).where(same).values(current=False))
    fields = {
        "last_uid": last_uid,
        "first_uid": last_uid,
        "started_at": started_at,
        "whole_history": whole_history,
        "current": True,
        "problem": "",
    }
    known = update(mailboxes).where(same, mailboxes.c.uid_validity == uid_validity).values(fields)
    if tx.execute(known).rowcount == 0:
        key = {"account": account, "folder": folder, "uid_validity": uid_validity}
        tx.execute(insert(mailboxes).values(**key, **fields))


def advance(tx: Connection, mailbox_id: int, last_uid: int) -> None:
    """Everything up to `last_uid` has a row; never goes back."""
    later = (mailboxes.c.id == mailbox_id) & (mailboxes.c.last_uid < last_uid)
    tx.execute(update(mailboxes).where(later).values(last_uid=last_uid))


def started_earlier(tx: Connection, mailbox_id: int, started_at: float) -> None:
    """The first start was at another time than its clock said."""
    tx.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(started_at=started_at))


def looked(tx: Connection, account: str, folder: str, now: float) -> None:
    """The folder was read to its end just now."""
    tx.execute(
        update(mailboxes)
        .where(mailboxes.c.account == account, mailboxes.c.folder == folder, mailboxes.c.current)
        .values(looked_at=now, problem="", problem_since=None)
    )


def troubled(tx: Connection, account: str, folder: str, problem: str, now: float) -> None:
    """The folder cannot be read; keeps the time when that began."""
    row = (mailboxes.c.account == account) & (mailboxes.c.folder == folder) & mailboxes.c.current
    tx.execute(update(mailboxes).where(row).values(problem=problem))
    began = mailboxes.c.problem_since.is_(None)
    tx.execute(update(mailboxes).where(row, began).values(problem_since=now))


def _mailbox(row: Row[tuple[object, ...]]) -> Mailbox:
    fields = dict(row._mapping)  # noqa: SLF001 - the documented way to a dict
    fields.pop("current")
    return Mailbox(**fields)
