"""A small TCP proxy in front of an IMAP server that misbehaves on demand.

It sits on loopback between a program and a plain (unencrypted) IMAP port. Faults come from an
explicit script (`proxy.inject(Fault(...))`), as in the soak, or by chance from a seed:

    with ImapProxy(server.port, seed=7, rate=0.02) as proxy:
        ...  # connect to 127.0.0.1:proxy.port

`proxy.observe` is told of every command that has reached the server, and of every answer before
the client has it, so that a program can be ended between the two.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Self

from tests.imap_faults import BODY, GREETING, Do, Fault, changed, verb_of

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 64 * 1024
_BY_CHANCE = (Do.CUT, Do.HALF, Do.BYE, Do.NIL_BODY, Do.NO_BODY, Do.SPLIT)


class ImapProxy:
    """Listens on `port`, forwards to `target` on loopback.

    `seed` with `rate`: each piece of server data goes wrong with that probability. `hits`
    counts the faults that happened.
    """

    def __init__(self, target: int, *, seed: int | None = None, rate: float = 0.0) -> None:
        self._target = target
        self._chance = random.Random(seed)
        self._rate = rate if seed is not None else 0.0
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._replaced: list[tuple[bytes, bytes]] = []
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.hits = 0
        self.struck: Counter[str] = Counter()
        self.observe: Callable[[str], None] = lambda _point: None
        self.connections = 0
        self.heard = b""  # what clients said, all connections together
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def inject(self, *faults: Fault) -> None:
        """Add faults; each waits for its data."""
        with self._lock:
            self._faults += faults

    def forgive(self) -> None:
        """Take back the faults that have not happened."""
        with self._lock:
            self._faults.clear()

    def replace(self, old: bytes, new: bytes) -> None:
        """Change words of the server, as long as the proxy lives."""
        self._replaced.append((old, new))

    def cut_all(self) -> None:
        """Close every connection now, as a lost link that is noticed."""
        for sock in self._sockets():
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def say(self, line: bytes) -> None:
        """Send a line to every client, as if the server had said it."""
        for sock in self._sockets():
            if sock.getsockname()[1] == self.port:
                sock.sendall(line)

    def close(self) -> None:
        """Stop listening and close every connection."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()
        for thread in self._threads:
            thread.join(timeout=5)

    def _sockets(self) -> list[socket.socket]:
        with self._lock:
            return list(self._open)

    def _start(self, target: object, *arguments: object) -> None:
        assert callable(target)
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self.connections += 1
            with self._lock:
                self._open |= {client, server}
            verbs = [GREETING]  # the command that is being answered, for both directions
            self._start(self._pump_client, client, server, verbs)
            self._start(self._pump_server, server, client, verbs)

    def _pump_client(self, client: socket.socket, server: socket.socket, verbs: list[str]) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(_CHUNK):
                self.heard = (self.heard + data)[-_CHUNK:]
                verbs[0] = verb_of(data) or verbs[0]
                server.sendall(data)
                self.observe(f"{verbs[0]} asked")
        self._drop(client, server)

    def _pump_server(self, server: socket.socket, client: socket.socket, verbs: list[str]) -> None:
        with contextlib.suppress(OSError):
            while data := _whole_answer(server):
                for old, new in self._replaced:
                    data = data.replace(old, new)
                self.observe(f"{verbs[0]} answered")
                fault = self._fault_for(data, verbs[0])
                if fault is None:
                    client.sendall(data)
                elif not self._misbehave(fault, data, client):
                    break
        self._drop(server, client)

    def _fault_for(self, data: bytes, verb: str) -> Fault | None:
        with self._lock:
            found = next((each for each in self._faults if each.strikes(data, verb)), None)
            if found is None and self._rate and self._chance.random() < self._rate:
                found = Fault(do=self._chance.choice(_BY_CHANCE))
            if found is not None:
                self.hits += 1
                self.struck[found.label] += 1
        return found

    def _misbehave(self, fault: Fault, data: bytes, client: socket.socket) -> bool:
        """Whether the connection goes on."""
        do = fault.do
        if (other := changed(do, data)) is not None:
            client.sendall(other)
            return True
        if do in (Do.SPLIT, Do.LATE):
            first = len(data) // 2 if do is Do.SPLIT else 0
            client.sendall(data[:first])
            time.sleep(0.2 if do is Do.SPLIT else fault.seconds)
            client.sendall(data[first:])
            return True
        if do in (Do.HALF, Do.STALL):
            client.sendall(data[: len(data) // 2])
        if do is Do.STALL:
            while not self._closing.wait(0.05) and client in self._open:
                pass
        if do is Do.BYE:
            client.sendall(b"* BYE Server is shutting down\r\n")
        return False

    def _drop(self, *ends: socket.socket) -> None:
        with self._lock:
            self._open.difference_update(ends)
        for sock in ends:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


def _whole_answer(server: socket.socket) -> bytes:
    """Read until the data ends with a line and every literal in it is whole."""
    data = b""
    while more := server.recv(_CHUNK):
        data += more
        if data.endswith(b"\r\n") and _literals_whole(data):
            return data
    return data


def _literals_whole(data: bytes) -> bool:
    position = 0
    while found := BODY.search(data, position):
        position = found.end() + int(found.group(2))
    return position <= len(data) - len(b")\r\n") or position == 0
