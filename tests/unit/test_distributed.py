"""What the distributed runner decides by itself, over fakes and a clock."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest

from tests.steps import Bench, make_bench
from triage.messages import DeliveryStatus
from triage.store import inbox, jobs, leases, outbox, timers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def test_only_the_mails_of_a_job_are_picked(bench: Bench) -> None:
    numbers = [bench.receive(f"Mail {n}. We are stuck.") for n in range(3)]
    batch = bench.decider.pick(bench.clock(), only=numbers[1:])
    assert [each.id for each in batch] == numbers[1:]
    assert bench.decider.pick(bench.clock(), only=[]) == []


def test_a_mail_waits_for_those_before_it_unless_they_rest(bench: Bench) -> None:
    first, second = bench.receive("One."), bench.receive("Two.")
    with bench.store.read() as tx:
        assert inbox.waits_before(tx, second, bench.clock())
        assert not inbox.waits_before(tx, first, bench.clock())
    with bench.store.write() as tx:
        inbox.stumbled(tx, first, "RuntimeError", bench.clock() + 60)
    with bench.store.read() as tx:
        assert not inbox.waits_before(tx, second, bench.clock())


def test_a_timer_is_looked_at_once_and_not_before_its_time(bench: Bench) -> None:
    bench.judge("We are stuck.")
    with bench.store.read() as tx:
        timer = timers.waiting(tx, 1)[0]
    bench.follow_up.folders = []
    assert not bench.follow_up.look_at(timer.id, timer.due_at - 1)
    assert bench.follow_up.look_at(timer.id, timer.due_at)
    with bench.store.read() as tx:
        assert timers.get(tx, timer.id) is None
    assert bench.follow_up.look_at(timer.id, timer.due_at)  # another program was quicker


def test_a_transaction_knows_which_steps_it_makes_due(bench: Bench) -> None:
    with bench.store.write() as tx:
        wanted = jobs.collect(tx)
        jobs.enqueue(tx, "send", 7, 12.0)
    assert wanted == [jobs.Job(step="send", number=7, at=12.0)]


def test_a_brief_is_not_sent_by_a_program_that_slept_after_its_claim(bench: Bench) -> None:
    bench.judge("We are stuck.")
    ticks = chain([0.0], repeat(bench.sender.rules.uncertain_after_s))
    woken = replace(bench.sender, clock=lambda: next(ticks))
    with bench.store.read() as tx:
        row = outbox.due(tx, bench.clock())[0]
    assert woken.send(row).status is DeliveryStatus.NOT_CLAIMED
    assert bench.channel.delivered == []
    with bench.store.read() as tx:  # it is looked for as one whose answer was lost
        assert outbox.get(tx, row.id).state == "sending"


def test_a_lease_goes_to_one_and_comes_free_in_time(bench: Bench) -> None:
    with bench.store.write() as tx:
        assert leases.take(tx, "box", "a", now=100.0, ttl_s=8.0) == 1
        assert leases.take(tx, "box", "b", now=107.0, ttl_s=8.0) is None
        assert leases.renew(tx, "a", now=107.0, ttl_s=8.0) == {"box": 1}
        assert leases.take(tx, "box", "b", now=114.0, ttl_s=8.0) is None
        assert leases.take(tx, "box", "b", now=116.0, ttl_s=8.0) == 2
        assert leases.renew(tx, "a", now=116.0, ttl_s=8.0) == {}
        leases.release(tx, "b", ["box"])
        assert leases.take(tx, "box", "a", now=116.5, ttl_s=8.0) == 3
