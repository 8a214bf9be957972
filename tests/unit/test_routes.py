"""Who hears of a mail, as people rely on it: the real steps, a real store, a fake clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from tests.factories import make_firm
from tests.steps import Bench, make_bench, make_policy, make_route
from triage.messages import Urgency
from triage.policy import Absence, Level, Policy
from triage.policy_file import load_policy
from triage.resources import resource
from triage.store import cases, outbox, timers

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600
SALES = replace(
    make_policy(
        upsell=make_route(
            "upsell",
            "ben",
            "marshall",
            need="any",
            urgency=Urgency.LOW,
            acknowledge_within_s=9 * HOUR,
        ),
        scope_mismatch=make_route(
            "scope_mismatch", "marshall", "ben", need="any", acknowledge_within_s=6 * HOUR
        ),
        blocker=make_route(
            "blocker", "ben", "nora", urgency=Urgency.HIGH, acknowledge_within_s=2 * HOUR
        ),
        dissatisfaction=make_route("dissatisfaction", "nora", acknowledge_within_s=4 * HOUR),
    ),
    levels={
        "other": Level(id="other", title="The other contact", next=True),
        "lead": Level(id="lead", title="Lead", to=("nora",)),
    },
)
QUOTE, SCOPE, STUCK = "Please send a quote.", "We thought it was included.", "We are stuck."


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path, SALES)


def told(bench: Bench, text: str, **more: str) -> list[str]:
    """Who gets a brief of a new mail, each from a client of its own, by the first name."""
    number = bench.uid + 1
    more = {"sender": f"dana@client{number}.example", "subject": f"Matter {number}", **more}
    return sorted(name.partition("@")[0].lower() for name in _addresses(bench, text, **more))


def _addresses(bench: Bench, text: str, **more: str) -> list[str]:
    outcome = bench.judge(text, **more)
    assert outcome.case_id is not None
    with bench.store.read() as tx:
        return [row.recipient for row in outbox.briefs_of_case(tx, outcome.case_id)]


def away(policy: Policy, person: str, first: date, last: date) -> Policy:
    absent = (Absence(first=first, last=last),)
    people = policy.people | {person: replace(policy.people[person], absent=absent)}
    return replace(policy, people=people)


# ---- One of several: alternating, the other as fallback ------------------------------------------


def test_one_of_two_hears_and_the_next_case_is_the_others(bench: Bench) -> None:
    assert [told(bench, QUOTE) for _ in range(4)] == [["ben"], ["marshall"], ["ben"], ["marshall"]]


def test_turns_alternate_whatever_other_cases_come_between(bench: Bench) -> None:
    turns = []
    for _ in range(4):
        turns += told(bench, QUOTE)
        told(bench, STUCK)
    assert turns == ["ben", "marshall", "ben", "marshall"]


def test_routes_for_the_same_people_share_their_turns(bench: Bench) -> None:
    assert [told(bench, text) for text in (QUOTE, SCOPE, QUOTE)] == [["ben"], ["marshall"], ["ben"]]


def test_one_mail_with_two_matters_for_the_same_two_people_reaches_one_of_them(
    bench: Bench,
) -> None:
    assert told(bench, f"{QUOTE} {SCOPE}") == ["ben"]
    assert told(bench, f"{SCOPE} {QUOTE}") == ["marshall"]


def test_turns_go_on_where_they_were_after_a_restart(tmp_path: Path, bench: Bench) -> None:
    assert told(bench, QUOTE) == ["ben"]
    again = make_bench(tmp_path, SALES)
    again.uid = bench.uid
    assert told(again, QUOTE) == ["marshall"]


def test_a_further_mail_of_a_case_stays_with_whoever_has_heard(bench: Bench) -> None:
    first = bench.judge(QUOTE, message_id="<a@client.example>")
    more = bench.judge(SCOPE, headers="In-Reply-To: <a@client.example>\r\n")
    assert more.case_id == first.case_id
    assert (first.recipients, more.recipients) == (("Ben",), ("Ben",))


def test_when_the_one_in_turn_is_away_the_other_hears_and_keeps_their_own_turns(
    tmp_path: Path,
) -> None:
    bench = make_bench(tmp_path, SALES)
    today = datetime.fromtimestamp(bench.clock(), UTC).date()
    without_ben = away(SALES, "ben", today, today)
    bench.decider = replace(bench.decider, policy=without_ben)
    assert [told(bench, QUOTE) for _ in range(2)] == [["marshall"], ["marshall"]]
    bench.clock.now += 24 * HOUR
    assert [told(bench, QUOTE) for _ in range(2)] == [["ben"], ["marshall"]]


def test_when_the_one_in_turn_is_silent_the_other_hears(bench: Bench) -> None:
    assert told(bench, QUOTE) == ["ben"]
    bench.sender.send_due()
    bench.clock.now += 9 * HOUR
    bench.follow_up.run_due(bench.clock())
    with bench.store.read() as tx:
        later = [(r.recipient, r.occasion) for r in outbox.briefs_of_case(tx, 1)][1:]
    assert ("marshall@firm.example", "level") in later
    assert "nora@firm.example" not in [recipient for recipient, _ in later]


# ---- All of them, and several tags ---------------------------------------------------------------


def test_all_of_a_route_hear_each_time(bench: Bench) -> None:
    assert [told(bench, STUCK) for _ in range(2)] == [["ben", "nora"], ["ben", "nora"]]


def test_several_tags_tell_everybody_named_and_wait_as_long_as_the_strictest(bench: Bench) -> None:
    begun = bench.clock()
    assert told(bench, f"{STUCK} {SCOPE} I am disappointed.") == ["ben", "marshall", "nora"]
    with bench.store.read() as tx:
        case = cases.get(tx, 1)
        level = [timer.due_at for timer in timers.waiting(tx, 1) if timer.kind == "level"]
    assert set(case.tags) == {"blocker", "scope_mismatch", "dissatisfaction"}
    assert case.urgency is Urgency.HIGH
    assert level == [begun + 2 * HOUR]


def test_a_tag_that_comes_later_makes_the_case_as_strict_as_it_is(bench: Bench) -> None:
    told(bench, QUOTE, message_id="<a@c.example>", sender="dana@c.example")
    bench.clock.now += HOUR
    more = {"headers": "In-Reply-To: <a@c.example>\r\n", "sender": "dana@c.example"}
    assert set(told(bench, STUCK, **more)) == {"ben", "nora"}
    with bench.store.read() as tx:
        level = [timer.due_at for timer in timers.waiting(tx, 1) if timer.kind == "level"]
    assert min(level) == bench.clock() + 2 * HOUR


# ---- By the policy that ships --------------------------------------------------------------------


@pytest.fixture
def radial(tmp_path: Path) -> Bench:
    return make_bench(tmp_path, shipped(), make_firm())


def shipped() -> Policy:
    policy = load_policy(resource("data") / "demo" / "policy.toml")
    return replace(policy, skips=())  # none goes to all of management for its urgency


def staff(bench: Bench, text: str) -> list[str]:
    return told(bench, text, sender="Sam Hill <sam@radial.example>")


NOBODY_ANSWERS = (
    "I escalated it a week ago as the policy says and nobody has answered. "
    "I am stuck and do not know whom to escalate this to."
)


def test_trouble_with_the_process_reaches_all_of_management(radial: Bench) -> None:
    assert staff(radial, NOBODY_ANSWERS) == ["ben", "marshall"]


def test_trouble_with_the_process_of_sales_reaches_all_of_management_too(radial: Bench) -> None:
    """Although one or the other of them will do for sales."""
    trouble = NOBODY_ANSWERS.replace("I am stuck and", "The client wants a quote, and I")
    assert staff(radial, trouble) == ["ben", "marshall"]


def test_all_of_management_hears_of_it_by_a_deputy_where_one_is_away(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, shipped(), make_firm())
    today = datetime.fromtimestamp(bench.clock(), UTC).date()
    policy = away(shipped(), "ben", today, today)
    ben = replace(policy.people["ben"], deputy="nora")
    policy = replace(policy, people=policy.people | {"ben": ben})
    bench.decider = replace(bench.decider, policy=policy)
    assert staff(bench, NOBODY_ANSWERS) == ["marshall", "nora"]


ABOUT_BEN = (
    "I am disappointed by Ben West. He was rude to our team in the meeting and talked down to us; "
    "I do not want to work with him any more."
)


def test_a_complaint_about_a_person_is_not_copied_to_them(radial: Bench) -> None:
    assert told(radial, ABOUT_BEN) == ["marshall"]


def test_a_complaint_about_a_person_is_copied_to_them_when_a_manager_says_so(radial: Bench) -> None:
    told(radial, ABOUT_BEN)
    radial.sender.send_due()
    [brief] = radial.channel.delivered
    radial.clock.now += 60
    answer = radial.judge(
        "tell Ben",
        sender="marshall@radial.example",
        subject="Re: it",
        headers=f"In-Reply-To: {brief.message_id}\r\n",
    )
    assert answer.action == "acknowledged"
    radial.sender.send_due()
    assert "ben@radial.example" in [notice.recipient for notice in radial.channel.delivered]


def test_nobody_else_can_have_them_told(radial: Bench) -> None:
    told(radial, ABOUT_BEN)
    radial.sender.send_due()
    [brief] = radial.channel.delivered
    headers = f"In-Reply-To: {brief.message_id}\r\n"
    radial.judge("tell Ben", sender="ben@radial.example", headers=headers)
    radial.judge("tell Ben", sender="dana@client2.example", headers=headers)
    radial.sender.send_due()
    assert "ben@radial.example" not in [notice.recipient for notice in radial.channel.delivered]


def test_an_ordinary_complaint_reaches_all_of_management(radial: Bench) -> None:
    text = "I am disappointed. The last delivery was full of errors and late again."
    assert told(radial, text) == ["ben", "marshall"]
