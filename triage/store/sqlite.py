"""The store in a file: SQLite.

Rules: a write begins IMMEDIATE, so two writers queue instead of failing at commit; synchronous is
FULL, since NORMAL may forget a `sending` mark on power loss and then a brief is sent twice.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event

from triage.errors import StoreError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Engine
    from sqlalchemy.exc import DBAPIError

    from triage.store.jobs import Job

BUSY_TIMEOUT_MS = 30_000


class _Sqlite:
    """One program at a time, whose own loops look for what is to do."""

    shared = False

    def read_options(self) -> dict[str, object]:
        return {"triage_read_only": True}

    def take_turn(self, tx: Connection) -> None:
        """It was taken by BEGIN IMMEDIATE."""

    def queue(self, tx: Connection, wanted: Sequence[Job]) -> None:
        """The loops find it in the tables."""

    def prepare(self, engine: Engine) -> None:
        """There is nothing beside our tables."""

    def tidy(self, engine: Engine) -> None:
        """Let the write-ahead log go, so that what was deleted is in no file any more."""
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def translated(self, name: str, error: DBAPIError) -> StoreError:
        reason = str(error.orig)
        passes = any(word in reason.lower() for word in ("full", "locked"))
        kind = StoreUnavailableError if passes else StoreError
        return kind(_explain(name, reason))


SQLITE = _Sqlite()


def sqlite_engine(path: Path, *, create: bool = True) -> Engine:
    """What opens the file at `path`, making it when needed.

    Raises:
        StoreError: it is absent and `create` is false, or cannot be made.
    """
    if not path.exists():
        if not create:
            msg = f"there is no store at {path}; `triage run` makes it on its first start"
            raise StoreError(msg)
        _make_private_file(path)
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
        hide_parameters=True,  # they are mail text, and errors end in logs
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",  # the index of searches moves words about, and leaves none behind
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("triage_read_only")
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _explain(name: str, reason: str) -> str:
    advice = {
        "full": "the disk is full; free some space, nothing is lost",
        "locked": "another program holds it; stop that one, or wait until it is done",
        "readonly": "it cannot be written; check the owner and permissions of the file and folder",
        "unable to open": "check that its folder exists and may be written",
        "malformed": "it is damaged; restore the last backup",
        "not a database": "this is some other file; check `store` in triage.toml",
        "disk i/o": "the disk did not take it; check its health and free space",
    }
    hint = next((text for word, text in advice.items() if word in reason.lower()), "see above")
    return f"store {name}: {reason}: {hint}"


def _make_private_file(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        msg = (
            f"store {path}: cannot be made ({error.strerror}); "
            "check that its folder exists and may be written"
        )
        raise StoreError(msg) from error
