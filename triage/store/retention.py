"""Taking the words out of old mail, or a person's mail out of the store; counts stay.

Rules: nothing that is still at work is touched: mail to be judged, open cases, mails of ours that
wait; what was deleted is overwritten on the disk, not only unlinked (SQLite's `secure_delete`; on
PostgreSQL by its vacuum, in its own time), and is gone from the index of searches too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, func, or_, select, update

from triage.store import search
from triage.store.tables import (
    arrivals,
    audit,
    cases,
    examples,
    issues,
    labels,
    messages,
    outbox,
    raw_messages,
    storms,
    thread_ids,
    verdicts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection

BATCH = 200  # mails in one transaction, so that nobody waits for long
FORGOTTEN = "forgotten"  # stands where an address stood
_DONE = ("sent", "failed", "digested")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was taken out for a person. `open_cases`: nothing was, since these are not closed."""

    mails: int = 0
    cases: int = 0
    examples: int = 0
    open_cases: tuple[int, ...] = ()


def purge(tx: Connection, *, before: float, labelled_too: bool) -> int:
    """Take the words out of some mails that were settled before that moment; how many.

    Call it until it gives 0. A mail with a label stays unless `labelled_too`: models learn from it.
    """
    at_rest = [
        messages.c.state == "decided",
        messages.c.stored_at < before,
        messages.c.mark != "pending",
        exists().where(raw_messages.c.message_id == messages.c.id),
        ~exists().where(outbox.c.message_id == messages.c.id, outbox.c.state.not_in(_DONE)),
        or_(messages.c.case_id.is_(None), _closed(before)),
    ]
    if not labelled_too:
        at_rest.append(~exists().where(labels.c.message_id == messages.c.id))
    query = select(messages.c.id).where(*at_rest).order_by(messages.c.id).limit(BATCH)
    ids = tx.execute(query).scalars().all()
    if ids:
        _take_words(tx, ids)
    return len(ids)


def forget(tx: Connection, address: str) -> Forgotten:
    """Take out everything of one person: words, subjects, names, addresses; also of imported texts.

    Tags, scores, labels and times stay, without a hint of whose they are.
    """
    wanted = address.lower()
    of_person = or_(
        func.lower(messages.c.client) == wanted, func.lower(messages.c.sender).contains(wanted)
    )
    ids = tx.execute(select(messages.c.id).where(of_person)).scalars().all()
    case_ids = tx.execute(
        select(cases.c.id).where(
            or_(
                func.lower(cases.c.client) == wanted,
                exists().where(messages.c.case_id == cases.c.id, messages.c.id.in_(ids)),
            )
        )
    ).scalars()
    all_cases = list(case_ids)
    still_open = select(cases.c.id).where(cases.c.id.in_(all_cases), cases.c.status != "resolved")
    open_ones = tuple(tx.execute(still_open).scalars())
    if open_ones:
        return Forgotten(open_cases=open_ones)
    in_text = or_(
        func.lower(examples.c.body).contains(wanted),
        func.lower(examples.c.subject).contains(wanted),
    )
    gone = tx.execute(update(examples).where(in_text).values(subject="", body="")).rowcount
    if ids:
        _take_words(tx, ids)
        _take_names(tx, ids)
    if all_cases:
        blank = {"client": FORGOTTEN, "outcome": "", "subject": "", "subject_key": ""}
        tx.execute(update(cases).where(cases.c.id.in_(all_cases)).values(blank))
        tx.execute(update(audit).where(audit.c.case_id.in_(all_cases)).values(detail=""))
        tx.execute(update(storms).where(storms.c.case_id.in_(all_cases)).values(because=""))
        search.refresh(tx, all_cases)
        search.compact(tx)
    return Forgotten(mails=len(ids), cases=len(all_cases), examples=gone)


def _closed(before: float) -> ColumnElement[bool]:
    """The case of a mail is closed, for as long as the mail is old."""
    return exists().where(
        cases.c.id == messages.c.case_id,
        cases.c.status == "resolved",
        cases.c.resolved_at < before,
    )


def _take_words(tx: Connection, ids: Sequence[int]) -> None:
    """Bytes, sentences and subjects of mails, and of what we wrote about them."""
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql("PRAGMA secure_delete=ON")
    tx.execute(delete(raw_messages).where(raw_messages.c.message_id.in_(ids)))
    tx.execute(delete(arrivals).where(arrivals.c.message_id.in_(ids)))
    tx.execute(update(messages).where(messages.c.id.in_(ids)).values(subject="", error=""))
    tx.execute(update(verdicts).where(verdicts.c.message_id.in_(ids)).values(evidence=[]))
    tx.execute(update(issues).where(issues.c.message_id.in_(ids)).values(because=""))
    tx.execute(update(labels).where(labels.c.message_id.in_(ids)).values(sentence=""))
    ours = and_(outbox.c.message_id.in_(ids), outbox.c.state.in_(_DONE))
    tx.execute(update(outbox).where(ours).values(content=b"", subject=""))
    of_them = select(messages.c.case_id).where(
        messages.c.id.in_(ids), messages.c.case_id.is_not(None)
    )
    left = exists().where(
        messages.c.case_id == cases.c.id, raw_messages.c.message_id == messages.c.id
    )
    empty = and_(cases.c.id.in_(of_them), ~left)
    tx.execute(update(cases).where(empty).values(subject="", subject_key=""))
    search.refresh(tx, tx.execute(of_them).scalars().all())


def _take_names(tx: Connection, ids: Sequence[int]) -> None:
    """Who wrote them, and what ties them to other mail."""
    blank = {"sender": FORGOTTEN, "client": FORGOTTEN, "why": "", "text_digest": ""}
    tx.execute(update(messages).where(messages.c.id.in_(ids)).values(blank))
    tx.execute(delete(thread_ids).where(thread_ids.c.message_id.in_(ids)))
    tx.execute(update(outbox).where(outbox.c.message_id.in_(ids)).values(detail="", why=""))
    tx.execute(update(audit).where(audit.c.message_id.in_(ids)).values(detail=""))
