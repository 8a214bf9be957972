"""Kinds of issue and people in answers: clear words are commands, everyday words stay free text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.feedback import Meaning, read, resolve, vocabulary_of
from triage.policy_file import load_policy

POLICY = load_policy(Path(__file__).parents[2] / "data" / "demo" / "policy.toml")
VOCABULARY = vocabulary_of(POLICY.routes, POLICY.kinds, POLICY.people)
ORDER = tuple(POLICY.routes)


def said(text: str) -> Meaning:
    return read(text, VOCABULARY, names=["Ben West"])


@pytest.mark.parametrize("kind", POLICY.kinds)
def test_every_kind_has_a_word_that_a_brief_offers_and_that_is_understood(kind: str) -> None:
    word = VOCABULARY.shown_issues[kind]
    assert word
    meaning = said(word)
    assert (meaning.kind, meaning.issues, meaning.exactly) == ("correct", (kind,), None)
    assert said(f"not {word}").not_issues == (kind,)


@pytest.mark.parametrize(
    ("text", "issues", "not_issues"),
    [
        ("HR", ("hr",), ()),
        ("it's HR", ("hr",), ()),
        ("this is a staff matter", ("hr",), ()),
        ("not hr, it's equipment", ("equipment",), ("hr",)),
        ("not equipment but hr", ("hr",), ("equipment",)),
        ("ok, hr", ("hr",), ()),
        ("Hi,\n\nreferral\n\nBen", ("introduction",), ()),
        ("about a person", ("person",), ()),
    ],
)
def test_a_kind_is_named_or_denied(
    text: str, issues: tuple[str, ...], not_issues: tuple[str, ...]
) -> None:
    meaning = said(text)
    assert (meaning.kind, meaning.issues, meaning.not_issues) == ("correct", issues, not_issues)


def test_tags_and_kinds_may_stand_together() -> None:
    meaning = said("blocker, hr")
    assert (meaning.exactly, meaning.issues) == (("blocker",), ("hr",))
    meaning = said("not sales, it's hr")
    assert (meaning.remove, meaning.issues) == (("upsell",), ("hr",))
    assert said("also hr").on_top


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for the introduction",
        "thank you for the referral",
        "Equipment ordered",
        "I told the client",
        "Call client first",
        "Include the figures please",
        "Recovery plan follows",
        "I will speak to this person",
        "Marshall has it",
        "Goals are clear now",
        "I asked Marshall",
    ],
)
def test_everyday_words_that_are_also_words_for_kinds_or_people_change_nothing(text: str) -> None:
    assert said(text).kind == "acknowledge"


@pytest.mark.parametrize("text", ["hr?", "maybe hr", "hr or equipment", "is this hr", "no hr?"])
def test_a_doubt_about_a_kind_is_asked_about(text: str) -> None:
    assert said(text).kind == "unclear"


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("tell Marshall", ("marshall",)),
        ("please tell Marshall Smith", ("marshall",)),
        ("ok, tell Marshall and Nora", ("marshall", "nora")),
        ("Include Nora, Priya", ("nora", "priya")),
        ("loop in Nora", ("nora",)),
    ],
)
def test_somebody_is_to_be_told(text: str, people: tuple[str, ...]) -> None:
    meaning = said(text)
    assert (meaning.kind, meaning.people) == ("tell", people)


@pytest.mark.parametrize("text", ["don't tell Marshall", "tell Marshall?", "mine, tell Marshall"])
def test_nobody_is_told_on_a_word_that_can_be_read_otherwise(text: str) -> None:
    assert said(text).kind == "unclear"


def resolved(text: str, *before: str, **known: str) -> tuple[object, dict[str, str], bool]:
    found = resolve(said(text), before, kinds=POLICY.kinds, known=known, order=ORDER)
    tags = (found.meaning.exactly, found.meaning.add, found.meaning.remove)
    return tags, dict(found.issues), found.contradicts


def test_a_kind_whose_tag_is_there_leaves_the_tags_alone() -> None:
    assert resolved("hr", "blocker", "upsell") == ((None, (), ()), {"blocker": "hr"}, False)


def test_a_kind_of_another_tag_brings_it_in_place_of_those_that_are_there() -> None:
    assert resolved("hr", "scope_mismatch") == ((("blocker",), (), ()), {"blocker": "hr"}, False)


def test_also_a_kind_brings_its_tag_on_top() -> None:
    tags, issues, _ = resolved("also hr", "scope_mismatch")
    assert tags == (None, ("blocker",), ())
    assert issues == {"blocker": "hr"}


def test_a_denied_kind_leaves_the_tag_without_one() -> None:
    assert resolved("not hr", "blocker", blocker="hr") == ((None, (), ()), {"blocker": ""}, False)
    assert resolved("not hr", "blocker", blocker="story")[1] == {}
    assert resolved("not hr but equipment", "blocker", blocker="hr")[1] == {"blocker": "equipment"}


def test_two_kinds_beneath_one_tag_contradict_each_other() -> None:
    assert resolved("hr and equipment", "blocker")[2]


def test_a_kind_beneath_several_tags_goes_to_the_one_that_is_there() -> None:
    assert resolved("process trouble", "upsell")[1] == {"upsell": "process"}


def test_a_word_that_two_kinds_claim_is_nobodys() -> None:
    doubled = {
        name: replace(POLICY.kinds[name], title=name, words=("odd matter",))
        for name in ("hr", "equipment")
    }
    found = vocabulary_of(POLICY.routes, doubled)
    assert found.clashes == {"odd matter": ("equipment", "hr")}
    assert found.shown_issues == {"hr": "hr", "equipment": "equipment"}
    assert read("odd matter", found).kind == "acknowledge"


def test_a_tags_word_goes_before_a_kinds() -> None:
    meaning = said("customer recovery")
    assert (meaning.exactly, meaning.issues) == (("dissatisfaction",), ())


WORDS = [*(w for k in POLICY.kinds.values() for w in k.words), "tell", "Marshall", "not", "and"]


@given(st.lists(st.sampled_from([*WORDS, ",", ".", "ok", "mine", "for", "the", "?"]), max_size=6))
def test_no_text_makes_up_a_kind_or_a_person(pieces: list[str]) -> None:
    meaning = said(" ".join(pieces))
    assert set(meaning.issues) | set(meaning.not_issues) <= set(POLICY.kinds)
    assert set(meaning.people) <= set(POLICY.people)
    assert bool(meaning.people) == (meaning.kind == "tell")
