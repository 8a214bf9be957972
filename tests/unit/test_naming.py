"""Whom a mail speaks of, as against whom it speaks to."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.naming import named_in
from triage.policy import Person

PEOPLE = [
    Person(id="ben", name="Ben West", address="ben@radial.example"),
    Person(id="marshall", name="Marshall Smith", address="marshall@radial.example"),
    Person(id="will", name="Will Adams", address="will@radial.example"),
    Person(id="anna1", name="Anna Berg", address="anna.berg@radial.example"),
    Person(id="anna2", name="Anna Cole", address="anna.cole@radial.example"),
]


def named(text: str, subject: str = "Meeting", writer: str = "") -> set[str]:
    return set(named_in(f"{subject}\n{text}", PEOPLE, writer=writer))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ben West was rude to my team.", {"ben"}),
        ("Your colleague Ben was rude to my team.", {"ben"}),
        ("I do not want to work with Ben any more.", {"ben"}),
        ("Ben's tone was not acceptable.", {"ben"}),
        ("Yesterday Mr West shouted at our receptionist.", {"ben"}),
        ("Write to ben@radial.example, he knows why.", {"ben"}),
        ("Ben and Marshall were both there.", {"ben", "marshall"}),
        ("It was Marshall J. Smith who said so.", {"marshall"}),
        ("I asked Will about it.", {"will"}),
        ("Anna Cole laughed.", {"anna2"}),
        ("Ben was rude,\nand he knows it.", {"ben"}),
    ],
)
def test_who_is_spoken_of_is_named(text: str, expected: set[str]) -> None:
    assert named(f"Hello,\n\n{text}") == expected


@pytest.mark.parametrize(
    "text",
    [
        "Hi Ben,\n\nyour developer was rude.",
        "Hi Ben, your developer was rude.",
        "Hi Ben and all! Your developer was rude.",
        "Dear Mr West, dear Mr Smith,\n\nyour developer was rude.",
        "Ben, Marshall,\n\nyour developer was rude.",
        "Ben,\n\nyour developer was rude.",
        "Good morning Ben and Marshall,\nyour developer was rude.",
        "Your developer was rude. Ben, could you call me?",
        "Your developer was rude. Could you call me, Ben?",
        "Your developer was rude. Thanks Ben.",
        "Will you call me? Your developer was rude.",
        "Please go west at the crossing. The benches are new.",
        "Anna was there.",
        "My cousin Benny said so.",
    ],
)
def test_who_is_spoken_to_and_who_only_seems_to_be_meant_is_not(text: str) -> None:
    assert named(text) == set()


def test_a_greeting_does_not_hide_that_somebody_is_spoken_of_below() -> None:
    assert named("Hi Ben,\n\nBen West was rude to us.") == {"ben"}


def test_the_subject_counts() -> None:
    assert named("See above.", subject="Complaint about Marshall") == {"marshall"}


def test_a_writer_is_not_kept_from_their_own_mail() -> None:
    text = "I have a conflict with Marshall.\n\nBen West"
    assert named(text, writer="BEN@radial.example") == {"marshall"}


@pytest.mark.parametrize("text", ["", "\n" * 9, "Ben" * 20_000, ", Ben." * 9_000, "(" * 9_000])
def test_odd_text_is_no_trouble(text: str) -> None:
    named(text)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    assert named(text) <= {person.id for person in PEOPLE}


def test_a_policy_with_nameless_people_is_no_trouble() -> None:
    people = [Person(id="a", name="", address=""), Person(id="b", name="Dr.", address="")]
    assert named_in("Hi\nall is well", people) == frozenset()
