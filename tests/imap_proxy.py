"""A small TCP proxy in front of an IMAP server that misbehaves on demand.

It sits on loopback between a program and a plain (unencrypted) IMAP port. Faults come from an
explicit script (`proxy.inject(Fault(...))`) or, for a soak, by chance from a seed:

    with ImapProxy(server.port, seed=7, rate=0.02) as proxy:
        ...  # connect to 127.0.0.1:proxy.port
"""

from __future__ import annotations

import contextlib
import random
import re
import socket
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

_BODY = re.compile(rb"(BODY\[\](?:<\d+>)?) \{(\d+)\}\r\n")
_CHUNK = 64 * 1024


class Do(StrEnum):
    """What goes wrong with the server's answer."""

    CUT = "cut"  # the connection is closed instead of the answer
    HALF = "half"  # half of the answer, then the connection is closed
    STALL = "stall"  # half of the answer, then nothing more, the connection open
    SPLIT = "split"  # the answer comes in two pieces, 0.2 s apart: harmless
    BYE = "bye"  # the server says goodbye and closes
    NIL_BODY = "nil-body"  # BODY[] NIL instead of the message
    NO_BODY = "no-body"  # the answer without BODY[]


_BY_CHANCE = (Do.CUT, Do.HALF, Do.BYE, Do.NIL_BODY, Do.NO_BODY, Do.SPLIT)


@dataclass(slots=True, kw_only=True)
class Fault:
    """Do something to the server data that contains `when` (bytes), `times` times."""

    do: Do
    when: bytes = b""
    times: int = 1


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
            self._start(self._pump_client, client, server)
            self._start(self._pump_server, server, client)

    def _pump_client(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(_CHUNK):
                self.heard = (self.heard + data)[-_CHUNK:]
                server.sendall(data)
        self._drop(client, server)

    def _pump_server(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := _whole_answer(server):
                for old, new in self._replaced:
                    data = data.replace(old, new)
                fault = self._fault_for(data)
                if fault is None:
                    client.sendall(data)
                elif not self._misbehave(fault, data, client):
                    break
        self._drop(server, client)

    def _fault_for(self, data: bytes) -> Do | None:
        with self._lock:
            for fault in self._faults:
                if fault.times > 0 and fault.when in data:
                    fault.times -= 1
                    self.hits += 1
                    return fault.do
            if self._rate and self._chance.random() < self._rate:
                self.hits += 1
                return self._chance.choice(_BY_CHANCE)
        return None

    def _misbehave(self, do: Do, data: bytes, client: socket.socket) -> bool:
        """Whether the connection goes on."""
        if do in (Do.NIL_BODY, Do.NO_BODY):
            client.sendall(_without_bodies(data, b"NIL" if do is Do.NIL_BODY else b""))
            return True
        if do is Do.SPLIT:
            client.sendall(data[: len(data) // 2])
            time.sleep(0.2)
            client.sendall(data[len(data) // 2 :])
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
    while found := _BODY.search(data, position):
        position = found.end() + int(found.group(2))
    return position <= len(data) - len(b")\r\n") or position == 0


def _without_bodies(data: bytes, instead: bytes) -> bytes:
    """Server data with each message body taken out of the answers."""
    pieces, position = [], 0
    while found := _BODY.search(data, position):
        pieces.append(data[position : found.start()])
        pieces.append(found.group(1) + b" NIL" if instead else b"X-NOTHING NIL")
        position = found.end() + int(found.group(2))
    return b"".join([*pieces, data[position:]])
