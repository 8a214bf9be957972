"""`parse`, and the same in a process apart, so that no mail can take the program down with it.

Rules: bounds before reading (`limits`) keep what is known to be dear out; this is for what is not
known. A mail that ends the process, or takes too much, is unreadable, and a person gets it; the
program goes on. A process that cannot be had leaves mails to be read here, as anywhere else.
"""

from __future__ import annotations

import hashlib
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from triage.parsing import message, worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triage.messages import Email

log = logging.getLogger(__name__)

WAIT_S = 60.0  # on a busy machine `worker.CPU_S` may take much longer
_COMMAND = (sys.executable, "-c", "from triage.parsing.worker import main; main()")
_REMEMBERED = 200
_CHUNK = 1 << 16


class EndedError(Exception):
    """The process ended, or was ended, before it had answered."""


class Reader:
    """A process that reads mails, one after the other. Safe for many threads."""

    def __init__(
        self, command: Sequence[str] = _COMMAND, *, wait_s: float = WAIT_S, tries: int = 2
    ) -> None:
        """`tries`: a process may also end for reasons of its own, such as a full machine."""
        self._command = tuple(command)
        self._wait_s = wait_s
        self._tries = tries
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._harmful: OrderedDict[bytes, str] = OrderedDict()

    def parse(self, raw: bytes) -> Email:
        """As `message.parse`, but whatever the mail does, this returns."""
        name = hashlib.sha256(raw).digest()
        with self._lock:
            why = self._harmful.get(name, "")
            for _ in range(0 if why else self._tries):
                try:
                    return worker.emails().validate_json(self._ask(raw))
                except EndedError as error:
                    why = str(error)
                    log.warning("the process that reads mails %s", why, extra={"action": "reader"})
                except (OSError, ValueError) as error:
                    self._end()
                    log.warning(
                        "mails are read without a process apart (%s)",
                        type(error).__name__,
                        extra={"action": "reader"},
                    )
                    return message.parse(raw)
            self._harmful[name] = why
            while len(self._harmful) > _REMEMBERED:
                self._harmful.popitem(last=False)
        return message.nothing_of((f"reading it {why}",))

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _ask(self, raw: bytes) -> bytes:
        process = self._process or self._start()
        exchange = _Exchange(process, worker.frame(raw), time.monotonic() + self._wait_s)
        try:
            [size] = worker.HEAD.unpack(exchange.receive(worker.HEAD.size))
            return exchange.receive(size)
        except TimeoutError:
            self._end()
            msg = f"took more than {self._wait_s:g} s and was given up"
            raise EndedError(msg) from None
        except EOFError:
            raise EndedError(_how_it_ended(self._end())) from None

    def _start(self) -> subprocess.Popen[bytes]:
        """In a session of its own, so that Ctrl-C is for the program; without its environment."""
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
        assert self._process.stdin
        os.set_blocking(self._process.stdin.fileno(), False)
        return self._process

    def _end(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        with suppress(OSError):
            if process.stdin:
                process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.5)  # it may have ended by itself, which tells why
        process.kill()
        status = process.wait()
        if process.stdout:
            process.stdout.close()
        return status


class _Exchange:
    """One mail out and its answer in, both as far as the pipes take and give them."""

    def __init__(self, process: subprocess.Popen[bytes], out: bytes, deadline: float) -> None:
        assert process.stdin
        assert process.stdout
        self._in, self._from = process.stdin.fileno(), process.stdout.fileno()
        self._left = memoryview(out)
        self._deadline = deadline

    def receive(self, size: int) -> bytes:
        """So many bytes. Raises TimeoutError, EOFError when the process has ended."""
        content = bytearray()
        while len(content) < size:
            writing = [self._in] if self._left else []
            left_s = max(0.0, self._deadline - time.monotonic())
            readable, writable, _ = select.select([self._from], writing, [], left_s)
            if not readable and not writable:
                raise TimeoutError
            if writable:
                self._send()
            if readable:
                if not (part := os.read(self._from, min(_CHUNK, size - len(content)))):
                    raise EOFError
                content += part
        return bytes(content)

    def _send(self) -> None:
        try:
            self._left = self._left[os.write(self._in, self._left[:_CHUNK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._left = self._left[:0]  # it has ended, which reading will tell


def _how_it_ended(status: int | None) -> str:
    if status == -signal.SIGXCPU:
        return f"took more than {worker.CPU_S} s of processor time and was given up"
    how = f"by signal {-status}" if status is not None and status < 0 else f"with status {status}"
    return f"ended the process that reads mails, {how}"


class _Switch:
    """Which reader is in use; None reads here."""

    reader: Reader | None = None


@contextmanager
def reading_apart(reader: Reader | None = None) -> Iterator[Reader]:
    """While this lasts, every mail is read by a process apart."""
    made = reader or Reader()
    _Switch.reader = made
    try:
        yield made
    finally:
        _Switch.reader = None
        made.close()


def parse(raw: bytes) -> Email:
    """Read any bytes as a mail; see `message.parse`, and `reading_apart` for where."""
    reader = _Switch.reader
    return reader.parse(raw) if reader else message.parse(raw)
