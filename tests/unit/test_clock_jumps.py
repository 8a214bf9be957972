"""A clock that was wrong and is put right delays little, gives nothing up and loses nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.factories import make_raw, make_ref
from tests.fakes import Clock, MemorySource
from tests.steps import Bench, make_bench
from triage.messages import DeliveryStatus
from triage.pipeline.send import RetryRules
from triage.store import inbox, mailboxes, outbox
from triage.store.engine import Store
from triage.watcher import Beginning, Watcher

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86400.0


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def states(bench: Bench) -> dict[str, int]:
    with bench.store.read() as tx:
        return outbox.counts(tx)


def test_a_lost_answer_is_settled_soon_though_the_clock_went_back_by_a_day(bench: Bench) -> None:
    bench.channel.script = [DeliveryStatus.UNCERTAIN]
    bench.judge("I am disappointed.")
    bench.sender.send_due()
    bench.clock.now -= DAY
    assert bench.sender.settle_uncertain() == 1
    assert states(bench) == {"queued": 1}  # the prober did not find it


def test_an_answer_still_awaited_is_not_settled_when_two_clocks_differ_a_little(
    bench: Bench,
) -> None:
    bench.channel.script = [DeliveryStatus.UNCERTAIN]
    bench.judge("I am disappointed.")
    bench.sender.send_due()
    bench.clock.now -= 60
    assert bench.sender.settle_uncertain() == 0


def test_a_brief_put_down_by_a_clock_that_was_ahead_goes_out_at_once(bench: Bench) -> None:
    bench.clock.now += 30 * DAY
    bench.judge("I am disappointed.")
    bench.clock.now -= 30 * DAY
    assert bench.sender.send_due() == 1


def test_a_clock_that_jumps_ahead_by_a_month_gives_no_brief_up(bench: Bench) -> None:
    bench.judge("I am disappointed.")
    bench.channel.script = [DeliveryStatus.DEFERRED]
    bench.clock.now += 30 * DAY
    bench.sender.send_due()
    assert states(bench) == {"queued": 1}
    bench.clock.now -= 30 * DAY
    assert bench.sender.send_due() == 1


def test_a_server_that_refuses_for_five_days_is_given_up_and_somebody_else_hears(
    bench: Bench,
) -> None:
    began = bench.clock.now
    bench.judge("I am disappointed.")
    attempts = 0
    while states(bench) == {"queued": 1}:
        attempts += 1
        bench.channel.script = [DeliveryStatus.DEFERRED]
        bench.sender.send_due()
        bench.clock.now += RetryRules().delay_s(attempts - 1)
    assert 5 * DAY < bench.clock.now - began < 5.2 * DAY
    assert states(bench) == {"failed": 1, "queued": 1}
    bench.sender.send_due()
    assert [each.recipient for each in bench.channel.delivered] == ["priya@firm.example"]


def test_rules_of_an_hour_give_up_after_an_hour() -> None:
    rules = RetryRules(first_s=300, max_s=3600, give_up_after_s=3600)
    assert not rules.is_hopeless(4, 3500)
    assert rules.is_hopeless(4, 3601)


class Folder:
    """A watched folder whose server has the right time."""

    def __init__(self, folder: Path) -> None:
        self.real = 1_800_000_000.0
        self.clock = Clock(self.real)
        self.source = MemorySource()
        self.store = Store.open(folder / "triage.db")
        self.watcher = Watcher(
            source=self.source, store=self.store, clock=self.clock, beginning=Beginning()
        )

    def put(self, uid: int) -> None:
        received_at = datetime.fromtimestamp(self.real, UTC)
        ref = make_ref(account="inbox", folder="INBOX", uid=uid, uid_validity=7)
        content = f"Subject: {uid}\r\n\r\n{uid}".encode()
        self.source.add(make_raw(content, ref=ref, received_at=received_at))

    def read(self) -> list[int]:
        self.watcher.sync(self.watcher.open())
        with self.store.read() as tx:
            return [each.raw.ref.uid for each in inbox.pending(tx, 99, 1 << 30)]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_mail_taken_for_old_by_a_clock_that_was_ahead_is_read_when_it_is_put_right(
    folder: Folder,
) -> None:
    folder.put(1)  # before the first start: none of ours
    folder.clock.now += 30 * DAY
    assert folder.read() == []
    folder.put(2)
    assert folder.read() == []  # by that clock it is a month old
    folder.clock.now -= 30 * DAY
    folder.put(3)
    assert folder.read() == [3, 2]
    with folder.store.read() as tx:
        [box] = mailboxes.everything(tx)
    assert box.started_at == folder.real - 3 * DAY


def test_a_first_day_that_the_settings_name_is_kept_though_it_is_to_come(folder: Folder) -> None:
    tomorrow = (datetime.fromtimestamp(folder.real, UTC) + timedelta(days=1)).date()
    assert isinstance(tomorrow, date)
    folder.watcher = Watcher(
        source=folder.source,
        store=folder.store,
        clock=folder.clock,
        beginning=Beginning(since=tomorrow),
    )
    folder.put(1)
    assert folder.read() == []
    assert folder.read() == []


def test_a_clock_that_jumps_while_running_makes_no_mail_read_twice(folder: Folder) -> None:
    assert folder.read() == []
    folder.put(1)
    for jump in (+400 * DAY, -800 * DAY, +400 * DAY):
        folder.clock.now += jump
        assert folder.read() == [1]
