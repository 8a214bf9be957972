"""Every mail is accounted for once, and what was passed over is read after all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.fakes import Clock, MemorySource
from tests.stores import open_store
from tests.unit.test_watcher import look, make_watcher, put, waiting
from triage.messages import OUTCOMES
from triage.reconciliation import OLDER, Row, balance
from triage.store import inbox, listings, mailboxes
from triage.store.mailboxes import Mailbox
from triage.uid_sets import packed, unpacked
from triage.watcher import ASK_AGAIN_S, Beginning

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from triage.store.engine import Store

UIDS = st.sets(st.integers(1, 60))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def make_box(first_uid: int, last_uid: int) -> Mailbox:
    return Mailbox(
        id=1,
        account="inbox",
        folder="INBOX",
        uid_validity=7,
        first_uid=first_uid,
        last_uid=last_uid,
        started_at=0.0,
        whole_history=False,
    )


class LateSource(MemorySource):
    """Something happens right after a listing."""

    late: Callable[[], None] = staticmethod(lambda: None)

    def list_uids(self, *, after: int, since: date | None) -> list[int]:
        listed = super().list_uids(after=after, since=since)
        self.late()
        return listed


rows = st.builds(
    Row,
    uid=st.integers(1, 60),
    action=st.sampled_from(["", *OUTCOMES, "an outcome of tomorrow"]),
    why=st.sampled_from(["", OLDER]),
    stored_at=st.just(1.0),
)


@given(
    listed=UIDS,
    known=st.lists(rows, unique_by=lambda row: row.uid),
    counting=UIDS,
    first=st.integers(0, 60),
    ordered=st.booleans(),
)
def test_the_sum_always_adds_up(
    *, listed: set[int], known: list[Row], counting: set[int], first: int, ordered: bool
) -> None:
    found = balance(listed, known, make_box(first, first + 20), counting=counting, ordered=ordered)
    assert found.on_server == len(listed)
    assert not {*found.coming} & {*found.unaccounted}
    assert {*found.coming, *found.unaccounted} <= listed


@given(UIDS)
def test_uids_come_out_of_their_text_as_they_went_in(uids: set[int]) -> None:
    assert set(unpacked(packed(uids))) == uids


def test_runs_of_uids_are_written_as_imap_does() -> None:
    assert packed([9, 4, 5, 6, 7]) == "4:7,9"


def test_a_mail_below_the_reading_position_without_a_row_is_unaccounted_for() -> None:
    found = balance(
        [3, 11, 12, 21],
        [Row(uid=11, action="left", why="", stored_at=1.0)],
        make_box(10, 20),
        counting={11, 12, 21},
    )
    assert (found.before, found.decided, found.coming, found.unaccounted) == (1, 1, (21,), (12,))


def test_a_mail_that_vanished_but_is_there_is_unaccounted_for() -> None:
    known = [Row(uid=11, action="vanished", why="", stored_at=1.0)]
    assert balance([11], known, make_box(10, 20), counting={11}).unaccounted == (11,)


def test_what_left_the_folder_is_gone_and_no_fault() -> None:
    known = [Row(uid=11, action="left", why="", stored_at=1.0)]
    found = balance([], known, make_box(10, 20), counting=())
    assert (found.gone, found.unaccounted) == (1, ())


def test_a_row_that_was_lost_is_read_again_within_the_hour(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    put(source, 5, clock)
    watcher = make_watcher(source, store, clock)
    look(watcher)
    put(source, 6, clock)
    put(source, 7, clock)
    look(watcher)
    with store.write() as tx:
        tx.execute(text("delete from raw_messages where message_id in (1)"))
        tx.execute(text("delete from messages where uid = 6"))
    look(watcher)
    assert waiting(store) == [7]  # the numbers alone say that there is nothing new
    clock.now += ASK_AGAIN_S
    assert look(watcher) == 1
    assert sorted(waiting(store)) == [6, 7]


def test_a_mail_that_comes_between_look_and_comparison_is_read_at_once(store: Store) -> None:
    clock, source = Clock(), LateSource()
    watcher = make_watcher(source, store, clock)
    look(watcher)
    clock.now += ASK_AGAIN_S
    source.late = lambda: put(source, 8, clock)
    assert look(watcher) == 1
    assert waiting(store) == [8]
    with store.read() as tx:
        assert mailboxes.everything(tx)[0].last_uid == 8


def test_what_was_there_before_the_first_start_is_not_fetched_by_the_comparison(
    store: Store,
) -> None:
    clock, source = Clock(), MemorySource()
    for uid in (3, 4, 5):
        put(source, uid, clock)
    watcher = make_watcher(source, store, clock)
    for _ in range(3):
        look(watcher)
        clock.now += ASK_AGAIN_S
    assert source.fetched == []
    with store.read() as tx:
        box = mailboxes.current(tx, "inbox", "INBOX")
        assert box is not None
        listing = listings.of_mailbox(tx, box.id)
    assert box.first_uid == 5
    assert listing is not None
    assert listing.uids == frozenset()


def test_what_the_server_holds_is_written_down_with_its_time(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    watcher = make_watcher(source, store, clock, beginning=Beginning(everything=True))
    put(source, 5, clock)
    look(watcher)
    put(source, 6, clock)
    clock.now += ASK_AGAIN_S - 1
    look(watcher)  # too soon to ask again
    with store.read() as tx:
        box = mailboxes.everything(tx)[0]
        listing = listings.of_mailbox(tx, box.id)
    assert listing is not None
    assert listing.uids == {5}
    clock.now += 1
    look(watcher)
    with store.read() as tx:
        listing = listings.of_mailbox(tx, box.id)
    assert listing is not None
    assert listing.uids == {5, 6}
    assert listing.asked_at == clock.now


def test_a_mail_thought_gone_that_is_there_is_read(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    watcher = make_watcher(source, store, clock, beginning=Beginning(everything=True))
    put(source, 5, clock)
    source.gone.add(5)
    watcher.sync(watcher.open())
    with store.read() as tx:
        assert inbox.outcomes(tx) == {"vanished": 1}
    source.gone.clear()
    clock.now += ASK_AGAIN_S
    look(watcher)
    assert waiting(store) == [5]


def test_a_clock_that_went_back_asks_again(store: Store) -> None:
    clock, source = Clock(), MemorySource()
    watcher = make_watcher(source, store, clock)
    look(watcher)
    clock.now -= 10_000
    put(source, 1, clock)
    look(watcher)
    with store.read() as tx:
        assert listings.asked_at(tx, 1) == clock.now
