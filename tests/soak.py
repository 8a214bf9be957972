"""Kill the program at the worst moments, two hundred times, and balance the books.

A real Dovecot holds the watched inbox and the folder where what was sent can be found again; an
SMTP server with faults takes the notices. `triage run` is killed while it reads, decides and
sends, mostly between two words of the SMTP dialogue. At the end every mail must have one outcome
and every notice must have arrived once. Run by `make soak`; a seed repeats the choices, though
not the timing to the millisecond.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.dovecot import Dovecot
from tests.smtp_faults import RandomFaults, ScriptedFaults
from tests.smtp_sink import Sink, SinkOptions
from tests.soak_books import is_drained, rows, state_of, violations
from tests.soak_world import (
    PROBE_FOLDER,
    MailMaker,
    Plan,
    Program,
    Trap,
    Workspace,
    draw_plan,
    make_workspace,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_RUN_S = 6.0  # when the planned point is not reached
_DRAIN_S = 240.0
_TICK_S = 0.02
_ENOUGH_CRASHES = 3


class Soak:
    """One soak: the servers, the program, and what was delivered."""

    def __init__(self, *, seed: int, space: Workspace, dovecot: Dovecot, sink: Sink) -> None:
        self._rng = random.Random(seed)
        self._mails = MailMaker(random.Random(seed + 1))
        self._space, self._dovecot, self._sink = space, dovecot, sink
        self._program = Program(space)
        self._trap = Trap(end=self._program.send)
        self.delivered: list[bytes] = []
        self.kills: Counter[str] = Counter()
        self.states: Counter[str] = Counter()
        sink.observe = self._trap.reached

    @property
    def crashes(self) -> list[str]:
        return self._program.crashes

    def run(self, kills: int, say: Callable[[str], None]) -> None:
        """Start and end the program `kills` times, with mail coming in all the while."""
        began = time.monotonic()
        for number in range(1, kills + 1):
            if len(self.crashes) >= _ENOUGH_CRASHES:
                say(f"the program keeps ending by itself; stopping after {number - 1} kills")
                return
            self._one_life(draw_plan(self._rng))
            if number % 20 == 0:
                spent = time.monotonic() - began
                say(f"{number} kills, {len(self.delivered)} mails delivered, {spent:.0f} s")

    def drain(self) -> bool:
        """Let it finish without faults; whether it did in time."""
        self._sink.faults = ScriptedFaults()
        self._program.start()
        deadline = time.monotonic() + _DRAIN_S
        done = False
        while not done and time.monotonic() < deadline and self._program.running():
            time.sleep(0.5)
            done = is_drained(self._space.store, len(self.delivered))
        time.sleep(2)  # whatever would be sent once too often comes now
        self._program.send(signal.SIGTERM)
        self._program.end()
        return done

    def _one_life(self, plan: Plan) -> None:
        self._deliver(self._rng.randint(0, 3) if plan.name != "quick" else 0)
        self._trap.set(plan)
        self._program.start()
        began = time.monotonic()
        more_at = began + self._rng.uniform(0.2, 2.5)
        ends_at = began + (_LONGEST_RUN_S if plan.point else plan.delay_s)
        while self._program.running() and time.monotonic() < ends_at:
            time.sleep(_TICK_S)
            if time.monotonic() > more_at:
                self._deliver(self._rng.randint(1, 2))
                more_at = float("inf")
        self._trap.take_down()
        missed = plan.point and self._program.running() and plan.how == signal.SIGKILL
        self._program.send(plan.how)
        self._program.end()
        self.kills[f"{plan.name} (not reached)" if missed else plan.name] += 1
        self.states[state_of(self._space.store)] += 1

    def _deliver(self, number: int) -> None:
        contents = [self._mails.next() for _ in range(number)]
        self._dovecot.deliver_many(contents)
        self.delivered += contents


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _report(soak: Soak, sink: Sink, space: Workspace) -> None:
    outcomes = dict(rows(space.store, "SELECT action, count(*) FROM messages GROUP BY action"))
    outbox = dict(rows(space.store, "SELECT state, count(*) FROM outbox GROUP BY state"))
    settled = len(
        rows(space.store, "SELECT id FROM audit WHERE detail LIKE 'the answer was lost%'")
    )
    _say(f"kills: {dict(sorted(soak.kills.items()))}")
    _say(f"open at the kill: {dict(soak.states.most_common())}")
    _say(f"faults dealt: {dict(sorted(sink.struck.items()))}")
    _say(f"mails delivered: {len(soak.delivered)}, outcomes: {outcomes}")
    _say(f"outbox: {outbox}, arrived: {len(sink.accepted())}, lost answers settled: {settled}")


def _judge(soak: Soak, sink: Sink, space: Workspace, *, drained: bool) -> list[str]:
    found = [f"the program broke: {crash}" for crash in soak.crashes]
    if not drained:
        found.append(f"not everything came to its end, in at most {_DRAIN_S:.0f} s without faults")
    found += violations(space.store, soak.delivered, sink.accepted())
    if not rows(space.store, "SELECT 1 FROM outbox WHERE state = 'sent' LIMIT 1"):
        found.append("nothing was ever sent, so nothing was shown")
    return found


def soak(folder: Path, *, kills: int, seed: int, faults: float) -> list[str]:
    """The whole soak in `folder`; what was violated, with evidence."""
    with Dovecot() as dovecot:
        dovecot.create_folder(PROBE_FOLDER)
        options = SinkOptions(maildir=dovecot.maildir(PROBE_FOLDER))
        with Sink(folder / "sink", RandomFaults(seed + 2, faults), options) as sink:
            space = make_workspace(folder, imap_port=dovecot.port, smtp_port=sink.port)
            run = Soak(seed=seed, space=space, dovecot=dovecot, sink=sink)
            run.run(kills, _say)
            drained = run.drain()
            _report(run, sink, space)
            return _judge(run, sink, space, drained=drained)


def main() -> int:
    """Parse the command line, soak, and say how it went; 0 when the books balance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="repeat the choices of a soak")
    parser.add_argument("--faults", type=float, default=0.25, help="share of sends, 0 to 1")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(10**6)
    folder = Path(tempfile.mkdtemp(prefix="triage-soak-"))
    began = time.monotonic()
    _say(f"seed {seed}, {given.kills} kills, faults {given.faults}, in {folder}")
    found = soak(folder, kills=given.kills, seed=seed, faults=given.faults)
    for line in found:
        _say(f"VIOLATION: {line}")
    if found:
        _say(f"{len(found)} violations; everything is kept in {folder} (seed {seed})")
        return 1
    shutil.rmtree(folder)
    _say(f"0 lost, 0 doubled, after {given.kills} kills in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
