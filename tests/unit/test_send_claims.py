"""Two workers, or one that wakes up late: no one undoes what another is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.steps import Bench, make_bench
from triage.messages import Delivery, DeliveryStatus
from triage.pipeline import settling
from triage.store import outbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from triage.messages import Notice

REFUSED_LOGIN = Delivery(status=DeliveryStatus.DEFERRED, detail="535", login_refused=True)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = make_bench(tmp_path)
    bench.judge("I am disappointed.")  # one brief, to Ben
    return bench


def _row(bench: Bench) -> outbox.OutboxRow:
    with bench.store.read() as tx:
        return outbox.get(tx, 1)


def _another_claims(bench: Bench) -> None:
    with bench.store.write() as tx:
        assert outbox.claim(tx, 1, bench.clock())


@pytest.mark.parametrize("status", [DeliveryStatus.DEFERRED, DeliveryStatus.REFUSED])
def test_a_failure_before_the_claim_leaves_anothers_claim_alone(
    bench: Bench, status: DeliveryStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deliver(notice: Notice, claim: Callable[[], bool]) -> Delivery:
        _another_claims(bench)
        return Delivery(status=status, detail="as scripted")

    monkeypatch.setattr(bench.channel, "deliver", deliver)
    bench.sender.send(_row(bench))
    assert _row(bench).state == "sending"
    assert bench.queued() == [("ben@firm.example", "first")], "nobody is told of a failure"


def test_a_worker_that_wakes_up_late_leaves_the_next_attempt_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deliver(notice: Notice, claim: Callable[[], bool]) -> Delivery:
        assert claim()
        bench.clock.now += 2000
        assert bench.sender.settle_uncertain() == 1  # the other worker: not arrived, queued again
        _another_claims(bench)
        return Delivery(status=DeliveryStatus.DEFERRED, detail="451")

    monkeypatch.setattr(bench.channel, "deliver", deliver)
    bench.sender.send(_row(bench))
    assert (_row(bench).state, _row(bench).attempts) == ("sending", 2)


def test_a_row_read_before_anothers_attempt_cannot_be_claimed(bench: Bench) -> None:
    stale = _row(bench)
    _another_claims(bench)
    with bench.store.write() as tx:
        assert outbox.defer(tx, 1, "451", bench.clock())
    assert bench.sender.send(stale).status is DeliveryStatus.NOT_CLAIMED
    assert bench.channel.delivered == []
    assert bench.sender.send_due() == 1


def test_a_refused_login_gives_no_brief_up_however_long_it_lasts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.clock.now += 30 * 86400
    with monkeypatch.context() as patch:
        patch.setattr(bench.channel, "deliver", lambda _notice, _claim: REFUSED_LOGIN)
        bench.sender.send_due()
    assert _row(bench).state == "queued"
    bench.clock.now += 3600
    assert bench.sender.send_due() == 1


def _held(bench: Bench) -> None:
    with bench.store.write() as tx:
        outbox.claim(tx, 1, bench.clock())
        outbox.settle(tx, 1, "held", "the answer was lost", bench.clock())


def test_a_held_brief_that_arrived_counts_as_sent_and_is_never_sent_again(bench: Bench) -> None:
    _held(bench)
    with bench.store.write() as tx:
        row, done = settling.count_as_sent(tx, 1, by="ben@firm.example", now=bench.clock())
    assert (row.state, done, _row(bench).state) == ("held", True, "sent")
    assert "by ben@firm.example" in _row(bench).detail
    bench.clock.now += 10 * 86400
    bench.sender.send_due()
    assert bench.channel.delivered == []
    with bench.store.write() as tx:
        _, done = settling.send_again(tx, 1, by="ben", now=bench.clock())
    assert not done, "what was sent is not sent again by a late click"


def test_a_held_brief_that_did_not_arrive_is_sent_once_more(bench: Bench) -> None:
    _held(bench)
    with bench.store.write() as tx:
        assert settling.send_again(tx, 1, by="ben", now=bench.clock())[1]
        assert not settling.count_as_sent(tx, 1, by="nora", now=bench.clock())[1]
    bench.sender.send_due()
    assert [notice.recipient for notice in bench.channel.delivered] == ["ben@firm.example"]
