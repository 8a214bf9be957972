"""An SMTP server that only notes when each mail was accepted. It is never the slow part.

It keeps nothing on disk: what is measured is the program, and durable storage here would share
its disk. `tests.smtp_sink` is the thorough one.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from dataclasses import dataclass
from typing import Self, cast

_BENCH_ID = re.compile(rb"<bench\d+\.[0-9a-f]{12}@mail\.example>")
_ANSWERS = {
    b"EHLO": b"250-sink.example\r\n250-8BITMIME\r\n250 SIZE 52428800\r\n",
    b"DATA": b"354 end with a dot\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
}
_END = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A mail whose final dot came at `at` (epoch seconds), and the measured mail it is about."""

    at: float
    about: str
    size: int


class Sink:
    """The server, in a thread of its own; a context manager."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.port = 0
        self.sessions: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sink", daemon=True)

    def __enter__(self) -> Self:
        """Listen on a free port of loopback."""
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening and hang up."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> int:
        self._server = await self._loop.create_server(lambda: _Session(self), "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        for transport in list(self.sessions):
            transport.abort()
        await asyncio.sleep(0)  # connections are closed by the loop itself


class _Session(asyncio.Protocol):
    """One client. Commands come one at a time; content is looked at whole."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = bytearray()
        self._in_content = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._sink.sessions.add(self._transport)
        self._transport.write(b"220 sink.example ESMTP\r\n")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's interface
        self._sink.sessions.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._in_content:
            self._take_content(len(data))
        elif self._buffer.endswith(b"\r\n"):
            verb = bytes(self._buffer[:4]).upper()
            self._buffer.clear()
            self._in_content = verb == b"DATA"
            self._transport.write(_ANSWERS.get(verb, b"250 2.0.0 ok\r\n"))

    def _take_content(self, news: int) -> None:
        if self._buffer.find(_END, max(0, len(self._buffer) - news - len(_END))) < 0:
            return
        found = _BENCH_ID.search(self._buffer)
        about = found.group().decode() if found else ""
        arrival = Arrival(at=time.time(), about=about, size=len(self._buffer))
        self._sink.arrivals.append(arrival)
        self._buffer.clear()
        self._in_content = False
        self._transport.write(b"250 2.0.0 taken\r\n")
