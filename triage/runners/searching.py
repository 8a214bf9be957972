"""Reads the cases of a store that comes from before there was a search, a few at a time."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.errors import StoreError
from triage.pipeline.contained import report
from triage.store import search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.store.engine import Store

PAUSE_S = 0.05  # between two looks, so that others get at the store


@dataclass(kw_only=True)
class SearchReader:
    """Makes old cases known to searches; has nothing to do once it has come to an end."""

    store: Store
    done: bool = field(default=False, init=False)

    def look(self, _now: float) -> None:
        """Read the next few cases."""
        self.done = self.done or not search.fill(self.store)


@contextmanager
def reading(store: Store) -> Iterator[None]:
    """Read them in the background meanwhile; what is left then is for the next time."""
    stop = threading.Event()
    thread = threading.Thread(target=_read, args=(store, stop), name="search")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _read(store: Store, stop: threading.Event) -> None:
    reader = SearchReader(store=store)
    try:
        while not (reader.done or stop.wait(PAUSE_S)):
            reader.look(0.0)
    except StoreError as error:  # the page itself says so, to whoever looks
        report("reading old cases for searches failed", error, action="search")
