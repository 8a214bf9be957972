"""The distributed runner: the same steps, carried by Procrastinate, where programs share a store.

Each program reads the folders that it holds a lease on, or decides and sends what jobs tell it to,
or both. Rules: the rows say what is to do, and a job only that somebody should look; so a job that
is lost is put down anew, and one that runs twice finds nothing to do. A server that cannot be
reached stops no program: it tries again until it can.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from triage.errors import NotFoundError
from triage.pipeline.rehearsal import rehearse
from triage.runners.embedded import DECIDE_SILENCE_S, WATCH_SILENCE_S, EmbeddedRunner
from triage.runners.heartbeat import notify
from triage.runners.jobs import JobLoop, Steps
from triage.runners.leasing import CHORES
from triage.runners.watching import Watching, patience
from triage.store import inbox, jobs, outbox, overdue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triage.config import Database
    from triage.messages import Outcome
    from triage.runners.leasing import Leaseholder
    from triage.tag_watcher import TagWatcher
    from triage.watcher import Watcher

log = logging.getLogger(__name__)

KEEP_EVERY_S = 2.0  # how often leases are renewed, and free ones looked for
CHORES_EVERY_S = 1.0
SWEEP_EVERY_S = 15.0  # how often rows are looked for that no job speaks of
EARLIER_S = 2.0  # so long a batch waits for mails that came before it and are in other hands
_EARLIER_LOOK_S = 0.05
_LOOK_AGAIN_S = 5.0  # for a timer before which mail is yet to be read
_LET_GO_S = 20.0  # patience, at the end, with servers that are being asked something


@dataclass(kw_only=True)
class DistributedRunner(EmbeddedRunner):
    """As `EmbeddedRunner`, beside others like it. `holder` has the leases of this program.

    `database` is where the jobs are.
    """

    database: Database
    holder: Leaseholder
    _watching: dict[str, Watching] = field(default_factory=dict, init=False)
    _ending: list[Watching] = field(default_factory=list, init=False)
    _swept_at: float = field(default=0.0, init=False)

    def ready(self) -> None:
        """Everything that somebody is to watch is known."""
        names = [unit.name for unit in self.watchers]
        self.holder.folders = [*names, *(unit.name for unit in self.tag_watchers)]

    def run(self) -> None:
        """Read, decide, send and follow up until `request_stop`.

        Raises:
            Whatever stopped a loop unexpectedly; everything else has been stopped by then.
        """
        threads = [self._thread("leases", self._lease_loop)]
        if self.holder.role != "watch":
            loop = JobLoop(database=self.database, steps=self._steps(), stop=self.stop)
            threads += [self._thread("jobs", loop.run), self._thread("chores", self._chore_loop)]
            threads.append(self._thread("rehearse", partial(rehearse, self.decider)))
        for thread in threads:
            thread.start()
        notify("READY=1\nSTATUS=working")
        self._wait_feeding_watchdog()
        notify("STOPPING=1")
        for thread in threads:
            thread.join()
        self.sender.channel.close()
        self._raise_failure()

    def _steps(self) -> Steps:
        return Steps(decide=self.decide, send=self.send, follow_up=self.look_at_timer)

    def decide(self, numbers: Sequence[int]) -> None:
        """Decide those of these messages that still wait."""
        while not self.stop.is_set():
            batch = self.decider.pick(self.clock(), only=numbers)
            if not batch:
                return
            with self._beating("decide", DECIDE_SILENCE_S):
                readings = self.decider.read(batch)
                self._let_earlier_go_first(min(each.id for each in batch))
                outcomes = self.decider.settle(readings, self.clock())
            self.tell(outcomes)
            self._marks_are_due(outcomes)

    def send(self, number: int) -> None:
        """Send a brief, if it is its time and nobody has it."""
        try:
            with self.sender.store.read() as tx:
                row = outbox.get(tx, number)
        except NotFoundError:  # taken back before it left
            return
        if row.state == "queued" and row.next_attempt_at <= self.clock():
            with self._beating("send", self.send_silence_s):
                self.sender.send(row)

    def look_at_timer(self, number: int) -> None:
        """Look at a timer; again in a moment where mail is yet to be read before it."""
        if not self.follow_up.look_at(number, self.clock()):
            with self.sender.store.write(alone=False) as tx:
                jobs.enqueue(tx, "follow_up", number, self.clock() + _LOOK_AGAIN_S)

    def _let_earlier_go_first(self, first: int) -> None:
        """Mails are decided in the order in which they came, as far as that costs no time."""
        for _ in range(int(EARLIER_S / _EARLIER_LOOK_S)):
            with self.sender.store.read() as tx:
                waits = inbox.waits_before(tx, first, self.clock())
            if not waits or self.stop.wait(_EARLIER_LOOK_S):
                return

    @contextmanager
    def _beating(self, name: str, limit_s: float) -> Iterator[None]:
        """A sign of life, so that a job that hangs is told from one that works."""
        self.beats.beat(name, limit_s)
        try:
            yield
        finally:
            self.beats.forget(name)

    def _marks_are_due(self, outcomes: Sequence[Outcome]) -> None:
        """Where this program also reads, escalated mail is marked at once."""
        accounts = {outcome.ref.account for outcome in outcomes}
        for watching in list(self._watching.values()):
            if any(map(watching.marks_in, accounts)):
                watching.interrupt()

    def _chore_loop(self) -> None:
        while not self.stop.wait(CHORES_EVERY_S):
            with patience(self.stop, self._tell_of_store):
                now = self.clock()
                for chore in self.own_chores:
                    chore(now)
                if CHORES in self.holder.held:
                    self._see_to_all(now)

    def _see_to_all(self, now: float) -> None:
        """What one program does for all of them."""
        self.follow_up.begin(now)
        self.follow_up.release(now)
        self.sender.settle_uncertain()
        for chore in self.chores:
            chore(now)
        if now >= self._swept_at + SWEEP_EVERY_S:
            self._swept_at = now
            with self.sender.store.write(alone=False) as tx:
                found = overdue.put_down(tx, now)
            if found:
                log.warning("rows had no job", extra={"action": "swept", "count": found})

    def _tell_of_store(self, says: str) -> None:
        self.store_is_busy(says, self.clock())

    def _lease_loop(self) -> None:
        try:
            while True:
                with patience(self.stop, self._tell_of_store):
                    self._keep(self.holder.look())
                if self.stop.wait(KEEP_EVERY_S):
                    return
        finally:
            self._leave()

    def _leave(self) -> None:
        for name in list(self._watching):
            self._end(name)
        for watching in self._ending:
            if watching.thread is not None:
                watching.thread.join(_LET_GO_S)
        with patience(self.stop):
            self.holder.leave()

    def _keep(self, held: dict[str, int]) -> None:
        """Have a thread at work for each folder held, and for no other."""
        for name in self.holder.surplus():
            self.holder.give(name)
        for name, watching in list(self._watching.items()):
            if name not in self.holder.held or watching.ended:
                self._end(name)
        self._ending = [each for each in self._ending if not each.ended]
        busy = {each.unit.name for each in self._ending}
        units: list[Watcher | TagWatcher] = [*self.watchers, *self.tag_watchers]
        for unit in units:
            ours = unit.name in held and unit.name in self.holder.held
            if ours and unit.name not in self._watching and unit.name not in busy:
                self._begin(unit)

    def _begin(self, unit: Watcher | TagWatcher) -> None:
        watching = Watching(unit, self.holder.fenced(unit.name))
        name = f"watch {unit.name}"
        beat = partial(self.beats.beat, name, WATCH_SILENCE_S)
        watching.thread = self._thread(name, partial(watching.run, beat))
        self._watching[unit.name] = watching
        token = self.holder.held[unit.name]
        log.info("reading", extra={"action": "lease", "lease": unit.name, "token": token})
        watching.thread.start()

    def _end(self, name: str) -> None:
        watching = self._watching.pop(name)
        watching.end()
        self._ending.append(watching)
        log.info("no longer reading", extra={"action": "lease-ended", "lease": name})
