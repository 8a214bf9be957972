"""Greetings: professional, never too familiar, never with a guessed title."""

from __future__ import annotations

import pytest

from triage.messages import Address
from triage.summary.greeting import greeting, short_greeting


def dear(name: str, text: str = "", *, colleague: bool = False, formal: bool = False) -> str:
    person = Address(address="d.reyes@northwind.example", name=name)
    return greeting(person, text, colleague=colleague, formal=formal)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dana Reyes", "Dear Dana Reyes,"),
        ("Reyes, Dana", "Dear Dana Reyes,"),
        ("Dr. Ellen Kegley", "Dear Dr. Kegley,"),
        ("Dr Ellen Kegley", "Dear Dr. Kegley,"),
        ("Prof. Ada Goldstein", "Dear Prof. Goldstein,"),
        ("Prof. Dr. Ada Goldstein", "Dear Prof. Goldstein,"),
        ("Mr. Mark", "Dear Mr. Mark,"),
        ("Mrs Adler", "Dear Mrs. Adler,"),
        ("Frau Weber", "Dear Frau Weber,"),
        ("Support Team", "Hello,"),
        ("d.reyes@northwind.example", "Hello,"),
        ("", "Hello,"),
    ],
)
def test_a_client_is_greeted_by_title_or_by_the_name_in_full(name: str, expected: str) -> None:
    assert dear(name) == expected


@pytest.mark.parametrize(
    "end", ["Dana", "dana", "Thanks,\nDana", "Cheers, Dana", "- Dana", "Dana\nHead of Operations"]
)
def test_a_client_who_signs_with_the_first_name_is_greeted_by_it(end: str) -> None:
    assert dear("Dana Reyes", f"The site is down.\n\n{end}") == "Dear Dana,"


@pytest.mark.parametrize(
    "text",
    [
        "The site is down.\n\nDana Reyes",
        "Ask Dana about it.\n\nRegards",
        "",
        "D.",
        "Dana\n" + "x\n" * 9,
    ],
)
def test_any_other_way_to_sign_means_no_first_name(text: str) -> None:
    assert dear("Dana Reyes", text) == "Dear Dana Reyes,"


def test_a_doctor_who_signs_with_the_first_name_is_greeted_by_it() -> None:
    assert dear("Dr. Ellen Kegley", "See you.\nEllen") == "Dear Ellen,"


def test_a_colleague_is_greeted_by_the_first_name() -> None:
    assert dear("Sam Okafor", colleague=True) == "Hello Sam,"


def test_a_formal_answer_keeps_to_the_full_name_whatever_terms_we_are_on() -> None:
    assert dear("Dana Reyes", "See you.\nDana", formal=True) == "Dear Dana Reyes,"


@pytest.mark.parametrize(
    ("name", "text", "colleague", "expected"),
    [
        ("Dana Reyes", "Down.\nDana", False, "Hi Dana,"),
        ("Dana Reyes", "", False, "Hello Dana Reyes,"),
        ("Dr. Ellen Kegley", "", False, "Hello Dr. Kegley,"),
        ("Sam Okafor", "", True, "Hi Sam,"),
        ("", "", False, "Hello,"),
    ],
)
def test_the_short_version_greets_more_lightly(
    name: str, text: str, *, colleague: bool, expected: str
) -> None:
    person = Address(address="d.reyes@northwind.example", name=name)
    assert short_greeting(person, text, colleague=colleague) == expected


@pytest.mark.parametrize("name", ["Dana Reyes", "Hey You", "Dr. X", "\u202eevil", "A" * 300])
def test_every_greeting_is_one_line_with_a_professional_word_and_a_comma(name: str) -> None:
    for text in (dear(name), dear(name, colleague=True)):
        assert text.split()[0].rstrip(",") in ("Dear", "Hello", "Hi")
        assert text.endswith(",")
        assert "\n" not in text
