"""The leases of one program: its fair share of the folders, and no more than it may hold.

Rule: renewing never waits for anything but the rows themselves, so that a program that works hard
does not lose what it holds.
"""

from __future__ import annotations

import math
import secrets
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from triage.store import leases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.store.engine import Store

Role = Literal["watch", "worker", "both"]

TTL_S = 8.0  # a program that is silent for so long loses what it holds
FORGET_S = 3600.0  # silent programs are struck out after that
CHORES = "chores"  # the lease of what one program sees to for all


def new_name(pid: int) -> str:
    """A name for this program that no other has: host, process, and a number by chance."""
    return f"{socket.gethostname()[:150]}/{pid}/{secrets.token_hex(3)}"


@dataclass(kw_only=True)
class Leaseholder:
    """What one program holds.

    Attributes:
        folders: names of everything that is to be read by somebody.
        most: so many of them this program reads at most.
        held: the token of each lease held, by name, as of the last look.
    """

    store: Store
    name: str
    role: Role
    folders: Sequence[str]
    most: int
    held: dict[str, int] = field(default_factory=dict, init=False)
    _share: int = field(default=0, init=False)

    def look(self) -> dict[str, int]:
        """Renew what is held, and take what is free up to the share; then what is held now."""
        with self.store.write(alone=False) as tx:
            now = leases.server_clock(tx)
            leases.alive(tx, self.name, self.role, now)
            leases.forget_silent(tx, now - FORGET_S)
            self.held = leases.renew(tx, self.name, now, TTL_S)
            programs = leases.at_work(tx, now - TTL_S)
        self._share = self._fair_share([p for p in programs if p.role != "worker"])
        if self.role != "watch":
            self._take(CHORES)
        for folder in self.folders:
            if self._reading() < self._share:
                self._take(folder)
        return dict(self.held)

    def surplus(self) -> list[str]:
        """What is held beyond the share, since others have come that could read it."""
        reading = [name for name in self.held if name != CHORES]
        return reading[self._share :]

    def give(self, name: str) -> None:
        """Give a lease back at once."""
        self.held.pop(name, None)
        with self.store.write(alone=False) as tx:
            leases.release(tx, self.name, [name])

    def leave(self) -> None:
        """The program ends: others may take over at once."""
        self.held.clear()
        with self.store.write(alone=False) as tx:
            leases.gone(tx, self.name)

    def fenced(self, name: str) -> Store:
        """The store, which refuses writes once another program has had this lease."""
        return self.store.guarded(leases.fence(name, self.held[name]))

    def _fair_share(self, readers: Sequence[leases.Program]) -> int:
        if self.role == "worker":
            return 0
        return min(self.most, math.ceil(len(self.folders) / max(1, len(readers))))

    def _reading(self) -> int:
        return sum(name != CHORES for name in self.held)

    def _take(self, name: str) -> None:
        """In a transaction of its own: two that each wait for the other's row would never end."""
        if name in self.held:
            return
        with self.store.write(alone=False) as tx:
            token = leases.take(tx, name, self.name, leases.server_clock(tx), TTL_S)
        if token is not None:
            self.held[name] = token
