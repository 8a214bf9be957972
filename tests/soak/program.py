"""The program under test, started and ended over and over, and the traps on the servers' side."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.soak.plan import Trap

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, ForkServerProcess

    from tests.soak.plan import Life
    from tests.soak.world import Workspace

_LAST_WORDS = 12  # lines of the log
_STOPS_WITHIN_S = 60.0


def fork_server() -> ForkServerContext:
    """A process that has loaded program and model, and forks a life when asked."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"  # threads do not survive a fork
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.soak.life"])
    return context


def _live(config: Path, log: Path, trap: Trap) -> None:
    from tests.soak.life import live  # noqa: PLC0415 - it has the model; loaded before the fork

    live(config, log, trap)


class Forked:
    """One life as a fork."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        process.start()
        assert process.pid is not None
        self.pid: int = process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, seconds: float) -> int | None:
        self._process.join(seconds)
        return self._process.exitcode


class Command:
    """One life as a user starts it."""

    def __init__(self, space: Workspace) -> None:
        triage = Path(sys.executable).with_name("triage")
        with space.log.open("ab") as log:
            self._process = subprocess.Popen(
                [triage, "run", "--config", space.config], stdout=log, stderr=log, cwd=space.folder
            )
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


class Program:
    """The life that is on, if any. `crashes` are the ends that were not of our making."""

    def __init__(self, space: Workspace) -> None:
        self._space = space
        self._context = fork_server()
        self._now: Forked | Command | None = None
        self._began_at = 0  # where this life's words begin in the log
        self.crashes: list[str] = []

    def start(self, life: Life | None = None) -> None:
        """Begin a life; without one: as a user does, and without a trap."""
        self._began_at = self._space.log.stat().st_size if self._space.log.exists() else 0
        if life is None or life.command:
            self._now = Command(self._space)
            return
        inside = life.trap == "in"
        trap = Trap(
            boundary=life.boundary if inside else "",
            nth=life.nth,
            delay_s=life.delay_s,
            asks=life.how == "stop",
        )
        process = self._context.Process(
            target=_live, args=(self._space.config, self._space.log, trap)
        )
        self._now = Forked(process)

    def send(self, how: signal.Signals) -> None:
        """Any thread may call it, at any time."""
        if self._now is not None and self._now.poll() is None:
            os.kill(self._now.pid, how)

    @property
    def pid(self) -> int:
        assert self._now is not None
        return self._now.pid

    def running(self) -> bool:
        return self._now is not None and self._now.poll() is None

    def words(self) -> str:
        """What this life has logged."""
        if not self._space.log.exists():
            return ""
        with self._space.log.open("rb") as log:
            log.seek(self._began_at)
            return log.read().decode(errors="replace")

    def end(self) -> None:
        """Wait for its end, and note one that was not of our making."""
        assert self._now is not None
        code = self._now.wait(_STOPS_WITHIN_S)
        if code is None:
            self.crashes.append(f"SIGTERM was not obeyed within {_STOPS_WITHIN_S:.0f} s")
            self.send(signal.SIGKILL)
            code = self._now.wait(_STOPS_WITHIN_S)
        if code not in {0, -signal.SIGKILL, -signal.SIGTERM}:
            last = "\n".join(self.words().splitlines()[-_LAST_WORDS:])
            self.crashes.append(f"ended by itself with {code}:\n{last}")


@dataclass(kw_only=True)
class Snare:
    """Ends the program when one of the servers reaches the planned point.

    The server stands still meanwhile: milliseconds.
    """

    program: Program
    side: str  # imap or smtp
    sprung: bool = False
    _life: Life | None = None
    _left: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, life: Life) -> None:
        with self._lock:
            mine = life.trap.startswith(f"{self.side} ")
            self._life, self._left = (life, life.nth) if mine else (None, 0)
            self.sprung = False

    def take_down(self) -> None:
        with self._lock:
            self._life = None

    def reached(self, point: str) -> None:
        """Called in the server's threads."""
        with self._lock:
            life = self._life
            if life is None or life.trap != f"{self.side} {point}":
                return
            self._left -= 1
            if self._left > 0:
                return
            self._life, self.sprung = None, True
        time.sleep(life.delay_s)
        self.program.send(signal.SIGTERM if life.how == "stop" else signal.SIGKILL)
