"""Suggested answers: complete, careful, chosen by what the mail says."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from triage.errors import ConfigError
from triage.resources import resource
from triage.responses import EXAMPLE_VALUES, Response, ResponseLibrary

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = ResponseLibrary.load(resource("templates") / "responses")
TAGS = ("upsell", "dissatisfaction", "scope_mismatch", "blocker")
# What an answer must never say: work for nothing, money back, contradiction, blame.
FORBIDDEN = re.compile(
    r"\bfree of charge\b|\bfor free\b|\bno (?:extra )?(?:charge|cost)\b|\bcomplimentary\b|\bwaive"
    r"|\brefund|\bmoney back\b|\bdiscount|\bgoodwill\b|\bon the house\b|\bat our expense\b"
    r"|\byour fault\b|\byour mistake\b|\byou should have\b|\byou failed\b|\byou forgot\b"
    r"|\bas (?:I|we) (?:said|told|explained|wrote)\b|\bmisunderst|\byou are wrong\b|\bdisagree"
    r"|\bnot (?:true|correct|our fault|our problem)\b|\bactually\b|\bunfortunately\b|\bhowever\b"
    r"|\bguarantee|\bpolicy\b|!",
    re.IGNORECASE,
)
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


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_has_at_least_five_situations_and_a_default_for_each_role(tag: str) -> None:
    own = [r for r in SHIPPED.responses if r.tag == tag]
    assert len(own) >= 5
    defaults = Counter(role for r in own if r.default for role in r.roles)
    assert defaults == {"client": 1, "staff": 1}


@pytest.mark.parametrize("response", SHIPPED.responses, ids=lambda r: r.id)
def test_no_answer_promises_argues_or_blames(response: Response) -> None:
    found = FORBIDDEN.search(filled(response))
    assert found is None, f"{response.id} says {found and found.group()!r}"


@pytest.mark.parametrize("response", SHIPPED.responses, ids=lambda r: r.id)
def test_every_answer_says_who_does_what_by_when(response: Response) -> None:
    text = filled(response)
    assert re.search(r"\bI (?:will|am)\b|\[name\] (?:will|takes)", text)
    assert re.search(r"\[(?:day|time|day and time)\]", text)


@pytest.mark.parametrize("response", SHIPPED.responses, ids=lambda r: r.id)
def test_every_answer_greets_signs_and_is_short(response: Response) -> None:
    text = filled(response)
    assert text.startswith("Hi Dana,\n\n")
    assert "Ben West" in text.splitlines()[-2:]
    assert 40 <= len(text.split()) <= 110


@pytest.mark.parametrize("response", SHIPPED.responses, ids=lambda r: r.id)
def test_every_answer_reads_well_without_a_name_a_subject_or_a_client(response: Response) -> None:
    text = filled(
        response,
        greeting="Hello,",
        first_name="",
        name="dana@northwind.example",
        client="",
        subject="",
        mail="your mail of 2 March",
        quote="",
        colleague="",
    )
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
    ],
)
def test_the_situation_is_recognised(tag: str, role: str, text: str, situation: str) -> None:
    response = SHIPPED.choose([tag], text, subject="", role=role)
    assert response is not None
    assert response.situation == situation


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
    text = filled(next(r for r in SHIPPED.responses if r.situation == "legal"))
    assert not re.search(
        r"\bsorry\b|apolog|\bregret|\bput (?:it|this) right\b", text, re.IGNORECASE
    )
    assert "[Let counsel read this first" in text
    assert "in writing by [day]" in text
