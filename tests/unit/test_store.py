from __future__ import annotations

import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from tests.factories import make_raw, make_ref
from tests.stores import open_store
from triage.errors import NotFoundError, StoreError
from triage.messages import Notice, Urgency
from triage.store import cases, inbox, labels, mailboxes, outbox, search_index, timers
from triage.store.engine import Store
from triage.store.migrations.apply import alembic_config, upgrade
from triage.store.tables import HEAD, metadata


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def make_notice(number: int = 1) -> Notice:
    return Notice(
        message_id=f"<{number:032x}@firm.example>",
        sender="triage@firm.example",
        recipient="ben@firm.example",
        subject="Stuck",
        content=b"To: ben\r\n\r\nhello\r\n",
    )


def queue(store: Store, number: int = 1, now: float = 100.0) -> int:
    with store.write() as tx:
        message_id = inbox.receive(tx, make_raw(ref=make_ref(uid=number)), now)
        assert message_id is not None
        case = cases.begin(
            tx,
            tags=["blocker"],
            urgency=Urgency.HIGH,
            client="dana@client.example",
            subject="Stuck",
            subject_key="stuck",
            recipients=["ben"],
            now=now,
        )
        outbox.put(
            tx,
            make_notice(number),
            case_id=case.id,
            message_id=message_id,
            occasion="first",
            urgency=Urgency.HIGH,
            now=now,
        )
        return outbox.due(tx, now)[-1].id


@pytest.mark.sqlite
def test_the_file_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    Store.open(tmp_path / "triage.db")
    assert stat.S_IMODE((tmp_path / "triage.db").stat().st_mode) == 0o600


def _is_no_index_of_words(name: str | None, kind: str, _parents: object) -> bool:
    """FTS5 keeps its index in tables of its own, of which SQLAlchemy knows nothing."""
    return kind != "table" or not (name or "").startswith(search_index.INDEX)


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    upgrade(engine)
    with engine.connect() as connection:
        opts = {"compare_type": True, "include_name": _is_no_index_of_words}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD
    engine.dispose()


def test_an_old_store_is_kept_and_upgraded(tmp_path: Path) -> None:
    first = Store.open(tmp_path / "triage.db")
    queue(first)
    first.close()
    again = Store.open(tmp_path / "triage.db")
    with again.read() as tx:
        assert len(outbox.unfinished(tx)) == 1


def test_a_store_of_the_first_version_keeps_its_cases(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'triage.db'}")
    upgrade(engine, "0001")
    with engine.begin() as tx:
        tx.exec_driver_sql(
            "insert into cases (status, tags, urgency, client, subject, subject_key, recipients,"
            " opened_at, updated_at, acknowledged_by, outcome)"
            " values ('open', '[\"blocker\"]', 2, 'c', 's', 's', '[\"ben\"]', 1, 1, '', '')"
        )
    engine.dispose()
    store = Store.open(tmp_path / "triage.db")
    with store.read() as connection:
        case = cases.get(connection, 1)
    assert (case.tags, case.owner) == (("blocker",), "")


