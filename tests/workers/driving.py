"""Drive the programs: mail comes in all the while, and one after another is struck."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from tests.dovecot import Dovecot
from tests.postgresql import Cluster
from tests.smtp_sink import Sink, SinkOptions
from tests.soak.world import PROBE_FOLDER, MailMaker
from tests.workers.program import Program
from tests.workers.world import USERS, asked, books_of, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from tests.soak.books import Books

FREEZE_S = (12.0, 18.0)  # longer than leases, jobs and lost answers wait
DRAIN_S = 240.0
_TAKE_OVER_S = 60.0  # patience with a take-over, before it is called none
_READY_S = 90.0
_TICK_S = 0.1


class Workers:
    """Programs on one store, and everything that they talk to."""

    def __init__(self, folder: Path, *, seed: int, programs: int) -> None:
        self._folder, self._rng = folder, random.Random(seed)
        self._mails = MailMaker(seed)
        self._number = programs
        self._stack = ExitStack()
        self.delivered: list[bytes] = []
        self.take_overs_s: list[float] = []
        self.struck: Counter[str] = Counter()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._cluster = stack.enter_context(Cluster())
            self._database = self._cluster.database(empty=True)
            self._dovecot = stack.enter_context(Dovecot())
            self._dovecot.create_folder(PROBE_FOLDER)
            options = SinkOptions(maildir=self._dovecot.maildir(PROBE_FOLDER))
            self._sink = stack.enter_context(Sink(self._folder / "sink", None, options))
            config = write_settings(
                self._folder,
                self._database,
                imap_port=self._dovecot.port,
                smtp_port=self._sink.port,
            )
            self._stack = stack.pop_all()
        self.programs = [Program(number=n, config=config) for n in range(1, self._number + 1)]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for program in self.programs:
            program.send(signal.SIGCONT)
            program.send(signal.SIGKILL)
        self._stack.close()

    def start(self) -> None:
        """Start all, and wait until every mailbox is read by somebody."""
        for program in self.programs:
            program.start()
            time.sleep(0.5)
        self._wait(lambda: len(self._read_by()) == len(USERS), _READY_S)

    def strike(self, blows: list[str], say: Callable[[str], None]) -> None:
        """One blow after another: `kill`, `freeze` a program, or `restart` the database."""
        for number, blow in enumerate(blows, 1):
            self._deliver(self._rng.randint(2, 6))
            self._pause(self._rng.uniform(0.2, 2.0))
            if blow == "restart":
                self._cluster.stop("immediate")
                time.sleep(2)
                self._cluster.start()
            else:
                self._strike_one(blow)
            self.struck[blow] += 1
            if number % 5 == 0:
                say(f"{number} of {len(blows)} blows, {len(self.delivered)} mails delivered")

    def drain(self) -> bool:
        """Let them finish; whether everything came to its end in time."""
        done = self._wait(self._is_drained, DRAIN_S)
        time.sleep(8)  # whatever would be sent once too often comes now
        for program in self.programs:
            program.end(signal.SIGTERM)
        return done

    def books(self) -> Books:
        return books_of(self._folder, self._database, self._dovecot, self._sink, self.delivered)

    def crashes(self) -> list[str]:
        return [crash for program in self.programs for crash in program.crashes]

    def counted(self, word: str) -> int:
        """How often the programs logged a word."""
        logs = (program.log.read_text(errors="replace") for program in self.programs)
        return sum(log.count(word) for log in logs)

    def _strike_one(self, blow: str) -> None:
        """Strike a program that holds something, and measure until others hold all of it."""
        holders = {pid for pid in self._read_by().values() if pid}
        reading = [each for each in self.programs if each.pid in holders] or self.programs
        program = self._rng.choice(reading)
        held = {name for name, pid in self._held_by().items() if pid == program.pid}
        if blow == "kill":
            program.end(signal.SIGKILL)
        else:
            program.send(signal.SIGSTOP)
        began = time.monotonic()
        self._deliver(len(USERS))

        def taken_over() -> bool:
            now = self._held_by()
            return all(now.get(name, program.pid) not in {program.pid, 0} for name in held)

        self._wait(taken_over, _TAKE_OVER_S)
        self.take_overs_s.append(time.monotonic() - began)
        if blow == "kill":
            program.start()
        else:
            left = self._rng.uniform(*FREEZE_S) - (time.monotonic() - began)
            time.sleep(max(0.0, left))
            program.send(signal.SIGCONT)
        self._wait(lambda: program.pid in self._at_work(), _READY_S)

    def _held_by(self) -> dict[str, int]:
        """By lease, the process that holds it; 0 for one whose time is over."""
        query = (
            "select name, holder, expires_at > extract(epoch from clock_timestamp()) from leases"
        )
        found = asked(self._cluster, self._database, query) if self._has_tables() else []
        return {name: _pid(holder) if runs else 0 for name, holder, runs in found}

    def _read_by(self) -> dict[str, int]:
        return {n: p for n, p in self._held_by().items() if p and n != "chores"}

    def _at_work(self) -> set[int]:
        query = (
            "select name from programs where seen_at > extract(epoch from clock_timestamp()) - 5"
        )
        return {_pid(name) for (name,) in asked(self._cluster, self._database, query)}

    def _has_tables(self) -> bool:
        [(found,)] = asked(
            self._cluster, self._database, "select to_regclass('leases') is not null"
        )
        return bool(found)

    def _is_drained(self) -> bool:
        query = (
            "select (select count(*) from messages where state = 'decided'),"
            " (select count(*) from messages where state = 'received'),"
            " (select count(*) from outbox where state in ('queued', 'sending'))"
        )
        [(decided, waiting, unsent)] = asked(self._cluster, self._database, query)
        return bool(decided >= len(self.delivered) and not waiting and not unsent)

    def _deliver(self, number: int) -> None:
        for user in self._users(number):
            content = self._mails.next()
            self._dovecot.deliver(content, user=user)
            self.delivered.append(content)

    def _users(self, number: int) -> Iterator[str]:
        begin = self._rng.randrange(len(USERS))
        for offset in range(number):
            yield USERS[(begin + offset) % len(USERS)]

    def _wait(self, holds: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not (held := holds()) and time.monotonic() < deadline:
            time.sleep(_TICK_S)
        return held

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)


def _pid(holder: str) -> int:
    """The process in a program's name: host/process/number."""
    return int(holder.split("/")[1]) if holder else 0
