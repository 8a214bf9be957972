"""The store on a real PostgreSQL: the tests of the store and of the steps, and what is its own."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tests.factories import make_raw, make_ref
from tests.postgresql import Cluster, name_of, opened
from triage.check.servers import server_jobs
from triage.config_file import parse_config
from triage.doctor.patient import Sound
from triage.doctor.store_server import server_findings
from triage.errors import StoreError, StoreUnavailableError
from triage.store import inbox, leases, mailboxes
from triage.store.engine import Store
from triage.store.postgresql import first_program
from triage.store.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.config import Database

ROOT = Path(__file__).parents[2]
# Whatever of the store and the steps says most for the time it takes.
AGAIN = (
    "test_store.py",
    "test_send_claims.py",
    "test_retention.py",
    "test_search.py",
    "test_case_list.py",
)


@pytest.fixture
def store(cluster: Cluster) -> Iterator[Store]:
    with opened(cluster.database()) as found:
        yield found


def test_what_holds_on_sqlite_holds_here_too(cluster: Cluster) -> None:
    files = [f"tests/unit/{name}" for name in AGAIN]
    command = [sys.executable, "-m", "pytest", "-q", "--on-postgresql", "-m", "not sqlite", *files]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-8000:]


def test_migrations_and_tables_agree_and_a_second_start_changes_nothing(cluster: Cluster) -> None:
    database = cluster.database(empty=True)
    with opened(database) as first, opened(database), first.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": False})
        found = compare_metadata(context, metadata)
        # What migrations make besides the tables.
        beside = ("procrastinate", "case_index", "client_domain")
        assert [each for each in found if not any(name in str(each[1]) for name in beside)] == []


def test_two_programs_that_start_at_once_make_the_tables_once(cluster: Cluster) -> None:
    database = cluster.database(empty=True)
    problems: list[BaseException] = []

    def start() -> None:
        try:
            Store.open(database).close()
        except BaseException as error:  # noqa: BLE001 - shown below
            problems.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_mail_with_nul_and_words_of_any_length_fits(store: Store) -> None:
    with store.write() as tx:
        number = inbox.receive(tx, make_raw(ref=make_ref(uid=1)), 100.0)
        assert number is not None
        inbox.decide(tx, number, subject="Gr\0\u00f6\u00dfe", client="x" * 5000 + "@client.example")
    with store.read() as tx:
        found = inbox.decided(tx, number)
    assert found.subject == "Gr\ufffd\u00f6\u00dfe"
    assert len(found.client) > 5000


def test_changes_take_turns_and_see_what_came_before(store: Store) -> None:
    def add(times: int) -> None:
        for _ in range(times):
            with store.write() as tx:
                known = mailboxes.current(tx, "inbox", "INBOX")
                number = known.last_uid if known else 0
                mailboxes.begin(
                    tx, account="inbox", folder="INBOX", uid_validity=1, last_uid=number + 1,
                    started_at=0.0, whole_history=True,
                )  # fmt: skip

    threads = [threading.Thread(target=add, args=(10,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        found = mailboxes.current(tx, "inbox", "INBOX")
    assert found is not None
    assert found.last_uid == 40


def test_a_wrong_password_and_a_server_that_is_gone_say_what_to_do(cluster: Cluster) -> None:
    database = cluster.database()
    assert database.password is not None
    wrong = replace(database, password=replace(database.password, command=("echo", "wrong")))
    with pytest.raises(StoreUnavailableError, match="password authentication failed") as error:
        Store.open(wrong)
    assert "s3cret" not in str(error.value)
    gone = replace(database, url="postgresql://triage@127.0.0.1:9/triage")
    with pytest.raises(StoreUnavailableError, match="see that the server runs"):
        Store.open(gone)


def test_a_store_of_a_newer_program_is_left_alone(cluster: Cluster) -> None:
    database = cluster.database()
    cluster.execute("update alembic_version set version_num = '9999'", name_of(database))
    with pytest.raises(StoreError, match="newer triage"):
        Store.open(database)


def test_a_check_tells_whether_the_database_can_be_reached(
    cluster: Cluster, tmp_path: Path
) -> None:
    def found(database: Database) -> list[str]:
        config = parse_config(SETTINGS.replace("URL", database.url), tmp_path / "triage.toml")
        jobs = server_jobs(replace(config, store=database))
        return [p.what for job in jobs if job.where.endswith("store") for p in job.run()]

    database = cluster.database(empty=True)
    assert found(database) == []
    [says] = found(replace(database, url=database.url + "_absent"))
    assert "does not exist" in says


def test_the_doctor_says_who_is_at_work_on_it(cluster: Cluster) -> None:
    database = cluster.database()
    with opened(database) as store, store.write() as tx:
        leases.alive(tx, "office/12/ab", "both", leases.server_clock(tx))
    [sound] = server_findings(database)
    assert isinstance(sound, Sound)
    assert "at work on it: office/12/ab" in sound.what
    assert first_program(database) is not None
    [absent] = server_findings(cluster.database(empty=True))
    assert "no tables of triage" in str(absent)


SETTINGS = """
store = "URL"
[firm]
name = "Radial"
[[accounts]]
name = "disk"
type = "eml"
path = "mail"
[outgoing]
host = "127.0.0.1"
security = "none"
sender = "triage@radial.example"
"""
