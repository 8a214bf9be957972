"""What a brief says about a mail, and that it says nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.api import Evidence
from tests.factories import (
    make_address,
    make_case,
    make_email,
    make_escalation,
    make_firm,
    make_raw,
    make_reason,
    make_verdict,
)
from tests.gallery import (
    every_tag,
    long_names,
    make_brief,
    new_tag,
    reminder,
    several_tags,
    staff_forward,
    staff_report,
    unreadable,
    worse_without_evidence,
)
from triage.messages import Address, Attachment, Occasion, Urgency
from triage.summary.people import first_name, name_and_address, organisation
from triage.summary.quoting import opening
from triage.summary.subject import LIMIT
from triage.summary.wording import clean_line, duration, listed, moment, shorten, size

if TYPE_CHECKING:
    from triage.summary import Brief

BIDI = "\u202e\u2066\u200b"


@pytest.mark.parametrize(
    ("brief", "subject"),
    [
        (make_brief(), "[High] Blocked work, Northwind: Staging login"),
        (
            several_tags(),
            "[Urgent] Unhappy client + Blocked work +1 more, Harrow & Pike: Export",
        ),
        (staff_forward(), "[Normal] Sales opening, Stmarys: discharge letters go-live"),
        (staff_report(), "[Normal] Scope mismatch, Rana (Radial staff): Oakfield call"),
        (unreadable(), "[Could not read] Northwind: Scan_0231"),
        (reminder(), "[Reminder, high] Blocked work, Northwind: Staging login"),
        (new_tag(), "[High] Now also Unhappy client, Northwind: Staging login"),
        (
            worse_without_evidence(),
            "[Low] Worse: Blocked work, dana reyes (gmail.com): Staging login",
        ),
    ],
)
def test_the_subject_says_urgency_tag_client_and_gist(brief: Brief, subject: str) -> None:
    assert brief.subject_line == subject


@pytest.mark.parametrize("subject", ["", "Re: ", "Quick question", "URGENT update!!", "Fwd: hello"])
def test_a_subject_that_says_nothing_gives_way_to_the_deciding_sentence(subject: str) -> None:
    brief = make_brief(email=make_email(subject=subject))
    assert "Nobody on our side can log in" in brief.subject_line


@given(st.text(max_size=300), st.text(max_size=80), st.sampled_from(list(Occasion)))
def test_no_subject_is_long_or_holds_a_control_character(
    subject: str, name: str, occasion: Occasion
) -> None:
    email = make_email(subject=subject, sender=make_address("x@gmail.com", name))
    line = make_brief(email=email, escalation=make_escalation(occasion=occasion)).subject_line
    assert 0 < len(line) <= LIMIT
    assert line == clean_line(line)


def test_long_titles_leave_room_or_give_up_the_gist() -> None:
    reason = make_reason(title="A title that somebody made far too long " * 3)
    line = make_brief(escalation=make_escalation(reasons=(reason,))).subject_line
    assert len(line) <= LIMIT
    assert "Northwind" in line


def test_a_brief_quotes_the_best_sentence_of_each_tag_before_the_second_best() -> None:
    brief = several_tags()
    assert [quote.text for quote in brief.quotes] == [
        "If this is not solved by Friday we will look for somebody else.",
        "Our finance team cannot close the month without it.",
        "The proposal says clearly that all regions are included.",
    ]
    assert brief.quotes[0].titles == ("Unhappy client",)


def test_what_is_new_is_quoted_first() -> None:
    assert new_tag().quotes[0].text == "I am losing patience."
    assert new_tag().new_titles == ("Unhappy client",)


def test_every_quoted_word_stands_in_the_mail() -> None:
    brief = several_tags()
    for quote in brief.quotes:
        assert quote.text in brief.text.replace("\n", " ")


def test_a_long_sentence_is_cut_at_a_word_and_marked() -> None:
    long = "word " * 100 + "end."
    verdict = make_verdict(evidence=(Evidence(tag="blocker", sentence=long, score=0.9),))
    quote = make_brief(verdict=verdict).quotes[0].text
    assert len(quote) <= 240
    assert quote.endswith("word...")


def test_without_deciding_sentences_the_mail_begins_to_speak_for_itself() -> None:
    brief = worse_without_evidence()
    assert not brief.decided
    assert brief.quotes[0].text.startswith("Nobody on our side")
    assert opening("Hi Ben,\n\nhello again. It broke.")[0].text == "It broke."


def test_a_lone_deciding_sentence_gets_the_one_beside_it_as_context() -> None:
    def quoted(sentence: str, text: str) -> list[str]:
        verdict = make_verdict(evidence=(Evidence(tag="blocker", sentence=sentence, score=0.9),))
        return [q.text for q in make_brief(email=make_email(text=text), verdict=verdict).quotes]

    text = "Hi Ben,\n\nMy friend Lars asked for you. He decides in May. See you then."
    assert quoted("He decides in May.", text)[1] == "My friend Lars asked for you."
    assert quoted("My friend Lars asked for you.", text)[1] == "He decides in May."
    longer = "Same here. He decides in May. He runs three shops in the north of Wales."
    assert quoted("He decides in May.", longer)[1].startswith("He runs three shops")
    assert quoted("He decides in May.", "He decides in May.") == ["He decides in May."]
    assert quoted("Not in the text at all.", text) == ["Not in the text at all."]


def test_a_name_is_no_deciding_sentence_unless_there_is_no_other() -> None:
    name = Evidence(tag="blocker", sentence="Bev Thornton", score=0.99)
    full = Evidence(tag="blocker", sentence="The third release broke again.", score=0.9)
    both = make_brief(verdict=make_verdict(evidence=(name, full)))
    assert both.quotes[0].text == full.sentence
    assert make_brief(verdict=make_verdict(evidence=(name,))).quotes[0].text == "Bev Thornton"


def test_a_forward_is_about_its_original_sender() -> None:
    brief = staff_forward()
    assert brief.person.address == "m.adeyemi@stmarys.example"
    assert brief.forwarder == Address(address="sam@radial.example", name="Sam Poole")
    assert brief.person_role == "client"
    assert brief.lead == "Maureen Adeyemi of Stmarys asks"
    assert brief.subject == "discharge letters go-live"


def test_the_forwarders_own_words_are_not_put_into_the_clients_mouth() -> None:
    ours = next(q for q in staff_forward().quotes if "phase two" in q.text)
    assert ours.by == "Sam Poole"
    verdict = make_verdict(
        "upsell", evidence=(Evidence(tag="upsell", sentence=ours.text, score=0.9),)
    )
    email = make_email(
        sender=make_address("sam@radial.example", "Sam Poole"),
        original_sender=make_address(),
        forward_note=ours.text,
        forwarded_text="Please call.",
    )
    brief = make_brief(
        email=email, role="staff", verdict=verdict, escalation=make_escalation("upsell")
    )
    assert brief.lead == "Sam Poole, forwarding Dana Reyes of Northwind, writes"


def test_when_a_client_forwards_the_client_stays_the_one_it_is_about() -> None:
    email = make_email(original_sender=make_address("v@vendor.example", "Vera"))
    brief = make_brief(email=email)
    assert brief.person.address == "dana@northwind.example"
    assert brief.forwards == Address(address="v@vendor.example", name="Vera")
    assert brief.forwarder is None


def test_a_report_by_staff_names_no_client() -> None:
    brief = staff_report()
    assert brief.client == ""
    assert brief.lead == "Rana (Radial staff) reports"


def test_an_announced_attachment_that_is_absent_is_noticed() -> None:
    assert staff_report().attachment_missing
    file = Attachment(name="a.pdf", type="application/pdf", size=1, sha256="0")
    with_file = make_email(text="See attached.", attachments=(file,))
    assert not make_brief(email=with_file).attachment_missing


def test_the_most_urgent_reason_comes_first_and_the_newest_of_equals() -> None:
    assert [r.urgency for r in every_tag().reasons] == sorted(
        (r.urgency for r in every_tag().reasons), reverse=True
    )
    assert new_tag().tags == ("dissatisfaction", "blocker")


def test_scores_name_what_was_decided_and_what_is_unsure() -> None:
    states = {score.tag: score.state for score in several_tags().scores}
    assert states["dissatisfaction"] == "decided"
    assert states["upsell"] == "unsure"


def test_every_score_has_the_policy_s_title_and_the_tag_s_own_word_where_it_differs() -> None:
    titles = {"upsell": "Sales opportunity", "scope_mismatch": "Scope mismatch"}
    verdict = make_verdict(scores={"upsell": 0.3, "scope_mismatch": 0.2, "praise": 0.1})
    brief = make_brief(verdict=verdict, titles=titles)
    assert [score.name for score in brief.scores] == [
        "Sales opportunity (upsell)",
        "Scope mismatch",
        "Praise",
    ]


def test_the_tags_a_mail_may_be_given_come_from_the_scores_or_else_the_policy() -> None:
    assert make_brief(verdict=make_verdict(scores={"a": 0.1, "b": 0.9})).known_tags == ("a", "b")
    assert make_brief(verdict=None, titles={"c": "C"}).known_tags == ("c",)


def test_an_unreadable_mail_says_why_once() -> None:
    raw = make_raw(complete=False, problem="larger than 25 MB")
    email = make_email(problems=("larger than 25 MB",))
    escalation = make_escalation(occasion=Occasion.UNREADABLE, reasons=(), tags=())
    brief = make_brief(email=email, raw=raw, verdict=None, escalation=escalation)
    assert brief.problems == ("larger than 25 MB",)


def test_text_of_a_brief_is_cleaned_of_what_cannot_be_seen() -> None:
    email = make_email(
        subject=f"a{BIDI}b\r\nBcc: x@y.example", sender=make_address(name=f"D{BIDI}ana\x00\x07")
    )
    brief = make_brief(email=email)
    assert brief.subject == "ab Bcc: x@y.example"
    assert brief.person.name == "Dana"


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Dana Reyes", "Dana"),
        ("Reyes, Dana", "Dana"),
        ("Dr. Dana Reyes", "Dana"),
        ("DANA REYES", "Dana"),
        ("dana", "Dana"),
        ("Anne-Marie O'Neil", "Anne-Marie"),
        ("", ""),
        ("D. Reyes", ""),
        ("Accounts Payable", ""),
        ("Northwind Support Team", ""),
        ("ceo@radial.example", ""),
        ("4411", ""),
    ],
)
def test_people_are_greeted_by_a_name_only_where_there_is_one(name: str, first: str) -> None:
    assert first_name(make_address(name=name)) == first


@pytest.mark.parametrize(
    ("domain", "text", "name"),
    [
        ("northwind.example", "", "Northwind"),
        ("mail.northwind.co.uk", "", "Northwind"),
        ("harrow-pike.com", "", "Harrow Pike"),
        ("harrow-pike.com", "Priya, Harrow & Pike", "Harrow & Pike"),
        ("ibm.com", "Jo, IBM Ireland", "IBM"),
        ("ibm.com", "write to jo@IBM.com", "Ibm"),
        ("gmail.com", "", ""),
        ("xn--bcher-kva.example", "", ""),
        ("medlardental.com", "Simon, Medlar Dental", "Medlar Dental"),
        ("stmarys.org.uk", "Ward 7, St. Mary's Hospital", "St. Mary's"),
        ("localhost", "", ""),
        ("", "", ""),
    ],
)
def test_an_organisation_is_spelt_as_the_mail_spells_it(domain: str, text: str, name: str) -> None:
    assert organisation(domain, text) == name


def test_a_display_name_that_looks_like_an_address_is_not_shown_as_one() -> None:
    liar = make_address("evil@attacker.example", "ben@radial.example")
    assert name_and_address(liar) == "evil@attacker.example"
    assert make_brief(email=make_email(sender=liar)).person.name == ""


def test_the_address_stands_beside_the_name() -> None:
    assert name_and_address(make_address()) == "Dana Reyes <dana@northwind.example>"


def test_times_are_written_in_the_firms_zone_and_a_wrong_zone_costs_nothing() -> None:
    when = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert moment(when, "Europe/Berlin") == "Thu 2 Jul 2026, 00:30 CEST"
    assert moment(when, "Mars/Olympus") == "Wed 1 Jul 2026, 22:30 UTC"
    assert moment(datetime.min.replace(tzinfo=UTC), "America/New_York")


def test_small_words() -> None:
    assert [duration(s) for s in (45, 60, 5400, 14400, 86400, 172800)] == [
        "45 seconds",
        "1 minute",
        "90 minutes",
        "4 hours",
        "1 day",
        "2 days",
    ]
    assert [size(n) for n in (12, 2048, 5 * 1024 * 1024)] == ["12 bytes", "2 KB", "5.0 MB"]
    assert [listed(x) for x in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


@given(st.text(), st.integers(min_value=10, max_value=200))
def test_shortening_keeps_the_limit(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit


@given(st.text())
def test_cleaning_a_cleaned_line_changes_nothing(text: str) -> None:
    assert clean_line(clean_line(text)) == clean_line(text)


def test_the_urgency_of_the_brief_is_that_of_the_escalation() -> None:
    brief = make_brief(escalation=make_escalation(urgency=Urgency.URGENT))
    assert brief.subject_line.startswith("[Urgent]")


def test_earlier_mails_of_the_case_are_told() -> None:
    brief = make_brief(
        case=make_case(earlier_mails=2, earlier_subjects=("One", "Two")), firm=make_firm()
    )
    assert brief.thread.earlier_subjects == ("One", "Two")


def test_long_values_are_bounded() -> None:
    brief = long_names()
    assert len(brief.subject_line) <= LIMIT
    assert all(len(file.name) <= 80 for file in brief.files)
