"""Digests through the real steps: each comes once, at its time, and an answer moves nothing."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from tests.desk import (
    FIRM,
    HOUR,
    POLICY,
    Desk,
    at,
    digester_of,
    digesting,
    letters_of,
    make_desk,
)
from triage.digest.as_json import to_json
from triage.digest.digester import LOOK_EVERY_S, Digester, send_now
from triage.messages import DeliveryStatus
from triage.pipeline.envelope import EnvelopeGuard
from triage.policy import Absence
from triage.store import cases, inbox, listings, outbox

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path)


# ---- When it comes -------------------------------------------------------------------------------


def test_management_hears_on_the_first_working_day_of_each_week(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, start="2026-03-25T10:00")
    when = [(local, who) for local, who, _ in desk.pass_time("2026-04-14T12:00")]
    assert when == [
        ("Mon 30 Mar 09:00", "ben"),
        ("Mon 30 Mar 09:00", "marshall"),
        ("Tue 07 Apr 09:00", "ben"),  # Monday is a holiday
        ("Tue 07 Apr 09:00", "marshall"),
        ("Mon 13 Apr 09:00", "ben"),
        ("Mon 13 Apr 09:00", "marshall"),
    ]


def test_a_first_start_in_the_middle_of_a_week_sends_none_at_once(desk: Desk) -> None:
    assert desk.pass_time("2026-03-06T17:00") == []


def test_a_day_on_which_there_is_nothing_to_tell_is_passed_over(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="daily"))
    with desk.bench.store.write() as tx:
        listings.put(tx, 1, [], at("2026-03-04T08:50"))
    desk.pass_time("2026-03-03T23:30")
    assert desk.pass_time("2026-03-04T12:00") == []
    desk.bench.receive("We are stuck.")
    [(local, who, subject)] = desk.pass_time("2026-03-05T12:00")
    assert (local, who) == ("Thu 05 Mar 09:00", "ben")
    assert subject == "Daily digest: 1 open case, 1 overdue"


def test_a_program_that_was_down_for_days_sends_one_and_not_three(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="daily"))
    desk.bench.receive("We are stuck.")
    desk.pass_time("2026-03-03T12:00")
    desk.bench.clock.now = at("2026-03-09T14:30")
    desk.digester = digester_of(desk.bench, desk.policy)
    found = desk.pass_time("2026-03-10T08:00", step_s=HOUR / 2)
    assert [local for local, *_ in found] == ["Mon 09 Mar 14:30"]
    assert [local for local, *_ in desk.pass_time("2026-03-10T12:00")] == ["Tue 10 Mar 09:30"]


def test_what_was_missed_comes_in_working_time(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="daily"))
    desk.bench.receive("We are stuck.")
    desk.pass_time("2026-03-05T12:00")
    desk.bench.clock.now = at("2026-03-06T20:00")
    assert [local for local, *_ in desk.pass_time("2026-03-09T12:00")] == ["Mon 09 Mar 09:00"]


def test_restarts_and_clocks_that_go_back_send_no_second_one(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="both"))
    desk.bench.receive("We are stuck.")
    assert len(desk.pass_time("2026-03-09T12:00")) == 6  # five days and a week
    for back in ("2026-03-09T09:30", "2026-03-09T08:30", "2026-03-05T10:00"):
        desk.digester = digester_of(desk.bench, desk.policy)
        desk.bench.clock.now = at(back)
        assert desk.pass_time("2026-03-09T12:30") == []


def test_a_clock_that_was_wrong_for_a_while_does_not_silence_digests(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="weekly"))
    desk.pass_time("2026-03-09T12:00")
    desk.bench.clock.now = at("2027-03-15T12:00")  # a year ahead, until somebody sets it right
    assert len(desk.pass_time("2027-03-15T14:00")) == 1
    desk.bench.clock.now = at("2026-03-09T13:00")
    assert [local for local, *_ in desk.pass_time("2026-03-16T12:00")] == ["Mon 16 Mar 09:00"]


def test_two_processes_make_one(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="both"))
    desk.bench.receive("We are stuck.")
    desk.pass_time("2026-03-08T12:00")
    desk.bench.clock.now = at("2026-03-09T09:00")
    digesters = [digester_of(desk.bench, desk.policy) for _ in range(6)]
    start = threading.Barrier(len(digesters))

    def work(digester: Digester) -> None:
        start.wait()
        digester.look(desk.bench.clock())

    threads = [threading.Thread(target=work, args=(one,)) for one in digesters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.bench.sender.send_due()
    kinds = Counter(subject.partition(":")[0] for _, _, subject in desk.new_digests())
    assert kinds == {"Daily digest": 1, "Weekly digest": 1}


def test_who_is_away_gets_it_when_they_are_back(tmp_path: Path) -> None:
    away = Absence(first=datetime(2026, 3, 9).date(), last=datetime(2026, 3, 10).date())  # noqa: DTZ001
    policy = digesting(ben="weekly")
    people = policy.people | {"ben": replace(policy.people["ben"], absent=(away,))}
    desk = make_desk(tmp_path, replace(policy, people=people))
    assert [local for local, *_ in desk.pass_time("2026-03-12T12:00")] == ["Wed 11 Mar 09:00"]


def test_a_person_who_is_new_to_digests_gets_none_for_the_past(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting())
    desk.bench.receive("We are stuck.")
    desk.pass_time("2026-03-04T12:00")
    policy = digesting(ben="daily")
    desk.digester = digester_of(desk.bench, policy)
    assert [local for local, *_ in desk.pass_time("2026-03-05T12:00")] == ["Thu 05 Mar 09:00"]


def test_it_waits_until_mail_up_to_its_time_has_been_read(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="weekly"))
    read = [False]
    desk.digester.ready = lambda _tx, _up_to, _now: read[0]
    assert desk.pass_time("2026-03-09T10:30") == []
    read[0] = True
    assert len(desk.pass_time("2026-03-09T12:00")) == 1


def test_a_digest_that_cannot_be_made_stops_nothing_and_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = make_desk(tmp_path, digesting(ben="weekly", nora="weekly"))
    desk.pass_time("2026-03-08T12:00")
    desk.bench.clock.now = at("2026-03-09T09:00")
    people = desk.policy.people
    broken = people | {"ben": replace(people["ben"], address="no address")}
    desk.digester.policy = replace(desk.policy, people=broken)
    assert [who for _, who, _ in desk.pass_time("2026-03-09T09:30")] == ["nora"]
    assert "a digest cannot be made" in caplog.text
    desk.digester.policy = desk.policy
    assert [who for _, who, _ in desk.pass_time("2026-03-09T11:00")] == ["ben"]


def test_the_same_look_again_costs_nothing(desk: Desk) -> None:
    desk.digester.look(desk.bench.clock())
    with desk.bench.store.read() as tx:
        before = tx.exec_driver_sql("select count(*) from digests").scalar()
    desk.digester.policy = digesting(nora="daily", priya="both")
    desk.digester.look(desk.bench.clock() + LOOK_EVERY_S - 1)
    with desk.bench.store.read() as tx:
        assert tx.exec_driver_sql("select count(*) from digests").scalar() == before


def test_one_that_cannot_be_delivered_bothers_nobody(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="weekly"))
    desk.pass_time("2026-03-08T12:00")
    desk.bench.clock.now = at("2026-03-09T09:00")
    desk.digester.look(desk.bench.clock())
    desk.bench.channel.script = [DeliveryStatus.REFUSED]
    desk.bench.sender.send_due()
    with desk.bench.store.read() as tx:
        [row] = outbox.unfinished(tx)
    assert (row.state, row.occasion, row.case_id) == ("failed", "digest", 0)
    desk.bench.judge("We are stuck.")
    desk.bench.sender.send_due()
    with desk.bench.store.write() as tx:
        cases.resolve(tx, 1, "done", desk.bench.clock())
        assert outbox.unfinished(tx) == [row]  # it is of no case, and stays in sight ...
    desk.pass_time("2026-03-16T12:00")
    with desk.bench.store.read() as tx:
        assert outbox.unfinished(tx) == []  # ... until the next one has come


# ---- The mail itself -----------------------------------------------------------------------------


def test_it_is_a_mail_of_ours_with_both_parts_and_a_reference(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="weekly"))
    desk.bench.judge("We are stuck.")
    desk.pass_time("2026-03-08T12:00")
    desk.bench.clock.now = at("2026-03-09T09:00")
    desk.digester.look(desk.bench.clock())
    desk.bench.sender.send_due()
    notice = desk.bench.channel.delivered[-1]
    mail = message_from_bytes(notice.content, policy=default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Triage-Loop"] == "digest"
    assert mail["To"] == '"Ben" <ben@firm.example>' or "ben@firm.example" in str(mail["To"])
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "Ref: " in plain.get_content()
    assert 'aria-label="Client: ' in html.get_content()


@pytest.mark.parametrize("words", ["done", "not blocker", "why this?"])
def test_an_answer_to_a_digest_is_no_command_and_gets_one_short_word(
    tmp_path: Path, words: str
) -> None:
    desk = make_desk(tmp_path, digesting(ben="weekly"))
    desk.bench.judge("We are stuck.")
    desk.pass_time("2026-03-08T12:00")
    desk.bench.clock.now = at("2026-03-09T09:00")
    desk.digester.look(desk.bench.clock())
    desk.bench.sender.send_due()
    digest = desk.bench.channel.delivered[-1]
    desk.bench.channel.delivered.clear()
    for number in (1, 2):
        outcome = desk.bench.judge(
            words,
            subject="Re: Weekly digest",
            sender="Ben <ben@firm.example>",
            message_id=f"<r{number}@firm.example>",
            headers=f"In-Reply-To: {digest.message_id}\r\n",
        )
        assert (outcome.action, outcome.case_id) == ("asked", None)
    desk.bench.sender.send_due()
    [said] = desk.bench.channel.delivered
    assert b"answers a digest" in said.content
    with desk.bench.store.read() as tx:
        assert cases.get(tx, 1).status == "open"
    again = desk.bench.judge(
        "why?",
        subject="Re: Weekly digest",
        sender="Ben <ben@firm.example>",
        headers=f"In-Reply-To: {said.message_id}\r\n",
    )
    assert again.case_id is None
    desk.bench.sender.send_due()
    assert len(desk.bench.channel.delivered) == 1


def test_thanks_for_a_digest_need_no_answer(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="weekly"))
    reader = desk.policy.people["ben"]
    guard = EnvelopeGuard(policy=desk.policy, firm=FIRM)
    found = desk.gather("ben")
    assert send_now(desk.bench.store, guard, desk.letters, found, reader)
    assert not send_now(desk.bench.store, guard, desk.letters, found, reader)
    desk.bench.clock.now += 2
    desk.bench.sender.send_due()
    [digest] = desk.bench.channel.delivered
    outcome = desk.bench.judge(
        "Thanks, good to know!",
        sender="Ben <ben@firm.example>",
        headers=f"In-Reply-To: {digest.message_id}\r\n",
    )
    assert outcome.action == "acknowledged"
    desk.bench.sender.send_due()
    assert len(desk.bench.channel.delivered) == 1


def test_a_broken_template_of_the_firm_costs_no_digest(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "own" / "digest").mkdir(parents=True)
    own = tmp_path / "own" / "digest" / "digest.txt"
    own.write_text("Hello {{ page.title.nothing.at.all }}")
    written = letters_of(POLICY, tmp_path / "own").write(desk.gather("ben"))
    assert "IS EVERY MAIL ACCOUNTED FOR?" in written.text
    assert "own digest template failed" in caplog.text
    own.write_text("Mine: {{ page.title }}")
    written = letters_of(POLICY, tmp_path / "own").write(desk.gather("ben"))
    assert written.text == "Mine: Weekly digest"


def test_the_json_has_everything_and_is_json(desk: Desk) -> None:
    desk.bench.judge("We are stuck.")
    found = json.loads(json.dumps(to_json(desk.gather())))
    assert found["open_cases"][0]["urgency"] == "high"
    assert found["mail"]["total"] == 1
    assert found["since"].startswith("2026-02-23T")
    with desk.bench.store.read() as tx:
        assert inbox.outcomes(tx) == {"escalated": 1}
