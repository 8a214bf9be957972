"""Storms of mail: which mails of late somebody had to know of, and which of them joined a case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from triage.store.tables import arrivals, cases, messages, storms

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

_KEPT_S = 7 * 86400  # arrivals are looked at within hours
_JOINED = ("joined", "unsure")  # not told by a brief of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What a mail is compared by. `at`: when it came; `case_id`: where it went."""

    message_id: int
    case_id: int
    at: float
    client: str
    subject_key: str
    words: frozenset[str]
    tags: frozenset[str]
    storm_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """Mails that joined a case instead of being told one by one.

    Attributes:
        began_at, last_at: when the first and the last of them came.
        mails: how many joined; `told`: of how many of them an update has told.
        over_at: when it was over; None: it goes on.
        because: what they have in common, in words.
    """

    id: int
    case_id: int
    began_at: float
    last_at: float
    mails: int
    told: int
    over_at: float | None
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """One mail of a storm."""

    message_id: int
    at: float
    sender: str
    subject: str


def arrive(tx: Connection, arrival: Arrival) -> None:
    """Remember a mail that somebody had to know of."""
    tx.execute(delete(arrivals).where(arrivals.c.at < arrival.at - _KEPT_S))
    tx.execute(
        insert(arrivals).values(
            message_id=arrival.message_id,
            at=arrival.at,
            client=arrival.client[:320],
            subject_key=arrival.subject_key[:400],
            words=" ".join(sorted(arrival.words)),
            tags=sorted(arrival.tags),
            storm_id=arrival.storm_id,
        )
    )


def near(tx: Connection, at: float, within_s: float, limit: int = 100) -> list[Arrival]:
    """The newest mails that came within so many seconds of `at`, newest first."""
    query = (
        select(arrivals, messages.c.case_id)
        .join(messages, messages.c.id == arrivals.c.message_id)
        .where(arrivals.c.at.between(at - within_s, at + within_s), messages.c.case_id.is_not(None))
        .order_by(arrivals.c.at.desc(), arrivals.c.message_id.desc())
        .limit(limit)
    )
    return [_arrival(row) for row in tx.execute(query)]


def going_on(tx: Connection, case_id: int) -> Storm | None:
    """The storm of a case that is not over."""
    query = (
        select(storms)
        .where(storms.c.case_id == case_id, storms.c.over_at.is_(None))
        .order_by(storms.c.id.desc())
        .limit(1)
    )
    row = tx.execute(query).first()
    return _storm(row) if row else None


def begin(tx: Connection, case_id: int, at: float, because: str) -> Storm:
    """A storm begins."""
    values = {"began_at": at, "last_at": at, "mails": 0, "told": 0, "because": because}
    row = tx.execute(insert(storms).values(case_id=case_id, **values).returning(storms)).one()
    return _storm(row)


def join(tx: Connection, storm: Storm, at: float) -> None:
    """A mail joins it."""
    values = {
        "mails": storm.mails + 1,
        "began_at": min(storm.began_at, at),
        "last_at": max(storm.last_at, at),
    }
    tx.execute(update(storms).where(storms.c.id == storm.id).values(values))


def told(tx: Connection, storm: Storm, *, over_at: float | None) -> None:
    """An update has told of all that joined by now."""
    values = {"told": storm.mails, "over_at": over_at}
    tx.execute(update(storms).where(storms.c.id == storm.id).values(values))


def joined(tx: Connection, storm: Storm) -> list[Joined]:
    """The mails that joined it, oldest first."""
    query = (
        select(messages.c.id, arrivals.c.at, messages.c.sender, messages.c.subject)
        .join(messages, messages.c.id == arrivals.c.message_id)
        .where(arrivals.c.storm_id == storm.id, messages.c.action.in_(_JOINED))
        .order_by(arrivals.c.message_id)
    )
    return [
        Joined(message_id=row.id, at=row.at, sender=row.sender, subject=row.subject)
        for row in tx.execute(query)
    ]


def of_case(tx: Connection, case_id: int) -> list[Storm]:
    """The storms of a case, oldest first."""
    query = select(storms).where(storms.c.case_id == case_id).order_by(storms.c.id)
    return [_storm(row) for row in tx.execute(query)]


def unresolved(tx: Connection) -> list[Storm]:
    """The storms of cases that are open, oldest first."""
    open_cases = select(cases.c.id).where(cases.c.status != "resolved")
    query = select(storms).where(storms.c.case_id.in_(open_cases)).order_by(storms.c.id)
    return [_storm(row) for row in tx.execute(query)]


def _arrival(row: Row[Any]) -> Arrival:
    return Arrival(
        message_id=row.message_id,
        case_id=row.case_id,
        at=row.at,
        client=row.client,
        subject_key=row.subject_key,
        words=frozenset(row.words.split()),
        tags=frozenset(row.tags),
        storm_id=row.storm_id,
    )


def _storm(row: Row[Any]) -> Storm:
    return Storm(**row._mapping)  # noqa: SLF001 - the documented way to a dict
