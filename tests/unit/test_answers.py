"""Answers to briefs in the pipeline: who may command, what happens, and what is told to whom."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from tests.steps import POLICY, Bench, make_bench
from triage.messages import LOOP_HEADER, DeliveryStatus
from triage.pipeline.confirm import MOST_A_DAY
from triage.rendering.ids import reference_of
from triage.store import audit, cases, inbox, labels, outbox

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    from triage.messages import Outcome
    from triage.store.cases import Case
    from triage.store.outbox import OutboxRow

BEN, MARSHALL, NORA = "ben@firm.example", "marshall@firm.example", "nora@firm.example"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def briefs(bench: Bench, case_id: int = 1) -> list[OutboxRow]:
    with bench.store.read() as tx:
        return outbox.briefs_of_case(tx, case_id)


def brief_to(bench: Bench, person: str = BEN, case_id: int = 1) -> OutboxRow:
    return next(row for row in reversed(briefs(bench, case_id)) if row.recipient == person)


def case_of(bench: Bench, case_id: int = 1) -> Case:
    with bench.store.read() as tx:
        return cases.get(tx, case_id)


def answer(
    bench: Bench,
    text: str,
    *,
    to: OutboxRow | None = None,
    sender: str = BEN,
    message_id: str = "",
    **changes: object,
) -> Outcome:
    """Somebody answers a brief, a minute after whatever happened last."""
    bench.clock.now += 60
    row = to or brief_to(bench)
    date = datetime.fromtimestamp(bench.clock.now, UTC)
    given = {
        "subject": f"Re: {row.subject}",
        "headers": f"In-Reply-To: {row.rfc_id}\r\nDate: {date:%a, %d %b %Y %H:%M:%S +0000}\r\n",
        "message_id": message_id or f"<answer{bench.uid}@firm.example>",
    }
    return bench.judge(text, sender=f"Ben <{sender}>", **{**given, **changes})


def told(bench: Bench) -> list[tuple[str, str]]:
    """Confirmations so far: to whom, and the line that says what was understood."""
    with bench.store.read() as tx:
        rows = [row for row in outbox.unfinished(tx) if row.occasion == "confirmation"]
        return [(row.recipient, words(outbox.notice(tx, row.id).content)) for row in rows]


def words(content: bytes) -> str:
    return str(mail_of(content).get_content()).splitlines()[0]


def mail_of(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def last_label(bench: Bench) -> labels.Label:
    with bench.store.read() as tx:
        return labels.newest(tx)[-1]


# ------------------------------------------------------------------------------- the gestures


def test_ok_acknowledges_and_is_confirmed(bench: Bench) -> None:
    bench.judge("We are stuck.", subject="Budget question")
    outcome = answer(bench, "ok")
    assert (outcome.action, outcome.case_id) == ("acknowledged", 1)
    assert case_of(bench).acknowledged_by == BEN
    said = 'Understood: you have seen "Budget question" (case 1). No reminder follows.'
    assert told(bench) == [(BEN, said)]


def test_mine_makes_the_case_ones_own(bench: Bench) -> None:
    bench.judge("We are stuck.")
    answer(bench, "mine")
    assert (case_of(bench).owner, case_of(bench).status) == (BEN, "acknowledged")
    assert told(bench)[0][1] == 'Understood: "Portal" (case 1) is yours; nobody else is told.'
    answer(bench, "Mine!", to=brief_to(bench, MARSHALL), sender=MARSHALL)
    assert case_of(bench).owner == MARSHALL
    assert "is yours, no longer Ben's; nobody else is told" in told(bench)[1][1]


def test_later_briefs_and_show_say_whose_a_case_is(bench: Bench) -> None:
    bench.judge("We are stuck.", message_id="<a@client.example>")
    answer(bench, "mine")
    bench.judge("I am disappointed.", headers="References: <a@client.example>\r\n")
    with bench.store.read() as tx:
        content = outbox.notice(tx, brief_to(bench).id).content
    for kind in ("plain", "html"):
        part = mail_of(content).get_body((kind,))
        assert part is not None
        assert f", owned by {BEN}" in part.get_content()


def test_done_closes_the_case_with_the_rest_of_the_line_as_outcome(bench: Bench) -> None:
    bench.judge("We are stuck.")
    answer(bench, "Done: credit agreed\r\n\r\nBen")
    assert (case_of(bench).status, case_of(bench).outcome) == ("resolved", "credit agreed")
    assert 'is closed: "credit agreed"; nobody else is told.' in told(bench)[0][1]
    answer(bench, "done")
    assert "was closed before" in told(bench)[1][1]
    assert case_of(bench).outcome == "credit agreed"


def test_none_closes_the_case_as_not_an_escalation_and_stops_its_timers(bench: Bench) -> None:
    bench.judge("We are stuck.", subject="Budget question")
    bench.sender.send_due()
    answer(bench, "None")
    case = case_of(bench)
    assert (case.status, case.outcome, case.tags) == ("resolved", "not an escalation", ())
    label = last_label(bench)
    assert (label.tags, label.previous, label.by, label.how) == ((), ("blocker",), BEN, "reply")
    assert told(bench)[0][1] == (
        'Understood: not blocker. "Budget question" is now without a tag, and case 1 is closed '
        "as not an escalation; nobody else is told."
    )
    bench.clock.now += 1000
    assert bench.follow_up.run_due(bench.clock()) == 0


def test_not_a_tag_takes_it_away_and_leaves_the_others(bench: Bench) -> None:
    bench.judge("We are stuck and disappointed.")
    answer(bench, "not dissatisfaction")
    assert case_of(bench).tags == ("blocker",)
    assert case_of(bench).status == "acknowledged"
    assert last_label(bench).tags == ("blocker",)
    assert 'Understood: not dissatisfaction. "Portal" is now tagged blocker;' in told(bench)[0][1]


def test_a_new_tag_reaches_those_who_must_know_and_have_not_heard(bench: Bench) -> None:
    bench.judge("I am disappointed.")
    outcome = answer(bench, "Hi,\r\n\r\nthis is a blocker, not dissatisfaction.\r\n\r\nBen")
    assert outcome.action == "acknowledged"
    assert case_of(bench).tags == ("blocker",)
    assert [(row.recipient, row.occasion) for row in briefs(bench)] == [
        (BEN, "first"),
        (MARSHALL, "corrected"),
    ]
    with bench.store.read() as tx:
        content = outbox.notice(tx, brief_to(bench, MARSHALL).id).content
    text = str(mail_of(content).get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert "Ben, who got a brief about this mail, tagged it: Blocker." in " ".join(text.split())
    assert b"I am disappointed." in content  # with the original
    assert told(bench)[0][1].endswith('"Portal" is now tagged blocker; Marshall gets a brief.')


def test_the_new_reader_is_reminded_and_the_one_who_answered_is_not(bench: Bench) -> None:
    bench.judge("I am disappointed.")
    answer(bench, "blocker")
    assert case_of(bench).status == "open"  # Marshall has yet to answer
    bench.sender.send_due()
    bench.clock.now += 61
    assert bench.follow_up.run_due(bench.clock()) == 1
    assert bench.queued() == [(MARSHALL, "reminder")]
    with bench.store.read() as tx:
        row = brief_to(bench, MARSHALL)
        assert "Blocker" in outbox.get(tx, row.id).subject  # as corrected, not as classified


def test_a_tag_that_everybody_concerned_knows_of_tells_nobody(bench: Bench) -> None:
    bench.judge("We are stuck.")
    answer(bench, "dissatisfaction")  # is Ben's business alone
    assert len(briefs(bench)) == 2
    assert case_of(bench).status == "acknowledged"
    assert told(bench)[0][1].endswith("is now tagged dissatisfaction; nobody else is told.")


def test_the_urgency_follows_the_tags(bench: Bench) -> None:
    bench.judge("We are stuck.")
    before = case_of(bench).urgency
    answer(bench, "scope_mismatch")
    assert case_of(bench).urgency < before


def test_saying_that_the_tags_are_right_is_a_label_and_changes_nothing(bench: Bench) -> None:
    bench.judge("We are stuck.")
    answer(bench, "blocker")
    assert (last_label(bench).tags, last_label(bench).previous) == (("blocker",), ("blocker",))
    assert "nothing to change" in told(bench)[0][1]


def test_an_unreadable_mail_can_be_tagged_by_hand(bench: Bench) -> None:
    bench.judge("", content=b"From: d@client.example\r\nX: " + b"a" * 200_000 + b"\r\n\r\nbody")
    row = brief_to(bench, "priya@firm.example")
    answer(bench, "blocker", to=row, sender="priya@firm.example")
    assert case_of(bench).tags == ("blocker",)
    assert [row.recipient for row in briefs(bench)] == [
        "priya@firm.example",
        "ben@firm.example",
        "marshall@firm.example",
    ]


def test_a_case_of_several_mails_keeps_what_the_others_brought(bench: Bench) -> None:
    bench.judge("We are stuck.", message_id="<a@client.example>")
    bench.judge("I am disappointed.", headers="References: <a@client.example>\r\n")
    answer(bench, "none", to=brief_to(bench))  # about the second mail
    assert case_of(bench).tags == ("blocker",)
    assert "is now without a tag, and case 1 tagged blocker;" in told(bench)[0][1]
    answer(bench, "not blocker", to=brief_to(bench))  # came from the first one
    assert case_of(bench).status == "resolved"
    with bench.store.read() as tx:
        assert [label.tags for label in labels.newest(tx)] == [(), ()]


def test_a_done_case_that_turns_out_to_be_more_is_opened_again(bench: Bench) -> None:
    bench.judge("I am disappointed.")
    answer(bench, "done")
    answer(bench, "also blocker")
    assert (case_of(bench).status, case_of(bench).outcome) == ("open", "")
    assert briefs(bench)[-1].recipient == MARSHALL


def test_free_text_acknowledges_without_a_label_or_a_mail(bench: Bench) -> None:
    bench.judge("We are stuck.")
    outcome = answer(bench, "I will call them this afternoon and report back tomorrow.")
    assert outcome.action == "acknowledged"
    assert case_of(bench).status == "acknowledged"
    assert told(bench) == []
    with bench.store.read() as tx:
        assert labels.newest(tx) == []


@pytest.mark.parametrize(
    "text",
    [
        "why did I get this?",
        "ok but not sure it's upsell?",
        "mine, not blocker",
        "not mine",
        "maybe",
    ],
)
def test_an_unclear_answer_changes_nothing_and_gets_a_question(bench: Bench, text: str) -> None:
    bench.judge("We are stuck.")
    before = case_of(bench)
    assert answer(bench, text).action == "asked"
    assert case_of(bench) == before
    with bench.store.read() as tx:
        assert labels.newest(tx) == []
        [row] = [row for row in outbox.unfinished(tx) if row.occasion == "confirmation"]
        text = str(mail_of(outbox.notice(tx, row.id).content).get_content())
    assert "nothing was changed" in text
    assert "ok, mine, done, not blocker, none, or the right tags (blocker, upsell" in text


def test_the_question_can_be_answered(bench: Bench) -> None:
    bench.judge("We are stuck.")
    answer(bench, "is this really a blocker?")
    with bench.store.read() as tx:
        [question] = [row for row in outbox.unfinished(tx) if row.occasion == "confirmation"]
    assert answer(bench, "none", to=question).action == "acknowledged"
    assert case_of(bench).outcome == "not an escalation"
    assert last_label(bench).message_id == 1


# ------------------------------------------------------------------------------- who may command


def unchanged(bench: Bench) -> bool:
    with bench.store.read() as tx:
        return cases.get(tx, 1).tags == ("blocker",) and labels.newest(tx) == []


@pytest.mark.parametrize("sender", ["dana@client.example", "eve@evil.example", NORA, MARSHALL])
def test_nobody_but_the_recipient_of_that_very_brief_commands(bench: Bench, sender: str) -> None:
    bench.judge("We are stuck.")
    outcome = answer(bench, "none", to=brief_to(bench, BEN), sender=sender)
    assert outcome.action == "left"  # an ordinary mail without a tag
    assert unchanged(bench)
    assert told(bench) == []


def test_a_made_up_id_is_no_brief(bench: Bench) -> None:
    bench.judge("We are stuck.")
    real = brief_to(bench).rfc_id
    for made_up in (f"<{'0' * 40}.{'a' * 16}@firm.example>", real.replace("@", "x@")):
        answer(bench, "none", headers=f"In-Reply-To: {made_up}\r\n")
        assert unchanged(bench)


def test_under_another_key_an_answer_only_acknowledges(bench: Bench) -> None:
    bench.judge("We are stuck.")
    writer = replace(bench.decider.writer, key=b"another key" * 4)
    bench.decider = replace(bench.decider, writer=writer)
    assert answer(bench, "none").action == "acknowledged"
    assert unchanged(bench)
    assert case_of(bench).status == "acknowledged"
    assert told(bench) == []


def test_briefs_from_before_the_signature_are_acknowledged_as_ever(bench: Bench) -> None:
    bench.judge("We are stuck.")
    unsigned = f"<{'0' * 40}@firm.example>"
    with bench.store.write() as tx:
        tx.exec_driver_sql("update outbox set rfc_id = ? where id = 1", (unsigned,))
    assert answer(bench, "none", headers=f"References: {unsigned}\r\n").action == "acknowledged"
    assert unchanged(bench)
    assert case_of(bench).acknowledged_by == BEN


def test_somebody_who_is_no_longer_in_the_policy_corrects_nothing(bench: Bench) -> None:
    bench.judge("We are stuck.")
    people = {key: each for key, each in POLICY.people.items() if key != "ben"}
    bench.decider = replace(bench.decider, policy=replace(POLICY, people=people))
    assert answer(bench, "none").action == "acknowledged"
    assert unchanged(bench)
    assert told(bench) == []


def test_the_same_answer_twice_counts_once(bench: Bench) -> None:
    bench.judge("We are stuck.")
    answer(bench, "not blocker", message_id="<same@firm.example>")
    answer(bench, "blocker")
    again = answer(bench, "not blocker", message_id="<same@firm.example>")
    assert again.action == "duplicate"
    assert last_label(bench).tags == ("blocker",)
    assert len(told(bench)) == 2


def test_a_replay_under_another_message_id_is_no_command(bench: Bench) -> None:
    bench.judge("We are stuck.")
    row = brief_to(bench)
    headers = f"In-Reply-To: {row.rfc_id}\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\n"
    answer(bench, "none", headers=headers)
    answer(bench, "blocker")
    again = answer(bench, "none", headers=headers, message_id="<fresh@firm.example>")
    assert again.action == "duplicate"
    assert case_of(bench).tags == ("blocker",)


def test_an_old_answer_that_comes_late_is_asked_about(bench: Bench) -> None:
    bench.judge("We are stuck.")
    row = brief_to(bench)
    bench.clock.now += 5000
    answer(bench, "mine")
    old = f"In-Reply-To: {row.rfc_id}\r\nDate: Fri, 15 Jan 2027 08:01:00 +0000\r\n"
    assert answer(bench, "none", headers=old).action == "asked"
    assert unchanged(bench)
    assert "written before an answer of yours" in told(bench)[-1][1]


@pytest.mark.parametrize(
    "headers",
    ["Auto-Submitted: auto-replied\r\n", "X-Autoreply: yes\r\n", f"{LOOP_HEADER}: x\r\n"],
)
def test_a_robot_commands_nothing(bench: Bench, headers: str) -> None:
    bench.judge("We are stuck.")
    refers = f"In-Reply-To: {brief_to(bench).rfc_id}\r\n"
    assert answer(bench, "none", headers=refers + headers).action == "not-triaged"
    assert (case_of(bench).status, told(bench)) == ("open", [])


def test_an_absence_note_without_any_mark_of_a_robot_is_no_answer(bench: Bench) -> None:
    bench.judge("We are stuck.")
    text = "Thank you.\r\nI am out of the office until Monday and will answer then."
    assert answer(bench, text).action == "not-triaged"
    assert (case_of(bench).status, told(bench)) == ("open", [])


def test_two_robots_do_not_talk_for_ever(bench: Bench) -> None:
    bench.judge("We are stuck.")
    for _ in range(MOST_A_DAY + 5):
        answer(bench, "What is this?")
    assert len(told(bench)) == MOST_A_DAY


# ------------------------------------------------------------------------------- the carriers


def reference(row: OutboxRow) -> str:
    found = reference_of(row.rfc_id)
    assert found
    return found


def test_an_answer_by_link_is_known_by_the_reference_in_its_text(bench: Bench) -> None:
    bench.judge("We are stuck.")
    with bench.store.read() as tx:
        content = outbox.notice(tx, brief_to(bench).id).content
    html = str(mail_of(content).get_body(("html",)).get_content())  # type: ignore[union-attr]
    assert re.search(rf"body=none%0D%0A%0D%0ARef%3A%20{reference(brief_to(bench))}\"", html)
    body = f"none\r\n\r\nRef: {reference(brief_to(bench))}\r\n\r\nVon meinem iPhone gesendet"
    assert answer(bench, body, headers="").action == "acknowledged"
    assert case_of(bench).outcome == "not an escalation"


def test_an_answer_whose_relay_lost_the_ids_is_known_by_what_it_quotes(bench: Bench) -> None:
    bench.judge("We are stuck.")
    quoted = f"> Decided by: model\r\n> Reference:   {reference(brief_to(bench)).upper()}\r\n"
    assert answer(bench, f"none\r\n\r\nOn Tue, Triage wrote:\r\n{quoted}", headers="").action == (
        "acknowledged"
    )
    assert case_of(bench).status == "resolved"


@pytest.mark.parametrize("sender", [MARSHALL, "dana@client.example"])
def test_a_reference_serves_nobody_else(bench: Bench, sender: str) -> None:
    bench.judge("We are stuck.")
    text = f"none\r\n\r\nRef: {reference(brief_to(bench))}"
    assert answer(bench, text, headers="", sender=sender).action == "left"
    assert unchanged(bench)


def test_a_made_up_reference_is_nothing(bench: Bench) -> None:
    bench.judge("We are stuck.")
    forged = reference(brief_to(bench))[:12] + "a" * 16
    assert answer(bench, f"none\r\n\r\nRef: {forged}", headers="").action == "left"
    assert unchanged(bench)


def test_a_forwarded_brief_is_no_answer(bench: Bench) -> None:
    bench.judge("We are stuck.")
    text = f"none\r\n\r\nRef: {reference(brief_to(bench))}"
    assert answer(bench, text, headers="", subject="Fwd: brief").action == "left"
    assert unchanged(bench)


def test_an_answer_that_quotes_two_cases_is_about_neither(bench: Bench) -> None:
    bench.judge("We are stuck.")
    bench.judge("Stuck as well.", sender="omar@other.example", subject="Other")
    one, two = (reference(brief_to(bench, BEN, case)) for case in (1, 2))
    assert answer(bench, f"none\r\n> {one}\r\n> {two}", headers="").action == "left"
    asked = answer(bench, f"none\r\n\r\n> Reference: {two}", to=brief_to(bench, BEN, 1))
    assert asked.action == "asked"
    assert unchanged(bench)
    assert "quotes another" in told(bench)[0][1]


# ------------------------------------------------------------------------------- the confirmation


def test_a_confirmation_is_a_mail_that_no_robot_answers_in_the_same_thread(bench: Bench) -> None:
    bench.judge("We are stuck.", subject="Budget question")
    row = brief_to(bench)
    answer(bench, "ok", message_id="<a1@firm.example>")
    bench.sender.send_due()
    sent = mail_of(bench.channel.delivered[-1].content)
    assert sent["Auto-Submitted"] == "auto-replied"
    assert sent["In-Reply-To"] == "<a1@firm.example>"
    assert row.rfc_id in str(sent["References"])
    assert sent[LOOP_HEADER]
    assert sent["To"] == "Ben <ben@firm.example>"
    assert str(sent["Subject"]) == f"Re: {row.subject}"
    assert sent.get_content_type() == "text/plain"


def test_a_confirmation_that_cannot_be_delivered_bothers_nobody(bench: Bench) -> None:
    bench.judge("We are stuck.")
    bench.sender.send_due()
    answer(bench, "ok")
    bench.channel.script = [DeliveryStatus.REFUSED]
    bench.sender.send_due()
    assert bench.queued() == [(BEN, "confirmation")]
    with bench.store.read() as tx:
        assert [row.state for row in outbox.unfinished(tx)] == ["failed"]


def test_the_trail_tells_who_said_what(bench: Bench) -> None:
    bench.judge("We are stuck.")
    answer(bench, "mine")
    answer(bench, "not blocker")
    with bench.store.read() as tx:
        trail = [(entry.action, entry.detail) for entry in audit.of_case(tx, 1)]
        mails = inbox.of_case(tx, 1)
    assert ("taken", BEN) in trail
    assert ("labelled", f"blocker -> none by {BEN}") in trail
    assert ("resolved", "not an escalation") in trail
    assert mails[-1].why == f"{BEN} answered: not blocker"
