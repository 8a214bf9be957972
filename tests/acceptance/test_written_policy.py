"""The rules of the written policy, each as a mail goes through the steps by the policy that ships.

docs/policy-rules.md names the test that shows each rule; these are the ones that no other file
shows in whole.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from tests.factories import make_firm
from tests.steps import Bench, make_bench
from triage.policy_file import load_policy
from triage.resources import resource
from triage.store import audit, cases, outbox

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600
FIRM = make_firm(name="Radial", domains=("radial.example",))
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC).timestamp()
STAFF = "Leah Stone <leah@radial.example>"
CLIENT = "Dana Reyes <dana@northwind.example>"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = make_bench(tmp_path, load_policy(resource("data") / "demo" / "policy.toml"), FIRM)
    bench.clock.now = MONDAY
    return bench


def hears(bench: Bench, text: str, sender: str = CLIENT, **more: str) -> list[str]:
    """Who gets a brief of a new mail at this moment."""
    before = len(bench.channel.delivered)
    bench.receive(text, sender=sender, **more)  # type: ignore[arg-type]
    bench.decide()
    bench.sender.send_due()
    return sorted(n.recipient.partition("@")[0] for n in bench.channel.delivered[before:])


def mail_to(bench: Bench, person: str) -> EmailMessage:
    """The newest mail to somebody."""
    own = [n for n in bench.channel.delivered if n.recipient.startswith(f"{person}@")]
    mail = message_from_bytes(own[-1].content, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def text_to(bench: Bench, person: str) -> str:
    """Its plain text on one line."""
    part = mail_to(bench, person).get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


def pass_time(bench: Bench, hours: float) -> list[tuple[str, str]]:
    """Let hours pass; (person, occasion) of what is sent meanwhile."""
    before = len(bench.channel.delivered)
    until = bench.clock.now + hours * HOUR
    while bench.clock.now < until:
        bench.clock.now += 900
        bench.decide()
        bench.follow_up.run_due(bench.clock())
        bench.sender.send_due()
    found = []
    with bench.store.read() as tx:
        for notice in bench.channel.delivered[before:]:
            [row] = outbox.by_rfc_ids(tx, [notice.message_id])
            found.append((row.recipient.partition("@")[0], row.occasion))
    return found


BOTH, ONE = ["ben", "marshall"], "one of them"
SITUATIONS = {
    "equipment": (
        "I am stuck since my laptop does not start any more and I need another machine.",
        STAFF,
        "Equipment",
        BOTH,
    ),
    "human resources": (
        "I am stuck with my parental leave, nobody in HR can tell me how to apply for it.",
        STAFF,
        "Staff matter (HR)",
        BOTH,
    ),
    "a blocked story": (
        "We are stuck with the checkout story until we get access to the payment sandbox.",
        CLIENT,
        "Blocked work",
        BOTH,
    ),
    "customer recovery": (
        "We are disappointed with the quality of the report you delivered.",
        CLIENT,
        "Customer recovery",
        BOTH,
    ),
    "more work": (
        "Could you send us a quote for the second phase of the project?",
        CLIENT,
        "Sales: more work",
        ONE,
    ),
    "a connection through a client": (
        "A friend runs a firm that wants a quote; I would like to introduce you to her.",
        CLIENT,
        "Sales: introduction",
        ONE,
    ),
    "a take-away": (
        "The client said we may quote them in a case study about the migration.",
        STAFF,
        "Sales: something to market",
        ONE,
    ),
    "expectations against the scope": (
        "We assumed that training was included, it is not in the Scope of Work though.",
        CLIENT,
        "Scope: expectations",
        ONE,
    ),
    "unsure of our goals": (
        "It is not included in any brief: I am unsure what our goals for this engagement are.",
        STAFF,
        "Goals of the engagement unclear",
        ONE,
    ),
    "pressure against our values": (
        "He wants it included that we backdate the report, and puts me under pressure to do it.",
        STAFF,
        "Client pressure against our values",
        ONE,
    ),
    "trouble with following the process": (
        "I am stuck with the escalation process: nobody answers, I do not know who to escalate to.",
        STAFF,
        "Trouble with the process",
        BOTH,
    ),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_each_situation_of_the_policy_reaches_those_it_names_under_its_own_title(
    bench: Bench, name: str
) -> None:
    text, sender, title, who = SITUATIONS[name]
    told = hears(bench, text, sender)
    assert told == BOTH if who is BOTH else told in (["ben"], ["marshall"])
    brief = text_to(bench, told[0])
    assert title in brief
    assert title.partition(" (")[0].split(":")[0] in str(mail_to(bench, told[0])["Subject"])


@pytest.mark.parametrize("when", ["2026-03-02T10:00", "2026-03-07T23:40", "2026-04-03T04:00"])
def test_an_unhappy_client_is_told_of_at_once_at_any_hour(bench: Bench, when: str) -> None:
    bench.clock.now = datetime.fromisoformat(when).replace(tzinfo=UTC).timestamp()
    assert hears(bench, "We are disappointed with the deliverable.") == BOTH
    assert str(mail_to(bench, "ben")["Subject"]).startswith("[High]")


def test_all_information_goes_along_the_words_the_original_and_its_files(bench: Bench) -> None:
    hears(bench, "We are disappointed. The export lost 40 of our 900 rows.")
    [original] = mail_to(bench, "ben").iter_attachments()
    assert original.get_content_type() == "message/rfc822"
    assert "lost 40 of our 900 rows" in original.as_string()
    brief = text_to(bench, "ben")
    assert "The export lost 40 of our 900 rows." in brief
    assert "dana@northwind.example" in brief


def test_the_brief_of_a_complaint_apologises_and_promises_what_can_be_done(bench: Bench) -> None:
    hears(bench, "We are disappointed with how this goes.")
    brief = text_to(bench, "ben")
    assert "I am sorry" in brief
    assert "We will do what we can to put it right" in brief
    assert "apologise" in brief  # the next step


def test_a_colleague_who_reports_is_thanked_and_included(bench: Bench) -> None:
    hears(bench, "Northwind is disappointed with the report, Dana told me on the phone.", STAFF)
    brief = text_to(bench, "ben")
    assert "Hi Leah," in brief
    assert "Thank you for telling me at once" in brief
    assert "I would like you to be part of it" in brief


def test_a_complaint_reaches_more_than_one_of_us(bench: Bench) -> None:
    assert len(hears(bench, "We are disappointed, your invoice is wrong.")) > 1


def test_the_brief_of_a_blocked_story_has_the_note_that_marks_it_with_reason_and_person(
    bench: Bench,
) -> None:
    hears(bench, SITUATIONS["a blocked story"][0])
    note = text_to(bench, "marshall").partition("BLOCKED: ")[2]
    assert "We are stuck with the checkout story until we get access" in note
    assert "Assigned to: @Marshall Smith" in note


def test_a_resolution_is_recommended_credit_and_work_in_kind_before_a_refund(bench: Bench) -> None:
    hears(bench, "We are disappointed with the quality of the report you delivered.")
    resolution = text_to(bench, "ben").partition("Resolution: ")[2].lower()
    credit, refund = resolution.index("credit"), resolution.index("refund")
    assert credit < resolution.index("work in kind") < refund
    assert "only where nothing else is reasonable" in resolution


def test_where_no_resolution_is_recommended_the_reason_is_given(bench: Bench) -> None:
    [who] = hears(bench, SITUATIONS["expectations against the scope"][0])
    assert "Resolution: none recommended: it must be clear first what the Scope of Work says" in (
        text_to(bench, who)
    )


def test_who_the_client_is_and_what_was_before_stands_in_the_brief(bench: Bench) -> None:
    hears(bench, "We are disappointed with how this goes.", subject="Report")
    answer(bench, "ben", "done: explained")
    hears(bench, "We are disappointed again, with the invoice.", subject="Invoice")
    brief = text_to(bench, "ben")
    assert "Northwind" in brief
    assert "Second case in 30 days" in brief


def test_a_client_who_is_left_in_the_dark_is_brought_to_mind_and_nothing_is_sent_to_them(
    bench: Bench,
) -> None:
    hears(bench, "We are disappointed with how this goes.")
    assert "next word to them by Tue 3 Mar, 10:00" in text_to(bench, "ben")
    answer(bench, "ben", "mine")
    sent = pass_time(bench, 30)
    assert ("ben", "update") in sent
    assert "has waited for word since" in text_to(bench, "ben")


def test_a_matter_may_be_taken_and_handed_on(bench: Bench) -> None:
    hears(bench, SITUATIONS["equipment"][0], STAFF)
    answer(bench, "ben", "mine")
    with bench.store.read() as tx:
        assert cases.get(tx, 1).owner == "ben@radial.example"
    answer(bench, "ben", "tell Nora")
    assert ("nora", "corrected") in pass_time(bench, 0.5)


def answer(bench: Bench, person: str, words: str) -> None:
    """Somebody answers the newest brief they got."""
    brief = mail_to(bench, person)
    bench.clock.now += 60
    bench.receive(
        words,
        sender=f"{person}@radial.example",
        subject=f"Re: {brief['Subject']}",
        headers=f"In-Reply-To: {brief['Message-ID']}\r\n",
    )
    bench.decide()


def test_a_complaint_about_a_team_member_quotes_that_they_are_to_be_included_and_coached(
    bench: Bench,
) -> None:
    told = hears(bench, "I am disappointed: the way Nora Lind spoke to us was rude.")
    assert "nora" not in told
    brief = text_to(bench, told[0])
    assert "Complaint about a person" in brief
    assert "include the team member in the process, and coach them" in brief
    assert "tell Nora" in brief


def test_an_opportunity_asks_for_an_introduction_and_brings_the_mail_along(bench: Bench) -> None:
    [who] = hears(bench, SITUATIONS["a connection through a client"][0])
    brief = text_to(bench, who)
    assert "ask for a short mail that brings you together" in brief
    assert [part.get_content_type() for part in mail_to(bench, who).iter_attachments()] == [
        "message/rfc822"
    ]


def test_one_or_the_other_will_do_and_the_other_hears_when_nobody_answers(bench: Bench) -> None:
    [first] = hears(bench, SITUATIONS["more work"][0])
    [other] = {"ben", "marshall"} - {first}
    assert (other, "level") in pass_time(bench, 24 * 3)


def test_when_somebody_leaves_management_one_line_changes_who_hears_even_of_waiting_cases(
    bench: Bench, tmp_path: Path
) -> None:
    hears(bench, "We are disappointed with how this goes.")
    text = (resource("data") / "demo" / "policy.toml").read_text(encoding="utf-8")
    text = text.replace('management = ["ben", "marshall"]', 'management = ["priya"]', 1)
    (tmp_path / "policy.toml").write_text(text, encoding="utf-8")
    (tmp_path / "after").mkdir()
    later = make_bench(tmp_path / "after", load_policy(tmp_path / "policy.toml"), FIRM)
    later.store, later.channel, later.clock = bench.store, bench.channel, bench.clock
    bench.follow_up.rewriter = later.follow_up.rewriter
    assert ("priya", "level") in pass_time(bench, 30)


def test_a_brief_says_why_it_comes_what_to_do_and_by_when_and_suggests_the_answer(
    bench: Bench,
) -> None:
    hears(bench, "We are disappointed with how this goes.")
    brief = text_to(bench, "ben")
    assert "if a customer is not satisfied with a deliverable, product, or process" in brief
    assert "Call or answer the client today" in brief
    assert "Answer by Mon 2 Mar 2026, 15:00" in brief  # four hours of work, without lunch
    assert "Dear Dana Reyes," in brief


def test_who_was_reached_before_and_since_when_stands_in_the_brief_of_the_next_level(
    bench: Bench,
) -> None:
    hears(bench, "We are disappointed with how this goes.")
    pass_time(bench, 6)
    brief = text_to(bench, "nora")
    assert "Nobody has answered since Mon 2 Mar 2026, 10:00" in brief
    assert "Told so far: Ben West and Marshall Smith" in brief


def test_those_who_were_told_first_read_that_it_goes_on_before_it_does(bench: Bench) -> None:
    hears(bench, "We are disappointed with how this goes.")
    assert "or it goes to Nora Lind" in text_to(bench, "ben")
    sent = pass_time(bench, 6)
    assert sent.index(("ben", "reminder")) < sent.index(("nora", "level"))


def test_a_grave_matter_goes_to_all_of_management_at_once(bench: Bench) -> None:
    told = hears(bench, "Is that included? If not, our lawyer will call you.")
    assert told == BOTH  # the route alone would tell one of them
    assert str(mail_to(bench, "ben")["Subject"]).startswith("[Urgent]")


def test_a_client_who_speaks_of_leaving_or_of_money_is_urgent(bench: Bench) -> None:
    hears(bench, "We are disappointed and are looking for another agency.")
    assert str(mail_to(bench, "ben")["Subject"]).startswith("[Urgent]")
    assert "The client speaks of leaving." in text_to(bench, "ben")


def test_levels_are_not_skipped_without_a_rule(bench: Bench) -> None:
    hears(bench, "We are disappointed with how this goes.")
    sent = [each for each in pass_time(bench, 30) if each[1] == "level"]
    assert sent == [("nora", "level"), ("ben", "level"), ("marshall", "level")]


def test_an_answer_ends_it_and_nobody_is_bothered_any_more(bench: Bench) -> None:
    hears(bench, "We are disappointed with how this goes.")
    answer(bench, "ben", "done: credit agreed")
    assert {occasion for _, occasion in pass_time(bench, 48)} <= {"confirmation", "closing"}


@pytest.mark.parametrize(
    "text",
    [
        "Here is the agenda for Thursday.",
        "I confirm our appointment on Tuesday.",
        "Where do we stand with the project?",
    ],
)
def test_everyday_mail_is_left_alone(bench: Bench, text: str) -> None:
    assert hears(bench, text) == []


def test_each_step_is_written_down(bench: Bench) -> None:
    hears(bench, "We are disappointed with how this goes.")
    pass_time(bench, 6)
    answer(bench, "nora", "mine")
    with bench.store.read() as tx:
        trail = [entry.action for entry in audit.of_case(tx, 1)]
        rows = outbox.of_case(tx, 1)
    assert [step for step in trail if step != "sent"][:3] == ["escalated", "reminded", "raised"]
    assert {"acknowledged", "taken"} <= set(trail)
    assert all(row.policy for row in rows if row.occasion == "first")


def test_the_client_gets_nothing_whatever_happens(bench: Bench) -> None:
    for text, sender, _, _ in SITUATIONS.values():
        hears(bench, text, sender)
    pass_time(bench, 72)
    assert {n.recipient.partition("@")[2] for n in bench.channel.delivered} == {"radial.example"}
