"""How a case ended and whether it could happen again: asked for once, answered in any words."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from tests.steps import Bench, make_bench
from triage.store import audit, cases, issues, outbox

if TYPE_CHECKING:
    from pathlib import Path

    from triage.messages import Outcome
    from triage.store.cases import Case
    from triage.store.outbox import OutboxRow

BEN, MARSHALL = "ben@firm.example", "marshall@firm.example"
Recurs = bool | None
AGAIN, NEVER, UNSAID = True, False, None


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    opened = make_bench(tmp_path)
    opened.judge("We are stuck.")
    return opened


def rows(bench: Bench) -> list[OutboxRow]:
    with bench.store.read() as tx:
        return outbox.of_case(tx, 1)


def case_of(bench: Bench) -> Case:
    with bench.store.read() as tx:
        return cases.get(tx, 1)


def first_brief(bench: Bench, case: int) -> str:
    """Its text on one line."""
    with bench.store.read() as tx:
        row = outbox.briefs_of_case(tx, case)[0]
        mail = message_from_bytes(outbox.notice(tx, row.id).content, policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def answer(bench: Bench, text: str, *, to: str = "first", sender: str = BEN) -> Outcome:
    """Somebody answers the last mail of that occasion which they got, a minute later."""
    bench.clock.now += 60
    row = [r for r in rows(bench) if r.occasion == to and r.recipient == sender][-1]
    date = datetime.fromtimestamp(bench.clock.now, UTC)
    return bench.judge(
        text.replace("\n", "\r\n"),
        sender=f"Ben <{sender}>",
        subject=f"Re: {row.subject}",
        headers=f"In-Reply-To: {row.rfc_id}\r\nDate: {date:%a, %d %b %Y %H:%M:%S +0000}\r\n",
        message_id=f"<a{bench.uid}@firm.example>",
    )


def told(bench: Bench) -> list[str]:
    """The confirmations so far, without their reference line."""
    with bench.store.read() as tx:
        found = [row for row in outbox.of_case(tx, 1) if row.occasion == "confirmation"]
        mails = [
            message_from_bytes(outbox.notice(tx, r.id).content, policy=policy.default)
            for r in found
        ]
    words = [str(mail.get_content()).replace("\r\n", "\n") for mail in mails]
    return [each.partition("\n\nRef:")[0] for each in words]


AT_ONCE = [
    ("done: credited two hours, could happen again", "credited two hours", AGAIN),
    ("Done: credited two hours and it could happen again.", "credited two hours", AGAIN),
    ("done - reset their accounts, won't happen again", "reset their accounts", NEVER),
    ("Done. Refund of 200 agreed; unlikely to happen again", "Refund of 200 agreed", NEVER),
    ("done: they mistyped the address, it was a one-off", "they mistyped the address", NEVER),
    ("done: one-time thing, cleared by phone", "cleared by phone", NEVER),
    ("Thanks, done: new licence ordered. It will happen again", "new licence ordered", AGAIN),
    ("done: fixed the import\nCould happen again: yes", "fixed the import", AGAIN),
    ("done: fixed the import\n\nIt should not happen again.", "fixed the import", NEVER),
    ("done: password reset. Could it happen again? No", "password reset", NEVER),
    ("resolved: printer replaced, will surely happen again", "printer replaced", AGAIN),
    ("done: could recur", "", AGAIN),
    ("done, can't happen again", "", NEVER),
    ("done: credit agreed", "credit agreed", UNSAID),
    ("done: I hope it won't happen again", "I hope it won't happen again", UNSAID),
    (
        "done: called; not sure whether it could happen again",
        "called; not sure whether it could happen again",
        UNSAID,
    ),
    (
        "done: will happen again with each release until we automate it",
        "will happen again with each release until we automate it",
        AGAIN,
    ),
    ("done", "", UNSAID),
]
TO_THE_QUESTION = [
    ("credited two hours, yes", "credited two hours", AGAIN),
    ("Credited two hours. No.", "Credited two hours", NEVER),
    ("yes", "", AGAIN),
    ("No.\n\nBen", "", NEVER),
    ("No, credited two hours", "credited two hours", NEVER),
    ("Hi,\n\n1. credited two hours\n2. no\n\nBest,\nBen", "credited two hours", NEVER),
    ("Outcome: credit note sent\nAgain: no", "credit note sent", NEVER),
    ("They only wanted the old invoice - no", "They only wanted the old invoice", NEVER),
    ("Credited 2h, could recur", "Credited 2h", AGAIN),
    ("It can't happen again, the server is new", "the server is new", NEVER),
    ("Sent a new quote.\n\nYes.", "Sent a new quote", AGAIN),
    ("No further action was needed", "No further action was needed", UNSAID),
    ("thanks, no", "", NEVER),
    ("done: credited, could happen again", "credited", AGAIN),
    (
        "gave them two hours, hard to say whether it could happen again",
        "gave them two hours, hard to say whether it could happen again",
        UNSAID,
    ),
    ("Yes and no, depends on them", "Yes and no, depends on them", UNSAID),
    ("Yes, it was a one-off", "Yes, it was a one-off", UNSAID),
]


@pytest.mark.parametrize(("text", "outcome", "recurs"), AT_ONCE, ids=[each[0] for each in AT_ONCE])
def test_said_at_once(bench: Bench, text: str, outcome: str, recurs: Recurs) -> None:
    answer(bench, text)
    case = case_of(bench)
    assert (case.status, case.outcome, case.recurs) == ("resolved", outcome, recurs)
    said = bool(outcome) or recurs is not None
    assert (case.outcome_by, case.outcome_at) == ((BEN, bench.clock()) if said else ("", None))
    [mail] = told(bench)
    assert ("How did it end" in mail) == (not outcome)
    assert ("happen again, yes or no?" in mail) == (recurs is None)
    assert bool(case.outcome_asked) == (not outcome or recurs is None)


@pytest.mark.parametrize(
    ("text", "outcome", "recurs"), TO_THE_QUESTION, ids=[each[0] for each in TO_THE_QUESTION]
)
def test_said_to_the_question(bench: Bench, text: str, outcome: str, recurs: Recurs) -> None:
    answer(bench, "done")
    outcome_of = answer(bench, text, to="confirmation")
    assert outcome_of.action == "acknowledged", outcome_of
    case = case_of(bench)
    assert (case.status, case.outcome, case.recurs) == ("resolved", outcome, recurs)
    assert (case.outcome_by, case.outcome_at) == (BEN, bench.clock())
    assert len(told(bench)) == 2
    assert "Answer this mail" not in told(bench)[1]


def test_the_set_of_wordings_is_large() -> None:
    assert len(AT_ONCE) + len(TO_THE_QUESTION) >= 25


def test_the_mail_that_asks_reads_well(bench: Bench) -> None:
    answer(bench, "done")
    [asked] = told(bench)
    assert asked == (
        'Understood: "Portal" (case 1) is closed; nobody else is told.\n\n'
        "How did it end, in one line? And could it happen again, yes or no?\n"
        "Answer this mail, or leave it: the case is closed all the same."
    )
    answer(bench, "credited two hours, yes", to="confirmation")
    assert told(bench)[1] == (
        'Understood: "Portal" (case 1) ended like this: "credited two hours", '
        "and it could happen again."
    )


def test_nothing_is_asked_when_all_is_said(bench: Bench) -> None:
    answer(bench, "done: credited two hours, could happen again")
    [confirmed] = told(bench)
    assert confirmed == (
        'Understood: "Portal" (case 1) is closed: "credited two hours", '
        "and it could happen again; nobody else is told."
    )


def test_nobody_is_asked_twice(bench: Bench) -> None:
    answer(bench, "done")
    answer(bench, "done")
    answer(bench, "done", sender=MARSHALL)
    asking = [mail for mail in told(bench) if "How did it end" in mail]
    assert len(asking) == 1


def test_a_case_that_came_back_is_asked_about_anew(bench: Bench) -> None:
    answer(bench, "done: credited, could happen again")
    with bench.store.write() as tx:
        cases.extend(
            tx,
            1,
            tags=["blocker"],
            urgency=case_of(bench).urgency,
            recipients=["ben"],
            now=bench.clock(),
        )
    assert (case_of(bench).outcome, case_of(bench).recurs) == ("", None)
    answer(bench, "done")
    assert "How did it end" in told(bench)[-1]


@pytest.mark.parametrize("text", ["thanks", "OK", "Danke!\n\nBen"])
def test_thanks_for_the_question_are_no_outcome_and_get_no_answer(bench: Bench, text: str) -> None:
    answer(bench, "done")
    answer(bench, text, to="confirmation")
    assert (case_of(bench).outcome, len(told(bench))) == ("", 1)


@pytest.mark.parametrize("text", ["none", "wrong", "Why do you ask?", "what does that mean?"])
def test_what_may_mean_something_else_is_asked_about(bench: Bench, text: str) -> None:
    answer(bench, "done")
    assert answer(bench, text, to="confirmation").action == "asked"
    case = case_of(bench)
    assert (case.outcome, case.recurs, case.tags) == ("", None, ("blocker",))


def test_a_correction_in_answer_to_the_question_is_one(bench: Bench) -> None:
    answer(bench, "done")
    answer(bench, "also upsell", to="confirmation")
    assert case_of(bench).tags == ("blocker", "upsell")


def test_what_somebody_has_said_stays_and_what_is_missing_is_added(bench: Bench) -> None:
    answer(bench, "done: credited two hours")
    answer(bench, "done: something else, could happen again", sender=MARSHALL)
    case = case_of(bench)
    assert (case.outcome, case.recurs, case.outcome_by) == ("credited two hours", True, MARSHALL)


def test_words_to_a_confirmation_that_asked_nothing_are_free_text(bench: Bench) -> None:
    answer(bench, "mine")
    answer(bench, "credited two hours, yes", to="confirmation")
    assert (case_of(bench).status, case_of(bench).outcome) == ("acknowledged", "")


def test_the_next_brief_of_the_client_tells_how_the_last_case_ended(bench: Bench) -> None:
    answer(bench, "done: credited two hours, could happen again")
    bench.judge("I am disappointed.", subject="Bill", sender="Omar <omar@client.example>")
    said = "the last one ended: credited two hours (could happen again)"
    assert said in first_brief(bench, 2)
    with bench.store.write() as tx:
        issues.spare(tx, 1, {"ben"}, bench.clock())
    bench.judge("We are stuck again.", subject="Door", sender="Omar <omar@client.example>")
    assert "the last one ended" not in first_brief(bench, 3)


def test_what_no_person_has_said_is_no_outcome_to_tell(bench: Bench) -> None:
    answer(bench, "none")
    bench.judge("I am disappointed.", subject="Bill", sender="Omar <omar@client.example>")
    assert "ended" not in first_brief(bench, 2)


def test_the_trail_says_who_said_what(bench: Bench) -> None:
    answer(bench, "done")
    answer(bench, "credited two hours, yes", to="confirmation")
    with bench.store.read() as tx:
        trail = [(each.action, each.detail) for each in audit.of_case(tx, 1)]
    assert ("resolved", f"by {BEN}") in trail
    assert ("outcome", f"by {BEN}: credited two hours (could happen again)") in trail
