"""The words of answers: which tag they stand for, and that no text breaks or tricks them."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps import make_route
from triage.feedback import Meaning, apply, is_absence, read, vocabulary_of

ROUTES = {
    "upsell": make_route("upsell", title="Sales opportunity", words=("sales", "opening")),
    "scope_mismatch": make_route("scope_mismatch", title="Scope mismatch", words=("scope",)),
    "late_payment": make_route("late_payment", title="Money is late"),
}
VOCABULARY = vocabulary_of(ROUTES)
ORDER = tuple(ROUTES)
PIECES = [
    *["ok", "mine", "done", "none", "not", "no", "also", "only", "or", "and", "but", "it's", "?"],
    *["upsell", "sales", "scope", "late payment", ",", ".", "\n", "\n\n", "-", "maybe", "Ben"],
    *["instead of", "wrong", "thanks", "the client", "done:", "-upsell", "\u2019", "\U0001f44d"],
]


def correct(text: str) -> Meaning:
    meaning = read(text, VOCABULARY)
    assert meaning.kind == "correct", meaning
    return meaning


@pytest.mark.parametrize(
    "text",
    [
        "late_payment",
        "Late payment",
        "late-payment",
        "late payments",
        "money is late",
        "LATE_PAYMENT.",
    ],
)
def test_a_custom_tag_works_by_its_name_and_title_without_any_word(text: str) -> None:
    assert correct(text).exactly == ("late_payment",)


def test_the_word_that_a_brief_offers_is_the_first_of_the_policy_else_the_name() -> None:
    assert VOCABULARY.shown == {
        "upsell": "sales",
        "scope_mismatch": "scope",
        "late_payment": "late payment",
    }


@pytest.mark.parametrize("tag", ROUTES)
def test_every_word_that_a_brief_offers_is_understood(tag: str) -> None:
    assert correct(f"not {VOCABULARY.shown[tag]}").remove == (tag,)


def test_a_word_of_two_tags_is_nobodys_and_is_told() -> None:
    routes = ROUTES | {"referral": make_route("referral", words=("sales", "referral"))}
    vocabulary = vocabulary_of(routes)
    assert vocabulary.clashes == {"sales": ("referral", "upsell")}
    assert vocabulary.shown["upsell"] == "opening"
    assert read("not sales", vocabulary).kind == "unclear"


def test_a_tags_own_name_stays_its_own_whatever_another_claims() -> None:
    routes = ROUTES | {"other": make_route("other", words=("upsell",))}
    assert read("upsell", vocabulary_of(routes)).exactly == ("upsell",)


def test_a_command_never_becomes_a_tag() -> None:
    routes = {"x": replace(ROUTES["upsell"], tag="x", title="Done", words=("ok", "none"))}
    vocabulary = vocabulary_of(routes)
    assert set(vocabulary.clashes) == {"done", "ok", "none"}
    assert read("ok", vocabulary).kind == "acknowledge"


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("scope", ("upsell",), ("scope_mismatch",)),
        ("also scope", ("upsell",), ("upsell", "scope_mismatch")),
        ("not upsell", ("upsell", "scope_mismatch"), ("scope_mismatch",)),
        ("not upsell", (), ()),
        ("scope instead of sales", ("upsell", "late_payment"), ("scope_mismatch", "late_payment")),
        ("none", ("upsell", "scope_mismatch"), ()),
        ("neither scope nor sales", ("upsell", "scope_mismatch", "old"), ("old",)),
    ],
)
def test_what_a_correction_makes_of_the_tags(
    text: str, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    assert apply(correct(text), before, ORDER) == after


def test_names_mean_nothing() -> None:
    assert read("thanks Ben, not upsell", VOCABULARY, names=["Ben West"]).kind == "correct"
    assert read("ok\nBen\nSales", VOCABULARY, names=["Ben West"]).kind == "acknowledge"


@pytest.mark.parametrize(
    "text",
    [
        "I am out of the office until 9 March.",
        "Vielen Dank f\u00fcr Ihre Nachricht. Ich bin bis Montag nicht im B\u00fcro.",
        "Je suis absent du bureau jusqu'au 9 mars.",
        "Estoy fuera de la oficina.",
        "Ik ben afwezig tot maandag.",
    ],
)
def test_absence_notes_are_known_by_their_words(text: str) -> None:
    assert is_absence(text)
    assert not is_absence("ok, I will ask the office")


@given(st.text(max_size=400))
def test_no_text_breaks_it_and_no_tag_is_made_up(text: str) -> None:
    meaning = read(text, VOCABULARY, names=["Ben"])
    assert {*(meaning.exactly or ()), *meaning.add, *meaning.remove} <= set(ROUTES)


@given(st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join))
def test_what_is_understood_names_its_tags_and_never_asks(text: str) -> None:
    meaning = read(text, VOCABULARY, names=["Ben"])
    named = {"upsell", "sales", "scope", "late payment"} & {p for p in PIECES if p in text}
    if meaning.kind == "correct" and meaning.exactly != ():
        assert named
        assert meaning.doubt == ""
    if meaning.kind in ("take", "correct", "done"):
        first_lines = "\n".join(text.split("\n")[:3])
        assert "maybe" not in first_lines.split(" ")[:1]
        assert not set(meaning.add) & set(meaning.remove)


def test_a_hostile_answer_costs_little_time() -> None:
    started = time.perf_counter()
    for text in ("mine, " * 50_000, "not upsell and\n" * 50_000, "a," * 100_000, "?" * 100_000):
        read(text, VOCABULARY)
    assert time.perf_counter() - started < 2
