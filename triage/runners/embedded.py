"""The embedded runner: the steps in loops over the store, in threads of one process.

Any unexpected exception in a loop stops the whole program loudly: what is in the store is safe,
and a service manager starts it again.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from triage.errors import StoreUnavailableError
from triage.pipeline.ahead import ReadingAhead
from triage.pipeline.rehearsal import rehearse
from triage.runners.heartbeat import Heartbeats, notify, watchdog_interval_s

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from triage.messages import Outcome
    from triage.pipeline.decide import Decider
    from triage.pipeline.desks import FollowUps
    from triage.pipeline.follow_up import FollowUp
    from triage.pipeline.send import Sender
    from triage.tag_watcher import TagWatcher
    from triage.watcher import Watcher

log = logging.getLogger(__name__)

_PATIENCE = 10  # failures in a row before draining leaves the rest for another time
IDLE_LOOK_S = 5.0  # how often timers and retries are looked at when nothing else happens
DECIDE_SILENCE_S = 300.0
WATCH_SILENCE_S = 900.0
STORE_PAUSE_S = 5.0  # before a store that was full or locked is tried again
STORE_TOLD_EVERY_S = 300.0


@dataclass(kw_only=True)
class EmbeddedRunner:
    """Runs the steps until told to stop.

    `report` gets each outcome as it is decided; `send_silence_s` is how long one attempt to
    send may lawfully take. `chores` are small things to see to between batches; each gets the
    time in epoch seconds and must not wait. `own_chores` are those that each of several programs on
    one store sees to for itself. `store_is_busy` hears why the store cannot be written, and when,
    again and again while that lasts.
    """

    decider: Decider
    sender: Sender
    follow_up: FollowUp | FollowUps
    watchers: Sequence[Watcher]
    tag_watchers: Sequence[TagWatcher] = ()
    clock: Callable[[], float]
    report: Callable[[Outcome], None] = lambda _outcome: None
    send_silence_s: float = 1500.0
    chores: Sequence[Callable[[float], None]] = ()
    own_chores: Sequence[Callable[[float], None]] = ()
    beats: Heartbeats = field(default_factory=Heartbeats)
    store_is_busy: Callable[[str, float], None] = lambda _says, _now: None

    def __post_init__(self) -> None:
        """Make the events that loops wait on."""
        self.stop = threading.Event()
        self._ahead = ReadingAhead(decider=self.decider)
        self._to_decide = threading.Event()
        self._to_send = threading.Event()
        self._failure: BaseException | None = None

    def ready(self) -> None:
        """Everything it is to watch is known."""

    def wake(self) -> None:
        """New mail is in the store."""
        self._to_decide.set()

    def wake_sender(self) -> None:
        """There may be a new brief."""
        self._to_send.set()

    def stirred(self, account: str) -> None:
        """Mail may have left a watched folder of this account: perhaps into a tag folder."""
        for tag_watcher in self.tag_watchers:
            if tag_watcher.folders.account == account:
                tag_watcher.wake()

    def request_stop(self) -> None:
        """Finish what is in hand, then return from `run`. Safe in a signal handler."""
        self.stop.set()
        self._to_decide.set()
        self._to_send.set()
        for watcher in self.watchers:
            watcher.source.interrupt()
        for tag_watcher in self.tag_watchers:
            tag_watcher.wake()

    def drain(self) -> None:
        """Decide all that waits and send all that is due, then return; sooner if told to stop."""

        def go_on() -> bool:
            return not self.stop.is_set()

        try:
            while go_on():
                outcomes = self.decide_some()
                self.follow_up.run_due(self.clock())
                self.sender.settle_uncertain()
                sent = self.sender.send_due(go_on=go_on, max_misses=_PATIENCE)
                if not outcomes and not sent and not self.decider.waiting(self.clock()):
                    return
        finally:
            self._ahead.close()

    def decide_some(self) -> list[Outcome]:
        """One batch of decisions, reported; before it the chores."""
        for chore in (*self.own_chores, *self.chores):
            chore(self.clock())
        outcomes = self._ahead.decide_pending(self.clock())
        self.tell(outcomes)
        return outcomes

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        """Log and report what was decided."""
        for outcome in outcomes:
            log.info(
                "decided",
                extra={
                    "action": outcome.action,
                    "ref": str(outcome.ref),
                    "tags": ",".join(outcome.tags),
                    "case": outcome.case_id,
                    "scores": " ".join(f"{t}={s:.2f}" for t, s in outcome.scores.items()),
                },
            )
            self.report(outcome)

    def run(self) -> None:
        """Watch, decide, send and follow up until `request_stop`.

        Raises:
            Whatever stopped a loop unexpectedly; everything else has been stopped by then.
        """
        threads = [self._thread("decide", self._decide_loop), self._thread("send", self._send_loop)]
        threads.append(self._thread("rehearse", partial(rehearse, self.decider)))
        threads += [self._watch_thread(watcher) for watcher in self.watchers]
        threads += [self._watch_thread(watcher) for watcher in self.tag_watchers]
        for thread in threads:
            thread.start()
        notify("READY=1\nSTATUS=watching")
        self._wait_feeding_watchdog()
        notify("STOPPING=1")
        for thread in threads:
            thread.join()
        self._let_go()
        self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure:
            raise self._failure

    def _let_go(self) -> None:
        """Close what a loop that was broken off has left open."""
        for watcher in self.watchers:
            watcher.source.close()
        for tag_watcher in self.tag_watchers:
            tag_watcher.folders.close()
        self.sender.channel.close()

    def _wait_feeding_watchdog(self) -> None:
        interval_s = watchdog_interval_s()
        while not self.stop.wait(interval_s or 3600.0):
            silent = self.beats.silent()
            if silent:
                log.error("no progress", extra={"action": "silent", "loops": ",".join(silent)})
            elif interval_s:
                notify("WATCHDOG=1")

    def _decide_loop(self) -> None:
        while not self.stop.is_set():
            self.beats.beat("decide", DECIDE_SILENCE_S)
            self._to_decide.clear()
            busy = bool(self.decide_some())
            self.follow_up.run_due(self.clock())
            if busy:
                self._to_send.set()
                for watcher in self.watchers:
                    if watcher.after:  # changes in the mailbox are its own thread's work
                        watcher.source.interrupt()
            else:
                self._to_decide.wait(IDLE_LOOK_S)
        self._ahead.close()

    def _send_loop(self) -> None:
        def go_on() -> bool:
            self.beats.beat("send", self.send_silence_s)
            return not self.stop.is_set()

        while go_on():
            self._to_send.clear()
            self.sender.settle_uncertain()
            if not self.sender.send_due(go_on=go_on):
                self._to_send.wait(IDLE_LOOK_S)
        self.sender.channel.close()

    def _watch_thread(self, watcher: Watcher | TagWatcher) -> threading.Thread:
        name = f"watch {watcher.name}"
        return self._thread(
            name, lambda: watcher.run(self.stop, lambda: self.beats.beat(name, WATCH_SILENCE_S))
        )

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                self._outlast(name, work)
            except BaseException as error:  # noqa: BLE001 - handed to `run`, which raises it
                self._failure = self._failure or error
                self.request_stop()
            finally:
                self.beats.forget(name)

        return threading.Thread(target=guarded, name=name)

    def _outlast(self, name: str, work: Callable[[], None]) -> None:
        """Do a loop's work, and begin it anew as long as the store is full, locked or away.

        Without a sign of life: what lasts shows in the health of the program.
        """
        told_at = float("-inf")
        while True:
            try:
                return work()
            except StoreUnavailableError as error:
                now = time.monotonic()
                level = logging.ERROR if now - told_at >= STORE_TOLD_EVERY_S else logging.DEBUG
                told_at = now if level == logging.ERROR else told_at
                log.log(level, "waiting: %s", error, extra={"action": "store", "loop": name})
                self.store_is_busy(str(error), self.clock())
            if self.stop.wait(STORE_PAUSE_S):
                return None
