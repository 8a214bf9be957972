"""Opening a store, and the two kinds of transaction: read and write.

Rules: writes queue up behind each other, on both databases, so that what one has read holds until
it is committed; what needs no such promise, because it is one statement that checks and sets,
says `alone=False`, and then waits for nobody on PostgreSQL.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from triage.errors import StoreError
from triage.store import jobs
from triage.store.sqlite import SQLITE, sqlite_engine
from triage.store.tables import HEAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Engine

    from triage.config import Database


class Dialect(Protocol):
    """What the databases do differently."""

    shared: bool  # whether several programs may work on it at a time

    def read_options(self) -> dict[str, object]:
        """How a transaction that only reads is begun."""

    def take_turn(self, tx: Connection) -> None:
        """Wait until no other write is in progress."""

    def queue(self, tx: Connection, wanted: Sequence[jobs.Job]) -> None:
        """Have these steps run once the transaction is committed."""

    def prepare(self, engine: Engine) -> None:
        """See that what stands beside our own tables is there."""

    def tidy(self, engine: Engine) -> None:
        """Let go of what was deleted."""

    def translated(self, name: str, error: DBAPIError) -> StoreError:
        """The same with what to do."""


class Store:
    """A store. Any thread may use it; each transaction stays in one thread."""

    def __init__(self, engine: Engine, name: str, dialect: Dialect = SQLITE) -> None:
        self._engine = engine
        self._name = name
        self._dialect = dialect
        self._guard: Callable[[Connection], None] = lambda _tx: None
        # Whoever waits for their turn waits here, and holds no connection meanwhile.
        self._turn = threading.Lock()

    @classmethod
    def open(cls, place: Path | Database, *, create: bool = True) -> Store:
        """Open the store, making or upgrading its tables when needed.

        Raises:
            StoreError: it is absent (and `create` is false), damaged, or of a newer version.
        """
        if isinstance(place, Path):
            store = cls(sqlite_engine(place, create=create), str(place))
        else:
            from triage.store.postgresql import POSTGRESQL, postgresql_engine  # noqa: PLC0415

            store = cls(postgresql_engine(place), str(place), POSTGRESQL)
        try:
            with store._translated():
                store._upgrade()
        except StoreError:
            store.close()
            raise
        return store

    @property
    def shared(self) -> bool:
        """Whether several programs may work on it at a time."""
        return self._dialect.shared

    def guarded(self, guard: Callable[[Connection], None]) -> Store:
        """The same store, in which `guard` is asked at the begin of each write, and may raise."""
        store = Store(self._engine, self._name, self._dialect)
        store._guard, store._turn = guard, self._turn
        return store

    @contextmanager
    def write(self, *, alone: bool = True) -> Iterator[Connection]:
        """One atomic change. Raises StoreError when it cannot be begun or committed.

        `alone`: no other change is in progress; else each statement must stand for itself.
        """
        waits = self._turn if alone and self._dialect.shared else nullcontext()
        with self._translated(), waits, self._engine.begin() as tx:
            wanted = jobs.collect(tx)
            if alone:
                self._dialect.take_turn(tx)
            self._guard(tx)
            yield tx
            self._dialect.queue(tx, wanted)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent look; takes no lock that a writer would wait for."""
        with self._translated(), self._engine.connect() as plain:
            connection = plain.execution_options(**self._dialect.read_options())
            with connection.begin():
                yield connection

    def tidy(self) -> None:
        """Let go of what was deleted, as far as the database can be told to."""
        with self._translated():
            self._dialect.tidy(self._engine)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _upgrade(self) -> None:
        options = self._dialect.read_options()
        with self._engine.connect().execution_options(**options) as connection:
            known = inspect(connection).has_table("alembic_version")
            found = (
                connection.execute(text("select version_num from alembic_version")).scalar()
                if known
                else None
            )
        if found is not None and found > HEAD:
            msg = (
                f"the store {self._name} was made by a newer triage (version {found}, "
                f"this one knows {HEAD}); install the newer program, or restore an older backup"
            )
            raise StoreError(msg)
        if found != HEAD:
            from triage.store.migrations.apply import upgrade  # noqa: PLC0415 - alembic is slow

            upgrade(self._engine)
        self._dialect.prepare(self._engine)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._dialect.translated(self._name, error) from error
