"""The benchmarks' own parts: a wrong figure is worse than none."""

from __future__ import annotations

import smtplib
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from bench import parsing
from bench.mails import ROOT, make
from bench.page_store import fill, reference
from bench.sink import Sink
from bench.tables import percentile, table
from triage.messages import MailKind
from triage.parsing import parse
from triage.policy_file import load_policy
from triage.store import case_list, review
from triage.store.case_filters import State, Wanted
from triage.store.engine import Store

if TYPE_CHECKING:
    from pathlib import Path


def test_mails_have_the_size_and_the_share_of_tags_that_was_asked_for() -> None:
    made = list(make(200, tagged_share=0.1))
    assert sum(mail.tagged for mail in made) == 20
    assert 3900 < sum(len(mail.content) for mail in made) / len(made) < 4400
    assert len({mail.content for mail in made}) == len({mail.message_id for mail in made}) == 200


def test_the_same_seed_makes_the_same_mails() -> None:
    first, second = (list(make(20, tagged_share=0.5, seed=7)) for _ in range(2))
    assert [mail.message_id for mail in first] == [mail.message_id for mail in second]
    assert [mail.tagged for mail in first] == [mail.tagged for mail in second]


def test_the_history_of_a_mail_is_quoted_text_that_parsing_takes_off() -> None:
    read = [parse(mail.content) for mail in make(50, tagged_share=0.1)]
    ordinary = [email for email in read if email.kind is MailKind.ORDINARY]
    assert len(ordinary) > 40
    assert all("wrote:" in email.text for email in ordinary)
    stripped = [email for email in ordinary if "wrote:" not in email.new_text]
    assert len(stripped) > 0.9 * len(ordinary)


def test_reading_is_measured_by_each_mails_quickest_round() -> None:
    mails = [mail.content for mail in make(20, tagged_share=0.1)]
    found = parsing.measure(mails[:15], mails[15:], [b"From: x"], rounds=2)
    assert (found.ordinary, found.mails, found.hostile) == (15, 20, 1)
    assert found.mails_per_s > 50
    assert 0 < found.p50_ms <= found.p99_ms <= found.slowest_ordinary_ms <= found.slowest_ms
    assert "mails/s on one core" in found.as_text()


def test_the_sink_notes_when_it_was_given_which_mail() -> None:
    mails = list(make(3, tagged_share=1.0))
    with Sink() as sink, smtplib.SMTP("127.0.0.1", sink.port) as smtp:
        for mail in mails:
            refused = smtp.sendmail("a@radial.example", ["b@radial.example"], mail.content)
            assert not refused
    assert [arrival.about for arrival in sink.arrivals] == [mail.message_id for mail in mails]
    assert all(a.at <= b.at for a, b in pairwise(sink.arrivals))


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100)])
def test_a_percentile_is_a_value_that_occurred(share: float, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected


def test_numbers_in_a_table_stand_below_each_other() -> None:
    assert table(("", "n"), [("limit", "10,000"), ("ours", "7")]).splitlines() == [
        "            n",
        "limit  10,000",
        "ours        7",
    ]


def test_a_made_up_store_is_one_that_the_list_and_a_search_can_read(tmp_path: Path) -> None:
    policy = load_policy(ROOT / "data" / "demo" / "policy.toml")
    store = Store.open(tmp_path / "triage.db")
    fill(store, policy, 100, now=1_790_000_000.0)
    with store.read() as tx:
        whole = case_list.page(tx, Wanted(state=State.ALL), 1_790_000_000.0, limit=200)
        one = case_list.page(tx, Wanted(state=State.ALL, words=reference(7)), 1_790_000_000.0)
        assert len(review.doubts(tx)) == 5
    assert len(whole.lines) == 100
    assert sum(line.case.open for line in whole.lines) == 2
    assert [line.case.id for line in one.lines] == [7]
