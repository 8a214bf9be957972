"""A real PostgreSQL in a throwaway folder: one cluster, a database for each test.

It answers on a loopback port and wants a password (SCRAM), as a real one does. It may forget on
power loss, which no test is about (`fsync = off`), and nothing when it is killed, which some are.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg

from triage.config import Database, Secret
from triage.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

USER, PASSWORD = "triage", "s3cret-of-the-store"  # USER is of the cluster, not of this machine
_TEMPLATE = "made_by_triage"
_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
max_connections = 200
shared_buffers = 64MB
log_statement = none
"""


def binaries() -> Path | None:
    """Where PostgreSQL's programs are; Debian keeps them off the path."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def available() -> bool:
    return binaries() is not None


class Cluster:
    """One server. Use it as a context."""

    def __init__(self) -> None:
        found = binaries()
        assert found is not None
        self._binaries = found
        self._numbers = itertools.count(1)
        self.folder = Path(tempfile.mkdtemp(prefix="triage-pg-"))
        self.port = _free_port()

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        secret = self.folder / "secret"
        secret.write_text(PASSWORD + "\n")
        self._run(
            "initdb", "--pgdata", self.folder / "data", "--username", USER, "--pwfile", secret,
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
        )  # fmt: skip
        with (self.folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(f"{_SETTINGS}port = {self.port}\n")
        self.start()
        return self

    def __exit__(self, *_args: object) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        self._control("start", "--log", str(self.folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        self._control("stop", "--mode", mode)

    def database(self, *, empty: bool = False) -> Database:
        """A database of its own, with the tables in it unless it is to be empty."""
        name = f"t{next(self._numbers)}"
        if not empty:
            self._ensure_template()
        self.execute(f"create database {name} template {'template0' if empty else _TEMPLATE}")
        return self.place(name)

    def place(self, name: str) -> Database:
        """How the settings name a database of this server."""
        secret = Secret(command=("printf", "%s", PASSWORD))
        url = f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"
        return Database(url=url, password=secret)

    def execute(self, statement: str, database: str = "postgres") -> None:
        with self.connect(database) as connection:
            connection.execute(statement)

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        """A connection beside the program's, which commits each statement."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname=database,
            autocommit=True,
        )  # fmt: skip

    def _ensure_template(self) -> None:
        with self.connect("postgres") as connection:
            query = "select 1 from pg_database where datname = %s"
            if connection.execute(query, (_TEMPLATE,)).fetchone():
                return
            connection.execute(f"create database {_TEMPLATE} template template0")
        Store.open(self.place(_TEMPLATE)).close()

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "--pgdata", self.folder / "data", "--wait", *words)

    def _run(self, program: str, *words: str | Path) -> None:
        """PostgreSQL refuses to be root."""
        command: Sequence[str | Path] = (self._binaries / program, *words)
        if os.geteuid() == 0:
            command = (
                "setpriv",
                "--reuid=postgres",
                "--regid=postgres",
                "--clear-groups",
                *command,
            )
        done = subprocess.run(
            command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            cwd=self.folder, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode(errors="replace")


@contextmanager
def opened(database: Database) -> Iterator[Store]:
    """The store in a database, closed in the end."""
    store = Store.open(database)
    try:
        yield store
    finally:
        store.close()


def name_of(database: Database) -> str:
    """The database's name on its server."""
    return database.url.rpartition("/")[2]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
