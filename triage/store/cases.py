"""Cases: one per thread that somebody must know about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, or_, select, update

from triage.errors import NotFoundError
from triage.messages import Urgency
from triage.store.tables import cases, messages, thread_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

# What runs for every mail is built once: building it anew costs more than executing it.
_IN_THREAD = (
    select(messages.c.case_id)
    .join(thread_ids, thread_ids.c.message_id == messages.c.id)
    .where(thread_ids.c.rfc_id.in_(bindparam("rfc_ids", expanding=True)))
)
_OF_THREAD = (
    select(cases)
    .where(cases.c.id.in_(_IN_THREAD), cases.c.status != "resolved")
    .order_by(cases.c.id.desc())
    .limit(20)
)
_OF_SUBJECT = (
    select(cases)
    .where(
        cases.c.client == bindparam("of_client"),
        cases.c.subject_key == bindparam("key"),
        (cases.c.status != "resolved") | cases.c.merged_into.is_not(None),
        cases.c.updated_at >= bindparam("not_before"),
    )
    .order_by(cases.c.id.desc())
    .limit(5)
)


_NO_ENDING = {
    "outcome": "",
    "recurs": None,
    "outcome_by": "",
    "outcome_at": None,
    "outcome_asked": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A matter that was escalated.

    Attributes:
        recipients: ids of people who have been told.
        level: how many levels of the policy have been told since somebody last took it up.
        stopped_at: when somebody last took it up or answered the client; 0 for never.
        answered_at: when one of our people last answered the client; `answered_by` is who.
        merged_into: the case that this one turned out to be; None: it stands for itself.
        recurs: whether somebody says that it could happen again; None: nobody has said.
        outcome_by, outcome_at: who said how it ended, and when; the address, or the login name of
            whoever sits at the machine.
        outcome_asked: Message-ID of the mail that asked how it ended; empty: nobody was asked.
    """

    id: int
    status: str
    tags: tuple[str, ...]
    urgency: Urgency
    client: str
    subject: str
    recipients: tuple[str, ...]
    opened_at: float
    updated_at: float
    acknowledged_at: float | None
    acknowledged_by: str
    resolved_at: float | None
    outcome: str
    owner: str = ""
    level: int = 0
    stopped_at: float = 0.0
    answered_at: float | None = None
    answered_by: str = ""
    merged_into: int | None = None
    recurs: bool | None = None
    outcome_by: str = ""
    outcome_at: float | None = None
    outcome_asked: str = ""

    @property
    def open(self) -> bool:
        """Whether a further mail of the thread still belongs to it."""
        return self.status != "resolved"


def begin(
    tx: Connection,
    *,
    tags: Sequence[str],
    urgency: Urgency,
    client: str,
    subject: str,
    subject_key: str,
    recipients: Sequence[str],
    now: float,
) -> Case:
    """Open a case."""
    statement = (
        insert(cases)
        .values(
            status="open",
            tags=list(tags),
            urgency=int(urgency),
            client=client,
            subject=subject,
            subject_key=subject_key[:400],
            recipients=list(recipients),
            opened_at=now,
            updated_at=now,
        )
        .returning(cases)
    )
    return case_of(tx.execute(statement).one())


def extend(
    tx: Connection,
    case_id: int,
    *,
    tags: Sequence[str],
    urgency: Urgency,
    recipients: Sequence[str],
    now: float,
) -> None:
    """A further mail, or a person, brought something new: it is open again for everybody."""
    values = {
        "tags": list(tags),
        "urgency": int(urgency),
        "recipients": list(recipients),
        "updated_at": now,
        "status": "open",
        "acknowledged_at": None,
        "acknowledged_by": "",
        "resolved_at": None,
        **_NO_ENDING,
    }
    tx.execute(update(cases).where(cases.c.id == case_id).values(values))


def acknowledge(tx: Connection, case_id: int, by: str, now: float) -> bool:
    """Somebody has it; False when it was acknowledged or resolved before."""
    row = (cases.c.id == case_id) & (cases.c.status == "open")
    values = {
        "status": "acknowledged",
        "acknowledged_at": now,
        "acknowledged_by": by,
        "stopped_at": now,
        "level": 0,
    }
    return tx.execute(update(cases).where(row).values(values)).rowcount == 1


def answered(tx: Connection, case_id: int, by: str, at: float) -> None:
    """One of our people has answered the client; an older answer changes nothing."""
    newer = cases.c.answered_at.is_(None) | (cases.c.answered_at <= at)
    values = {"answered_at": at, "answered_by": by}
    tx.execute(update(cases).where(cases.c.id == case_id, newer).values(values))


def reach(tx: Connection, case_id: int, level: int, recipients: Sequence[str]) -> None:
    """So many levels of the policy have been told, and these people in all."""
    values = {"level": level, "recipients": list(recipients)}
    tx.execute(update(cases).where(cases.c.id == case_id).values(values))


def take(tx: Connection, case_id: int, by: str) -> None:
    """Somebody makes it theirs; who had it before no longer does."""
    tx.execute(update(cases).where(cases.c.id == case_id).values(owner=by))


def hand(tx: Connection, case_id: int, to: str, now: float) -> None:
    """Somebody makes it another's, who is yet to take it up; `to` is an address."""
    values = {
        "status": "open",
        "owner": to,
        "updated_at": now,
        "acknowledged_at": None,
        "acknowledged_by": "",
    }
    tx.execute(update(cases).where(cases.c.id == case_id).values(values))


