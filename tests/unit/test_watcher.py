from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.factories import make_raw, make_ref
from tests.fakes import Clock, MemorySource
from tests.stores import open_store
from triage.config import AfterDecision
from triage.errors import LoginError, SourceError
from triage.store import inbox, mailboxes
from triage.watcher import Beginning, Watcher, pause_s

if TYPE_CHECKING:
    from pathlib import Path

    from triage.store.engine import Store

DAY = 86400.0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def put(
    source: MemorySource, uid: int, clock: Clock, *, age_s: float = 0.0, text: str = ""
) -> None:
    source.add(
        make_raw(
            f"Subject: {uid}\r\n\r\n{text or uid}".encode(),
            ref=make_ref(
                account=source.account,
                folder=source.folder,
                uid=uid,
                uid_validity=source.uid_validity,
            ),
            received_at=datetime.fromtimestamp(clock() - age_s, UTC),
        )
    )


def make_watcher(source: MemorySource, store: Store, clock: Clock, **changes: Any) -> Watcher:
    return Watcher(
        source=source,
        store=store,
        clock=clock,
        beginning=changes.pop("beginning", Beginning()),
        **changes,
    )


def look(watcher: Watcher) -> int:
    return watcher.sync(watcher.open())


def waiting(store: Store) -> list[int]:
    with store.read() as tx:
        return [each.raw.ref.uid for each in inbox.pending(tx, 999, 1 << 30)]


def actions(store: Store) -> dict[str, int]:
    with store.read() as tx:
        return inbox.outcomes(tx)


