"""A real SMTP server that keeps what it accepts, and misbehaves when told to.

Run it by `python -m tests.smtp_sink --port 2525 --dir /tmp/sink --seed 7 --faults 0.2`, or as a
context manager within a test. Rule: a mail is stored durably before its 250 goes out, so what a
client was promised can always be found.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.smtp_faults import Fault, Faults, Point, RandomFaults, ScriptedFaults
from tests.smtp_ledger import Accepted, Ledger

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

_LIMIT = 64 * 1024 * 1024  # bytes of one line or reading buffer


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkOptions:
    """How the server presents itself.

    Attributes:
        tls: server certificate; offers STARTTLS, or speaks TLS from the start when `implicit`.
        login: (user, password) demanded before MAIL; None lets anybody in.
        auth: methods offered, of PLAIN and LOGIN.
        offers: further EHLO lines.
        maildir: where accepted mail is delivered too; its owner owns the files.
    """

    port: int = 0
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    login: tuple[str, str] | None = None
    auth: str = "PLAIN LOGIN"
    offers: tuple[str, ...] = ("8BITMIME", "SIZE 52428800")
    maildir: Path | None = None


class Sink:
    """The server in a thread of its own, from `start()` to `stop()`."""

    def __init__(
        self, folder: Path, faults: Faults | None = None, options: SinkOptions | None = None
    ) -> None:
        self.ledger = Ledger(folder)
        self.options = options or SinkOptions()
        self.faults: Faults = faults or ScriptedFaults()
        self.port = self.options.port
        self.connections = 0
        self.commands: list[str] = []
        self.struck: Counter[str] = Counter()
        self.observe: Callable[[str], None] = lambda _point: None  # told of every point reached
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="smtp-sink", daemon=True)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def hang_up(self) -> None:
        """Close every open connection, as a server does that restarts."""
        asyncio.run_coroutine_threadsafe(self._cancel_sessions(), self._loop).result(10)

    def accepted(self) -> list[Accepted]:
        return self.ledger.read()

    def strike(self, point: Point) -> Fault | None:
        self.observe(point)
        fault = self.faults.at(point)
        if fault is not None:
            self.struck[fault.label] += 1
        return fault

    async def refuse_for(self, seconds: float) -> None:
        """Stop listening, and listen again later."""
        if self._server is not None:
            self._server.close()
        again = asyncio.create_task(self._listen_again(seconds))
        self._tasks.add(again)
        again.add_done_callback(self._tasks.discard)

    def keep(self, sender: str, recipients: list[str], content: bytes) -> list[int]:
        numbers = self.ledger.add(sender, recipients, content)
        if self.options.maildir is not None:
            deliver_to_maildir(self.options.maildir, content)
        return numbers

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _listen(self) -> None:
        implicit = self.options.tls if self.options.implicit else None
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, limit=_LIMIT, ssl=implicit
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _listen_again(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._listen()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await _Session(self, reader, writer).run()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError, _HangUp):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _cancel_sessions(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._cancel_sessions()


class _HangUp(Exception):  # noqa: N818 - the deed, not an error
    """Leave the session without a word."""


class _Session:
    """One client, from greeting to the end of its connection (RFC 5321, 3207, 4954)."""

    def __init__(
        self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._sink, self._options = sink, sink.options
        self._reader, self._writer = reader, writer
        self._encrypted = self._options.implicit
        self._in = self._options.login is None
        self._sender, self._recipients = "", list[str]()
        self._answered: list[int] = []  # entries whose 250 went out, and nothing came since

    async def run(self) -> None:
        if await self._meets("connect"):
            return
        await self._say("220 sink.example ESMTP")
        while line := await self._reader.readline():
            self._sink.ledger.know(self._answered)
            self._answered = []
            command = line.decode("utf-8", "replace").strip()
            self._sink.commands.append(command)
            verb = command.split(" ", maxsplit=1)[0].upper()
            if verb == "QUIT":
                await self._say("221 2.0.0 bye")
                return
            await self._verbs().get(verb, self._unknown)(command)

    def _verbs(self) -> dict[str, Callable[[str], Awaitable[None]]]:
        return {
            "EHLO": self._ehlo, "HELO": self._ehlo, "STARTTLS": self._starttls,
            "AUTH": self._auth, "MAIL": self._mail, "RCPT": self._rcpt, "DATA": self._data,
            "RSET": self._rset, "NOOP": self._noop,
        }  # fmt: skip

    async def _meets(self, point: Point) -> bool:
        """Whether a fault took the place of the ordinary answer."""
        fault = self._sink.strike(point)
        if fault is None:
            return False
        if fault.do == "refuse":
            await self._sink.refuse_for(fault.seconds)
        if fault.do in {"drop", "refuse", "accept-drop"}:
            raise _HangUp
        if fault.do == "reply":
            await self._say(f"{fault.code} {fault.words}")
            return True
        await asyncio.sleep(fault.seconds)
        return False

    async def _ehlo(self, command: str) -> None:
        if await self._meets("ehlo"):
            return
        lines = ["sink.example", *self._options.offers]
        if self._options.tls and not self._encrypted:
            lines.append("STARTTLS")
        if self._options.login:
            lines.append(f"AUTH {self._options.auth}")
        for line in lines[:-1]:
            await self._say(f"250-{line}")
        await self._say(f"250 {lines[-1]}")

    async def _starttls(self, command: str) -> None:
        if self._options.tls is None or self._encrypted:
            await self._say("502 5.5.1 not offered")
            return
        await self._say("220 2.0.0 go ahead")
        await self._writer.start_tls(self._options.tls)
        self._encrypted = True

    async def _auth(self, command: str) -> None:
        if await self._meets("auth"):
            return
        _, method, *initial = command.split()
        if method.upper() == "PLAIN":
            answer = initial[0] if initial else await self._ask("")
            given = base64.b64decode(answer).decode().split("\0")[1:]
        else:
            questions = ("VXNlcm5hbWU6", "UGFzc3dvcmQ6")
            given = [base64.b64decode(await self._ask(q)).decode() for q in questions]
        self._in = tuple(given) == self._options.login
        words = "235 2.7.0 welcome" if self._in else f"535 5.7.8 bad credentials {given[1]}"
        await self._say(words)

    async def _ask(self, challenge: str) -> str:
        await self._say(f"334 {challenge}")
        return (await self._reader.readline()).decode().strip()

    async def _mail(self, command: str) -> None:
        if await self._meets("mail"):
            return
        if not self._in:
            await self._say("530 5.7.0 authentication required")
            return
        self._sender, self._recipients = _path(command), []
        await self._say("250 2.1.0 ok")

    async def _rcpt(self, command: str) -> None:
        if await self._meets("rcpt"):
            return
        self._recipients.append(_path(command))
        await self._say("250 2.1.5 ok")

    async def _data(self, command: str) -> None:
        if await self._meets("data"):
            return
        await self._say("354 end with a dot")
        content = await self._content()
        fault = self._sink.strike("dot")
        if fault is not None and fault.do == "reply":
            await self._say(f"{fault.code} {fault.words}")
            return
        if fault is not None and fault.do == "drop":
            raise _HangUp
        numbers = self._sink.keep(self._sender, self._recipients, content)
        self._sink.observe("kept")
        if fault is not None and fault.do == "accept-drop":
            raise _HangUp
        if fault is not None:
            await asyncio.sleep(fault.seconds)
        await self._say("250 2.0.0 stored")
        self._answered = numbers
        self._sink.observe("answered")

    async def _content(self) -> bytes:
        """Lines up to the dot, unstuffed; bare CR or LF are kept as they came."""
        fault = self._sink.strike("content")
        if fault is not None and fault.do == "slow":
            self._writer.transport.pause_reading()  # type: ignore[attr-defined]  # typed too widely
            await asyncio.sleep(fault.seconds)
            self._writer.transport.resume_reading()  # type: ignore[attr-defined]
        lines = list[bytes]()
        while (line := await self._reader.readuntil(b"\r\n")) != b".\r\n":
            if fault is not None and fault.do == "drop":
                raise _HangUp
            if fault is not None and fault.do == "reply":
                await self._say(f"{fault.code} {fault.words}")
                raise _HangUp
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    async def _rset(self, command: str) -> None:
        self._sender, self._recipients = "", []
        await self._say("250 2.0.0 ok")

    async def _noop(self, command: str) -> None:
        await self._say("250 2.0.0 ok")

    async def _unknown(self, command: str) -> None:
        await self._say("500 5.5.2 unknown command")

    async def _say(self, line: str) -> None:
        self._writer.write(line.encode() + b"\r\n")
        await self._writer.drain()


def _path(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]


_deliveries = 0


def deliver_to_maildir(maildir: Path, content: bytes) -> None:
    """Put a mail into `new/`, whole or not at all, owned by the folder's owner."""
    global _deliveries  # noqa: PLW0603 - Maildir names need a counter per process
    _deliveries += 1
    owner = maildir.stat()
    name = f"{time.time():.6f}.P{os.getpid()}Q{_deliveries}.sink"
    for part in ("cur", "new", "tmp"):
        if not (maildir / part).is_dir():
            (maildir / part).mkdir(mode=0o700)
            _give(maildir / part, owner)
    draft = maildir / "tmp" / name
    draft.write_bytes(content)
    _give(draft, owner)
    draft.rename(maildir / "new" / name)


def _give(path: Path, owner: os.stat_result) -> None:
    if os.getuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def main() -> None:
    """Serve until interrupted; print the port first, and the faults dealt out at the end."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--dir", type=Path, required=True, help="where accepted mail is kept")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--faults", type=float, default=0.0, help="share of transactions, 0 to 1")
    parser.add_argument("--maildir", type=Path, help="deliver accepted mail here too")
    given = parser.parse_args()
    options = SinkOptions(port=given.port, maildir=given.maildir)
    with Sink(given.dir, RandomFaults(given.seed, given.faults), options) as sink:
        print(f"listening on 127.0.0.1:{sink.port}", flush=True)  # noqa: T201 - a command line
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
        print(f"accepted {len(sink.accepted())}, faults {dict(sink.struck)}")  # noqa: T201


if __name__ == "__main__":
    main()
