"""Kinds of issue through the pipeline: they decide who hears; whom a mail is about does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from tests.steps import FIRM, POLICY, Bench, make_bench, make_route
from triage.messages import Occasion, Outcome, Urgency
from triage.parsing import parse
from triage.policy import Kind, Level, Policy
from triage.policy_kinds import shipped_kinds
from triage.store import cases, inbox, issues, outbox, timers

if TYPE_CHECKING:
    from pathlib import Path

    from triage.store.outbox import OutboxRow

BEN, MARSHALL = "ben@firm.example", "marshall@firm.example"
NORA, PRIYA = "nora@firm.example", "priya@firm.example"
SAM = "Sam <sam@firm.example>"
PAY = "I am stuck: my salary for October has not been paid."
ABOUT_BEN = "I am stuck: my team leader Ben made remarks about me. I do not feel safe with him."


def make_kind(name: str, **changes: object) -> Kind:
    described = shipped_kinds()[name]
    kind = Kind(
        id=name,
        title=name.upper(),
        routes={},
        situations=described.situations,
        cues=described.cues,
        words=(name,),
    )
    return replace(kind, **changes)  # type: ignore[arg-type]


def kinds_policy(**changes: object) -> Policy:
    blocker = POLICY.routes["blocker"]
    unhappy = POLICY.routes["dissatisfaction"]
    hr = replace(blocker, title="HR", to=("ben", "priya"), urgency=Urgency.URGENT)
    hr = replace(hr, acknowledge_within_s=600)
    kinds = {
        "hr": make_kind("hr", routes={"blocker": hr}, spares_named=True),
        "equipment": make_kind(
            "equipment", routes={"blocker": make_route("blocker", "nora", title="Equipment")}
        ),
        "story": make_kind("story", routes={"blocker": blocker}),
        "person": make_kind("person", routes={"dissatisfaction": unhappy}, spares_named=True),
        "recovery": make_kind("recovery", routes={"dissatisfaction": unhappy}),
    }
    return replace(POLICY, kinds=kinds, **changes)  # type: ignore[arg-type]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path, kinds_policy())


def recipients(bench: Bench, case_id: int = 1) -> set[str]:
    with bench.store.read() as tx:
        return {row.recipient for row in outbox.briefs_of_case(tx, case_id)}


def brief_to(bench: Bench, person: str, case_id: int = 1) -> OutboxRow:
    with bench.store.read() as tx:
        rows = outbox.briefs_of_case(tx, case_id)
    return next(row for row in reversed(rows) if row.recipient == person)


def text_of(bench: Bench, row: OutboxRow) -> str:
    with bench.store.read() as tx:
        message = message_from_bytes(outbox.notice(tx, row.id).content, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def answer(bench: Bench, text: str, sender: str, case_id: int = 1) -> Outcome:
    bench.clock.now += 60
    row = brief_to(bench, sender, case_id)
    date = datetime.fromtimestamp(bench.clock.now, UTC)
    return bench.judge(
        text,
        sender=f"<{sender}>",
        subject=f"Re: {row.subject}",
        headers=f"In-Reply-To: {row.rfc_id}\r\nDate: {date:%a, %d %b %Y %H:%M:%S +0000}\r\n",
        message_id=f"<answer{bench.uid}@firm.example>",
    )


def last_confirmation(bench: Bench) -> str:
    with bench.store.read() as tx:
        rows = [row for row in outbox.unfinished(tx) if row.occasion == "confirmation"]
    return text_of(bench, rows[-1])


def spared(bench: Bench, case_id: int = 1) -> frozenset[str]:
    with bench.store.read() as tx:
        return issues.spared_people(tx, case_id)


def test_the_kind_decides_who_hears_how_urgently_and_within_which_time(bench: Bench) -> None:
    outcome = bench.judge(PAY, sender=SAM)
    assert set(outcome.recipients) == {"Ben", "Priya"}
    assert outcome.why == "HR (urgent)"
    with bench.store.read() as tx:
        [timer] = timers.waiting(tx, 1)
        assert timer.issue == "blocker:hr"
        assert timer.due_at == bench.clock() + 600
        assert issues.of_message(tx, 1)["blocker"].kind == "hr"
    text = text_of(bench, brief_to(bench, PRIYA))
    assert 'Kind: HR, since it is like "My salary has not been paid this month."' in text
    assert "Suggested answer: A staff matter" in text


def test_where_no_kind_is_clear_the_tags_own_route_applies(bench: Bench) -> None:
    outcome = bench.judge("There is some stuckness.")
    assert set(outcome.recipients) == {"Ben", "Marshall"}
    with bench.store.read() as tx:
        assert issues.of_message(tx, 1) == {}
        assert {timer.issue for timer in timers.waiting(tx, 1)} == {""}


def test_a_matter_about_somebody_is_not_copied_to_them(bench: Bench) -> None:
    outcome = bench.judge(ABOUT_BEN, sender=SAM)
    assert outcome.recipients == ("Priya",)
    assert spared(bench) == {"ben"}
    assert "Not told: Ben, whom the mail names" in text_of(bench, brief_to(bench, PRIYA))


def test_who_is_only_greeted_hears(bench: Bench) -> None:
    outcome = bench.judge(f"Hi Ben,\n\n{PAY}", sender=SAM)
    assert set(outcome.recipients) == {"Ben", "Priya"}


def test_a_complaint_about_the_only_person_of_a_route_reaches_somebody_else(bench: Bench) -> None:
    outcome = bench.judge("We are disappointed: your consultant Ben was rude to my team.")
    assert outcome.recipients == ("Priya",)  # the fallback person
    assert recipients(bench) == {PRIYA}


def test_a_complaint_that_names_everybody_still_reaches_the_fallback_person(bench: Bench) -> None:
    text = "We are disappointed: Ben, Marshall, Nora and Priya were rude to us, and Ben shouted."
    outcome = bench.judge(text)
    assert outcome.recipients == ("Priya",)


def test_a_later_mail_of_the_case_is_kept_from_them_too(bench: Bench) -> None:
    bench.judge(ABOUT_BEN, sender=SAM, message_id="<one@firm.example>")
    outcome = bench.judge(
        "Also they are disappointed now.",
        sender=SAM,
        subject="Re: Portal",
        headers="In-Reply-To: <one@firm.example>\r\n",
    )
    assert outcome.action == "escalated"
    assert BEN not in recipients(bench)


def test_levels_and_reminders_pass_them_by(tmp_path: Path) -> None:
    levels = {
        "one": Level(id="one", title="Level one", to=("ben", "marshall")),
        "all": Level(id="all", title="All of management", to=("ben", "marshall", "priya")),
    }
    bench = make_bench(tmp_path, kinds_policy(levels=levels))
    bench.judge(ABOUT_BEN, sender=SAM)
    assert "Ben" not in text_of(bench, brief_to(bench, PRIYA)).split("or it goes to")[1][:20]
    for _ in range(8):
        bench.sender.send_due()
        bench.clock.now += 7_200
        bench.follow_up.run_due(bench.clock())
    assert recipients(bench) == {PRIYA, MARSHALL}


def test_a_brief_that_cannot_be_delivered_goes_to_somebody_else_than_them(bench: Bench) -> None:
    bench.judge(ABOUT_BEN, sender=SAM)
    row = brief_to(bench, PRIYA)
    with bench.store.write() as tx:
        bench.follow_up.rewriter.tell_of_failure(tx, row, "no such mailbox", bench.clock())
    assert BEN not in recipients(bench)
    assert recipients(bench) - {PRIYA} <= {MARSHALL, NORA}
    assert len(recipients(bench)) == 2


def test_somebody_who_was_told_may_have_them_told(bench: Bench) -> None:
    bench.judge(ABOUT_BEN, sender=SAM)
    outcome = answer(bench, "tell Ben", PRIYA)
    assert outcome.why == "priya@firm.example answered: tell"
    assert last_confirmation(bench).startswith('Understood: Ben gets a brief about "Portal"')
    assert "Priya wants you to know of it." in text_of(bench, brief_to(bench, BEN))
    assert spared(bench) == frozenset()
    with bench.store.read() as tx:
        assert "ben" in cases.get(tx, 1).recipients


def test_who_was_told_by_hand_stays_told(bench: Bench) -> None:
    bench.judge(ABOUT_BEN, sender=SAM, message_id="<one@firm.example>")
    answer(bench, "tell Ben", PRIYA)
    bench.judge(
        f"{ABOUT_BEN} And now they are disappointed too.",
        sender=SAM,
        subject="Re: Portal",
        headers="In-Reply-To: <one@firm.example>\r\n",
    )
    assert spared(bench) == frozenset()


def test_telling_somebody_who_had_a_brief_sends_no_second_one(bench: Bench) -> None:
    bench.judge(PAY, sender=SAM)
    answer(bench, "tell Ben and Nora", PRIYA)
    assert "Nora gets a brief" in last_confirmation(bench)
    assert "; Ben had one" in last_confirmation(bench)
    answer(bench, "tell Nora", PRIYA)
    assert last_confirmation(bench).startswith("Understood, and Nora had a brief")
    with bench.store.read() as tx:
        to_nora = [r for r in outbox.briefs_of_case(tx, 1) if r.recipient == NORA]
    assert len(to_nora) == 1


def test_a_kind_is_corrected_by_a_word_and_who_must_know_of_it_hears(bench: Bench) -> None:
    bench.judge("We are stuck.")
    outcome = answer(bench, "hr", BEN)
    assert outcome.why == "ben@firm.example answered: hr"
    with bench.store.read() as tx:
        found = issues.of_message(tx, 1)["blocker"]
        assert (found.kind, found.by) == ("hr", BEN)
        assert cases.get(tx, 1).urgency is Urgency.URGENT
    assert recipients(bench) == {BEN, MARSHALL, PRIYA}
    assert last_confirmation(bench).startswith("Understood: it is: HR.")
    assert "Priya gets a brief" in last_confirmation(bench)
    text = text_of(bench, brief_to(bench, PRIYA))
    assert "tagged it: HR" in text
    assert "Kind: HR, since Ben says so." in text


def test_a_kind_of_another_tag_brings_that_tag(bench: Bench) -> None:
    bench.judge("It was included.")
    answer(bench, "equipment", NORA)
    with bench.store.read() as tx:
        assert cases.get(tx, 1).tags == ("blocker",)
        assert issues.of_message(tx, 1)["blocker"].kind == "equipment"


def test_a_denied_kind_goes_and_its_tag_stays(bench: Bench) -> None:
    bench.judge(PAY, sender=SAM)
    answer(bench, "not hr", BEN)
    with bench.store.read() as tx:
        assert issues.of_message(tx, 1)["blocker"].kind == ""
        assert cases.get(tx, 1).tags == ("blocker",)
    assert "Understood: not: HR." in last_confirmation(bench)
    assert recipients(bench) == {BEN, PRIYA, MARSHALL}  # the plain route's own people


def test_two_kinds_for_one_tag_are_asked_about(bench: Bench) -> None:
    bench.judge(PAY, sender=SAM)
    outcome = answer(bench, "hr and equipment", BEN)
    assert outcome.action == "asked"
    with bench.store.read() as tx:
        assert issues.of_message(tx, 1)["blocker"].by == ""


def test_a_reminder_keeps_the_kind(bench: Bench) -> None:
    bench.judge(PAY, sender=SAM)
    with bench.store.write() as tx:
        people = [bench.follow_up.rewriter.policy.people["ben"]]
        bench.follow_up.rewriter.write(
            tx,
            case_id=1,
            message_id=1,
            occasion=Occasion.REMINDER,
            people=people,
            now=bench.clock(),
        )
    assert "Why you: HR" in text_of(bench, brief_to(bench, BEN))


def test_a_kind_that_the_policy_has_dropped_counts_for_nothing(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, kinds_policy())
    bench.judge(PAY, sender=SAM)
    plain = replace(bench.follow_up.rewriter, policy=POLICY)
    with bench.store.write() as tx:
        email = parse(inbox.load(tx, 1).raw.content)
        given = plain.issues.of_case(tx, 1, ["blocker"], email, now=bench.clock())
    assert given.key == ""


def outsider_policy() -> Policy:
    """A policy of which one person writes from outside the firm's own domain."""
    people = dict(POLICY.people)
    people["nora"] = replace(people["nora"], address="nora@client.example")
    return replace(kinds_policy(), people=people)


@pytest.mark.parametrize("header", ["Cc: Nora <nora@client.example>\r\n", "", "sender"])
def test_nobody_who_takes_part_in_a_mail_from_outside_ever_gets_a_brief(
    tmp_path: Path, header: str
) -> None:
    bench = make_bench(tmp_path, outsider_policy(), FIRM)
    sender = "Nora <nora@client.example>" if header == "sender" else "Dana <dana@client.example>"
    headers = header if header.startswith("Cc") else "Cc: nora@client.example\r\n"
    bench.judge("It was included and we are stuck.", sender=sender, headers=headers)
    answer(bench, "tell Nora", BEN)
    assert "Not written to: Nora" in last_confirmation(bench)
    row = brief_to(bench, BEN)
    with bench.store.write() as tx:
        bench.follow_up.rewriter.tell_of_failure(tx, row, "full", bench.clock())
    bench.clock.now += 86_400
    bench.follow_up.run_due(bench.clock())
    answer(bench, "also upsell", BEN)
    assert "nora@client.example" not in recipients(bench)
