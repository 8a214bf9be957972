"""How many connections a server and an account get, and who takes turns where they are too few.

A mailbox with a seat of its own stays connected, and hears of new mail at once. Where a server or
an account allows fewer connections than there are mailboxes, the last ones share what is left:
each connects, reads, and makes room. Rule: servers have nothing in common, so one that does not
answer holds up no mailbox of another.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_ASK_AGAIN_S = 1.0  # how soon somebody who waits for a turn notices that all is to stop
_SHARED = 0.25  # of the connections, at least one, are for those that take turns
STAGGER_S = 0.01  # between the first logins of two mailboxes


class Turns:
    """So many at once; the others wait."""

    def __init__(self, number: int) -> None:
        """Let `number` in at once."""
        self._free = threading.BoundedSemaphore(number)

    @contextmanager
    def taken(self, go_on: Callable[[], bool]) -> Iterator[bool]:
        """Wait for a turn and hold it; false when `go_on`, which is asked meanwhile, says no."""
        while go_on():
            if self._free.acquire(timeout=_ASK_AGAIN_S):
                try:
                    yield True
                finally:
                    self._free.release()
                return
        yield False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """What one mailbox may do.

    Attributes:
        logins: among whom logging in goes round; None: nobody else is on this server.
        shared: turns that must be taken for a connection; none: it may stay connected.
        delay_s: wait so long before the first login.
    """

    logins: Turns | None = None
    shared: tuple[Turns, ...] = ()
    delay_s: float = 0.0

    @property
    def stays(self) -> bool:
        """Whether the connection is kept between two looks."""
        return not self.shared

    @contextmanager
    def taken(self, go_on: Callable[[], bool]) -> Iterator[bool]:
        """Have a connection to use; false when told to stop while waiting for one."""
        with ExitStack() as held:
            yield all(held.enter_context(turns.taken(go_on)) for turns in self.shared)

    @contextmanager
    def logging_in(self, go_on: Callable[[], bool]) -> Iterator[bool]:
        """Be among the few that log in at this moment; false as above."""
        if self.logins is None:
            yield True
            return
        with self.logins.taken(go_on) as ours:
            yield ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One folder that is to be watched, by its account and server; `host` "" is this machine."""

    account: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Bounds by account and by server, and what else holds connections there all the time."""

    per_account: Mapping[str, int]
    per_host: Mapping[str, int]
    logins: Mapping[str, int]
    beside: Mapping[str, int]  # by account: tag folders and the like

    def of_account(self, account: str) -> int:
        """Connections that watching may use, at least one."""
        return max(1, self.per_account[account] - self.beside.get(account, 0))


def seats(wanted: Sequence[Wanted], allowed: Allowed) -> list[Seat]:
    """A seat for each folder, in their order; the first ones stay connected."""
    stays = _staying(wanted, allowed)
    at_account, at_host = (
        Counter(key(one) for one, stay in zip(wanted, stays, strict=True) if stay)
        for key in (_account, _host)
    )
    accounts = {
        one.account: Turns(_left(allowed.of_account(one.account), at_account[one.account]))
        for one in wanted
        if one.host
    }
    limits = {one.host: _host_limit(one.host, wanted, allowed) for one in wanted if one.host}
    hosts = {host: Turns(_left(limit, at_host[host])) for host, limit in limits.items()}
    logins = {host: Turns(allowed.logins[host]) for host in hosts}
    return [
        Seat(
            logins=logins[one.host],
            shared=() if stay else (accounts[one.account], hosts[one.host]),
            delay_s=number * STAGGER_S,
        )
        if one.host
        else Seat()
        for number, (one, stay) in enumerate(zip(wanted, stays, strict=True))
    ]


def kept(limit: int, number: int) -> int:
    """How many of `number` mailboxes stay connected under a limit."""
    return number if number <= limit else limit - max(1, int(limit * _SHARED))


def _left(limit: int, staying: int) -> int:
    return max(1, limit - staying)


def _staying(wanted: Sequence[Wanted], allowed: Allowed) -> list[bool]:
    """Whom first the account and then the server let stay connected."""
    folders = Counter(map(_account, wanted))
    room = {
        one.account: kept(allowed.of_account(one.account), folders[one.account])
        for one in wanted
        if one.host
    }
    by_account = [_seated(one.account, room) if one.host else True for one in wanted]
    staying = Counter(one.host for one, stay in zip(wanted, by_account, strict=True) if stay)
    turning = {one.host for one, stay in zip(wanted, by_account, strict=True) if not stay}
    space = {
        host: min(number, kept(_host_limit(host, wanted, allowed), number + (host in turning)))
        for host, number in staying.items()
        if host
    }
    return [
        stay and (not one.host or _seated(one.host, space))
        for one, stay in zip(wanted, by_account, strict=True)
    ]


def _seated(name: str, room: dict[str, int]) -> bool:
    """Take one of the seats that are left, if there is one."""
    room[name] -= 1
    return room[name] >= 0


def _host_limit(host: str, wanted: Sequence[Wanted], allowed: Allowed) -> int:
    """Connections to a server that watching may use, at least one."""
    accounts = {one.account for one in wanted if one.host == host}
    return max(1, allowed.per_host[host] - sum(allowed.beside.get(name, 0) for name in accounts))


def _account(one: Wanted) -> str:
    return one.account


def _host(one: Wanted) -> str:
    return one.host
