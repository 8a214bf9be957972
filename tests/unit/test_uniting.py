"""A person says that two cases are one matter: by reply, or at the machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from tests.steps import POLICY, Bench, make_bench
from triage.errors import NotFoundError
from triage.feedback import read, vocabulary_of
from triage.messages import Urgency
from triage.store import audit, cases, inbox, outbox
from triage.store.uniting import unite

if TYPE_CHECKING:
    from pathlib import Path

    from triage.messages import Outcome
    from triage.store.cases import Case
    from triage.store.outbox import OutboxRow

BEN, MARSHALL, NORA = "ben@firm.example", "marshall@firm.example", "nora@firm.example"


@dataclass
class Desk:
    """Two cases: the portal (1), of which Ben and Marshall hear, and the bill (2), Nora."""

    bench: Bench
    rows: dict[tuple[int, str], OutboxRow] = field(default_factory=dict)

    def case(self, number: int) -> Case:
        with self.bench.store.read() as tx:
            return cases.get(tx, number)

    def __post_init__(self) -> None:
        """Remember the briefs as they are before any merge."""
        with self.bench.store.read() as tx:
            for number in (1, 2):
                for row in outbox.of_case(tx, number):
                    self.rows[number, row.recipient] = row

    def answer(self, text: str, number: int, person: str = BEN) -> Outcome:
        self.bench.clock.now += 60
        row = self.rows[number, person]
        date = datetime.fromtimestamp(self.bench.clock.now, UTC)
        return self.bench.judge(
            text,
            sender=f"Somebody <{person}>",
            subject=f"Re: {row.subject}",
            headers=f"In-Reply-To: {row.rfc_id}\r\nDate: {date:%a, %d %b %Y %H:%M:%S +0000}\r\n",
            message_id=f"<a{self.bench.uid}@firm.example>",
        )

    def unite(self, one: int, other: int) -> tuple[Case, Case] | None:
        with self.bench.store.write() as tx:
            return unite(tx, one, other, by="ben", now=self.bench.clock())

    def told(self) -> list[str]:
        with self.bench.store.read() as tx:
            found = [r for r in outbox.unfinished(tx) if r.occasion == "confirmation"]
            mails = [
                message_from_bytes(outbox.notice(tx, r.id).content, policy=policy.default)
                for r in found
            ]
        return [str(mail.get_content()).splitlines()[0] for mail in mails]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    bench = make_bench(tmp_path)
    bench.judge("We are stuck.", subject="Portal", message_id="<p@client.example>")
    bench.clock.now += 600
    bench.judge(
        "Was this not included? We are stuck.",
        subject="Bill",
        sender="Omar <omar@client.example>",
        message_id="<b@client.example>",
    )
    return Desk(bench=bench)


def test_same_as_by_reply_makes_two_cases_one(desk: Desk) -> None:
    outcome = desk.answer("Same as 1", 2)
    assert (outcome.action, outcome.case_id) == ("acknowledged", 1)
    assert outcome.why == f"{BEN} answered: same as case 1"
    [told] = desk.told()
    assert told == (
        'Understood: "Bill" (case 2) and "Portal" (case 1) are one matter, case 1 from now on; '
        "nobody else is told."
    )
    stands, part = desk.case(1), desk.case(2)
    assert (stands.status, stands.acknowledged_by) == ("acknowledged", BEN)
    assert set(stands.tags) == {"blocker", "scope_mismatch"}
    assert set(stands.recipients) == {"ben", "marshall", "nora"}
    assert (part.status, part.merged_into) == ("resolved", 1)
    with desk.bench.store.read() as tx:
        assert [mail.subject for mail in inbox.of_case(tx, 1)][:2] == ["Portal", "Bill"]
        assert inbox.of_case(tx, 2) == []


def test_nobody_gets_another_brief(desk: Desk) -> None:
    before = [each for each in desk.bench.queued() if each[1] != "confirmation"]
    desk.answer("merge 1", 2)
    assert [each for each in desk.bench.queued() if each[1] != "confirmation"] == before


def test_a_case_that_one_has_not_heard_of_stays_as_it_is(desk: Desk) -> None:
    desk.answer("same as 1", 2, NORA)
    [told] = desk.told()
    assert told == (
        "You have had no brief of a case 1, so nothing was changed. "
        "The number of a case stands in the details of its briefs."
    )
    assert (desk.case(1).open, desk.case(2).merged_into) == (True, None)


def test_a_case_that_there_is_not_gets_the_same_words(desk: Desk) -> None:
    desk.answer("same as 4711", 2)
    assert "no brief of a case 4711" in desk.told()[0]


def test_one_s_own_number_beside_the_other_is_no_third_case(desk: Desk) -> None:
    desk.answer("merge 1 and 2", 2)
    assert desk.case(2).merged_into == 1


@pytest.mark.parametrize("text", ["merge 1 and 3", "same as 2", "not the same as 1", "same as 1?"])
def test_what_names_no_other_case_or_more_than_one_is_asked_about(desk: Desk, text: str) -> None:
    assert desk.answer(text, 2).action == "asked"
    assert desk.case(2).merged_into is None


def test_an_open_case_never_ends_up_in_a_closed_one(desk: Desk) -> None:
    desk.answer("done: reset", 1)
    desk.answer("same as 1", 2, MARSHALL)
    assert desk.case(1).merged_into == 2
    assert desk.case(2).open
    assert "case 2 from now on" in desk.told()[-1]
    assert desk.case(1).outcome == "reset"


def test_later_mails_of_either_thread_go_to_the_one_case(desk: Desk) -> None:
    desk.unite(1, 2)
    thread = "References: <b@client.example>\r\n"
    again = desk.bench.judge("Still stuck.", subject="Re: Bill", headers=thread)
    assert (again.action, again.case_id) == ("joined", 1)
    by_subject = desk.bench.judge("stuck", subject="Re: Bill", sender="Omar <omar@client.example>")
    assert (by_subject.action, by_subject.case_id) == ("joined", 1)


def test_an_answer_to_a_brief_of_the_merged_case_acts_on_the_one_that_stands(desk: Desk) -> None:
    desk.unite(1, 2)
    desk.answer("mine", 2, NORA)
    assert (desk.case(1).owner, desk.case(2).owner) == (NORA, "")
    assert "is yours" in desk.told()[0]


def test_what_has_been_merged_is_followed_to_the_end(desk: Desk) -> None:
    desk.bench.judge("I am disappointed.", subject="Call", message_id="<c@client.example>")
    desk.unite(2, 1)
    desk.unite(3, 2)
    assert [desk.case(each).merged_into for each in (1, 2, 3)] == [3, 3, None]
    desk.answer("same as 1", 1)
    assert "are one case already" in desk.told()[-1]
    assert desk.unite(1, 2) is None


def test_what_was_seen_in_one_of_them_is_seen(desk: Desk) -> None:
    desk.answer("mine", 1)
    desk.unite(2, 1)
    case = desk.case(2)
    assert (case.status, case.owner, case.urgency) == ("acknowledged", BEN, Urgency.HIGH)
    assert case.opened_at == desk.case(1).opened_at


def test_while_nobody_has_answered_either_the_reminder_still_comes(desk: Desk) -> None:
    desk.bench.sender.send_due()
    desk.unite(1, 2)
    desk.bench.clock.now += 3600
    assert desk.bench.follow_up.run_due(desk.bench.clock()) >= 1
    assert ("ben@firm.example", "reminder") in desk.bench.queued()


def test_the_trail_of_both_tells_it(desk: Desk) -> None:
    desk.unite(1, 2)
    with desk.bench.store.read() as tx:
        last = [audit.of_case(tx, each)[-1] for each in (1, 2)]
    assert [each.action for each in last] == ["merged", "merged"]
    assert "with case 2" in last[0].detail
    assert "into case 1" in last[1].detail


def test_a_case_that_is_not_there_is_said_so(desk: Desk) -> None:
    with pytest.raises(NotFoundError):
        desk.unite(1, 9)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("same as 12", (12,)),
        ("Same as 12.\n\nBen", (12,)),
        ("it's the same as case 12", (12,)),
        ("Merge with #12, thanks", (12,)),
        ("this is a duplicate of 12", (12,)),
        ("merge it into 12 please", (12,)),
        ("belongs to 12", (12,)),
        ("merge 12 and 15", (12, 15)),
        ("same as before", "free"),
        ("same as the one last week", "free"),
        ("part of 12 clients", "free"),
        ("case 12", "free"),
        ("12", "free"),
        ("maybe same as 12", "hedge"),
        ("I think it's the same as 12", "hedge"),
        ("not the same as 12", "unread"),
        ("same as 12?", "question"),
        ("mine, same as 12", "several"),
        ("done, same as 12", "several"),
        ("same as 12, not upsell", "several"),
    ],
)
def test_wordings(text: str, means: tuple[int, ...] | str) -> None:
    found = read(text, vocabulary_of(POLICY.routes), names=["Ben West"])
    if found.kind == "acknowledge":
        assert (means, found.explicit) == ("free", False)
    else:
        assert (found.cases or found.doubt) == means
