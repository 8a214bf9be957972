"""Opening a store, and the two kinds of transaction: read and write.

Rules: a write begins IMMEDIATE, so two writers queue instead of failing at commit; synchronous is
FULL, since NORMAL may forget a `sending` mark on power loss and then a brief is sent twice.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError

from triage.errors import StoreError
from triage.store.tables import HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

BUSY_TIMEOUT_MS = 30_000


class Store:
    """A store on disk. Any thread may use it; each transaction stays in one thread."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Store:
        """Open the SQLite store at `path`, making or upgrading its tables when needed.

        Raises:
            StoreError: it is absent (and `create` is false), damaged, or of a newer version.
        """
        if not path.exists():
            if not create:
                msg = f"there is no store at {path}; `triage run` makes it on its first start"
                raise StoreError(msg)
            _make_private_file(path)
        store = cls(_sqlite_engine(path), str(path))
        try:
            with store._translated():
                store._upgrade()
        except StoreError:
            store.close()
            raise
        return store

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One atomic change. Raises StoreError when it cannot be begun or committed."""
        with self._translated(), self._engine.begin() as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent look; takes no lock that a writer would wait for."""
        with self._translated(), self._engine.connect() as plain:
            connection = plain.execution_options(triage_read_only=True)
            with connection.begin():
                yield connection

    def tidy(self) -> None:
        """Let the write-ahead log go, so that what was deleted is in no file any more."""
        with self._translated(), self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _upgrade(self) -> None:
        with self._engine.connect().execution_options(triage_read_only=True) as connection:
            known = inspect(connection).has_table("alembic_version")
            found = (
                connection.execute(text("select version_num from alembic_version")).scalar()
                if known
                else None
            )
        if found == HEAD:
            return
        if found is not None and found > HEAD:
            msg = (
                f"the store {self._name} was made by a newer triage (version {found}, "
                f"this one knows {HEAD}); install the newer program, or restore an older backup"
            )
            raise StoreError(msg)
        from triage.store.migrations.apply import upgrade  # noqa: PLC0415 - alembic loads slowly

        upgrade(self._engine)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreError(_explain(self._name, str(error.orig))) from error


def _explain(name: str, reason: str) -> str:
    advice = {
        "full": "the disk is full; free some space and start again, nothing is lost",
        "locked": "another program holds it; stop that one, or wait and start again",
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


def _sqlite_engine(path: Path) -> Engine:
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
