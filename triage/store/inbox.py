"""Messages: stored as they came, then decided once.

Rule: a message has its row, with its bytes, before the reading position moves past it; so a
crash at any moment leaves it either on the server and unread, or here.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, func, insert, select, update

from triage.errors import NotFoundError
from triage.messages import MessageRef, RawMessage
from triage.store import jobs, search
from triage.store.tables import labels, messages, raw_messages, thread_ids, verdicts
from triage.store.upserts import upsert

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Executable, Row

_MAX_THREAD_IDS = 50
_LATEST_S = 253_370_764_800.0  # the year 9999 in any zone
_NO_MESSAGE = 1 << 62  # a number above those of all messages
_CHUNK = 500  # databases bind at most some thousand values in one statement

# What runs for every mail is built once: building it anew costs more than executing it.
_KEEP_BYTES = insert(raw_messages)
_LOAD = (
    select(messages, raw_messages.c.content)
    .join(raw_messages, raw_messages.c.message_id == messages.c.id, isouter=True)
    .where(messages.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(messages.c.id)
)
_EARLIER_COPY = select(func.min(messages.c.id)).where(
    messages.c.sha256 == bindparam("sha256"),
    messages.c.account == bindparam("account"),
    messages.c.id < bindparam("before"),
)
_DECIDE = (
    update(messages)
    .where(messages.c.id == bindparam("undecided"), messages.c.state == "received")
    .values(state="decided", error="")
)
_ACCOUNT_OF = select(messages.c.account).where(messages.c.id == bindparam("message"))
_SAVE_VERDICT = insert(verdicts)


@cache
def _receive(dialect: str) -> Executable:
    return upsert(dialect, messages).on_conflict_do_nothing().returning(messages.c.id)


@cache
def _link_thread(dialect: str) -> Executable:
    return upsert(dialect, thread_ids).on_conflict_do_nothing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A message in the store, with its bytes."""

    id: int
    raw: RawMessage
    sha256: str
    attempts: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What was decided about a message, without its bytes. `scores` is empty if not classified."""

    id: int
    ref: MessageRef
    received_at: float
    state: str
    action: str
    why: str
    kind: str
    role: str
    subject: str
    sender: str
    client: str
    case_id: int | None
    error: str
    tags: tuple[str, ...] = ()
    unsure_tags: tuple[str, ...] = ()
    scores: Mapping[str, float] | None = None
    model: str = ""
    policy: str = ""


def unknown(
    tx: Connection, account: str, folder: str, uid_validity: int, uids: Sequence[int]
) -> list[int]:
    """Those of `uids` that have no row yet, in the same order."""
    seen: set[int] = set()
    for start in range(0, len(uids), _CHUNK):
        query = select(messages.c.uid).where(
            messages.c.account == account,
            messages.c.folder == folder,
            messages.c.uid_validity == uid_validity,
            messages.c.uid.in_(uids[start : start + _CHUNK]),
        )
        seen.update(tx.execute(query).scalars())
    return [uid for uid in uids if uid not in seen]


def receive(tx: Connection, raw: RawMessage, now: float) -> int | None:
    """Store a message as it came; None when it has a row already."""
    ref = raw.ref
    row = {
        "account": ref.account,
        "folder": ref.folder,
        "uid_validity": ref.uid_validity,
        "uid": ref.uid,
        "sha256": raw.sha256,
        "size": raw.size,
        "complete": raw.complete,
        "problem": raw.problem,
        # Servers hand out times at the very edge of the calendar, which cannot be read back.
        "received_at": min(max(raw.received_at.timestamp(), 0.0), _LATEST_S),
        "stored_at": now,
        "state": "received",
    }
    message_id: int | None = tx.execute(_receive(tx.dialect.name), row).scalar()
    if message_id is not None:
        packed = zlib.compress(raw.content, 1)
        tx.execute(_KEEP_BYTES, {"message_id": message_id, "content": packed})
        jobs.enqueue(tx, "decide", message_id)
    return message_id


def pass_over(tx: Connection, ref: MessageRef, action: str, why: str, now: float) -> None:
    """Account for a message that is not read: gone already, or older than the first start."""
    tx.execute(
        upsert(tx.dialect.name, messages)
        .values(
            account=ref.account,
            folder=ref.folder,
            uid_validity=ref.uid_validity,
            uid=ref.uid,
            sha256="",
            size=0,
            complete=False,
            problem="",
            received_at=now,
            stored_at=now,
            state="decided",
            action=action,
            why=why,
        )
        .on_conflict_do_nothing()
    )


def pending(
    tx: Connection,
    limit: int,
    max_bytes: int,
    now: float = float("inf"),
    *,
    without: Collection[int] = (),
    only: Collection[int] | None = None,
) -> list[Stored]:
    """The oldest undecided messages, at most `limit` and about `max_bytes` of them together.

    `without`: numbers of messages that are being decided already; `only`: of those that count.

    Those on which deciding failed come last, so that they hold up no other, and not before their
    rest is over.
    """
    waiting = select(messages.c.id, messages.c.size).where(
        messages.c.state == "received",
        messages.c.next_attempt_at <= now,
        *([messages.c.id.not_in(without)] if without else []),
        *([messages.c.id.in_(only)] if only is not None else []),
    )
    chosen: list[int] = []
    total = 0
    for failed in (messages.c.attempts == 0, messages.c.attempts > 0):
        query = waiting.where(failed).order_by(messages.c.id).limit(limit - len(chosen))
        for message_id, size in tx.execute(query).all() if len(chosen) < limit else ():
            total += size
            if chosen and total > max_bytes:
                return _loaded(tx, chosen)
            chosen.append(message_id)
    return _loaded(tx, chosen)


def waits_before(tx: Connection, message_id: int, now: float) -> bool:
    """Whether a message that came before this one is yet to be decided, and is not resting."""
    query = select(messages.c.id).where(
        messages.c.state == "received",
        messages.c.id < message_id,
        messages.c.attempts == 0,
        messages.c.next_attempt_at <= now,
    )
    return tx.execute(query.limit(1)).first() is not None


def undecided(tx: Connection, ids: Sequence[int]) -> set[int]:
    """Those of `ids` that still wait for a decision: another worker may have been quicker."""
    query = select(messages.c.id).where(messages.c.id.in_(ids), messages.c.state == "received")
    return set(tx.execute(query).scalars())


def count_pending(tx: Connection, now: float = float("inf")) -> int:
    """How many messages wait for a decision and are not resting after a failed attempt."""
    query = (
        select(func.count())
        .select_from(messages)
        .where(messages.c.state == "received", messages.c.next_attempt_at <= now)
    )
    return tx.execute(query).scalar_one()


def load(tx: Connection, message_id: int) -> Stored:
    """One message with its bytes. Raises NotFoundError."""
    found = _loaded(tx, [message_id])
    if not found:
        msg = f"there is no message {message_id}"
        raise NotFoundError(msg)
    return found[0]


def load_small(tx: Connection, ids: Sequence[int], max_bytes: int) -> list[Stored]:
    """Messages with their bytes, by id, without those that are larger than that."""
    query = select(messages.c.id).where(messages.c.id.in_(ids), messages.c.size <= max_bytes)
    return _loaded(tx, tx.execute(query).scalars().all())


def id_of(tx: Connection, ref: MessageRef) -> int:
    """Number of the message that lies at `ref`. Raises NotFoundError."""
    query = select(messages.c.id).where(
        messages.c.account == ref.account,
        messages.c.folder == ref.folder,
        messages.c.uid_validity == ref.uid_validity,
        messages.c.uid == ref.uid,
    )
    found: int | None = tx.execute(query).scalar()
    if found is None:
        msg = f"there is no message {ref}"
        raise NotFoundError(msg)
    return found


def earlier_copy(tx: Connection, stored: Stored) -> int | None:
    """An earlier message of the same account with the same bytes: renumbered, or moved."""
    if not stored.raw.content:
        return None
    key = {"sha256": stored.sha256, "account": stored.raw.ref.account, "before": stored.id}
    earlier: int | None = tx.execute(_EARLIER_COPY, key).scalar()
    return earlier


def decide(tx: Connection, message_id: int, **fields: Any) -> bool:
    """Record the decision; False when another worker has already decided."""
    return tx.execute(_DECIDE, {"undecided": message_id, **fields}).rowcount == 1


def stumbled(tx: Connection, message_id: int, error: str, next_attempt_at: float) -> None:
    """Deciding failed for an unexpected reason; counts the attempts, and rests until then."""
    tx.execute(
        update(messages)
        .where(messages.c.id == message_id)
        .values(attempts=messages.c.attempts + 1, error=error, next_attempt_at=next_attempt_at)
    )
    jobs.enqueue(tx, "decide", message_id, next_attempt_at)


def link_thread(tx: Connection, message_id: int, rfc_ids: Sequence[str]) -> None:
    """Remember the Message-IDs that tie this message to its thread."""
    rows = [
        {"rfc_id": rfc_id[:998], "message_id": message_id} for rfc_id in rfc_ids[-_MAX_THREAD_IDS:]
    ]
    if rows:
        tx.execute(_link_thread(tx.dialect.name), rows)


def thread_of(tx: Connection, rfc_ids: Sequence[str], before: int = _NO_MESSAGE) -> list[Decided]:
    """Messages that share a thread id, before another one where that is given; oldest first."""
    linked = select(thread_ids.c.message_id).where(
        thread_ids.c.rfc_id.in_(rfc_ids[-_MAX_THREAD_IDS:])
    )
    return _decided(tx, and_(messages.c.id.in_(linked), messages.c.id < before))


def thread_ids_of(tx: Connection, message_ids: Sequence[int]) -> list[str]:
    """The Message-IDs that tie these messages to their threads."""
    query = select(thread_ids.c.rfc_id).where(thread_ids.c.message_id.in_(message_ids)).distinct()
    return list(tx.execute(query.order_by(thread_ids.c.rfc_id)).scalars())


def save_verdict(tx: Connection, message_id: int, **fields: Any) -> None:
    """Keep what the classifier said, under which model and policy."""
    tx.execute(_SAVE_VERDICT, {"message_id": message_id, **fields})


def verdict_row(tx: Connection, message_id: int) -> Mapping[str, Any] | None:
    """The classifier's answer as stored, or None."""
    row = tx.execute(select(verdicts).where(verdicts.c.message_id == message_id)).first()
    return dict(row._mapping) if row else None  # noqa: SLF001 - the documented way to a dict


