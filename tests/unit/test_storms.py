"""Storms of mail: many mails of one matter make one case, and none of them is lost in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.steps import POLICY, Bench, make_bench
from triage.policy import Level, Policy, Storms
from triage.store import audit, cases, inbox, outbox, storms
from triage.storms import words_of

if TYPE_CHECKING:
    from pathlib import Path

    from triage.messages import Outcome

HOUR = 3600
STORMY = replace(
    POLICY,
    storms=Storms(mails=3, within_s=HOUR),
    routes={tag: replace(route, acknowledge_within_s=None) for tag, route in POLICY.routes.items()},
)
UNREADABLE = b"\x00\x01\x02\x03" * 100
MATTERS = (
    "login",
    "invoice",
    "printer",
    "portal",
    "report",
    "server",
    "email",
    "backup",
    "table",
    "upload",
    "export",
    "search",
    "menu",
    "logo",
    "calendar",
    "chart",
    "colour",
    "button",
    "newsletter",
    "banner",
    "archive",
    "contact",
    "address",
    "map",
    "photo",
    "video",
    "price",
    "basket",
    "checkout",
    "coupon",
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path, STORMY)


def let_come(bench: Bench, number: int, **more: object) -> list[Outcome]:
    """So many mails of one client within half an hour, each about something else."""
    found = []
    for each in range(number):
        text = f"We are stuck with the {MATTERS[each]} since we changed the {MATTERS[each - 1]}."
        head: dict[str, object] = {"subject": f"The {MATTERS[each]}"}
        found.append(bench.judge(text, **(head | more)))
        bench.clock.now += 60
    return found


def outage(bench: Bench, number: int) -> Outcome:
    text = (
        f"We are stuck: the customer portal shows an error page after the login, ticket {number}."
    )
    return bench.judge(text, sender=f"user@firm{number}.example", subject=f"Help {number}")


def briefs(bench: Bench) -> Counter[str]:
    with bench.store.read() as tx:
        rows = [row for case in range(1, 40) for row in outbox.briefs_of_case(tx, case)]
    return Counter(row.occasion for row in rows)


def wait(bench: Bench, hours: float) -> None:
    for _ in range(round(hours * 4)):
        bench.clock.now += HOUR / 4
        bench.follow_up.run_due(bench.clock())
        bench.sender.send_due()


def last_text(bench: Bench) -> str:
    part = message_from_bytes(bench.channel.delivered[-1].content, policy=default)
    body = part.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def open_cases(bench: Bench) -> list[int]:
    with bench.store.read() as tx:
        return [case.id for case in cases.unresolved(tx)]


# ---- One client ----------------------------------------------------------------------------------


def test_thirty_mails_of_a_client_make_one_case_and_few_briefs(bench: Bench) -> None:
    outcomes = let_come(bench, 30)
    assert Counter(outcome.action for outcome in outcomes) == {"escalated": 3, "joined": 27}
    assert briefs(bench) == {"first": 6}  # three mails, two people
    assert open_cases(bench) == [1]
    wait(bench, 3)
    assert briefs(bench) == {"first": 6, "storm": 2}
    assert "And 27 more mails, " in last_text(bench)


def test_each_mail_is_accounted_for_with_its_reason(bench: Bench) -> None:
    let_come(bench, 30)
    with bench.store.read() as tx:
        mails = inbox.of_case(tx, 1)
        counts = inbox.outcomes(tx)
    assert len(mails) == sum(counts.values()) == 30
    whys = [mail.why for mail in mails if mail.action == "joined"]
    assert len(whys) == 27
    assert all("part of a storm" in why and "client.example" in why for why in whys)


def test_the_update_says_how_many_from_whom_and_about_what(bench: Bench) -> None:
    let_come(bench, 7)
    wait(bench, 2)
    text = last_text(bench)
    assert "And 4 more mails, " in text
    assert "they are all from client.example, with no other tag and no higher urgency" in text
    assert "Dana <dana@client.example>" in text
    assert '"The portal"' in text
    assert "1 other subject" in text
    assert bench.channel.delivered[-1].subject.startswith("[More mails, high] Blocker")


def test_an_answer_to_any_of_the_first_briefs_is_about_the_whole_case(bench: Bench) -> None:
    let_come(bench, 5)
    bench.sender.send_due()
    own = [n for n in bench.channel.delivered if n.recipient == "ben@firm.example"]
    bench.judge("mine", sender="ben@firm.example", headers=f"In-Reply-To: {own[2].message_id}\r\n")
    with bench.store.read() as tx:
        case = cases.get(tx, 1)
        parts = [cases.get(tx, each) for each in (2, 3)]
    assert (case.status, case.owner) == ("acknowledged", "ben@firm.example")
    assert [(part.status, part.merged_into) for part in parts] == [("resolved", 1)] * 2
    assert "part of case 1" in parts[0].outcome


def test_a_new_tag_in_a_storm_is_told_at_once(bench: Bench) -> None:
    let_come(bench, 5)
    worse = bench.judge("Now please send a quote as well.", subject="Another thing")
    assert (worse.action, worse.case_id) == ("escalated", 1)
    assert briefs(bench)["new-tag"] >= 1
    wait(bench, 2)
    assert "And 2 more mails" in last_text(bench)  # that one is not told twice
    with bench.store.read() as tx:
        assert [storm.mails for storm in storms.of_case(tx, 1)] == [2]


def test_a_more_urgent_mail_in_a_storm_is_told_at_once(bench: Bench) -> None:
    for each in range(5):
        bench.judge(f"I am disappointed by the {MATTERS[each]}.", subject=MATTERS[each])
    assert briefs(bench) == {"first": 3}
    bench.judge("I am disappointed and we will leave you.", subject="The end")
    assert briefs(bench) == {"first": 3, "worse": 1}


def test_few_mails_of_a_client_are_told_one_by_one(bench: Bench) -> None:
    let_come(bench, 3)
    assert briefs(bench) == {"first": 6}
    assert open_cases(bench) == [1, 2, 3]


def test_the_same_mails_over_a_day_are_no_storm(bench: Bench) -> None:
    for each in range(5):
        bench.judge(f"We are stuck with the {MATTERS[each]}.", subject=MATTERS[each])
        bench.clock.now += HOUR + 1
    assert briefs(bench) == {"first": 10}


def test_mails_of_a_client_about_different_matters_are_no_storm(bench: Bench) -> None:
    texts = ("We are stuck.", "It was included.", "Send a quote.", "I am disappointed.")
    for text in texts:
        bench.judge(text, subject=text)
    assert len(open_cases(bench)) == 4


def test_another_client_in_the_same_hour_is_told_although_a_storm_goes_on(bench: Bench) -> None:
    let_come(bench, 6)
    other = bench.judge("Send a quote, please.", sender="eve@other.example", subject="Offer")
    assert (other.action, other.case_id) == ("escalated", 4)


def test_other_clients_and_public_providers_are_not_drawn_into_it(bench: Bench) -> None:
    let_come(bench, 6)
    bench.judge("We are stuck with the fence.", sender="eve@other.example", subject="Fence")
    for name in ("a", "b", "c", "d"):
        sender = f"{name}@gmail.com"
        bench.judge(f"We are stuck with the {name * 9}.", sender=sender, subject=f"Hello {name}")
    assert len(open_cases(bench)) == 6


def test_our_own_people_are_no_client(bench: Bench) -> None:
    for each in range(6):
        bench.judge(
            f"We are stuck with the {MATTERS[each]}.",
            sender=f"{MATTERS[each]}@firm.example",
            subject=MATTERS[each],
        )
    assert len(open_cases(bench)) == 6


def test_a_mail_after_the_case_was_closed_opens_another(bench: Bench) -> None:
    let_come(bench, 5)
    with bench.store.write() as tx:
        cases.resolve(tx, 1, "done", bench.clock())
    again = bench.judge("We are stuck with the fence.", subject="Fence")
    assert again.action == "escalated"
    assert again.case_id == 4


def test_a_storm_that_does_not_end_is_told_of_all_the_same(bench: Bench) -> None:
    let_come(bench, 3)
    for each in range(40):
        bench.judge(f"We are stuck with the {MATTERS[each % 30]} {'x' * each}.", subject=f"N{each}")
        wait(bench, 0.25)
    assert briefs(bench)["storm"] >= 4  # two people, every four hours at the latest
    wait(bench, 5)
    with bench.store.read() as tx:
        assert all(s.told == s.mails and s.over_at for s in storms.of_case(tx, 1))
        assert sum(s.mails for s in storms.of_case(tx, 1)) == 40


def test_levels_go_on_for_a_storm_as_for_any_case(tmp_path: Path) -> None:
    policy = replace(
        STORMY,
        routes=POLICY.routes,
        levels={"all": Level(id="all", title="All", to=("nora",))},
    )
    bench = make_bench(tmp_path, policy)
    let_come(bench, 10)
    bench.sender.send_due()
    wait(bench, 3)
    assert briefs(bench)["level"] == 1
    assert briefs(bench)["reminder"] == 2


# ---- Many senders --------------------------------------------------------------------------------


def test_an_outage_makes_one_case(bench: Bench) -> None:
    actions = [outage(bench, number).action for number in range(20)]
    assert actions == ["escalated"] * 3 + ["joined"] * 17
    assert open_cases(bench) == [1]
    wait(bench, 2)
    text = last_text(bench)
    assert "And 17 more mails" in text
    assert "they say nearly the same" in text
    assert "14 other senders" in text


def test_many_senders_under_one_subject_make_one_case(bench: Bench) -> None:
    for each in range(6):
        bench.judge(
            f"Stuck here, {MATTERS[each]} {MATTERS[each + 9]}.",
            sender=f"user@firm{each}.example",
            subject="Re: Portal maintenance tonight",
        )
    assert open_cases(bench) == [1]


def test_a_subject_of_one_word_says_nothing(bench: Bench) -> None:
    for each in range(6):
        bench.judge(
            f"Stuck here, {MATTERS[each]} {MATTERS[each + 9]}.",
            sender=f"user@firm{each}.example",
            subject="Question",
        )
    assert len(open_cases(bench)) == 6


# ---- What cannot be read -------------------------------------------------------------------------


def test_could_not_read_briefs_are_capped_and_told_together(bench: Bench) -> None:
    outcomes = [bench.judge("", content=UNREADABLE + bytes([each])) for each in range(12)]
    assert Counter(o.action for o in outcomes) == {"unreadable": 3, "joined": 9}
    assert briefs(bench) == {"unreadable": 3}
    wait(bench, 2)
    assert briefs(bench) == {"unreadable": 3, "storm": 1}
    assert "And 9 more mails" in last_text(bench)
    assert "none of them can be read. From" in last_text(bench)
    assert bench.channel.delivered[-1].recipient == "priya@firm.example"


def test_what_cannot_be_read_hides_no_readable_mail(bench: Bench) -> None:
    for each in range(6):
        bench.judge("", content=UNREADABLE + bytes([each]))
    assert bench.judge("We are stuck.").action == "escalated"


# ---- Whatever comes ------------------------------------------------------------------------------

TEXTS = ("We are stuck with the {}.", "It was included: {}.", "I am disappointed by the {}.")


@st.composite
def bursts(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """Mails: (number of the sender, of the text, minutes since the one before)."""
    minutes = st.sampled_from((0, 0, 1, 2, 3, 5, 50))
    mail = st.tuples(st.integers(0, 1), st.sampled_from((0, 0, 1, 2)), minutes)
    return draw(st.lists(mail, min_size=8, max_size=14))


def test_every_mail_of_any_burst_is_told_alone_or_in_an_update(bench: Bench) -> None:
    joined = 0

    @settings(max_examples=12, deadline=None, derandomize=True)
    @given(bursts())
    def holds(mails: list[tuple[int, int, int]]) -> None:
        nonlocal joined
        bench.clock.now += 30 * 24 * HOUR
        stored = []
        for sender, text, minutes in mails:
            bench.clock.now += 60 * minutes
            word = "".join(chr(97 + (bench.uid * 7 + each * 5) % 26) for each in range(9))
            stored.append(
                bench.receive(
                    TEXTS[text].format(f"{word} {word[::-1]}"),
                    sender=f"dana@client{sender}.example",
                    subject=word,
                )
            )
            bench.decide()
            bench.follow_up.run_due(bench.clock())
        for _ in range(6):
            bench.clock.now += HOUR
            bench.follow_up.run_due(bench.clock())
        with bench.store.write() as tx:
            found = [inbox.decided(tx, each) for each in stored]
            alone = [mail for mail in found if mail.action == "escalated"]
            rows = [row for mail in alone for row in outbox.of_case(tx, mail.case_id or 0)]
            told = {row.message_id for row in rows}
            numbers = {mail.case_id for mail in found if mail.case_id}
            gales = [gale for number in numbers for gale in storms.of_case(tx, number)]
            inside = {each.message_id for gale in gales for each in storms.joined(tx, gale)}
            for mail in found:
                cases.resolve(tx, mail.case_id or 0, "done", bench.clock())
        assert {mail.id for mail in alone} <= told
        assert {mail.id for mail in found if mail.action != "escalated"} == inside
        assert all(gale.told == gale.mails and gale.over_at for gale in gales)
        assert sum(gale.mails for gale in gales) == len(inside)
        joined += len(inside)

    holds()
    assert joined > 5  # else it has tried nothing


# ---- Rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", [None, Storms(mails=0)])
def test_without_such_rules_each_mail_is_told(tmp_path: Path, rules: Storms | None) -> None:
    bench = make_bench(tmp_path, replace(STORMY, storms=rules))
    let_come(bench, 8)
    assert briefs(bench) == {"first": 16}


def test_the_rules_say_how_many_are_told_and_how_close_they_come(tmp_path: Path) -> None:
    policy: Policy = replace(STORMY, storms=Storms(mails=1, within_s=90))
    bench = make_bench(tmp_path, policy)
    let_come(bench, 4)  # a minute apart
    assert briefs(bench) == {"first": 2}
    bench.clock.now += 100
    bench.judge("We are stuck with the fence.", subject="Fence")
    assert briefs(bench) == {"first": 4}


def test_a_restart_in_the_middle_changes_nothing(tmp_path: Path, bench: Bench) -> None:
    let_come(bench, 6)
    again = make_bench(tmp_path, STORMY)
    again.uid, again.clock = bench.uid, bench.clock
    again.sender = replace(again.sender, clock=bench.clock)
    again.judge("We are stuck with the fence.", subject="Fence")
    wait(again, 3)
    assert briefs(again) == {"first": 6, "storm": 2}
    assert "And 4 more mails" in last_text(again)


def test_the_trail_tells_what_joined_and_what_was_told(bench: Bench) -> None:
    let_come(bench, 6)
    wait(bench, 2)
    with bench.store.read() as tx:
        trail = [(entry.action, entry.detail) for entry in audit.of_case(tx, 1)]
    actions = Counter(action for action, _ in trail)
    assert actions["joined"] == 3
    assert actions["merged"] == 2
    assert ("storm", "3 more mails told to Ben, Marshall") in trail


def test_words_of_a_mail_are_those_that_say_something() -> None:
    words = words_of("Re: Portal", "Hello, we have the portal error 42 since Monday. Best regards")
    assert words == {"portal", "error", "monday"}
