"""Several programs on one PostgreSQL store: leases, jobs, and a whole mail's way through them."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.at_work import at_work
from tests.dovecot import PASSWORD as MAIL_PASSWORD
from tests.dovecot import Mailbox
from tests.fakes import ScriptedChannel, WordClassifier
from tests.postgresql import Cluster, name_of, opened
from tests.steps import make_bench
from tests.unit.test_store import queue
from triage import app
from triage.config_file import parse_config
from triage.errors import LeaseLostError, StoreError
from triage.policy_file import load_policy
from triage.resources import resource
from triage.runners.leasing import CHORES, Leaseholder
from triage.store import inbox, jobs, leases, moving, outbox, overdue
from triage.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from triage.config import Database
    from triage.runners.embedded import EmbeddedRunner
    from triage.runners.leasing import Role

FOLDERS = [f"box{number}/INBOX" for number in range(5)]


@pytest.fixture
def database(cluster: Cluster) -> Database:
    return cluster.database()


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    with opened(database) as found:
        yield found


def holder(store: Store, name: str, role: Role = "both", most: int = 99) -> Leaseholder:
    return Leaseholder(store=store, name=name, role=role, folders=FOLDERS, most=most)


def run_out(cluster: Cluster, database: Database) -> None:
    """As if every holder had been silent for long."""
    cluster.execute("update leases set expires_at = 0", name_of(database))
    cluster.execute("update programs set seen_at = seen_at - 3600", name_of(database))


def test_folders_are_shared_fairly_and_given_up_to_who_comes_later(store: Store) -> None:
    first, second = holder(store, "first/1/a"), holder(store, "second/2/b")
    assert set(first.look()) == {*FOLDERS, CHORES}
    assert second.look() == {}
    first.look()
    for name in first.surplus():
        first.give(name)
    assert len(second.look()) == 2
    assert len(first.look()) == 3 + 1  # with the chores
    second.leave()
    assert len(first.look()) == 5 + 1


def test_one_program_holds_no_more_than_it_may_and_a_worker_no_folder(store: Store) -> None:
    assert len(holder(store, "small/1/a", "watch", most=2).look()) == 2
    assert set(holder(store, "worker/2/b", "worker").look()) == {CHORES}


def test_who_was_silent_loses_its_leases_and_can_write_no_more(
    cluster: Cluster, database: Database, store: Store
) -> None:
    frozen, other = holder(store, "frozen/1/a"), holder(store, "other/2/b")
    frozen.look()
    guarded = frozen.fenced(FOLDERS[0])
    with guarded.write():
        pass  # while it holds the lease
    run_out(cluster, database)
    assert other.look()[FOLDERS[0]] > frozen.held[FOLDERS[0]]
    with pytest.raises(LeaseLostError, match="another program's by now"), guarded.write():
        pass
    assert frozen.look() == {}  # it comes to itself, and sees that


def test_a_job_is_there_when_its_transaction_is_or_not_at_all(
    cluster: Cluster, database: Database, store: Store
) -> None:
    queue(store)
    with suppress(ZeroDivisionError), store.write() as tx:
        jobs.enqueue(tx, "send", 99)
        raise ZeroDivisionError
    with cluster.connect(name_of(database)) as connection:
        found = connection.execute("select task_name, args from procrastinate_jobs order by id")
        assert found.fetchall() == [("decide", {"numbers": [1]}), ("send", {"number": 1})]


def test_rows_of_which_no_job_speaks_are_found_once(
    cluster: Cluster, database: Database, store: Store
) -> None:
    queue(store)
    cluster.execute("delete from procrastinate_jobs", name_of(database))
    for expected in (2, 0):
        with store.write() as tx:
            assert overdue.put_down(tx, time.time()) == expected


def test_a_frozen_program_does_not_hold_up_the_others_for_long(store: Store) -> None:
    with pytest.raises(StoreError, match="idle-in-transaction"), store.write():
        time.sleep(9)  # as a frozen process would
    with store.write():
        pass


def test_a_store_moves_with_every_row_and_only_into_an_empty_one(
    tmp_path: Path, cluster: Cluster
) -> None:
    bench = make_bench(tmp_path)
    bench.judge("We are stuck.\0 Help.")
    bench.judge("Could we have a quote?", sender="Eve <eve@other.example>")
    bench.store.close()
    source = Store.open(tmp_path / "triage.db")
    with opened(cluster.database()) as target:
        done = moving.copy(source, target)
        assert {each.table: each.rows for each in done}["messages"] == 2
        assert moving.sums(source) == moving.sums(target) == done
        queue(target, number=50)  # numbers go on where they were
        with pytest.raises(StoreError, match="is not empty"):
            moving.copy(source, target)


CONFIG = """
policy = "policy.toml"
store = "{url}"
store_password_command = ["printf", "%s", "{password}"]
[firm]
name = "Radial"
domains = ["radial.example"]
[[accounts]]
name = "inbox"
host = "127.0.0.1"
port = {port}
security = "none"
username = "{user}"
password_file = "inbox.secret"
everything = true
[outgoing]
host = "127.0.0.1"
port = 9
security = "none"
sender = "triage@radial.example"
"""


@contextmanager
def running(
    folder: Path, database: Database, mailbox: Mailbox, role: Role, channel: ScriptedChannel
) -> Iterator[EmbeddedRunner]:
    """One program on the store, in this process."""
    assert database.password is not None
    (folder / "inbox.secret").write_text(MAIL_PASSWORD)
    (folder / "inbox.secret").chmod(0o600)
    text = CONFIG.format(
        url=database.url, password=database.password.command[-1],
        port=mailbox.server.port, user=mailbox.user,
    )  # fmt: skip
    config = replace(
        parse_config(text, folder / "triage.toml"),
        policy=resource("data") / "demo" / "policy.toml",
    )
    settings = app.Settings(config=config, policy=load_policy(config.policy))
    with opened(database) as store:
        runner = app.make_runner(settings, store, channel, WordClassifier(), role=role)
        with at_work(runner):
            yield runner


def until(holds: Callable[[], bool], seconds: float = 90.0) -> bool:
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.3)
    return held


def test_one_program_reads_another_decides_and_the_database_may_restart_meanwhile(
    tmp_path: Path, cluster: Cluster, mailbox: Mailbox
) -> None:
    database, channel = cluster.database(), ScriptedChannel()
    with (
        running(tmp_path, database, mailbox, "watch", channel),
        running(tmp_path, database, mailbox, "worker", channel),
    ):
        mailbox.deliver(_mail(1, "We are stuck and cannot log in."))
        assert until(lambda: all_sent(database, 1))
        with opened(database) as store, store.read() as tx:
            held = {lease.name for lease in leases.everything(tx) if lease.holder}
        assert held == {"inbox/INBOX", CHORES}
        cluster.stop("immediate")
        mailbox.deliver(_mail(2, "I am disappointed with the delay."))
        cluster.start()
        assert until(lambda: all_sent(database, 2))
    ids = [notice.message_id for notice in channel.delivered]
    assert len(ids) == len(set(ids))
    with opened(database) as store, store.read() as tx:
        assert outbox.counts(tx) == {"sent": len(ids)}
        assert [lease.holder for lease in leases.everything(tx)] == ["", ""]


def all_sent(database: Database, mails: int) -> bool:
    """Whether so many mails are decided, and all their briefs have left."""
    with opened(database) as store, store.read() as tx:
        decided = sum(number for action, number in inbox.outcomes(tx).items() if action)
        return decided == mails and set(outbox.counts(tx)) == {"sent"}


def _mail(number: int, text: str) -> bytes:
    return (
        f"From: Dana <dana{number}@client.example>\r\nTo: inbox@radial.example\r\n"
        f"Subject: Portal {number}\r\nMessage-ID: <m{number}@client.example>\r\n\r\n{text}\r\n"
    ).encode()


def test_a_lease_that_a_frozen_program_has_locked_holds_nobody_up(
    cluster: Cluster, database: Database, store: Store
) -> None:
    frozen, other = holder(store, "frozen/1/a"), holder(store, "other/2/b")
    frozen.look()
    run_out(cluster, database)
    with cluster.connect(name_of(database)) as stuck, stuck.transaction():
        stuck.execute("update leases set expires_at = 1 where name = 'box0/INBOX'")
        began = time.monotonic()
        assert set(other.look()) == {*FOLDERS[1:], CHORES}
        assert time.monotonic() - began < 5
    assert FOLDERS[0] in other.look()