def decided(tx: Connection, message_id: int) -> Decided:
    """What was decided about one message. Raises NotFoundError."""
    found = _decided(tx, messages.c.id == message_id)
    if not found:
        msg = f"there is no message {message_id}"
        raise NotFoundError(msg)
    return found[0]


def account_of(tx: Connection, message_id: int) -> str:
    """The account into which a message came; empty for none that there is."""
    return tx.execute(_ACCOUNT_OF, {"message": message_id}).scalar() or ""


def words_of(tx: Connection, message_id: int) -> str:
    """The digest of a message's words; empty for one that was decided before they were noted."""
    query = select(messages.c.text_digest).where(messages.c.id == message_id)
    return tx.execute(query).scalar() or ""


def join(tx: Connection, message_id: int, case_id: int) -> None:
    """A person said that this message belongs to a case."""
    tx.execute(update(messages).where(messages.c.id == message_id).values(case_id=case_id))
    search.refresh(tx, [case_id])


def of_case(tx: Connection, case_id: int) -> list[Decided]:
    """The messages of a case, oldest first."""
    return _decided(tx, messages.c.case_id == case_id)


def unsure(tx: Connection, limit: int) -> list[Decided]:
    """Mails that wait for a person's judgement, newest first, labelled ones left out."""
    labelled = select(labels.c.message_id)
    wanted = and_(messages.c.action == "unsure", messages.c.id.not_in(labelled))
    return _decided(tx, wanted, newest_first=True, limit=limit)


