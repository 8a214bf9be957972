"""Reading a backlog ahead: the same mails in the same order, each decided once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.steps import Bench, make_bench
from triage.pipeline.ahead import ReadingAhead
from triage.pipeline.decide import BATCH_MAILS
from triage.store import inbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from classifiers.api import Document, Verdict


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def fill(bench: Bench, number: int) -> list[int]:
    return [bench.receive(f"All well {n}.", message_id=f"<{n}@x.example>") for n in range(number)]


def decided(ahead: ReadingAhead, now: float) -> list[int]:
    """UIDs in the order of their decisions."""
    found: list[int] = []
    while outcomes := ahead.decide_pending(now):
        found += [outcome.ref.uid for outcome in outcomes]
    return found


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_every_mail_is_decided_once_and_in_order(bench: Bench, depth: int) -> None:
    fill(bench, 3 * BATCH_MAILS + 7)
    ahead = ReadingAhead(decider=bench.decider, depth=depth)
    assert decided(ahead, bench.clock()) == list(range(1, 3 * BATCH_MAILS + 8))


def test_the_next_mails_are_judged_before_the_ones_in_hand_are_settled(bench: Bench) -> None:
    fill(bench, 2 * BATCH_MAILS)
    judged = threading.Event()
    plain = bench.classifier.classify

    def classify(documents: Sequence[Document]) -> list[Verdict]:
        if threading.current_thread() is not threading.main_thread():
            judged.set()
        return plain(documents)

    bench.classifier.classify = classify  # type: ignore[method-assign]
    ahead = ReadingAhead(decider=bench.decider, depth=1)
    assert len(ahead.decide_pending(bench.clock())) == BATCH_MAILS
    assert judged.wait(10)
    with bench.store.read() as tx:
        assert inbox.count_pending(tx) == BATCH_MAILS  # read ahead, and still waiting
    ahead.close()


def test_a_mail_that_comes_alone_is_decided_without_a_thread(bench: Bench) -> None:
    fill(bench, 1)
    before = threading.active_count()
    ahead = ReadingAhead(decider=bench.decider, depth=2)
    assert len(ahead.decide_pending(bench.clock())) == 1
    assert threading.active_count() == before


def test_what_was_read_ahead_and_then_decided_by_another_is_left_alone(bench: Bench) -> None:
    fill(bench, BATCH_MAILS + 1)
    ahead = ReadingAhead(decider=bench.decider, depth=1)
    ahead.decide_pending(bench.clock())
    [other] = bench.decider.decide_pending(bench.clock())
    assert other.ref.uid == BATCH_MAILS + 1
    assert ahead.decide_pending(bench.clock()) == []


def test_a_batch_that_another_has_decided_does_not_hide_the_mails_behind_it(bench: Bench) -> None:
    fill(bench, 3 * BATCH_MAILS)
    ahead = ReadingAhead(decider=bench.decider, depth=1)
    ahead.decide_pending(bench.clock())
    bench.decider.decide_pending(bench.clock())
    assert decided(ahead, bench.clock()) == list(range(2 * BATCH_MAILS + 1, 3 * BATCH_MAILS + 1))
