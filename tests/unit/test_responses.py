"""Suggested answers: complete, careful, chosen by what the mail says."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from triage.errors import ConfigError
from triage.policy_kinds import shipped_kinds
from triage.resources import resource
from triage.response_files import EXAMPLE_VALUES
from triage.response_rules import slips
from triage.responses import Response, ResponseLibrary

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = ResponseLibrary.load(resource("templates") / "responses")
ANSWERS = [r for r in SHIPPED.responses if r.use == "answer"]
MAILS = [r for r in SHIPPED.responses if r.use != "tracker"]  # whatever goes into a mail
TAGS = ("upsell", "dissatisfaction", "scope_mismatch", "blocker")
GOOD = """---
tag: blocker
situation: mine
title: Ours
cues: forklift
---
{{ greeting }} A forklift comes by [day].
"""


def filled(response: Response, **changes: str) -> str:
    return response.fill({**EXAMPLE_VALUES, **changes})


def short(response: Response, **changes: str) -> str:
    return response.fill_short({**EXAMPLE_VALUES, **changes})


def by_id(name: str) -> Response:
    return next(r for r in SHIPPED.responses if r.id == name)


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_has_at_least_five_answers_and_a_default_for_each_role(tag: str) -> None:
    own = [r for r in ANSWERS if r.tag == tag]
    assert len(own) >= 5
    defaults = Counter(role for r in own if r.default for role in r.roles)
    assert defaults == {"client": 1, "staff": 1}


def test_there_are_answers_for_at_least_twenty_four_situations_across_all_kinds() -> None:
    assert len(ANSWERS) >= 24
    assert {r.kind for r in ANSWERS} == set(shipped_kinds())


def test_every_text_says_its_kind_and_when_not_to_use_it() -> None:
    for response in SHIPPED.responses:
        assert response.not_for.endswith("."), response.id
        assert response.kind or response.use in ("holding", "late"), response.id


@pytest.mark.parametrize("response", SHIPPED.responses, ids=lambda r: r.id)
def test_no_text_offers_work_or_money_argues_blames_or_speaks_of_our_inside(
    response: Response,
) -> None:
    for text in (filled(response), short(response)):
        assert not list(slips(text, for_client="client" in response.roles))
        assert "!" not in text


@pytest.mark.parametrize("response", ANSWERS, ids=lambda r: r.id)
def test_every_answer_says_who_does_what_by_when(response: Response) -> None:
    for text in (filled(response), short(response)):
        assert re.search(r"\[(?:day|time|day and time)\]", text)
        assert re.search(
            r"\b(?:I (?:will|am|take|contact)|[Yy]ou (?:will )?(?:hear|have|know)|we will)\b"
            r"|\[name\] (?:will|takes|sets|decides|sends)|[Cc]ould (?:we|you|I)",
            text,
        )


@pytest.mark.parametrize("response", MAILS, ids=lambda r: r.id)
def test_every_mail_greets_signs_and_is_short(response: Response) -> None:
    for text in (filled(response), short(response)):
        assert text.startswith("Dear Dana,\n\n")
        assert "Ben West" in "".join(text.splitlines()[-2:])
    assert 40 <= len(filled(response).split()) <= 110
    assert 15 <= len(short(response).split()) <= 50


@pytest.mark.parametrize("response", MAILS, ids=lambda r: r.id)
def test_every_mail_reads_well_without_a_name_a_subject_or_a_client(response: Response) -> None:
    bare = {
        "greeting": "Hello,",
        "first_name": "",
        "name": "dana@northwind.example",
        "client": "",
        "subject": "",
        "mail": "your mail of 2 March",
        "quote": "",
        "colleague": "",
    }
    for text in (filled(response, **bare), short(response, **bare)):
        assert text.startswith("Hello,")
        assert not re.search(r' ,| \.|""|\s{2,}\S', text.replace("\n\n", "\n").replace("\n", "|"))


@pytest.mark.parametrize("situation", ["ignored", "dependency", "decision"])
def test_an_answer_about_a_delay_gives_a_reason(situation: str) -> None:
    response = next(r for r in SHIPPED.responses if r.situation == situation)
    assert "[reason]" in filled(response)


@pytest.mark.parametrize(
    "response",
    [
        r
        for r in SHIPPED.responses
        if r.tag == "dissatisfaction" and "client" in r.roles and r.situation != "legal"
    ],
    ids=lambda r: r.id,
)
def test_an_unhappy_client_is_told_that_we_are_sorry(response: Response) -> None:
    assert "I am sorry" in filled(response)
    assert "I am sorry" in short(response)


@pytest.mark.parametrize(
    ("tag", "role", "text", "situation"),
    [
        ("upsell", "client", "Do you offer training as well?", "new-work"),
        ("upsell", "client", "Could you send a quote for 200 seats?", "quote"),
        ("upsell", "client", "I would like to introduce you to our sister firm.", "introduction"),
        ("upsell", "client", "Our retainer ends in May, we want more hours.", "renewal"),
        ("upsell", "client", "Great work. You may use us in a case study.", "praise"),
        ("upsell", "client", "We accept your proposal. Where do I sign?", "go-ahead"),
        ("upsell", "staff", "They want a second site.", "staff-report"),
        ("dissatisfaction", "client", "The report is sloppy and full of errors.", "deliverable"),
        ("dissatisfaction", "client", "Third time I ask. Nobody has answered.", "ignored"),
        ("dissatisfaction", "client", "We will find someone else.", "leaving"),
        ("dissatisfaction", "client", "I want my money back.", "money-back"),
        ("dissatisfaction", "client", "You will hear from our solicitors.", "legal"),
        ("dissatisfaction", "client", "Your consultant was rude to us.", "person"),
        ("dissatisfaction", "client", "This goes from bad to worse.", "unhappy"),
        ("dissatisfaction", "staff", "The client wants a refund.", "staff-report"),
        ("scope_mismatch", "client", "While you are at it, add the shop.", "extra-assumed"),
        ("scope_mismatch", "client", "It was meant to be included.", "disputed"),
        ("scope_mismatch", "client", "The invoice is higher than quoted.", "price"),
        (
            "scope_mismatch",
            "client",
            "We changed our mind about the layout.",
            "changed-requirements",
        ),
        (
            "scope_mismatch",
            "client",
            "The board insists on going live earlier than June.",
            "deadline",
        ),
        ("scope_mismatch", "staff", "They want me to backdate it; I am uncomfortable.", "pressure"),
        ("scope_mismatch", "staff", "I am unsure what our goals are here.", "goals-unclear"),
        ("scope_mismatch", "staff", "They now want five languages.", "staff-report"),
        ("blocker", "client", "I am locked out and cannot log in.", "access"),
        ("blocker", "staff", "We wait for approval from the board.", "decision"),
        ("blocker", "client", "The shop is down since nine.", "outage"),
        ("blocker", "client", "The shipment from the vendor is delayed.", "dependency"),
        (
            "blocker",
            "client",
            "We cannot build it, chapter 7 of the specification fails us.",
            "information",
        ),
        ("blocker", "staff", "Started today, no laptop and no desk.", "equipment"),
        ("blocker", "client", "Our people are standing still.", "stopped"),
        ("blocker", "staff", "We are standing still.", "staff-report"),
        ("blocker", "staff", "My salary and my payslip are missing.", "hr"),
        ("blocker", "staff", "He makes remarks about me in meetings.", "hr-conduct"),
    ],
)
def test_the_situation_is_recognised(tag: str, role: str, text: str, situation: str) -> None:
    response = SHIPPED.choose([tag], text, subject="", role=role)
    assert response is not None
    assert response.situation == situation


@pytest.mark.parametrize(
    ("tag", "kind", "role", "situation"),
    [
        ("blocker", "hr", "staff", "hr"),
        ("blocker", "equipment", "staff", "equipment"),
        ("blocker", "process", "staff", "process"),
        ("upsell", "process", "staff", "process"),
        ("upsell", "introduction", "client", "introduction"),
        ("upsell", "introduction", "staff", "staff-introduction"),
        ("upsell", "takeaway", "client", "praise"),
        ("upsell", "takeaway", "staff", "staff-takeaway"),
        ("dissatisfaction", "person", "client", "person"),
        ("dissatisfaction", "person", "staff", "staff-person"),
        ("scope_mismatch", "pressure", "client", "client-pressure"),
        ("scope_mismatch", "pressure", "staff", "pressure"),
        ("scope_mismatch", "goals", "staff", "goals-unclear"),
        ("blocker", "story", "client", "stopped"),
        ("blocker", "unheard-of", "client", "stopped"),
    ],
)
def test_a_known_kind_decides_where_no_word_does(
    tag: str, kind: str, role: str, situation: str
) -> None:
    chosen = SHIPPED.choose([tag], "Please help.", subject="", role=role, kinds={tag: kind})
    assert chosen is not None
    assert chosen.situation == situation


def test_a_known_kind_goes_before_words_that_speak_for_another() -> None:
    text = "The salary run is down and throws an error."
    plain = SHIPPED.choose(["blocker"], text, subject="", role="staff")
    known = SHIPPED.choose(["blocker"], text, subject="", role="staff", kinds={"blocker": "hr"})
    assert plain is not None
    assert known is not None
    assert (plain.kind, known.kind) == ("story", "hr")


def test_a_legal_threat_is_answered_as_one_whatever_kind_it_seems_to_be() -> None:
    chosen = SHIPPED.choose(
        ["dissatisfaction"],
        "Your consultant was rude. Our solicitors will write.",
        subject="",
        role="client",
        kinds={"dissatisfaction": "person"},
    )
    assert chosen is not None
    assert chosen.situation == "legal"


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("role", ["client", "staff"])
def test_every_tag_has_words_to_hold_with_and_to_say_that_it_takes_longer(
    tag: str, role: str
) -> None:
    holding = SHIPPED.choose([tag], "", subject="", role=role, use="holding")
    late = SHIPPED.choose([tag], "", subject="", role=role, use="late")
    assert holding is not None
    assert late is not None
    for text in (filled(holding), short(holding)):
        assert "It is with Marshall Smith" in text or "it is with Marshall Smith" in text
        assert "[day and time]" in text
    assert "[reason]" in filled(late)
    assert "[reason]" in short(late)


def test_the_text_for_the_tracker_gives_the_reason_and_who_looks_into_it() -> None:
    for text in (filled(by_id("blocker-tracker")), short(by_id("blocker-tracker"))):
        assert text.startswith("BLOCKED")
        assert "Nobody on our side can log in." in text
        assert "Ben West" in text


@pytest.mark.parametrize("kind", ["hr", "equipment", "process"])
def test_a_staff_matter_or_equipment_goes_into_no_tracker(kind: str) -> None:
    chosen = SHIPPED.choose(
        ["blocker"], "", subject="", role="staff", kinds={"blocker": kind}, use="tracker"
    )
    assert chosen is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("We will do it free of charge.", "work for nothing"),
        ("There is no extra cost.", "work for nothing"),
        ("We will refund you.", "money"),
        ("I can offer you a credit.", "money"),
        ("Unfortunately this is not our problem.", "argues"),
        ("As I said before, you are wrong.", "argues"),
        ("You should have told us.", "blames"),
        ("It was his mistake.", "blames"),
        ("I have escalated it to management.", "inside"),
        ("This is case 12 in our triage.", "inside"),
    ],
)
def test_the_guard_notices_what_must_not_be_said(text: str, what: str) -> None:
    assert any(what in slip.what for slip in slips(text, for_client=True))


def test_words_of_our_own_are_allowed_among_ourselves() -> None:
    assert not list(slips("I take it to management.", for_client=False))


def test_the_most_urgent_tag_is_answered_first() -> None:
    chosen = SHIPPED.choose(["blocker", "upsell"], "a quote please", subject="", role="client")
    assert chosen is not None
    assert chosen.tag == "blocker"


def test_a_tag_without_an_answer_gives_way_to_the_next_and_none_to_none() -> None:
    chosen = SHIPPED.choose(["unheard-of", "upsell"], "", subject="", role="client")
    assert chosen is not None
    assert chosen.tag == "upsell"
    assert SHIPPED.choose(["unheard-of"], "", subject="", role="client") is None
    assert SHIPPED.choose([], "", subject="", role="client") is None


def test_cues_match_whole_words_in_any_case_and_across_line_ends(tmp_path: Path) -> None:
    (tmp_path / "blocker-mine.md").write_text(
        GOOD.replace("forklift\n---", "fork lift*, it\u2019s\n---")
    )
    library = ResponseLibrary.load(tmp_path)
    for text in ("a FORK\nLIFTER here", "It's"):
        assert library.choose(["blocker"], text, subject="", role="client")
    for text in ("pitchfork lift", "its"):
        assert library.choose(["blocker"], text, subject="", role="client") is None


def test_a_phrase_in_when_not_rules_an_answer_out(tmp_path: Path) -> None:
    (tmp_path / "blocker-mine.md").write_text(GOOD.replace("---\n{{", "when_not: rented\n---\n{{"))
    library = ResponseLibrary.load(tmp_path)
    assert library.choose(["blocker"], "the forklift", subject="", role="client")
    assert library.choose(["blocker"], "the forklift, rented", subject="", role="client") is None


def test_an_own_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    shipped = resource("templates") / "responses"
    own = (shipped / "blocker-access.md").read_text().replace("Access or", "OUR access or")
    (tmp_path / "blocker-access.md").write_text(own)
    library = ResponseLibrary.load(tmp_path, shipped)
    chosen = library.choose(["blocker"], "cannot log in", subject="", role="client")
    assert chosen is not None
    assert chosen.title.startswith("OUR")
    assert len(library.responses) == len(SHIPPED.responses)


def test_an_own_default_goes_before_the_shipped_default(tmp_path: Path) -> None:
    own = GOOD.replace("cues: forklift", "default: true")
    (tmp_path / "blocker-mine.md").write_text(own)
    library = ResponseLibrary.load(tmp_path, resource("templates") / "responses")
    chosen = library.choose(["blocker"], "nothing known", subject="", role="client")
    assert chosen is not None
    assert chosen.situation == "mine"


def test_a_new_tag_needs_no_more_than_a_file(tmp_path: Path) -> None:
    text = GOOD.replace("tag: blocker", "tag: praise").replace("cues: forklift", "default: true")
    (tmp_path / "praise-mine.md").write_text(text)
    library = ResponseLibrary.load(tmp_path, tmp_path / "absent")
    assert library.tags() == {"praise"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("no front matter", "between two lines of ---"),
        (GOOD.replace("title: Ours\n", ""), "needs `title"),
        (GOOD.replace("cues:", "clues:"), "unknown key 'clues'"),
        (
            GOOD.replace("tag: blocker", "tag: upsell"),
            "says tag upsell, situation mine; write tag: blocker and situation: mine, or rename it",
        ),
        (GOOD.replace("cues: forklift", "overrides: 1"), "`overrides` must be"),
        (GOOD.replace("cues: forklift", "roles: boss"), "role 'boss' is unknown"),
        (GOOD.replace("cues: forklift", "default: yes"), "`default` must be"),
        (GOOD.replace("cues: forklift", "priority: 9"), "`priority` must be"),
        (GOOD.replace("cues: forklift", "nonsense"), "'nonsense' is not `key: value`"),
        (GOOD.replace("greeting", "surname"), "'surname' is undefined"),
        (GOOD.replace("{{ greeting }}", "{{ greeting"), "body cannot be filled in"),
        (GOOD.replace("{{ greeting }}", "{{ ''.__class__ }}"), "unsafe"),
        (GOOD[: GOOD.index("{{")], "body is empty"),
        (GOOD.replace("cues: forklift", "use: novel"), "`use` must be one of answer, holding"),
        (GOOD.replace("cues: forklift", "default: kind"), "needs a `kind: ...`"),
        (GOOD.replace("cues: forklift", "formal: very"), "`formal` must be"),
        (GOOD + "--- short ---\n", "the short version is empty"),
        (GOOD + "--- short ---\n{{ nmae }}", "the short version cannot be filled in"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_path(
    tmp_path: Path, content: str, complaint: str
) -> None:
    path = tmp_path / "blocker-mine.md"
    path.write_text(content)
    with pytest.raises(ConfigError, match=re.escape(str(path))) as caught:
        ResponseLibrary.load(tmp_path)
    assert complaint in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    (tmp_path / "b.md").write_bytes(b"\xff\xfe")
    for name in ("mine", "yours"):
        text = GOOD.replace("mine", name).replace("cues: forklift", "default: true")
        (tmp_path / f"blocker-{name}.md").write_text(text)
    with pytest.raises(ConfigError) as caught:
        ResponseLibrary.load(tmp_path)
    assert len(caught.value.problems) == 3
    assert "both the default" in caught.value.problems[-1]


def test_template_syntax_in_a_value_stays_text() -> None:
    response = SHIPPED.responses[0]
    assert "{{ 7*7 }}" in filled(response, greeting="Hi {{ 7*7 }},")


def test_a_legal_threat_wins_over_whatever_else_an_unhappy_client_writes() -> None:
    text = (
        "We are cancelling, will look elsewhere, want our money back, a refund, a credit note and "
        "compensation, and are not paying. Otherwise our lawyer will write: breach of contract."
    )
    chosen = SHIPPED.choose(["dissatisfaction"], text, subject="", role="client")
    assert chosen is not None
    assert chosen.situation == "legal"
    calmer = text.replace("lawyer", "director").replace("breach of contract", "the end")
    other = SHIPPED.choose(["dissatisfaction"], calmer, subject="", role="client")
    assert other is not None
    assert other.situation != "legal"


def test_an_answer_to_a_legal_threat_admits_nothing_and_goes_by_counsel_first() -> None:
    legal = by_id("dissatisfaction-legal")
    for text in (filled(legal), short(legal)):
        assert not re.search(
            r"\bsorry\b|apolog|\bregret|\bput (?:it|this) right\b", text, re.IGNORECASE
        )
        assert "in writing by [day]" in text
    assert "counsel" in legal.note
    assert legal.formal


def test_an_own_file_may_do_without_a_short_version(tmp_path: Path) -> None:
    (tmp_path / "blocker-mine.md").write_text(GOOD)
    [response] = ResponseLibrary.load(tmp_path).responses
    assert response.fill_short(EXAMPLE_VALUES) == ""


def test_an_own_file_has_its_short_version_below_a_line_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "blocker-mine.md").write_text(GOOD + "--- short ---\n{{ greeting }} Soon.\n")
    [response] = ResponseLibrary.load(tmp_path).responses
    assert filled(response) == "Dear Dana, A forklift comes by [day]."
    assert short(response) == "Dear Dana, Soon."