def test_the_first_start_begins_now(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    put(source, 5, clock, age_s=60)
    watcher = make_watcher(source, store, clock)
    assert look(watcher) == 0
    put(source, 6, clock)
    assert look(watcher) == 1
    assert waiting(store) == [6]


def test_old_mail_that_turns_up_later_is_accounted_for(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    put(source, 1, clock)
    watcher = make_watcher(source, store, clock)
    look(watcher)
    put(source, 2, clock, age_s=2 * DAY, text="rescued from the junk")
    put(source, 3, clock, age_s=400 * DAY, text="an archive moved in")
    look(watcher)
    assert waiting(store) == [2]
    assert actions(store) == {"": 1, "not-triaged": 1}


def test_a_server_whose_clock_is_behind_loses_nothing(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    watcher = make_watcher(source, store, clock)
    look(watcher)
    put(source, 1, clock, age_s=6 * 3600)
    assert look(watcher) == 1


def test_the_first_start_on_a_folder_of_files_begins_now(store: Store) -> None:
    clock, source = Clock(), MemorySource(ordered=False)
    put(source, 900, clock, age_s=60)
    watcher = make_watcher(source, store, clock)
    look(watcher)
    put(source, 3, clock, age_s=-1)
    look(watcher)
    assert waiting(store) == [3]
    assert actions(store) == {"": 1, "not-triaged": 1}


def test_old_files_are_never_read_by_a_start_from_now(store: Store) -> None:
    clock, source = Clock(), MemorySource(ordered=False)
    put(source, 900, clock, age_s=30 * DAY)
    watcher = make_watcher(source, store, clock)
    look(watcher)
    put(source, 3, clock, age_s=-1)
    for _ in range(2):
        look(watcher)
    assert source.fetched == [3]


def test_since_takes_older_mail_from_that_day_on(store: Store) -> None:
    clock, source = Clock(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()), MemorySource()
    for uid, age_days in ((1, 9), (2, 4), (3, 1)):
        put(source, uid, clock, age_s=age_days * DAY)
    look(make_watcher(source, store, clock, beginning=Beginning(since=date(2026, 11, 16))))
    assert waiting(store) == [2, 3]


def test_everything_takes_all_mail(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    for uid in (1, 2):
        put(source, uid, clock, age_s=900 * DAY)
    look(make_watcher(source, store, clock, beginning=Beginning(everything=True)))
    assert waiting(store) == [1, 2]


def test_mail_that_came_while_we_were_down_is_taken(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    look(make_watcher(source, store, clock))
    clock.now += 3 * DAY
    put(source, 1, clock, age_s=2 * DAY)
    put(source, 2, clock)
    look(make_watcher(source, store, clock))
    assert waiting(store) == [1, 2]


def test_a_cut_in_the_middle_loses_and_repeats_nothing(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    watcher = make_watcher(source, store, clock, batch_messages=2)
    look(watcher)
    for uid in range(1, 8):
        put(source, uid, clock)
    source.fail_next = "fetch 5"
    with pytest.raises(SourceError):
        look(watcher)
    assert waiting(store) == [1, 2, 3, 4]
    look(watcher)
    assert waiting(store) == [1, 2, 3, 4, 5, 6, 7]


def test_mail_that_vanishes_is_accounted_for(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    watcher = make_watcher(source, store, clock)
    look(watcher)
    put(source, 1, clock)
    source.gone = {1}
    look(watcher)
    assert actions(store) == {"vanished": 1}


def test_a_new_uid_validity_rereads_without_repeating(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    put(source, 1, clock, age_s=30 * DAY, text="before our time")
    watcher = make_watcher(source, store, clock)
    look(watcher)
    put(source, 2, clock, text="seen")
    look(watcher)
    source.uid_validity = 8
    source.messages.clear()
    put(source, 1, clock, age_s=30 * DAY, text="before our time")
    clock.now += 60
    put(source, 2, clock, text="new")
    put(source, 3, clock, text="newer")
    look(watcher)
    with store.read() as tx:
        pending = inbox.pending(tx, 99, 1 << 30)
        box = mailboxes.current(tx, "inbox", "INBOX")
    assert [(p.raw.ref.uid_validity, p.raw.ref.uid) for p in pending] == [(7, 2), (8, 2), (8, 3)]
    assert box is not None
    assert box.uid_validity == 8


def test_a_stop_between_batches_leaves_the_rest_for_later(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    watcher = make_watcher(source, store, clock, batch_messages=2)
    look(watcher)
    for uid in range(1, 6):
        put(source, uid, clock)
    watcher.sync(watcher.open(), lambda: False)
    assert waiting(store) == [1, 2]
    look(watcher)
    assert waiting(store) == [1, 2, 3, 4, 5]


def test_nothing_is_changed_in_the_mailbox_unless_configured(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    watcher = make_watcher(source, store, clock)
    look(watcher)
    put(source, 1, clock)
    look(watcher)
    with store.write() as tx:
        inbox.decide(tx, 1, action="escalated", mark="pending")
    look(watcher)
    assert (source.keywords, source.moved) == ({}, {})


def test_escalated_mail_is_marked_and_moved_once_when_configured(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    after = AfterDecision(keyword="Escalated", move_to="Done")
    watcher = make_watcher(source, store, clock, after=after)
    look(watcher)
    put(source, 1, clock)
    look(watcher)
    with store.write() as tx:
        inbox.decide(tx, 1, action="escalated", mark="pending")
    source.fail_next = "move"
    look(watcher)
    assert source.moved == {}
    look(watcher)
    assert (source.keywords, source.moved) == ({1: "Escalated"}, {1: "Done"})
    source.moved.clear()
    look(watcher)
    assert source.moved == {}


def test_trouble_is_recorded_and_overcome(store: Store) -> None:
    clock, source, stop = Clock(), MemorySource(), threading.Event()
    put(source, 1, clock)
    came = threading.Event()
    watcher = make_watcher(
        source, store, clock, beginning=Beginning(everything=True), received=came.set
    )
    source.fail_next = "list_uids"
    thread = threading.Thread(target=watcher.run, args=(stop,))
    thread.start()
    assert came.wait(10)
    stop.set()
    source.interrupt()
    thread.join(10)
    assert not thread.is_alive()
    with store.read() as tx:
        [box] = mailboxes.everything(tx)
    assert box.problem == ""


def test_pauses_grow_to_five_minutes_and_a_refused_login_waits_at_once() -> None:
    trouble = SourceError("down")
    pauses = [pause_s(n, trouble, lambda: 0.5) for n in range(1, 12)]
    assert pauses[:4] == [1.0, 2.0, 4.0, 8.0]
    assert pauses[-1] == 300.0
    assert pause_s(1, LoginError("no")) == 300.0
