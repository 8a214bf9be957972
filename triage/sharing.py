"""Which programs share a store, and what each of them holds, as lines and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.store import leases

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from triage.store.engine import Store

SILENT_S = 30.0  # a program that was silent for longer is not told of
_DOES = {"both": "reads, decides and sends", "watch": "reads", "worker": "decides and sends"}
_CHORES = {"chores": "digests, alarms and what else one program sees to for all"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """Who is at work, and who holds what; `now` is the database server's clock."""

    now: float
    programs: Sequence[leases.Program]
    held: Sequence[leases.Lease]

    def holder_of(self, lease: leases.Lease) -> str:
        """The program that has it; empty: nobody, so that the next one to look takes it."""
        return lease.holder if lease.expires_at >= self.now else ""


def gather(tx: Connection, store: Store) -> Sharing | None:
    """What there is to tell; None where the store is one program's alone."""
    if not store.shared:
        return None
    now = leases.server_clock(tx)
    return Sharing(now=now, programs=leases.at_work(tx, now - SILENT_S), held=leases.everything(tx))


def does(program: leases.Program) -> str:
    """What a program does, in words."""
    return _DOES[program.role]


def what_of(lease: leases.Lease) -> str:
    """What is held, in words: a folder by its name."""
    return _CHORES.get(lease.name, lease.name)


def lines(sharing: Sharing | None) -> Iterator[str]:
    """For people."""
    if sharing is None:
        return
    if not sharing.programs:
        yield "No program is at work on this store: start `triage run` on some machine"
    for program in sharing.programs:
        silent_s = sharing.now - program.seen_at
        yield f"Program {program.name}: {does(program)} (heard of {silent_s:.0f} s ago)"
    for lease in sharing.held:
        what = what_of(lease)
        yield f"  {what}: {sharing.holder_of(lease) or 'held by nobody'}"


def as_json(sharing: Sharing | None) -> dict[str, object] | None:
    """For programs."""
    if sharing is None:
        return None
    return {
        "programs": [
            {"name": each.name, "role": each.role, "since": each.started_at, "seen": each.seen_at}
            for each in sharing.programs
        ],
        "leases": [
            {"name": each.name, "holder": sharing.holder_of(each), "token": each.token}
            for each in sharing.held
        ],
    }
