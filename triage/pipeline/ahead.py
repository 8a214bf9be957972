"""Reading a backlog ahead: the next mails are judged while the ones before are written down.

The sentence encoder works outside Python's lock, so with two cores it costs little time beside
parsing, writing and sending. Rules: what is read ahead is only read, and settled in its own turn;
a mail that comes alone takes no way round; memory is bounded by `depth` batches.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.pipeline.decide import BATCH_MAILS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from triage.messages import Outcome
    from triage.pipeline.decide import Decider
    from triage.pipeline.reading import Reading
    from triage.store.inbox import Stored

Batch = tuple["Sequence[Stored]", "Future[list[Reading]]"]


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


@dataclass(kw_only=True)
class ReadingAhead:
    """Decides as `decider` does, batch by batch. Used by one thread.

    `depth`: how many batches are read while one is settled, by one thread: a second one would
    double what judging takes of memory, some 40 MB, for a twentieth more of speed on two cores.
    """

    decider: Decider
    depth: int = field(default_factory=lambda: min(2, cores()))
    _ahead: deque[Batch] = field(default_factory=deque, init=False)
    _pool: ThreadPoolExecutor | None = field(default=None, init=False)

    def decide_pending(self, now: float) -> list[Outcome]:
        """Decide one batch; empty when none waits. `now` in epoch seconds."""
        while True:
            batch, readings = self._next(now)
            if len(batch) >= BATCH_MAILS:
                self._look_ahead(batch, now)
            elif not self._ahead:
                self.close()
            outcomes = self.decider.settle(readings, now)
            if outcomes or not batch:  # else all of them were seen to otherwise: go on
                return outcomes

    def close(self) -> None:
        """Let go of the thread; what was read ahead is read again when its turn comes."""
        pool, self._pool = self._pool, None
        self._ahead.clear()
        if pool is not None:
            pool.shutdown(cancel_futures=True)

    def _next(self, now: float) -> tuple[Sequence[Stored], list[Reading]]:
        if self._ahead:
            batch, reading = self._ahead.popleft()
            return batch, reading.result()
        picked = self.decider.pick(now)
        return picked, self.decider.read(picked)

    def _look_ahead(self, now_settled: Sequence[Stored], now: float) -> None:
        taken = {each.id for each in now_settled}
        taken.update(each.id for batch, _ in self._ahead for each in batch)
        while len(self._ahead) < self.depth:
            batch = self.decider.pick(now, without=taken)
            if not batch:
                return
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, thread_name_prefix="read ahead")
            self._ahead.append((batch, self._pool.submit(self.decider.read, batch)))
            taken.update(each.id for each in batch)
