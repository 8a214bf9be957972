"""What happens over hours and days when nobody answers: the real steps, with a fake clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.factories import make_firm
from tests.steps import Bench, make_bench, make_policy, make_route
from triage.messages import DeliveryStatus, Urgency
from triage.pipeline.follow_up import FollowUp
from triage.policy import Absence, Hours, Level, Policy, Skip
from triage.store import audit, cases, mailboxes, outbox, timers

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600
BERLIN = ZoneInfo("Europe/Berlin")
FIRM = make_firm(name="Firm", domains=("firm.example",), timezone="Europe/Berlin")
HOURS = Hours(work=(9 * HOUR, 17 * HOUR), holidays=("DE-BE",))
LEVELS = {
    "colleague": Level(id="colleague", title="A colleague", next=True),
    "lead": Level(id="lead", title="Project lead", to=("nora",), within_s=2 * HOUR),
    "management": Level(id="management", title="Management", to=("ben", "marshall")),
}
BASE = make_policy(
    blocker=make_route(
        "blocker", "ben", "marshall", urgency=Urgency.HIGH, acknowledge_within_s=4 * HOUR
    ),
    upsell=make_route("upsell", "ben", "marshall", need="any", acknowledge_within_s=8 * HOUR),
    dissatisfaction=make_route("dissatisfaction", "marshall", urgency=Urgency.HIGH),
)
POLICY = replace(BASE, levels=LEVELS, hours=HOURS, version="7")
MONDAY = "2026-03-02T10:00"


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return bench_of(tmp_path, POLICY)


def bench_of(folder: Path, policy: Policy, start: str = MONDAY) -> Bench:
    bench = make_bench(folder, policy, FIRM)
    bench.clock.now = at(start)
    return bench


def run_until(bench: Bench, end: str, *, step_s: int = 1800) -> list[tuple[str, str, str]]:
    """Let time pass; (local time, person, occasion) of all that was sent meanwhile."""
    seen = []
    before = len(bench.channel.delivered)
    while bench.clock.now <= at(end):
        bench.decide()
        bench.follow_up.run_due(bench.clock())
        bench.sender.send_due()
        when = f"{datetime.fromtimestamp(bench.clock.now, BERLIN):%a %H:%M}"
        for notice in bench.channel.delivered[before:]:
            with bench.store.read() as tx:
                [row] = outbox.by_rfc_ids(tx, [notice.message_id])
            seen.append((when, row.recipient.partition("@")[0], row.occasion))
        before = len(bench.channel.delivered)
        bench.clock.now += step_s
    return seen


def told(bench: Bench, text: str = "We are stuck.", **more: str) -> None:
    bench.receive(text, **more)  # type: ignore[arg-type]


def case_of(bench: Bench) -> cases.Case:
    with bench.store.read() as tx:
        return cases.get(tx, 1)


def trail(bench: Bench) -> list[str]:
    with bench.store.read() as tx:
        return [entry.action for entry in audit.of_case(tx, 1)]


def text_to(bench: Bench, person: str, number: int = -1) -> str:
    """The plain text of a brief to somebody, on one line."""
    own = [n for n in bench.channel.delivered if n.recipient == f"{person}@firm.example"]
    part = message_from_bytes(own[number].content, policy=default).get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


def answer(bench: Bench, person: str, words: str = "ok") -> None:
    notice = next(n for n in bench.channel.delivered if n.recipient == f"{person}@firm.example")
    bench.receive(
        words,
        subject="Re: Portal",
        sender=f"{person}@firm.example",
        headers=f"In-Reply-To: {notice.message_id}\r\n",
    )


# ---- The course of an unanswered case ------------------------------------------------------------


def test_a_silent_case_climbs_level_by_level_in_working_time_and_stops(bench: Bench) -> None:
    told(bench)
    assert run_until(bench, "2026-03-20T17:00") == [
        ("Mon 10:00", "ben", "first"),
        ("Mon 10:00", "marshall", "first"),
        ("Mon 13:00", "ben", "reminder"),
        ("Mon 13:00", "marshall", "reminder"),
        ("Mon 14:00", "nora", "level"),
        ("Mon 15:30", "nora", "reminder"),
        ("Mon 16:00", "ben", "level"),
        ("Mon 16:00", "marshall", "level"),
    ]
    assert trail(bench) == [
        *("escalated", "sent", "sent", "reminded", "sent", "sent"),
        *("raised", "sent", "reminded", "sent", "raised", "sent", "sent"),
    ]


def test_nights_weekends_and_holidays_do_not_count(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, POLICY, "2026-04-02T16:00")  # the Thursday before Easter
    told(bench)
    assert run_until(bench, "2026-04-10T17:00")[2:] == [
        ("Tue 11:00", "ben", "reminder"),
        ("Tue 11:00", "marshall", "reminder"),
        ("Tue 12:00", "nora", "level"),
        ("Tue 13:30", "nora", "reminder"),
        ("Tue 14:00", "ben", "level"),
        ("Tue 14:00", "marshall", "level"),
    ]


def test_mail_of_the_weekend_is_told_at_once_and_waits_from_monday_on(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, POLICY, "2026-03-28T22:00")  # the clocks change that night
    told(bench)
    assert run_until(bench, "2026-03-30T13:00") == [
        ("Sat 22:00", "ben", "first"),
        ("Sat 22:00", "marshall", "first"),
        ("Mon 12:00", "ben", "reminder"),
        ("Mon 12:00", "marshall", "reminder"),
        ("Mon 13:00", "nora", "level"),
    ]


def test_the_other_one_hears_when_the_one_in_turn_is_silent(bench: Bench) -> None:
    told(bench, "Could we have a quote?")
    assert run_until(bench, "2026-03-04T17:00") == [
        ("Mon 10:00", "ben", "first"),
        ("Mon 16:00", "ben", "reminder"),
        ("Tue 10:00", "marshall", "level"),
        ("Tue 16:00", "marshall", "reminder"),
        ("Wed 10:00", "nora", "level"),
        ("Wed 11:30", "nora", "reminder"),
        ("Wed 12:00", "ben", "level"),
        ("Wed 12:00", "marshall", "level"),
    ]


def test_each_brief_says_by_when_to_answer_and_who_hears_else(bench: Bench) -> None:
    told(bench)
    run_until(bench, "2026-03-02T17:00")
    by = "Answer by Mon 2 Mar 2026, 14:00 CET, or it goes to Nora"
    assert by in text_to(bench, "ben", 0)
    assert by in text_to(bench, "ben", 1)
    assert "Answer by Mon 2 Mar 2026, 16:00 CET, or it goes to Ben and Marshall" in (
        text_to(bench, "nora", 0)
    )
    assert (
        "Nobody has answered since Mon 2 Mar 2026, 10:00 CET. Told so far: Ben and Marshall."
        in (text_to(bench, "nora", 0))
    )
    last = text_to(bench, "ben")
    assert "Told so far: Ben, Marshall and Nora. This is the last step: nobody else hears." in last
    assert bench.channel.delivered[-1].subject.startswith("[Unanswered, high] Blocker,")


def test_the_book_says_by_which_rule_each_brief_was_written(bench: Bench) -> None:
    told(bench)
    run_until(bench, "2026-03-02T14:00")
    with bench.store.read() as tx:
        rows = outbox.of_case(tx, 1)
    assert [(row.why, row.policy) for row in rows if row.occasion != "reminder"] == [
        ("Blocker: named for it.", "7"),
        ("Blocker: named for it.", "7"),
        ("Project lead: nobody has answered in time.", "7"),
    ]


def test_a_level_brief_can_be_answered_like_any_other(bench: Bench) -> None:
    told(bench)
    run_until(bench, "2026-03-02T14:00")
    answer(bench, "nora", "mine")
    assert run_until(bench, "2026-03-06T17:00", step_s=HOUR)[1:] == []
    assert (case_of(bench).status, case_of(bench).owner) == ("acknowledged", "nora@firm.example")


def test_people_of_a_level_hear_what_is_new_in_the_case(bench: Bench) -> None:
    told(bench, message_id="<a@client.example>")
    run_until(bench, "2026-03-02T14:00")
    told(bench, "Stuck and disappointed.", headers="References: <a@client.example>\r\n")
    assert ("Mon 14:30", "nora", "new-tag") in run_until(bench, "2026-03-02T14:30")


# ---- What stops it -------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["ok", "mine", "done", "none", "Thanks, I will call her."])
def test_any_answer_stops_everything_at_once(bench: Bench, words: str) -> None:
    told(bench)
    run_until(bench, "2026-03-02T12:30")
    answer(bench, "ben", words)
    sent = run_until(bench, "2026-03-06T17:00", step_s=HOUR)
    assert {occasion for _, _, occasion in sent} <= {"confirmation"}


def test_resolving_stops_everything_at_once(bench: Bench) -> None:
    told(bench)
    run_until(bench, "2026-03-02T12:30")
    with bench.store.write() as tx:
        cases.resolve(tx, 1, "done", bench.clock())
    assert run_until(bench, "2026-03-06T17:00", step_s=HOUR) == []


REPLY = {
    "subject": "Re: Portal",
    "sender": "Leah <leah@firm.example>",
    "headers": "In-Reply-To: <a@client.example>\r\nTo: Dana <dana@client.example>\r\n",
}


def replied(bench: Bench, text: str = "Dana, I am on it.", **changes: str) -> None:
    """A colleague, who is nobody in the policy, answers the client with a copy to the inbox."""
    mail = {**REPLY, **changes}
    head = f"From: {mail['sender']}\r\nCc: hello@firm.example\r\nSubject: {mail['subject']}\r\n"
    head += f"Message-ID: <r{bench.uid}@firm.example>\r\n{mail['headers']}\r\n"
    bench.receive("", content=(head + text + "\r\n").encode())


def test_a_reply_to_the_client_seen_in_the_thread_stops_everything(bench: Bench) -> None:
    told(bench, message_id="<a@client.example>")
    run_until(bench, "2026-03-02T12:30")
    replied(bench)
    assert run_until(bench, "2026-03-06T17:00", step_s=HOUR) == []
    case = case_of(bench)
    assert (case.status, case.acknowledged_by) == ("acknowledged", "leah@firm.example")
    assert case.answered_at == at("2026-03-02T13:00")
    assert case.answered_by == "leah@firm.example"
    assert trail(bench)[-1] == "client-answered"


NO_ANSWERS = {
    "to somebody else": {"headers": "In-Reply-To: <a@client.example>\r\nTo: x@vendor.example\r\n"},
    "among ourselves": {"headers": "In-Reply-To: <a@client.example>\r\nTo: ben@firm.example\r\n"},
    "a forward": {"subject": "Fwd: Portal"},
    "from outside": {"sender": "Eve <eve@elsewhere.example>"},
    "by a robot": {"headers": REPLY["headers"] + "Auto-Submitted: auto-replied\r\n"},
    "of another thread": {
        "subject": "Re: Invoice",
        "headers": "In-Reply-To: <z@client.example>\r\nTo: Dana <dana@client.example>\r\n",
    },
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_reply_to_the_client_stops_nothing(bench: Bench, name: str) -> None:
    told(bench, message_id="<a@client.example>")
    run_until(bench, "2026-03-02T12:30")
    replied(bench, **NO_ANSWERS[name])
    assert ("Mon 14:00", "nora", "level") in run_until(bench, "2026-03-02T14:00")
    assert case_of(bench).answered_at is None


def test_a_reply_from_before_the_newest_complaint_does_not_answer_it(bench: Bench) -> None:
    told(bench, message_id="<a@client.example>")
    run_until(bench, "2026-03-02T11:00")
    earlier = bench.clock.now - 600
    told(bench, "Stuck and disappointed.", headers="References: <a@client.example>\r\n")
    bench.decide()
    bench.clock.now += 60
    bench.uid += 1
    received = datetime.fromtimestamp(earlier, UTC)  # it lay in another folder until now
    content = (
        b"From: leah@firm.example\r\nTo: dana@client.example\r\nSubject: Re: Portal\r\n"
        b"In-Reply-To: <a@client.example>\r\nMessage-ID: <r@firm.example>\r\n\r\nOn it.\r\n"
    )
    bench.receive("", content=content, received_at=received)
    bench.decide()
    assert case_of(bench).status == "open"


def test_a_case_that_opens_again_begins_at_its_beginning(bench: Bench) -> None:
    told(bench, message_id="<a@client.example>")
    run_until(bench, "2026-03-02T14:00")
    assert case_of(bench).level == 2
    answer(bench, "nora")
    run_until(bench, "2026-03-02T14:30")
    told(bench, "Stuck, a quote please.", headers="References: <a@client.example>\r\n")
    sent = run_until(bench, "2026-03-04T17:00")
    assert [(when, who, occasion) for when, who, occasion in sent if occasion != "reminder"] == [
        ("Mon 15:00", "ben", "new-tag"),
        ("Mon 15:00", "marshall", "new-tag"),
        ("Mon 15:00", "nora", "new-tag"),
        ("Tue 11:00", "ben", "level"),  # Nora knows of it already
        ("Tue 11:00", "marshall", "level"),
    ]


def test_a_further_mail_never_makes_an_unanswered_case_wait_longer(bench: Bench) -> None:
    told(bench, message_id="<a@client.example>")
    run_until(bench, "2026-03-02T13:30")
    told(bench, "Stuck, a quote please.", headers="References: <a@client.example>\r\n")
    sent = run_until(bench, "2026-03-02T14:00")
    assert [event for event in sent if event[2] == "level"] == [("Mon 14:00", "nora", "level")]


def test_a_case_keeps_its_place_when_a_tag_with_other_levels_comes_on_top(tmp_path: Path) -> None:
    alone = replace(POLICY.routes["upsell"], to=("ben",), levels=("lead",))
    bench = bench_of(tmp_path, replace(POLICY, routes=POLICY.routes | {"upsell": alone}))
    told(bench, "Could we have a quote?", message_id="<a@client.example>")
    run_until(bench, "2026-03-03T10:00")
    assert case_of(bench).recipients == ("ben", "nora")  # the lead is the last one of that route
    told(bench, "A quote, and stuck.", headers="References: <a@client.example>\r\n")
    sent = run_until(bench, "2026-03-04T17:00")
    levels = [(when, who) for when, who, occasion in sent if occasion == "level"]
    assert levels == [("Tue 14:30", "ben"), ("Tue 14:30", "marshall")]  # not the lead again


def test_a_mail_corrected_to_another_tag_no_longer_climbs(bench: Bench) -> None:
    told(bench)
    run_until(bench, "2026-03-02T12:30")
    answer(bench, "ben", "dissatisfaction")  # whose route wants no answer
    sent = run_until(bench, "2026-03-06T17:00", step_s=HOUR)
    assert {occasion for _, _, occasion in sent} == {"confirmation"}


# ---- Absences, skipped levels --------------------------------------------------------------------


def away(policy: Policy, person: str, first: str, last: str, deputy: str = "") -> Policy:
    absent = (Absence(first=date.fromisoformat(first), last=date.fromisoformat(last)),)
    changed = replace(policy.people[person], absent=absent, deputy=deputy)
    return replace(policy, people=policy.people | {person: changed})


def test_a_deputy_gets_the_brief_and_reads_why(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, away(POLICY, "ben", "2026-03-02", "2026-03-06", "priya"))
    told(bench)
    sent = run_until(bench, MONDAY)
    assert [who for _, who, _ in sent] == ["priya", "marshall"]
    assert "In place of Ben, who is away until 6 March 2026." in text_to(bench, "priya")
    assert "In place of" not in text_to(bench, "marshall")


def test_whoever_comes_back_meanwhile_hears_at_their_level(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, away(POLICY, "nora", "2026-02-20", "2026-03-02"), "2026-03-02T14:00")
    told(bench)  # the lead's level falls due on Tuesday, when Nora is back
    assert ("Tue 10:00", "nora", "level") in run_until(bench, "2026-03-03T10:00")


def test_a_level_whose_people_are_all_away_is_passed_over_at_once(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, away(POLICY, "nora", "2026-03-01", "2026-03-09"))
    told(bench)
    sent = run_until(bench, "2026-03-06T17:00")
    assert [event for event in sent if event[2] == "level"] == [
        ("Mon 14:00", "ben", "level"),
        ("Mon 14:00", "marshall", "level"),
    ]


def test_several_troubles_at_once_go_to_the_lead_at_once(tmp_path: Path) -> None:
    skip = Skip(to="lead", tags=2, because="Several troubles at once.")
    bench = bench_of(tmp_path, replace(POLICY, skips=(skip,)))
    told(bench, "Stuck and disappointed.")
    assert run_until(bench, "2026-03-06T17:00") == [
        ("Mon 10:00", "marshall", "first"),
        ("Mon 10:00", "ben", "first"),
        ("Mon 10:00", "nora", "first"),
        ("Mon 13:00", "ben", "reminder"),
        ("Mon 13:00", "marshall", "reminder"),
        ("Mon 13:00", "nora", "reminder"),
        ("Mon 14:00", "ben", "level"),
        ("Mon 14:00", "marshall", "level"),
    ]


def test_who_heard_at_once_of_a_grave_case_hears_that_nobody_answered(tmp_path: Path) -> None:
    skip = Skip(to="management", urgency=Urgency.HIGH)
    bench = bench_of(tmp_path, replace(POLICY, skips=(skip,)))
    told(bench, "We are stuck.")
    assert run_until(bench, "2026-03-06T17:00")[2:] == [
        ("Mon 13:00", "ben", "reminder"),
        ("Mon 13:00", "marshall", "reminder"),
        ("Mon 14:00", "ben", "level"),
        ("Mon 14:00", "marshall", "level"),
    ]


# ---- Restarts, outages, changes of the policy ----------------------------------------------------


def restarted(bench: Bench, policy: Policy) -> Bench:
    """The same store under a program that was started anew."""
    rewriter = replace(bench.follow_up.rewriter, policy=policy)
    bench.decider = replace(bench.decider, policy=policy)
    bench.follow_up = FollowUp(store=bench.store, rewriter=rewriter)
    return bench


def test_a_restart_every_half_hour_changes_nothing(tmp_path: Path, bench: Bench) -> None:
    (tmp_path / "other").mkdir()
    other = bench_of(tmp_path / "other", POLICY)
    told(bench)
    told(other)
    expected = run_until(other, "2026-03-03T17:00")
    seen = []
    while bench.clock.now <= at("2026-03-03T17:00"):
        now = datetime.fromtimestamp(bench.clock.now, BERLIN).strftime("%Y-%m-%dT%H:%M")
        seen += run_until(restarted(bench, POLICY), now)
    assert seen == expected


def test_what_fell_due_while_the_program_was_down_in_the_evening_waits_for_morning(
    bench: Bench,
) -> None:
    told(bench)
    run_until(bench, "2026-03-02T11:00")
    bench.clock.now = at("2026-03-02T23:00")
    assert run_until(restarted(bench, POLICY), "2026-03-03T09:00") == [
        ("Tue 09:00", "ben", "reminder"),
        ("Tue 09:00", "marshall", "reminder"),
        ("Tue 09:00", "nora", "level"),
    ]


def test_an_answer_that_came_while_the_program_was_down_is_read_before_anything_fires(
    bench: Bench,
) -> None:
    told(bench)
    run_until(bench, "2026-03-02T11:00")
    with bench.store.write() as tx:
        mailboxes.begin(
            tx,
            account="inbox",
            folder="INBOX",
            uid_validity=7,
            last_uid=1,
            started_at=0.0,
            whole_history=False,
        )
        mailboxes.looked(tx, "inbox", "INBOX", bench.clock())
    bench.clock.now = at("2026-03-03T09:00")
    bench = restarted(bench, POLICY)
    bench.follow_up.folders = [("inbox", "INBOX")]
    assert bench.follow_up.run_due(bench.clock()) == 0  # the folder has not been read yet
    answer(bench, "ben")
    with bench.store.write() as tx:
        mailboxes.looked(tx, "inbox", "INBOX", bench.clock())
    assert bench.follow_up.run_due(bench.clock()) == 0  # nor has the answer
    sent = run_until(bench, "2026-03-06T17:00", step_s=HOUR)
    assert [occasion for _, _, occasion in sent] == ["confirmation"]


def test_a_mailbox_that_cannot_be_read_holds_nothing_up_for_long(bench: Bench) -> None:
    bench.follow_up.folders = [("inbox", "INBOX")]
    told(bench)
    sent = run_until(bench, "2026-03-02T14:30", step_s=60)
    assert [event for event in sent if event[2] != "first"] == [
        ("Mon 13:15", "ben", "reminder"),
        ("Mon 13:15", "marshall", "reminder"),
        ("Mon 14:15", "nora", "level"),
    ]


def test_nobody_is_silent_over_a_brief_that_left_late(bench: Bench) -> None:
    bench.channel.script = [DeliveryStatus.DEFERRED] * 6
    told(bench)
    sent = run_until(bench, "2026-03-03T17:00")
    firsts = [when for when, _, occasion in sent if occasion == "first"]
    levels = [when for when, _, occasion in sent if occasion == "level"]
    assert firsts[0] == "Mon 11:30"
    assert levels[0] == "Mon 15:30"  # four hours after it could be read


def test_a_stricter_policy_holds_for_cases_that_wait(bench: Bench) -> None:
    told(bench)
    run_until(bench, "2026-03-02T10:30")
    strict = replace(POLICY.routes["blocker"], acknowledge_within_s=HOUR)
    policy = replace(POLICY, version="8", routes=POLICY.routes | {"blocker": strict})
    sent = run_until(restarted(bench, policy), "2026-03-02T11:00")
    assert ("Mon 11:00", "nora", "level") in sent
    assert "rescheduled" in trail(bench)


def test_a_more_patient_policy_holds_for_cases_that_wait(bench: Bench) -> None:
    told(bench)
    run_until(bench, "2026-03-02T10:30")
    patient = replace(POLICY.routes["blocker"], acknowledge_within_s=7 * HOUR)
    policy = replace(POLICY, version="8", routes=POLICY.routes | {"blocker": patient})
    sent = run_until(restarted(bench, policy), "2026-03-02T17:00")
    assert [event for event in sent if event[2] == "level"] == [("Mon 17:00", "nora", "level")]


def test_new_hours_hold_for_cases_that_wait(bench: Bench) -> None:
    told(bench)
    run_until(bench, "2026-03-02T10:30")
    hours = replace(HOURS, lunch=(12 * HOUR, 13 * HOUR))
    sent = run_until(
        restarted(bench, replace(POLICY, version="8", hours=hours)), "2026-03-02T15:00"
    )
    assert [when for when, _, occasion in sent if occasion == "level"] == ["Mon 15:00"]


def test_levels_that_a_policy_gets_later_hold_for_cases_that_wait(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, replace(POLICY, levels={}, version="6"))
    told(bench)
    run_until(bench, "2026-03-02T10:30")
    sent = run_until(restarted(bench, POLICY), "2026-03-02T14:00")
    assert ("Mon 14:00", "nora", "level") in sent


def test_an_overdue_case_under_a_new_policy_waits_for_working_time(bench: Bench) -> None:
    told(bench)
    run_until(bench, "2026-03-02T12:00")
    strict = replace(POLICY.routes["blocker"], acknowledge_within_s=HOUR)
    policy = replace(POLICY, version="8", routes=POLICY.routes | {"blocker": strict})
    bench.clock.now = at("2026-03-02T20:00")
    sent = run_until(restarted(bench, policy), "2026-03-03T09:00")
    assert {when for when, _, _ in sent} == {"Tue 09:00"}


def test_the_same_policy_moves_nothing(bench: Bench) -> None:
    told(bench)
    bench.decide()
    with bench.store.read() as tx:
        before = timers.waiting(tx, 1)
    restarted(bench, POLICY).follow_up.run_due(bench.clock())
    with bench.store.read() as tx:
        assert timers.waiting(tx, 1) == before
    assert [timer.kind for timer in before] == ["remind", "level"]


# ---- Policies as they were before there were hours and levels ------------------------------------


def test_a_policy_with_neither_hours_nor_levels_reminds_once_by_the_clock(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, BASE, "2026-03-07T23:00")  # a Saturday night
    told(bench)
    sent = run_until(bench, "2026-03-12T17:00", step_s=HOUR)
    assert [event for event in sent if event[2] != "first"] == [
        ("Sun 03:00", "ben", "reminder"),
        ("Sun 03:00", "marshall", "reminder"),
    ]
    assert "Answer within 4 hours" in text_to(bench, "ben", 0)
    assert "Answer (no second reminder follows)" in text_to(bench, "ben", 1)
