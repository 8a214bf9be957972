"""Working off what is there, and no more: every mailbox is read once, a few at a time.

What has come is decided and sent while the rest is still being fetched. Rule: no server is kept
waiting for our work, since each mail is in the store before anything is done with it; and a mailbox
that cannot be read holds up no other.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.errors import SourceError
from triage.store import inbox, mailboxes, outbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from triage.runners.embedded import EmbeddedRunner
    from triage.tag_watcher import TagWatcher
    from triage.watcher import Watcher

READERS = 8  # mailboxes that are read side by side
LOOK_S = 0.2  # how often what has come meanwhile is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What could not be done: numbers of briefs and mails, and whether a server failed."""

    unsent: int
    undecided: int
    failed: bool

    def __bool__(self) -> bool:
        """Whether anything is left."""
        return self.failed or bool(self.unsent or self.undecided)


@dataclass(kw_only=True)
class Once:
    """Runs everything of a runner once. `complain` gets a sentence for each mailbox that fails."""

    runner: EmbeddedRunner
    complain: Callable[[str], None]
    _failed: bool = field(default=False, init=False)

    def run(self) -> Left:
        """Read, decide, send, learn from moves, and mark; then tell what is left."""
        self._read_all()
        self.runner.drain()
        for tag_watcher in self.runner.tag_watchers:
            self._learn(tag_watcher)
        self.runner.drain()  # briefs that a move brought about
        for watcher in self.runner.watchers:
            if watcher.after:
                self._mark(watcher)
        self.runner.sender.channel.close()
        with self.runner.sender.store.read() as tx:
            return Left(
                unsent=len(outbox.unfinished(tx)),
                undecided=inbox.count_pending(tx),
                failed=self._failed,
            )

    def _go_on(self) -> bool:
        return not self.runner.stop.is_set()

    def _read_all(self) -> None:
        """Read every mailbox; meanwhile decide and send what has come."""
        watchers = self.runner.watchers
        with ThreadPoolExecutor(max(1, min(READERS, len(watchers)))) as pool:
            jobs = [pool.submit(self._read, watcher) for watcher in watchers]
            reading: set[Future[None]] = set(jobs)
            while reading:
                reading = wait(reading, timeout=LOOK_S).not_done
                if reading:
                    self.runner.drain()
        for job in jobs:
            job.result()  # what nobody has foreseen ends the program

    def _read(self, watcher: Watcher) -> None:
        try:
            with watcher.seat.taken(self._go_on) as ours:
                if ours:
                    watcher.sync(watcher.open(), self._go_on)
        except SourceError as error:
            self._fail(error)
            self._wait_no_more(watcher, error)
        finally:
            watcher.source.close()

    def _wait_no_more(self, watcher: Watcher, error: SourceError) -> None:
        """Reminders and digests wait for folders to be read, but not for one that cannot be."""
        here = (watcher.source.account, watcher.source.folder)
        follow_up = self.runner.follow_up
        follow_up.folders = [each for each in follow_up.folders if each != here]
        with self.runner.sender.store.write() as tx:
            mailboxes.troubled(tx, *here, str(error), watcher.clock())

    def _learn(self, tag_watcher: TagWatcher) -> None:
        try:
            tag_watcher.open()
            tag_watcher.look(self._go_on)
        except SourceError as error:
            self._fail(error)
        finally:
            tag_watcher.folders.close()

    def _mark(self, watcher: Watcher) -> None:
        try:
            watcher.mark(watcher.open())
        except SourceError as error:
            self._fail(error)
        finally:
            watcher.source.close()

    def _fail(self, error: SourceError) -> None:
        self._failed = True
        self.complain(str(error))