def retag(tx: Connection, case_id: int, *, tags: Sequence[str], urgency: Urgency) -> None:
    """A person corrected what it is about; who has it stays as it was."""
    values = {"tags": list(tags), "urgency": int(urgency)}
    tx.execute(update(cases).where(cases.c.id == case_id).values(values))


def resolve(
    tx: Connection,
    case_id: int,
    outcome: str,
    now: float,
    *,
    by: str = "",
    recurs: bool | None = None,
) -> bool:
    """Close a case; False when it was closed before. Raises NotFoundError.

    `by` says how it ended and whether it `recurs`, that is, could happen again.
    """
    get(tx, case_id)
    row = (cases.c.id == case_id) & (cases.c.status != "resolved")
    values = {
        "status": "resolved",
        "resolved_at": now,
        **_NO_ENDING,
        **_ending(outcome, recurs=recurs, by=by, now=now),
        "stopped_at": now,
        "level": 0,
    }
    return tx.execute(update(cases).where(row).values(values)).rowcount == 1


def conclude(
    tx: Connection, case_id: int, *, outcome: str, recurs: bool | None, by: str, now: float
) -> bool:
    """Say how a closed case ended, as far as nobody has; False when that changes nothing."""
    case = get(tx, case_id)
    new_outcome = "" if case.outcome else outcome
    new_recurs = recurs if case.recurs is None else None
    if case.open or not (new_outcome or new_recurs is not None):
        return False
    ending = _ending(
        new_outcome or case.outcome,
        recurs=case.recurs if new_recurs is None else new_recurs,
        by=by,
        now=now,
    )
    tx.execute(update(cases).where(cases.c.id == case_id).values(ending))
    return True


def ask(tx: Connection, case_id: int, rfc_id: str) -> None:
    """This mail asks how the case ended; nobody is asked again."""
    values = {"outcome_asked": rfc_id[:998]}
    tx.execute(update(cases).where(cases.c.id == case_id).values(values))


def _ending(outcome: str, *, recurs: bool | None, by: str, now: float) -> dict[str, Any]:
    said = bool(outcome) or recurs is not None
    return {
        "outcome": outcome,
        "recurs": recurs,
        "outcome_by": by if said else "",
        "outcome_at": now if said else None,
    }


def get(tx: Connection, case_id: int) -> Case:
    """One case. Raises NotFoundError."""
    row = tx.execute(select(cases).where(cases.c.id == case_id)).first()
    if row is None:
        msg = f"there is no case {case_id}; `triage status` lists the open ones"
        raise NotFoundError(msg)
    return case_of(row)


def standing(tx: Connection, case_id: int) -> Case:
    """The case that a number stands for: itself, or what it was merged into. NotFoundError."""
    case = get(tx, case_id)
    while case.merged_into:
        case = get(tx, case.merged_into)
    return case


def of_thread(tx: Connection, rfc_ids: Sequence[str]) -> list[Case]:
    """The unresolved cases that messages with one of these ids belong to, newest first.

    There may be several: ids are the senders' own, and some use one id for mails of many people.
    """
    if not rfc_ids:
        return []
    return [case_of(row) for row in tx.execute(_OF_THREAD, {"rfc_ids": list(rfc_ids[-50:])})]


def of_subject(tx: Connection, client: str, subject_key: str, not_before: float) -> Case | None:
    """The newest unresolved case of this client under the same subject, merged ones included."""
    key = {"of_client": client, "key": subject_key[:400], "not_before": not_before}
    for row in tx.execute(_OF_SUBJECT, key).all():
        case = standing(tx, row.id)
        if case.open:
            return case
    return None


def unresolved(tx: Connection, limit: int = 1000) -> list[Case]:
    """Open and acknowledged cases: the most urgent first, then the oldest."""
    query = (
        select(cases)
        .where(cases.c.status != "resolved")
        .order_by(cases.c.status.desc(), cases.c.urgency.desc(), cases.c.id)
        .limit(limit)
    )
    return [case_of(row) for row in tx.execute(query)]


def alive_since(tx: Connection, since: float) -> list[Case]:
    """Cases that are unresolved, or in which something has happened since then; oldest first."""
    times = ("opened_at", "updated_at", "acknowledged_at", "answered_at", "resolved_at")
    lately = or_(*(cases.c[name] >= since for name in times))
    query = select(cases).where(lately | (cases.c.status != "resolved")).order_by(cases.c.id)
    return [case_of(row) for row in tx.execute(query)]


def count(tx: Connection) -> int:
    """How many cases there have been; the turn for any-of routes."""
    return tx.execute(select(func.count()).select_from(cases)).scalar_one()


def account_of(tx: Connection, case_id: int) -> str:
    """The account into which the first mail of a case came; empty when there is none."""
    query = (
        select(messages.c.account)
        .where(messages.c.case_id == case_id)
        .order_by(messages.c.id)
        .limit(1)
    )
    return tx.execute(query).scalar() or ""


def case_of(row: Row[Any]) -> Case:
    """A case from a row that has its columns, and perhaps others."""
    fields = {name: row._mapping[name] for name in Case.__dataclass_fields__}  # noqa: SLF001
    fields["tags"] = tuple(fields["tags"])
    fields["recipients"] = tuple(fields["recipients"])
    fields["urgency"] = Urgency(fields["urgency"])
    return Case(**fields)