def test_briefs_and_their_answers_outlive_the_making_anew_of_their_table(tmp_path: Path) -> None:
    path = tmp_path / "triage.db"
    engine = create_engine(f"sqlite:///{path}")
    upgrade(engine, "0006")
    mail = "'', 1, 1, '', 1, 1, 'decided'"
    with engine.begin() as tx:
        for statement in (
            (
                "insert into mailboxes (account, folder, uid_validity, last_uid, started_at,"
                " whole_history, current, problem) values ('inbox', 'INBOX', 7, 60, 1, 0, 1, '')"
            ),
            (
                "insert into messages (account, folder, uid_validity, uid, sha256, size, complete,"
                " problem, received_at, stored_at, state, attempts, error, action, why, kind, role,"
                f" subject, sender, client, mark) values ('inbox', 'INBOX', 7, 51, {mail},"
                " 0, '', '', '', '', '', '', '', '', '')"
            ),
            (
                "insert into cases (status, tags, urgency, client, subject, subject_key,"
                " recipients, opened_at, updated_at, acknowledged_by, outcome)"
                " values ('open', '[\"blocker\"]', 2, 'c', 's', 's', '[\"ben\"]', 1, 1, '', '')"
            ),
            (
                "insert into outbox (rfc_id, case_id, message_id, occasion, urgency, sender,"
                " recipient, subject, content, state, attempts, next_attempt_at, created_at,"
                " detail) values ('<a@b>', 1, 1, 'first', 2, 's', 'ben@firm.example', 's', 'bytes',"
                " 'sent', 1, 1, 1, '')"
            ),
            (
                "insert into answers (outbox_id, case_id, message_id, by, rfc_id, fingerprint,"
                " meaning, written_at, taken_at) values (1, 1, 1, 'b', '<c@d>', 'f', 'take', 1, 1)"
            ),
        ):
            tx.exec_driver_sql(statement)
    engine.dispose()
    store = Store.open(path)
    with store.read() as tx:
        assert outbox.get(tx, 1).recipient == "ben@firm.example"
        assert tx.exec_driver_sql("select outbox_id from answers").scalar() == 1
        assert tx.exec_driver_sql("pragma foreign_keys").scalar() == 1
        box = mailboxes.current(tx, "inbox", "INBOX")
    assert box is not None
    assert (box.first_uid, box.last_uid) == (50, 60)  # the first that has a row was the first


def test_a_newer_store_is_refused_with_advice(tmp_path: Path) -> None:
    Store.open(tmp_path / "triage.db").close()
    engine = create_engine(f"sqlite:///{tmp_path / 'triage.db'}")
    with engine.begin() as tx:
        tx.exec_driver_sql("update alembic_version set version_num = '9999'")
    engine.dispose()
    with pytest.raises(StoreError, match="newer triage"):
        Store.open(tmp_path / "triage.db")


def test_another_file_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "triage.db").write_bytes(b"this is not a database at all, but a long letter" * 50)
    with pytest.raises(StoreError, match="check `store`"):
        Store.open(tmp_path / "triage.db")


def test_a_missing_store_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="triage run"):
        Store.open(tmp_path / "triage.db", create=False)


def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="folder exists"):
        Store.open(tmp_path / "no" / "triage.db")


@pytest.mark.sqlite
def test_a_full_disk_stops_the_write_and_keeps_what_was_there(store: Store) -> None:
    queue(store)
    with store.read() as tx:
        pages = tx.exec_driver_sql("pragma page_count").scalar_one()

    def write_much() -> None:
        with store.write() as tx:
            tx.exec_driver_sql(f"pragma max_page_count = {pages}")
            inbox.receive(tx, make_raw(bytes(range(256)) * 40_000, ref=make_ref(uid=77)), 1.0)

    with pytest.raises(StoreError, match="disk is full"):
        write_much()
    with store.read() as tx:
        assert len(outbox.unfinished(tx)) == 1
        assert inbox.unknown(tx, "inbox", "INBOX", 7, [77]) == [77]


def test_a_message_is_stored_once_with_its_bytes(store: Store) -> None:
    raw = make_raw(b"A: \xff\r\n\r\n\x00body")
    with store.write() as tx:
        message_id = inbox.receive(tx, raw, 1.0)
        assert inbox.receive(tx, raw, 2.0) is None
        assert message_id is not None
        assert inbox.load(tx, message_id).raw == raw


def test_unknown_uids_are_found_in_large_lists(store: Store) -> None:
    with store.write() as tx:
        inbox.receive(tx, make_raw(ref=make_ref(uid=1500)), 1.0)
        found = inbox.unknown(tx, "inbox", "INBOX", 7, list(range(1, 3001)))
    assert len(found) == 2999
    assert 1500 not in found


def test_a_message_is_decided_once(store: Store) -> None:
    with store.write() as tx:
        message_id = inbox.receive(tx, make_raw(), 1.0)
        assert message_id is not None
        assert inbox.decide(tx, message_id, action="left")
        assert not inbox.decide(tx, message_id, action="escalated")
        assert inbox.decided(tx, message_id).action == "left"


