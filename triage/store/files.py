"""A SQLite store looked at as a file, for reading only.

Rule: nothing is upgraded or made here, so an older store stays as it is.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot change anything. Raises sqlite3.Error."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)


def version_of(path: Path) -> str | None:
    """The version of a store's tables; None when it is no store, or damaged so that none tells."""
    try:
        with closing(read_only(path)) as store:
            found = store.execute("select version_num from alembic_version").fetchone()
    except sqlite3.Error:
        return None
    return str(found[0]) if found else None


def damage_of(path: Path) -> str:
    """What SQLite's own check finds, in one line; empty when all is well.

    It reads the whole file, and takes no lock that a writer waits for.
    """
    try:
        with closing(read_only(path)) as store:
            found = str(store.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as failure:
        return str(failure)
    return "" if found == "ok" else " ".join(found.split())
