"""Briefs whose answer was lost: how people see them, and how one command settles each."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.office import run, settle
from tests.steps import Bench, make_bench
from triage.messages import DeliveryStatus
from triage.pipeline.send import RetryRules
from triage.store import outbox


@pytest.fixture
def held(tmp_path: Path) -> Bench:
    """A store with one brief, 1, whose answer was lost under `hold`."""
    settle(tmp_path)
    bench = make_bench(tmp_path)
    bench.sender = replace(bench.sender, rules=RetryRules(uncertain="hold"))
    bench.channel.script = [DeliveryStatus.UNCERTAIN]
    bench.judge("I am disappointed.")
    bench.sender.send_due()
    bench.clock.now += 901
    assert bench.sender.settle_uncertain() == 1
    return bench


def state(bench: Bench) -> str:
    with bench.store.read() as tx:
        return outbox.get(tx, 1).state


def test_a_held_brief_is_shown_with_both_ways_out(held: Bench, tmp_path: Path) -> None:
    shown = run(tmp_path, "status").stdout
    assert "triage retry 1 --arrived" in " ".join(shown.split())
    rows = json.loads(run(tmp_path, "status", "--json").stdout)["outbox"]
    assert (rows[0]["id"], rows[0]["state"]) == (1, "held")


def test_the_fallback_person_is_told_of_a_held_brief_once(held: Bench) -> None:
    for _ in range(3):
        held.sender.settle_uncertain()
        held.sender.send_due()
        held.clock.now += 1000
    [told] = held.channel.delivered
    assert told.recipient == "priya@firm.example"
    assert b"triage retry 1 --arrived" in told.content.replace(b"=\r\n", b"")


def test_a_held_brief_that_is_found_counts_as_sent_and_is_not_sent_again(
    held: Bench, tmp_path: Path
) -> None:
    done = run(tmp_path, "retry", "1", "--arrived")
    assert "brief 1 to ben@firm.example counts as sent" in done.stdout
    assert state(held) == "sent"
    held.sender.send_due()
    assert "ben@firm.example" not in [notice.recipient for notice in held.channel.delivered]
    again = run(tmp_path, "retry", "1", "--arrived")
    assert again.exit_code == 1
    assert "is sent; left as it is" in again.stderr


def test_a_held_brief_that_is_not_found_goes_again_with_the_same_bytes(
    held: Bench, tmp_path: Path
) -> None:
    with held.store.read() as tx:
        before = outbox.notice(tx, 1)
    assert run(tmp_path, "retry", "1").exit_code == 0
    held.sender.send_due()
    [again] = [n for n in held.channel.delivered if n.recipient == "ben@firm.example"]
    assert again == before
    assert state(held) == "sent"
