"""The store on a PostgreSQL server, which several programs share.

Rules: changes take turns by a lock of the transaction, so that case joining, numbering and budgets
see all that was decided before, as they do on SQLite; whoever falls silent in a transaction loses
it within seconds; text is compared byte by byte, is of any length, and holds no NUL.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from psycopg.types.string import StrDumper
from sqlalchemy import String, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.compiler import compiles

from triage.config import Secret
from triage.errors import StoreError, StoreUnavailableError
from triage.processes import Program
from triage.secrets import read_secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine

    from triage.config import Database
    from triage.store.jobs import Job

SILENT_S = 8  # in a transaction, before the server ends it: a program that was frozen, or is gone
_OTHERWISE = "see the server's log"
_TURN = 0x7472696167650001  # `triage`, 1: the lock that makes changes take turns
_UPGRADE = _TURN + 1
HEARD_OF_S = 30  # a program that was silent for longer is not at work any more
_DEAD_PEER = {  # for libpq: how soon a connection is given up whose other end has vanished
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 11_000,
}


class _Postgresql:
    """Many programs at a time; what is to do comes to them as jobs."""

    shared = True

    def read_options(self) -> dict[str, object]:
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    def take_turn(self, tx: Connection) -> None:
        """The lock ends with the transaction, after what it did can be seen by all."""
        tx.exec_driver_sql(f"select pg_advisory_xact_lock({_TURN})")

    def queue(self, tx: Connection, wanted: Sequence[Job]) -> None:
        if wanted:
            from triage.store.queue import defer  # noqa: PLC0415 - loads procrastinate

            defer(tx, wanted)

    def prepare(self, engine: Engine) -> None:
        from triage.store.queue import ensure_schema  # noqa: PLC0415 - as above

        with engine.begin() as tx:
            ensure_schema(tx)

    def tidy(self, engine: Engine) -> None:
        """The server's own vacuum gives the space of deleted rows away, when it sees fit."""

    def translated(self, name: str, error: DBAPIError) -> StoreError:
        reason = " ".join(str(error.orig).split())
        if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
            away = "see that the server runs and lets this machine in"
            return StoreUnavailableError(f"store {name}: {reason}: {_advice(error, away)}")
        if getattr(error.orig, "sqlstate", "") == "25P03":  # silent in a transaction
            return StoreUnavailableError(f"store {name}: {reason}: the machine was too slow")
        return StoreError(f"store {name}: {reason}: {_advice(error, _OTHERWISE)}")


POSTGRESQL = _Postgresql()


def postgresql_engine(database: Database) -> Engine:
    """What opens connections; each asks for the password anew, so that it may change."""
    url = make_url(database.url).set(drivername="postgresql+psycopg")
    engine = create_engine(
        url,
        pool_size=4,
        max_overflow=8,
        pool_timeout=60,
        pool_pre_ping=True,
        hide_parameters=True,  # they are mail text, and errors end in logs
        isolation_level="READ COMMITTED",
        connect_args=_connect_args(),
    )

    @event.listens_for(engine, "do_connect")
    def _with_password(_dialect: Any, _record: Any, _args: Any, named: dict[str, Any]) -> None:
        if database.password is not None:
            named["password"] = read_secret(database.password, "the password of the store")

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.adapters.register_dumper(str, _WithoutNul)

    return engine


def connection_words(database: Database) -> dict[str, Any]:
    """The same for those who connect by themselves."""
    url = make_url(database.url)
    words: dict[str, Any] = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "dbname": url.database,
        **url.query,
        **_connect_args(),
    }
    password = partial(read_secret, database.password or Secret(), "the password of the store")
    given = {"password": password()} if database.password else {}
    return {name: value for name, value in (words | given).items() if value is not None}


def hold_upgrade(connection: Connection) -> None:
    """Let one program at a time upgrade the tables."""
    connection.exec_driver_sql(f"select pg_advisory_xact_lock({_UPGRADE})")


def long_work(tx: Connection) -> None:
    """This transaction may fall silent for as long as it likes."""
    tx.execute(text("set local idle_in_transaction_session_timeout = 0"))


def _connect_args() -> dict[str, Any]:
    options = f"-c idle_in_transaction_session_timeout={SILENT_S * 1000}"
    return {**_DEAD_PEER, "options": options, "application_name": "triage"}


def _advice(error: DBAPIError, otherwise: str) -> str:
    # Of a connection that was refused libpq gives the reason in words only.
    reason = f"{getattr(error.orig, 'sqlstate', None) or ''} {error.orig}"
    advice = {
        "42501": "give its user the right to create and write tables in this database",
        "53100": "the server's disk is full; free some space, nothing is lost",
        "22021": "make the database with the encoding UTF8",
        "password authentication failed": "check store_password_file, or what else says it",
        '" does not exist': "make the database or its user first, or correct `store`",
        "53300": "too many connections; raise max_connections of the server",
    }
    return next((says for word, says in advice.items() if word in reason), otherwise)


class _WithoutNul(StrDumper):
    """Mail may hold NUL, which PostgreSQL's text cannot."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd"))


@compiles(String, "postgresql")
def _as_text(_type: String, _compiler: Any, **words: Any) -> str:
    """Lengths are for readers, as on SQLite; and order is that of bytes, whatever the locale.

    The order belongs to columns; the cast of a value has no room for it.
    """
    return 'TEXT COLLATE "C"' if "type_expression" in words else "TEXT"


def first_program(database: Database) -> Program | None:
    """The program that has been at work on a store for longest, on whatever machine."""
    try:
        programs = look_at(database).programs
    except StoreError:
        return None
    began = min((started_at for _, started_at in programs), default=None)
    return None if began is None else Program(started_at=began)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A store as it is, not brought up to date.

    `version` is None where there are no tables of ours; `programs` are those at work on it, by
    name and start (epoch seconds).
    """

    version: str | None
    programs: tuple[tuple[str, float], ...] = ()


def look_at(database: Database) -> Sight:
    """Look at a store without changing anything. Raises StoreError."""
    engine = postgresql_engine(database)
    try:
        with engine.connect().execution_options(**POSTGRESQL.read_options()) as tx:
            if not tx.exec_driver_sql("select to_regclass('alembic_version')").scalar():
                return Sight(version=None)
            version = tx.exec_driver_sql("select version_num from alembic_version").scalar()
            if not tx.exec_driver_sql("select to_regclass('programs')").scalar():
                return Sight(version=version)
            lately = f"seen_at > extract(epoch from clock_timestamp()) - {HEARD_OF_S}"
            query = f"select name, started_at from programs where {lately} order by name"  # noqa: S608
            found = tx.exec_driver_sql(query).all()
            return Sight(version=version, programs=tuple((row[0], row[1]) for row in found))
    except DBAPIError as error:
        raise POSTGRESQL.translated(str(database), error) from error
    finally:
        engine.dispose()
