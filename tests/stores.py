"""Where tests of the store and of the steps keep theirs: a file, unless told otherwise.

The same tests run on PostgreSQL when `tests/integration/test_steps_on_postgresql.py` says so.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from triage.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from triage.config import Database

_elsewhere: list[Database] = []
_opened: list[Store] = []


def open_store(folder: Path) -> Store:
    """The store of a test."""
    if not _elsewhere:
        return Store.open(folder / "triage.db")
    _opened.append(Store.open(_elsewhere[-1]))
    return _opened[-1]


@contextmanager
def kept_on(database: Database) -> Iterator[None]:
    """Whatever opens its store meanwhile has it on this server."""
    _elsewhere.append(database)
    try:
        yield
    finally:
        _elsewhere.pop()
        while _opened:
            _opened.pop().close()
