"""Bring a store to the newest schema with alembic, from inside the program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from triage.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


def alembic_config() -> Config:
    """The migrations beside this file, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply every missing step in one transaction.

    A table that others refer to can be made anew only while SQLite does not hold it to that, which
    cannot be said within a transaction; so the references are checked at the end. PostgreSQL alters
    a table where it stands.

    Raises:
        StoreError: a reference leads nowhere; nothing was changed.
    """
    config = alembic_config()
    if engine.dialect.name == "postgresql":
        from triage.store.postgresql import hold_upgrade, long_work  # noqa: PLC0415 - its driver

        with engine.begin() as connection:
            long_work(connection)
            hold_upgrade(connection)
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        return
    with engine.connect() as connection:
        _hold_to_references(connection, "OFF")
        try:
            with connection.begin():
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
                _check_references(connection)
        finally:
            _hold_to_references(connection, "ON")


def _hold_to_references(connection: Connection, state: str) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA foreign_keys={state}")


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        tables = ", ".join(sorted({str(row[0]) for row in broken}))
        msg = f"rows of {tables} refer to rows that do not exist; restore the last backup"
        raise StoreError(msg)
