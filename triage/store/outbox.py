"""The outbox: every brief is here, with its frozen bytes, before the first attempt to send it.

States: queued -> sending -> sent | failed | queued (certainly not accepted) | held (unknown, waits
for a person). `sending` is committed by compare-and-swap after the server's 354 and before the
final dot, so a crash before it means "not sent" and a crash after it means "uncertain".
A brief that is held back begins as `digest` instead: it waits for its reader's digest, and becomes
`digested`, or `queued` when its time comes first; see `triage.store.held`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import bindparam, case, func, or_, select, update

from triage.errors import NotFoundError
from triage.messages import Notice, Occasion, Urgency
from triage.store import jobs
from triage.store.tables import cases, outbox
from triage.store.upserts import upsert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Row


HeldFor = Literal["budget", "low"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why a brief waits for its reader's digest, and until when at most (epoch seconds).

    `says` is the reason in words.
    """

    held_for: HeldFor
    says: str
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One notice to one recipient, and what became of it.

    `case_id` and `message_id` are 0 for one that is of no case, as a digest is.
    """

    id: int
    rfc_id: str
    case_id: int
    message_id: int
    occasion: str
    urgency: Urgency
    sender: str
    recipient: str
    subject: str
    state: str
    attempts: int
    next_attempt_at: float
    claimed_at: float | None
    created_at: float
    finished_at: float | None
    detail: str
    why: str = ""
    policy: str = ""
    held_for: str = ""


_COLUMNS = [c for c in outbox.c if c.name != "content"]

# Asked about every mail, so it is built once.
_BY_RFC_IDS = (
    select(*_COLUMNS)
    .where(outbox.c.rfc_id.in_(bindparam("rfc_ids", expanding=True)))
    .order_by(outbox.c.id)
)


def put(
    tx: Connection,
    notice: Notice,
    *,
    case_id: int | None,
    message_id: int | None,
    occasion: str,
    urgency: Urgency,
    now: float,
    why: str = "",
    policy: str = "",
    refused: str = "",
    hold: Hold | None = None,
) -> bool:
    """Queue a notice; False when the same notice (by Message-ID) is in the outbox already.

    `why` says which rules lead to its recipient, `policy` in which policy they stand. `refused`
    says why it must not go to its recipient: it is put down as failed. `hold`: it waits for a
    digest.
    """
    state = "failed" if refused else "digest" if hold else "queued"
    statement = (
        upsert(tx.dialect.name, outbox)
        .values(
            rfc_id=notice.message_id,
            case_id=case_id,
            message_id=message_id,
            occasion=occasion,
            urgency=int(urgency),
            sender=notice.sender,
            recipient=notice.recipient,
            subject=notice.subject,
            content=notice.content,
            state=state,
            attempts=0,
            next_attempt_at=hold.until if hold else now,
            created_at=now,
            finished_at=now if refused else None,
            detail=refused or (hold.says if hold else ""),
            why=why,
            policy=policy[:200],
            held_for=hold.held_for if hold else "",
        )
        .on_conflict_do_nothing()
        .returning(outbox.c.id)
    )
    number: int | None = tx.execute(statement).scalar()
    if number is not None and state == "queued":
        jobs.enqueue(tx, "send", number)
    return number is not None


def due(
    tx: Connection, now: float, limit: int = 50, *, longest_s: float = float("inf")
) -> list[OutboxRow]:
    """Queued notices whose time has come, oldest first.

    `longest_s`: nothing waits for longer. What seems to was put down by a clock that was ahead.
    """
    when = outbox.c.next_attempt_at
    query = (
        select(*_COLUMNS)
        .where(outbox.c.state == "queued", or_(when <= now, when > now + longest_s))
        .order_by(outbox.c.next_attempt_at, outbox.c.id)
        .limit(limit)
    )
    return [_row(row) for row in tx.execute(query)]


def overdue(tx: Connection, now: float, after_s: float) -> list[OutboxRow]:
    """Notices that were being sent when their worker fell silent, `after_s` ago: uncertain.

    A claim from the future was made before a clock was put right, so it is no younger.
    """
    at = outbox.c.claimed_at
    query = select(*_COLUMNS).where(
        outbox.c.state == "sending", or_(at <= now - after_s, at > now + after_s)
    )
    return [_row(row) for row in tx.execute(query)]


def next_due_at(tx: Connection) -> float | None:
    """When the next queued notice wants an attempt."""
    query = select(func.min(outbox.c.next_attempt_at)).where(outbox.c.state == "queued")
    return tx.execute(query).scalar()


def notice(tx: Connection, outbox_id: int) -> Notice:
    """The frozen notice. Raises NotFoundError."""
    row = tx.execute(select(outbox).where(outbox.c.id == outbox_id)).first()
    if row is None:
        raise NotFoundError(_missing(outbox_id))
    return Notice(
        message_id=row.rfc_id,
        sender=row.sender,
        recipient=row.recipient,
        subject=row.subject,
        content=row.content,
    )


def claim(tx: Connection, outbox_id: int, now: float, *, attempts: int | None = None) -> bool:
    """Take a queued notice for sending (compare-and-swap); False when it is not queued."""
    row = _as_known(outbox_id, attempts, "queued")
    values = {"state": "sending", "claimed_at": now, "attempts": outbox.c.attempts + 1}
    return tx.execute(update(outbox).where(row).values(values)).rowcount == 1


def settle(
    tx: Connection,
    outbox_id: int,
    state: str,
    detail: str,
    now: float,
    *,
    attempts: int | None = None,
) -> bool:
    """Record the end of a claimed attempt: sent, failed or held; False if not `sending`."""
    row = _as_known(outbox_id, attempts, "sending")
    values = {"state": state, "detail": detail, "finished_at": now}
    return tx.execute(update(outbox).where(row).values(values)).rowcount == 1


def fail(
    tx: Connection, outbox_id: int, detail: str, now: float, *, attempts: int | None = None
) -> bool:
    """Refused for good, or given up; False when somebody else has the notice by now."""
    row = _as_known(outbox_id, attempts, "queued", "sending")
    values = {"state": "failed", "detail": detail, "finished_at": now}
    return tx.execute(update(outbox).where(row).values(values)).rowcount == 1


def defer(
    tx: Connection,
    outbox_id: int,
    detail: str,
    next_attempt_at: float,
    *,
    attempts: int | None = None,
) -> bool:
    """Certainly not accepted: try again at `next_attempt_at`; False when another has it by now.

    Counts an attempt that ended before its claim; a claimed one was counted by the claim.
    """
    row = _as_known(outbox_id, attempts, "queued", "sending")
    uncounted = case((outbox.c.state == "queued", 1), else_=0)
    values = {
        "state": "queued",
        "detail": detail,
        "next_attempt_at": next_attempt_at,
        "claimed_at": None,
        "attempts": outbox.c.attempts + uncounted,
    }
    deferred = tx.execute(update(outbox).where(row).values(values)).rowcount == 1
    if deferred:
        jobs.enqueue(tx, "send", outbox_id, next_attempt_at)
    return deferred


def _as_known(outbox_id: int, attempts: int | None, *states: str) -> ColumnElement[bool]:
    """The row, if it still is what the caller knows.

    Every claim counts an attempt, so the count tells whose claim it is: a worker that wakes up
    late, or never had the claim, cannot undo what another one is doing.
    """
    row = (outbox.c.id == outbox_id) & outbox.c.state.in_(states)
    return row if attempts is None else row & (outbox.c.attempts == attempts)


def bounced(tx: Connection, outbox_id: int, detail: str, now: float) -> bool:
    """Accepted once, then returned: failed after all; False when it was not thought to be there."""
    row = (outbox.c.id == outbox_id) & outbox.c.state.in_(["sending", "sent", "held"])
    values = {"state": "failed", "detail": detail, "finished_at": now}
    return tx.execute(update(outbox).where(row).values(values)).rowcount == 1


def arrived(tx: Connection, outbox_id: int, detail: str, now: float) -> bool:
    """Somebody has seen that a held notice is there; False when it is not held."""
    row = (outbox.c.id == outbox_id) & (outbox.c.state == "held")
    values = {"state": "sent", "detail": detail, "finished_at": now}
    return tx.execute(update(outbox).where(row).values(values)).rowcount == 1


def retry(tx: Connection, outbox_id: int, now: float) -> OutboxRow:
    """Queue a failed, held or waiting notice at once. Raises NotFoundError, also if it is empty.

    Returns the row as it was; one that is being sent or was sent stays as it is.
    """
    row = get(tx, outbox_id)
    if not notice(tx, outbox_id).content:
        msg = f"brief {outbox_id}: its words were deleted ([retention]), so it cannot be sent again"
        raise NotFoundError(msg)
    can = (outbox.c.id == outbox_id) & outbox.c.state.in_(["failed", "held", "queued", "digest"])
    values = {"state": "queued", "next_attempt_at": now, "created_at": now, "finished_at": None}
    tx.execute(update(outbox).where(can).values(values))
    jobs.enqueue(tx, "send", outbox_id)
    return row


def get(tx: Connection, outbox_id: int) -> OutboxRow:
    """One row. Raises NotFoundError."""
    row = tx.execute(select(*_COLUMNS).where(outbox.c.id == outbox_id)).first()
    if row is None:
        raise NotFoundError(_missing(outbox_id))
    return _row(row)


def by_rfc_ids(tx: Connection, rfc_ids: list[str]) -> list[OutboxRow]:
    """Notices of ours with one of these Message-IDs: what a reply or a bounce refers to."""
    if not rfc_ids:
        return []
    found = tx.execute(_BY_RFC_IDS, {"rfc_ids": list(rfc_ids[-50:])})
    return [_row(row) for row in found]


def by_id_start(tx: Connection, starts: Sequence[str]) -> list[OutboxRow]:
    """Notices of ours whose Message-ID begins so: what a reference in a text is short for.

    Each start ends in a hexadecimal digit, and so does what may follow it.
    """
    if not starts:
        return []
    begins = or_(*(outbox.c.rfc_id.between(start, f"{start}g") for start in starts))
    found = tx.execute(select(*_COLUMNS).where(begins).order_by(outbox.c.id))
    return [_row(row) for row in found]


def of_case(tx: Connection, case_id: int) -> list[OutboxRow]:
    """The notices of a case, oldest first."""
    query = select(*_COLUMNS).where(outbox.c.case_id == case_id).order_by(outbox.c.id)
    return [_row(row) for row in tx.execute(query)]


def briefs_of_case(tx: Connection, case_id: int) -> list[OutboxRow]:
    """Those of them that tell of a mail; confirmations only tell what we understood."""
    return [row for row in of_case(tx, case_id) if row.occasion != Occasion.CONFIRMATION]


def rows_of(tx: Connection, condition: ColumnElement[bool]) -> list[OutboxRow]:
    """The notices of which this holds, oldest first."""
    query = select(*_COLUMNS).where(condition).order_by(outbox.c.id)
    return [_row(row) for row in tx.execute(query)]


def unfinished(tx: Connection, limit: int = 1000) -> list[OutboxRow]:
    """Everything that is not sent: queued, sending, held, failed, waiting for a digest.

    What failed, was held or waits for a case that is resolved by now is of no interest any more;
    nor is what is of no case, as a digest is, when its recipient was written another one since.
    """
    resolved = select(cases.c.id).where(cases.c.status == "resolved")
    later = outbox.alias()
    another = select(later.c.id).where(
        later.c.recipient == outbox.c.recipient,
        later.c.occasion == outbox.c.occasion,
        later.c.id > outbox.c.id,
    )
    of_no_case = outbox.c.case_id.is_(None)
    past = or_(~of_no_case & outbox.c.case_id.in_(resolved), of_no_case & another.exists())
    settled = outbox.c.state.in_(["failed", "held", "digest"]) & past
    query = (
        select(*_COLUMNS)
        .where(outbox.c.state.not_in(["sent", "digested"]), ~settled)
        .order_by(outbox.c.id)
        .limit(limit)
    )
    return [_row(row) for row in tx.execute(query)]


def counts(tx: Connection) -> dict[str, int]:
    """How many notices are in each state."""
    query = select(outbox.c.state, func.count().label("number")).group_by(outbox.c.state)
    return {row.state: row.number for row in tx.execute(query)}


def _missing(outbox_id: int) -> str:
    return f"there is no outbox entry {outbox_id}; `triage status` lists those that are not sent"


def _row(row: Row[Any]) -> OutboxRow:
    fields = dict(row._mapping)  # noqa: SLF001 - the documented way to a dict
    typed: dict[str, Any] = {"urgency": Urgency(fields["urgency"])}
    typed |= {name: fields[name] or 0 for name in ("case_id", "message_id")}
    return OutboxRow(**{**fields, **typed})
