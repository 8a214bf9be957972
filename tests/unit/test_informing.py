"""Clients are to hear from us in time: the real steps over a store, with a fake clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from tests.steps import Bench, make_policy, make_route
from tests.stores import open_store
from tests.unit.test_levels import (
    HOUR,
    HOURS,
    LEVELS,
    MONDAY,
    answer,
    at,
    bench_of,
    case_of,
    replied,
    run_until,
    text_to,
    told,
    trail,
)
from triage.pipeline.follow_up import FollowUp
from triage.pipeline.informing import MOST_REMINDERS
from triage.policy import Absence, Policy
from triage.store import cases, timers

if TYPE_CHECKING:
    from pathlib import Path

DAY = 8 * HOUR  # a working day by HOURS
POLICY = replace(
    make_policy(
        blocker=make_route("blocker", "ben", "marshall"),
        upsell=make_route("upsell", "marshall", update_within_s=0),
        dissatisfaction=make_route("dissatisfaction", "ben", update_within_s=2 * HOUR),
    ),
    hours=HOURS,
    update_within_s=DAY,
    version="7",
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return bench_of(tmp_path, POLICY)


def updates(sent: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    return [(when, who) for when, who, occasion in sent if occasion == "update"]


def taken(bench: Bench, words: str = "mine") -> None:
    """A client is stuck on Monday at 10:00, and Ben answers the brief at 11:00."""
    told(bench, message_id="<a@client.example>")
    run_until(bench, "2026-03-02T10:30")
    answer(bench, "ben", words)


# ---- When somebody is reminded -------------------------------------------------------------------


def test_the_brief_says_that_the_client_waits_and_until_when_to_write_to_them(bench: Bench) -> None:
    told(bench)
    run_until(bench, MONDAY)
    assert (
        "Client: not answered yet, waiting since Mon 2 Mar, 10:00; "
        "next word to them by Tue 3 Mar, 10:00."
    ) in text_to(bench, "ben")


def test_holding_replies_name_the_proposed_time(bench: Bench) -> None:
    told(bench)
    run_until(bench, MONDAY)
    assert "The next word from us comes by Tue 3 Mar 2026, 10:00 CET," in text_to(bench, "ben")


@pytest.mark.parametrize("words", ["mine", "ok"])
def test_whoever_has_the_case_is_reminded_once_a_period_and_three_times_in_all(
    bench: Bench, words: str
) -> None:
    taken(bench, words)
    assert updates(run_until(bench, "2026-03-13T17:00")) == [
        ("Tue 10:00", "ben"),
        ("Wed 10:00", "ben"),
        ("Thu 10:00", "ben"),
    ]
    assert trail(bench).count("update-due") == MOST_REMINDERS


def test_all_who_heard_are_reminded_while_nobody_has_the_case(bench: Bench) -> None:
    told(bench)
    assert updates(run_until(bench, "2026-03-03T17:00")) == [
        ("Tue 10:00", "ben"),
        ("Tue 10:00", "marshall"),
    ]


def test_the_reminder_says_since_when_the_client_waits_and_suggests_a_holding_reply(
    bench: Bench,
) -> None:
    taken(bench)
    run_until(bench, "2026-03-03T10:00")
    text = text_to(bench, "ben")
    assert "The client has waited for word since Mon 2 Mar, 10:00." in text
    assert bench.channel.delivered[-1].subject.startswith("[Client waits, normal] Blocker,")
    assert "Suggested answer: A holding reply" in text
    assert "Owner: Ben" in text


def test_the_strictest_route_counts(bench: Bench) -> None:
    told(bench, "Stuck, and disappointed.")
    assert updates(run_until(bench, "2026-03-02T13:00")) == [
        ("Mon 12:00", "ben"),
        ("Mon 12:00", "marshall"),
    ]


def test_nights_weekends_and_holidays_do_not_count(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, POLICY, "2026-04-02T16:00")  # the Thursday before Easter
    told(bench)
    assert updates(run_until(bench, "2026-04-08T12:00"))[:1] == [("Tue 16:00", "ben")]


def test_a_reminder_of_the_brief_or_a_level_puts_it_off_by_a_period(tmp_path: Path) -> None:
    routes = {
        **POLICY.routes,
        "blocker": replace(POLICY.routes["blocker"], update_within_s=5 * HOUR),
    }
    routes["blocker"] = replace(routes["blocker"], acknowledge_within_s=4 * HOUR, levels=("lead",))
    bench = bench_of(tmp_path, replace(POLICY, routes=routes, levels=LEVELS))
    told(bench)
    sent = run_until(bench, "2026-03-03T12:00")
    assert [each for each in sent if each[2] != "first"] == [
        ("Mon 13:00", "ben", "reminder"),
        ("Mon 13:00", "marshall", "reminder"),
        ("Mon 14:00", "nora", "level"),
        ("Tue 11:00", "ben", "update"),
        ("Tue 11:00", "marshall", "update"),
        ("Tue 11:00", "nora", "update"),
    ]


def test_a_deputy_is_reminded_while_the_owner_is_away(tmp_path: Path) -> None:
    away = (Absence(first=date(2026, 3, 3), last=date(2026, 3, 3)),)
    ben = replace(POLICY.people["ben"], absent=away, deputy="nora")
    bench = bench_of(tmp_path, replace(POLICY, people={**POLICY.people, "ben": ben}))
    taken(bench)
    assert updates(run_until(bench, "2026-03-04T17:00")) == [
        ("Tue 10:00", "nora"),
        ("Wed 10:00", "ben"),
    ]


# ---- What sets it anew, and what stops it --------------------------------------------------------


def test_an_answer_to_the_client_sets_it_anew(bench: Bench) -> None:
    taken(bench)
    run_until(bench, "2026-03-02T15:30")
    replied(bench)
    run_until(bench, "2026-03-02T16:00")
    assert updates(run_until(bench, "2026-03-04T12:00")) == [("Tue 16:00", "ben")]
    text = text_to(bench, "ben")
    assert "The client has not heard from us since Mon 2 Mar, 16:00." in text
    assert "Client: last answered Mon 2 Mar, 16:00 by Leah; next word to them by" in text


def test_an_answer_that_is_read_late_counts_from_when_it_came(bench: Bench) -> None:
    taken(bench)
    run_until(bench, "2026-03-02T15:30")
    came_at = datetime.fromtimestamp(at("2026-03-02T12:00"), UTC)
    content = (
        b"From: leah@firm.example\r\nTo: dana@client.example\r\nSubject: Re: Portal\r\n"
        b"In-Reply-To: <a@client.example>\r\nMessage-ID: <r@firm.example>\r\n\r\nOn it.\r\n"
    )
    bench.receive("", content=content, received_at=came_at)
    assert updates(run_until(bench, "2026-03-04T11:00")) == [("Tue 12:00", "ben")]


def test_answers_in_time_leave_everybody_in_peace(bench: Bench) -> None:
    taken(bench)
    for day in ("2026-03-02T16", "2026-03-03T15", "2026-03-04T14"):
        assert updates(run_until(bench, f"{day}:00")) == []
        replied(bench)
    assert updates(run_until(bench, "2026-03-05T12:00")) == []


def test_a_further_mail_of_the_client_makes_them_wait_no_longer(bench: Bench) -> None:
    taken(bench)
    run_until(bench, "2026-03-02T16:00")
    told(bench, "Stuck and disappointed.", headers="References: <a@client.example>\r\n")
    sent = updates(run_until(bench, "2026-03-03T10:00"))
    assert ("Tue 10:00", "ben") in sent


@pytest.mark.parametrize("words", ["done", "none"])
def test_a_closed_case_reminds_nobody(bench: Bench, words: str) -> None:
    taken(bench, words)
    assert updates(run_until(bench, "2026-03-06T17:00", step_s=HOUR)) == []


def test_resolving_stops_it(bench: Bench) -> None:
    taken(bench)
    run_until(bench, "2026-03-02T15:00")
    with bench.store.write() as tx:
        cases.resolve(tx, 1, "done", bench.clock())
    assert updates(run_until(bench, "2026-03-06T17:00", step_s=HOUR)) == []


def test_never_means_never(bench: Bench) -> None:
    told(bench, "Could we have a quote?")
    assert updates(run_until(bench, "2026-03-06T17:00", step_s=HOUR)) == []
    assert "next word to them" not in text_to(bench, "marshall")


def test_a_matter_among_ourselves_has_no_client_to_inform(bench: Bench) -> None:
    told(bench, "I am stuck.", sender="Leah <leah@firm.example>")
    assert updates(run_until(bench, "2026-03-06T17:00", step_s=HOUR)) == []
    assert "Client:" not in text_to(bench, "ben")


def test_without_working_time_a_policy_file_asks_for_no_updates(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, replace(POLICY, update_within_s=0))
    told(bench)
    assert updates(run_until(bench, "2026-03-06T17:00", step_s=HOUR)) == []


# ---- Restarts, changes of the policy -------------------------------------------------------------


def restarted(bench: Bench, folder: Path, policy: Policy = POLICY) -> Bench:
    """Another process over the same store, perhaps with another policy."""
    rewriter = replace(bench.follow_up.rewriter, policy=policy)
    store = open_store(folder)
    return replace(
        bench,
        follow_up=FollowUp(store=store, rewriter=rewriter),
        decider=replace(bench.decider, policy=policy),
    )


def test_it_survives_a_restart_and_waits_for_working_time(bench: Bench, tmp_path: Path) -> None:
    taken(bench)
    run_until(bench, "2026-03-02T16:00")
    bench.clock.now = at("2026-03-03T22:00")  # it was down all Tuesday
    again = restarted(bench, tmp_path)
    assert updates(run_until(again, "2026-03-04T16:00")) == [("Wed 09:00", "ben")]


def test_a_new_policy_counts_for_clients_who_wait(bench: Bench, tmp_path: Path) -> None:
    taken(bench)
    run_until(bench, "2026-03-02T14:00")
    again = restarted(bench, tmp_path, replace(POLICY, update_within_s=6 * HOUR, version="8"))
    assert updates(run_until(again, "2026-03-02T17:00")) == [("Mon 16:00", "ben")]


def test_a_new_policy_may_say_never(bench: Bench, tmp_path: Path) -> None:
    taken(bench)
    run_until(bench, "2026-03-02T14:00")
    again = restarted(bench, tmp_path, replace(POLICY, update_within_s=0, version="8"))
    assert updates(run_until(again, "2026-03-06T17:00", step_s=HOUR)) == []
    with bench.store.read() as tx:
        assert timers.pending(tx, 1, "update") == []


def test_the_case_itself_stays_as_it_was(bench: Bench) -> None:
    taken(bench)
    before = case_of(bench)
    run_until(bench, "2026-03-06T17:00", step_s=HOUR)
    after = case_of(bench)
    assert (after.status, after.owner) == ("acknowledged", "ben@firm.example")
    assert before.recipients == after.recipients