def test_one_claim_wins(store: Store) -> None:
    row = queue(store)
    with store.write() as tx:
        assert outbox.claim(tx, row, 5.0)
    with store.write() as tx:
        assert not outbox.claim(tx, row, 6.0)
        assert outbox.get(tx, row).claimed_at == 5.0


def test_the_same_notice_is_queued_once(store: Store) -> None:
    row = queue(store)
    with store.write() as tx:
        before = outbox.get(tx, row)
        assert not outbox.put(
            tx,
            make_notice(),
            case_id=before.case_id,
            message_id=1,
            occasion="first",
            urgency=Urgency.HIGH,
            now=1.0,
        )


def test_a_sent_notice_is_never_queued_again(store: Store) -> None:
    row = queue(store)
    with store.write() as tx:
        outbox.claim(tx, row, 5.0)
        outbox.settle(tx, row, "sent", "250", 6.0)
        outbox.retry(tx, row, 7.0)
        outbox.defer(tx, row, "late", 8.0)
        assert outbox.get(tx, row).state == "sent"


def test_a_deferred_notice_waits_for_its_time(store: Store) -> None:
    row = queue(store, now=100.0)
    with store.write() as tx:
        outbox.defer(tx, row, "busy", 400.0)
        assert outbox.due(tx, 399.0) == []
        assert [each.id for each in outbox.due(tx, 400.0)] == [row]
        assert outbox.get(tx, row).attempts == 1


def test_timers_fire_once(store: Store) -> None:
    row = queue(store)
    with store.write() as tx:
        case_id = outbox.get(tx, row).case_id
        timers.put(tx, case_id=case_id, message_id=1, kind="remind", due_at=50.0)
        assert timers.due(tx, 49.0) == []
        [timer] = timers.due(tx, 50.0)
        assert timers.finish(tx, timer.id, 51.0)
        assert not timers.finish(tx, timer.id, 52.0)
        assert timers.due(tx, 99.0) == []


def test_the_newest_label_counts(store: Store) -> None:
    queue(store)
    with store.write() as tx:
        for tags in (["blocker"], []):
            labels.put(tx, 1, tags=tags, previous=["upsell"], by="ben", how="command", now=1.0)
        [label] = labels.newest(tx)
    assert label.tags == ()


def test_a_mailbox_position_never_goes_back(store: Store) -> None:
    def begin(uid_validity: int) -> None:
        with store.write() as tx:
            mailboxes.begin(
                tx,
                account="a",
                folder="f",
                uid_validity=uid_validity,
                last_uid=10,
                started_at=1.0,
                whole_history=False,
            )

    begin(1)
    with store.write() as tx:
        box = mailboxes.current(tx, "a", "f")
        assert box is not None
        mailboxes.advance(tx, box.id, 5)
        mailboxes.advance(tx, box.id, 12)
        mailboxes.troubled(tx, "a", "f", "down", 20.0)
        mailboxes.troubled(tx, "a", "f", "still down", 30.0)
        box = mailboxes.current(tx, "a", "f")
        assert box is not None
        assert (box.last_uid, box.problem, box.problem_since) == (12, "still down", 20.0)
    begin(2)
    with store.read() as tx:
        assert [box.uid_validity for box in mailboxes.everything(tx)] == [2]


def test_unknown_numbers_say_where_to_look(store: Store) -> None:
    with store.read() as tx:
        with pytest.raises(NotFoundError, match="triage status"):
            cases.get(tx, 99)
        with pytest.raises(NotFoundError, match="triage status"):
            outbox.get(tx, 99)


def test_readers_see_the_store_while_a_writer_holds_it(store: Store) -> None:
    queue(store)
    with store.write() as writer, store.read() as reader:
        inbox.receive(writer, make_raw(ref=make_ref(uid=9)), 1.0)
        assert inbox.unknown(reader, "inbox", "INBOX", 7, [9]) == [9]
        assert inspect(reader).has_table("messages")