def latest(tx: Connection, limit: int) -> list[Decided]:
    """The newest messages, newest first."""
    return _decided(tx, messages.c.id > 0, newest_first=True, limit=limit)


def outcomes(tx: Connection) -> dict[str, int]:
    """How many messages ended in each way; `""` counts those still undecided."""
    query = select(messages.c.action, func.count().label("number")).group_by(messages.c.action)
    return {row.action: row.number for row in tx.execute(query)}


def to_mark(tx: Connection, account: str, folder: str, uid_validity: int) -> list[tuple[int, int]]:
    """(id, uid) of decided messages whose change in the mailbox is still to be made."""
    query = select(messages.c.id, messages.c.uid).where(
        messages.c.mark == "pending",
        messages.c.account == account,
        messages.c.folder == folder,
        messages.c.uid_validity == uid_validity,
    )
    return [(row.id, row.uid) for row in tx.execute(query)]


def takes_over_mark(tx: Connection, stored: Stored) -> bool:
    """Whether a change that is still to be made falls to this copy: the folder was numbered anew.

    The earlier row names a number that the folder no longer has.
    """
    here = stored.raw.ref
    outdated = (
        (messages.c.sha256 == stored.sha256)
        & (messages.c.account == here.account)
        & (messages.c.folder == here.folder)
        & (messages.c.uid_validity != here.uid_validity)
        & (messages.c.mark == "pending")
    )
    return tx.execute(update(messages).where(outdated).values(mark="")).rowcount > 0


