"""One folder under a lease: its watcher in a thread of its own, until the lease ends."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from triage.errors import LeaseLostError, StoreUnavailableError
from triage.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from triage.store.engine import Store
    from triage.tag_watcher import TagWatcher

log = logging.getLogger(__name__)

TROUBLE_PAUSE_S = 1.0  # before a database server that could not be reached is asked again


@contextmanager
def patience(
    stop: threading.Event, tell: Callable[[str], None] = lambda _says: None
) -> Iterator[None]:
    """Whatever is done inside may fail because the database server is away; then a pause.

    `tell` hears why, each time.
    """
    try:
        yield
    except StoreUnavailableError as error:
        log.warning("the store cannot be reached: %s", error, extra={"action": "store-away"})
        tell(str(error))
        stop.wait(TROUBLE_PAUSE_S)


class Watching:
    """A watcher whose writes are refused once another program has had its lease."""

    def __init__(self, unit: Watcher | TagWatcher, store: Store) -> None:
        self.unit: Watcher | TagWatcher = replace(unit, store=store)
        self.thread: threading.Thread | None = None
        self._stop = threading.Event()

    def run(self, beat: Callable[[], None]) -> None:
        """Watch until `end`, or until the lease turns out to be another's."""
        try:
            while not self._stop.is_set():
                with patience(self._stop):
                    self.unit.run(self._stop, beat)
        except LeaseLostError as error:
            log.warning("%s", error, extra={"action": "lease-lost", "lease": self.unit.name})

    @property
    def ended(self) -> bool:
        """Whether its thread has come to its end, wanted or not."""
        return self.thread is not None and not self.thread.is_alive()

    def marks_in(self, account: str) -> bool:
        """Whether it is to mark escalated mail of that account."""
        unit = self.unit
        return isinstance(unit, Watcher) and bool(unit.after) and unit.source.account == account

    def interrupt(self) -> None:
        """Have it look at once."""
        if isinstance(self.unit, Watcher):
            self.unit.source.interrupt()
        else:
            self.unit.wake()

    def end(self) -> None:
        """Tell it to stop; its server may take a while to let go, which nobody waits for."""
        self._stop.set()
        self.interrupt()
