"""The words of cases, for whoever looks for one: a row a case, with its mails' own text.

Rules: a row is written in the transaction that gives the case its mail, and written anew from what
is left in the one that takes words away; a case without a row is one that is yet to be read.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update

from triage.parsing import parse
from triage.store.search_index import compact, folded
from triage.store.tables import case_words, cases, messages, raw_messages

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from triage.messages import Address, Email
    from triage.store.engine import Store

MAIL_CHARS = 20_000  # of one mail's own text
CASE_CHARS = 200_000  # of all mails of a case; beyond, a storm's further mails are not searched
MOST_MAILS = 500  # of a case that are read when it is read anew, the oldest first
BATCH = 50  # cases that are read in one transaction, so that nobody waits for long

__all__ = ["add", "compact", "fill", "refresh", "unread"]


def add(tx: Connection, case_id: int, email: Email) -> None:
    """A case has got this mail, as the newest: its words count from now on."""
    row = tx.execute(select(case_words).where(case_words.c.case_id == case_id)).first()
    if row is None:
        mails = select(func.count()).select_from(messages).where(messages.c.case_id == case_id)
        is_first = tx.execute(mails).scalar_one() == 1
        _write(tx, case_id, [email] if is_first else _mails(tx, case_id))
        return
    values = {
        "subject": _joined([row.subject, email.subject]),
        "people": _joined([row.people, _people(email)]),
        "body": _joined([row.body, email.new_text[:MAIL_CHARS]]),
    }
    if any(row._mapping[name] != value for name, value in values.items()):  # noqa: SLF001
        tx.execute(update(case_words).where(case_words.c.case_id == case_id).values(values))


def refresh(tx: Connection, case_ids: Iterable[int]) -> None:
    """Read these cases anew, from the words that the store has of them now."""
    for case_id in sorted(set(case_ids)):
        tx.execute(delete(case_words).where(case_words.c.case_id == case_id))
        _write(tx, case_id, _mails(tx, case_id))


def fill(store: Store) -> int:
    """Read some cases of a store that comes from before there was a search; how many.

    The newest first. Call it until it gives 0.
    """
    with store.read() as tx:  # so that nobody is held up when nothing is left to do
        if not _without_words(tx, 1):
            return 0
    with store.write() as tx:
        ids = _without_words(tx, BATCH)
        refresh(tx, ids)
    return len(ids)


def unread(tx: Connection) -> int:
    """How many cases a search does not find yet."""
    query = select(func.count()).select_from(cases).where(*_WITHOUT_WORDS)
    return tx.execute(query).scalar_one()


_WITHOUT_WORDS = (
    cases.c.merged_into.is_(None),
    ~select(case_words.c.case_id).where(case_words.c.case_id == cases.c.id).exists(),
)


def _without_words(tx: Connection, limit: int) -> Sequence[int]:
    query = select(cases.c.id).where(*_WITHOUT_WORDS).order_by(cases.c.id.desc()).limit(limit)
    return tx.execute(query).scalars().all()


def _write(tx: Connection, case_id: int, mails: Sequence[Email]) -> None:
    """The row of a case that has none; one that is part of another gets none."""
    query = select(cases.c.client, cases.c.subject).where(
        cases.c.id == case_id, cases.c.merged_into.is_(None)
    )
    case = tx.execute(query).first()
    if case is not None:
        values = {
            "case_id": case_id,
            "subject": _joined([case.subject, *(mail.subject for mail in mails)]),
            "client": folded(case.client),
            "people": _joined(map(_people, mails)),
            "body": _joined(mail.new_text[:MAIL_CHARS] for mail in mails),
        }
        tx.execute(insert(case_words).values(values))


def _mails(tx: Connection, case_id: int) -> list[Email]:
    query = (
        select(raw_messages.c.content)
        .join(messages, messages.c.id == raw_messages.c.message_id)
        .where(messages.c.case_id == case_id)
        .order_by(messages.c.id)
        .limit(MOST_MAILS)
    )
    return [parse(zlib.decompress(packed)) for packed in tx.execute(query).scalars()]


def _people(email: Email) -> str:
    """Everybody in a mail's headers, by name and address."""
    writer = (email.sender, *((email.original_sender,) if email.original_sender else ()))
    return _joined(map(_name, (*writer, *email.to, *email.cc)))


def _name(person: Address) -> str:
    return person.display


def _joined(parts: Iterable[str]) -> str:
    """Each once, a line apart."""
    found = dict.fromkeys(folded(part) for part in parts if part)
    return "\n".join(found)[:CASE_CHARS]