def marked(tx: Connection, ids: Iterable[int], mark: str = "done") -> None:
    """The change in the mailbox was made, or cannot be."""
    for message_id in ids:
        tx.execute(update(messages).where(messages.c.id == message_id).values(mark=mark))


def _loaded(tx: Connection, ids: Sequence[int]) -> list[Stored]:
    """Messages with their bytes, by id; those that do not exist are left out."""
    return [_stored(row) for row in tx.execute(_LOAD, {"ids": list(ids)})]


def _stored(row: Row[Any]) -> Stored:
    raw = RawMessage(
        ref=_ref(row),
        content=zlib.decompress(row.content) if row.content is not None else b"",
        received_at=datetime.fromtimestamp(row.received_at, UTC),
        size=row.size,
        complete=row.complete,
        problem=row.problem,
    )
    return Stored(id=row.id, raw=raw, sha256=row.sha256, attempts=row.attempts, error=row.error)


def _ref(row: Row[Any]) -> MessageRef:
    return MessageRef(
        account=row.account, folder=row.folder, uid_validity=row.uid_validity, uid=row.uid
    )


def _decided(
    tx: Connection, condition: Any, *, newest_first: bool = False, limit: int = 1000
) -> list[Decided]:
    order = messages.c.id.desc() if newest_first else messages.c.id
    query = (
        select(messages, verdicts)
        .join(verdicts, verdicts.c.message_id == messages.c.id, isouter=True)
        .where(condition)
        .order_by(order)
        .limit(limit)
    )
    return [
        Decided(
            id=row.id,
            ref=_ref(row),
            received_at=row.received_at,
            state=row.state,
            action=row.action,
            why=row.why,
            kind=row.kind,
            role=row.role,
            subject=row.subject,
            sender=row.sender,
            client=row.client,
            case_id=row.case_id,
            error=row.error,
            tags=tuple(row.tags or ()),
            unsure_tags=tuple(row.unsure_tags or ()),
            scores=row.scores,
            model=row.model or "",
            policy=row.policy or "",
        )
        for row in tx.execute(query)
    ]
