"""What only one program does at a time, such as reading one folder, and which programs there are.

Rules: a lease ends by itself when its holder falls silent, by the clock of the database server, so
that machines need not agree on the time; each holder has a token larger than all before, and what
it writes is refused once there is a larger one. Nothing is lost or doubled where two programs
should hold one lease for a moment: a lease saves work, the rows themselves keep the books.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, or_, select, text, update

from triage.errors import LeaseLostError
from triage.store.tables import leases, programs
from triage.store.upserts import upsert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection, Row

_CLOCK = text("select extract(epoch from clock_timestamp())::double precision")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Something held by a program; `token` grows with every holder. Times in epoch seconds."""

    name: str
    holder: str
    token: int
    taken_at: float
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program at work on the store: `watch` reads mail, `worker` decides and sends, or both."""

    name: str
    role: str
    started_at: float
    seen_at: float


def server_clock(tx: Connection) -> float:
    """What the clock of the database server says, in epoch seconds."""
    now: float = tx.execute(_CLOCK).scalar_one()
    return now


def alive(tx: Connection, name: str, role: str, now: float) -> None:
    """A program says that it is at work."""
    fields = {"role": role, "seen_at": now}
    new = upsert(tx.dialect.name, programs).values(name=name, started_at=now, **fields)
    tx.execute(new.on_conflict_do_update(index_elements=["name"], set_=fields))


def gone(tx: Connection, name: str) -> None:
    """A program ends: what it held is free at once."""
    tx.execute(update(leases).where(leases.c.holder == name).values(holder=""))
    tx.execute(delete(programs).where(programs.c.name == name))


def forget_silent(tx: Connection, before: float) -> None:
    """Strike out programs that have not been heard of since then."""
    tx.execute(delete(programs).where(programs.c.seen_at < before))


def at_work(tx: Connection, since: float) -> list[Program]:
    """Programs that were heard of since then, by name."""
    query = select(programs).where(programs.c.seen_at >= since).order_by(programs.c.name)
    return [Program(**row._mapping) for row in tx.execute(query)]  # noqa: SLF001 - as below


def everything(tx: Connection) -> list[Lease]:
    """Every lease there ever was, by name; `holder` is empty, or silent, where nobody has it."""
    return [_lease(row) for row in tx.execute(select(leases).order_by(leases.c.name))]


def held_now(tx: Connection) -> dict[str, str]:
    """Who holds each lease at this moment, by its name; empty: nobody."""
    now = server_clock(tx)
    return {lease.name: lease.holder if lease.expires_at >= now else "" for lease in everything(tx)}


def renew(tx: Connection, holder: str, now: float, ttl_s: float) -> dict[str, int]:
    """Keep what a program holds for as long again; the tokens, by name.

    What has run out and was taken by nobody stays its own.
    """
    kept = (
        update(leases)
        .where(leases.c.holder == holder)
        .values(expires_at=now + ttl_s)
        .returning(leases.c.name, leases.c.token)
    )
    return {row.name: row.token for row in tx.execute(kept)}


def take(tx: Connection, name: str, holder: str, now: float, ttl_s: float) -> int | None:
    """Take a lease that is free or has run out: its token; None: another program has it.

    Never waits: a row that a frozen program has locked counts as its own until the server lets go.
    """
    fields: dict[str, Any] = {"holder": holder, "taken_at": now, "expires_at": now + ttl_s}
    free = or_(leases.c.holder == "", leases.c.expires_at < now)
    query = select(leases.c.token).where(leases.c.name == name, free)
    known = tx.execute(query.with_for_update(skip_locked=True)).scalar()
    if known is not None:
        tx.execute(update(leases).where(leases.c.name == name).values(**fields, token=known + 1))
        return int(known) + 1
    if tx.execute(select(leases.c.token).where(leases.c.name == name)).first():
        return None
    new = upsert(tx.dialect.name, leases).values(name=name, token=1, **fields)
    token: int | None = tx.execute(new.on_conflict_do_nothing().returning(leases.c.token)).scalar()
    return token


def release(tx: Connection, holder: str, names: Iterable[str]) -> None:
    """Give leases back, so that others need not wait until they run out."""
    held = (leases.c.holder == holder) & leases.c.name.in_(list(names))
    tx.execute(update(leases).where(held).values(holder=""))


def fence(name: str, token: int) -> Callable[[Connection], None]:
    """What refuses to write once another program has had the lease. Raises LeaseLostError."""
    newest = select(leases.c.token).where(leases.c.name == name)

    def check(tx: Connection) -> None:
        if tx.execute(newest).scalar() != token:
            msg = f"{name} is another program's by now; this one stops there"
            raise LeaseLostError(msg)

    return check


def _lease(row: Row[Any]) -> Lease:
    return Lease(**row._mapping)  # noqa: SLF001 - the documented way to a dict
