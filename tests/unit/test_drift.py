"""Shares that move: told when they do, and not for every busy Monday."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.steps import Bench, make_bench
from triage import drift
from triage.drift import Week, moves, weeks
from triage.store import history, labels
from triage.store.history import Judged

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_800_000_000.0


def week(ago: int, mails: int, forwarded: int = 0, unsure: int = 0, corrected: int = 0) -> Week:
    return Week(ago=ago, mails=mails, forwarded=forwarded, unsure=unsure, corrected=corrected)


def judged(days_ago: float, *tags: str, unsure: bool = False, label: bool = False) -> Judged:
    return Judged(
        message_id=1,
        case_id=None,
        subject="",
        sender="",
        decided_at=NOW - days_ago * 86400,
        model="m",
        tags=tags,
        unsure_tags=("blocker",) if unsure else (),
        label=("upsell",) if label else None,
    )


def test_mails_are_counted_by_whole_weeks_that_end_now() -> None:
    mails = [
        judged(0.1, "upsell"),
        judged(6.9, unsure=True),
        judged(7.1, "blocker", unsure=True, label=True),
        judged(30),
        judged(64, "blocker"),
    ]
    found = weeks(mails, NOW)
    assert found[:2] == [week(0, 2, 1, 1, 0), week(1, 1, 1, 0, 1)]
    assert [each.mails for each in found] == [2, 1, 0, 0, 1]


def test_a_share_that_moved_is_told_in_plain_words() -> None:
    [move] = moves([week(0, 100, 31), *(week(n, 100, 12) for n in range(1, 9))])
    assert move.sentence == (
        "In the last 7 days 31 of 100 mails were forwarded, 12 of 100 in the weeks before "
        "(100 mails now)."
    )


@pytest.mark.parametrize(
    "found",
    [
        pytest.param([], id="no mail at all"),
        pytest.param([week(0, 49, 40), week(1, 400, 40)], id="too few now"),
        pytest.param([week(0, 400, 300), week(1, 99, 9)], id="too few before"),
        pytest.param([week(0, 60, 12), week(1, 400, 40)], id="could be chance"),
        pytest.param([week(0, 20_000, 2300), week(1, 90_000, 9000)], id="real, but small"),
        pytest.param([week(0, 900, 540), week(1, 9000, 4500)], id="less than half as much again"),
        pytest.param([week(0, 200), week(1, 800, corrected=200)], id="corrections still come in"),
    ],
)
def test_nothing_is_told_of(found: list[Week]) -> None:
    assert moves(found) == []


def test_a_fall_and_a_rise_of_corrections_are_told_too() -> None:
    before = [week(n, 100, 20, 10, 5) for n in range(1, 9)]
    assert [m.what for m in moves([week(0, 100, 2, 10, 5), *before])] == ["forwarded"]
    assert [m.what for m in moves([week(0, 100, 20, 40, 30), *before])] == ["unsure", "corrected"]


def test_an_inbox_that_only_fluctuates_gives_hardly_a_warning_a_year() -> None:
    """Weekly shares that vary by a fifth of themselves, more than chance alone would make them."""
    rng = random.Random(5)
    told = 0
    for _ in range(300):
        shares = [0.12 * rng.uniform(0.8, 1.2) for _ in range(9)]
        found = [
            week(ago, 150, sum(rng.random() < share for _ in range(150)))
            for ago, share in enumerate(shares)
        ]
        told += bool(moves(found))
    assert told <= 3  # of 300 weeks


def test_the_store_tells_what_was_judged_and_what_people_say_now(tmp_path: Path) -> None:
    bench: Bench = make_bench(tmp_path)
    bench.judge("We are stuck.")
    bench.clock.now += 10
    bench.judge("Perhaps quote?")
    bench.judge("Thanks.")
    with bench.store.write() as tx:
        for tags in (["upsell"], []):
            labels.put(tx, 1, tags=tags, previous=[], by="b", how="h", now=0)
        labels.put(tx, 3, tags=[], previous=[], by="b", how="h", now=0)
    with bench.store.read() as tx:
        found = list(history.judged(tx, 0))
        late = list(history.judged(tx, bench.clock.now))
    assert [each.message_id for each in found] == [3, 2, 1]
    assert [each.message_id for each in late] == [3, 2]
    assert [each.label for each in found] == [(), None, ()]
    assert [(e.forwarded, e.unsure, e.corrected) for e in found] == [
        (False, False, False),
        (False, True, False),
        (True, False, True),
    ]
    assert drift.weeks(found, bench.clock.now + 1)[0] == week(0, 3, 1, 1, 1)
