"""Kinds of issue: found by likeness to described situations, and left open where unclear."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.kind_rows import KindRow, kind_rows
from triage.kinds import KindFinder, KindFound
from triage.policy import Kind, Policy
from triage.policy_file import load_policy
from triage.policy_kinds import shipped_kinds

POLICY: Policy = load_policy(Path(__file__).parents[2] / "data" / "demo" / "policy.toml")
FINDER = KindFinder(POLICY.kinds)
# The kind that is as good as the tag itself: where none is found, its route applies anyway.
PLAIN = {
    "upsell": "more_work",
    "scope_mismatch": "expectations",
    "dissatisfaction": "recovery",
    "blocker": "story",
}
ROWS = kind_rows()


def find(
    tag: str, text: str, *, role: str = "staff", deciding: tuple[str, ...] = (), subject: str = ""
) -> KindFound | None:
    found = FINDER.find([tag], deciding={tag: deciding}, text=text, subject=subject, role=role)
    return next(iter(found), None)


def kind_of(row: KindRow) -> str:
    found = find(row.tag, row.text, role=row.role, subject=row.subject)
    return found.kind if found else ""


def test_the_labelled_mails_cover_every_kind_and_tag() -> None:
    assert len(ROWS) >= 110
    assert {row.kind for row in ROWS} == set(POLICY.kinds) == set(shipped_kinds())
    assert min(Counter(row.kind for row in ROWS).values()) >= 8
    assert all(row.tag in POLICY.kinds[row.kind].routes for row in ROWS)


def test_nearly_all_labelled_mails_are_treated_as_their_kind_asks() -> None:
    right = [(kind_of(row) or PLAIN[row.tag]) == row.kind for row in ROWS]
    assert sum(right) >= 0.94 * len(ROWS)


def test_most_mails_that_the_situations_were_not_written_for_are_too() -> None:
    held = [row for row in ROWS if row.held]
    right = [(kind_of(row) or PLAIN[row.tag]) == row.kind for row in held]
    assert sum(right) >= 0.9 * len(held)


def test_a_kind_that_is_given_is_nearly_always_right() -> None:
    given = [(kind_of(row), row.kind) for row in ROWS]
    wrong = [pair for pair in given if pair[0] not in ("", pair[1])]
    assert len(wrong) <= 2, wrong
    assert sum(bool(found) for found, _ in given) >= 0.75 * len(ROWS)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("blocker", "We are standing still since this morning."),
        ("blocker", "Payday is tomorrow and the file for your 214 clients will not go out."),
        ("dissatisfaction", "This goes from bad to worse."),
        ("upsell", "They open in Aarhus next spring."),
        ("scope_mismatch", "15 June? It has been the 2nd of May since we first met."),
        ("blocker", ""),
    ],
)
def test_no_kind_is_given_where_nothing_speaks_for_one(tag: str, text: str) -> None:
    assert find(tag, text) is None


def test_two_kinds_that_are_as_near_as_each_other_leave_it_open() -> None:
    text = "My laptop does not start any more. My salary has not been paid this month."
    assert find("blocker", text) is None


def test_likeness_without_any_cue_is_not_enough() -> None:
    text = "She knows the director of another clinic that has this same problem."
    best, *_ = FINDER.scores("upsell", deciding=(), text=text, subject="", role="staff")
    assert best.kind == "introduction"
    assert best.score >= 0.4
    assert not best.cues
    assert find("upsell", text) is None


def test_a_word_that_is_denied_is_no_cue() -> None:
    said = "Your consultant was rude to my team in the meeting."
    denied = "He was not rude to my team."
    assert find("dissatisfaction", said, role="client")
    assert find("dissatisfaction", denied, role="client") is None


def test_the_finding_says_which_sentence_resembles_which_situation() -> None:
    found = find("blocker", "Good morning all. My laptop does not start since Monday. Sam")
    assert found is not None
    assert found.kind == "equipment"
    assert found.sentence == "My laptop does not start since Monday."
    assert found.situation == "My laptop does not start any more."
    assert "laptop*" in found.cues


def test_sentences_that_decided_weigh_more_than_the_rest() -> None:
    text = "My laptop does not start any more. My salary has not been paid this month."
    for sentence, kind in (
        ("My salary has not been paid this month.", "hr"),
        ("My laptop does not start any more.", "equipment"),
    ):
        scores = FINDER.scores("blocker", deciding=(sentence,), text=text, subject="", role="staff")
        assert scores[0].kind == kind


def test_a_kind_of_staff_mail_is_never_found_in_a_clients() -> None:
    text = "My laptop does not start any more and there is no spare laptop."
    assert find("blocker", text, role="staff")
    assert find("blocker", text, role="client") is None


def test_each_tag_gets_its_own_kind() -> None:
    text = (
        "Your consultant was rude to my team. My friend wants you too, may I give her your number?"
    )
    found = FINDER.find(
        ["dissatisfaction", "upsell"],
        deciding={
            "dissatisfaction": ["Your consultant was rude to my team."],
            "upsell": ["My friend wants you too, may I give her your number?"],
        },
        text=text,
        role="client",
    )
    assert [(each.tag, each.kind) for each in found] == [
        ("dissatisfaction", "person"),
        ("upsell", "introduction"),
    ]


def test_a_firm_describes_a_kind_of_its_own() -> None:
    own = Kind(
        id="parking",
        title="Parking",
        routes={"blocker": POLICY.routes["blocker"]},
        situations=("There is no space left in the car park.",),
        cues=("car park",),
    )
    finder = KindFinder({**POLICY.kinds, "parking": own})
    found = finder.find(
        ["blocker"], deciding={}, text="The car park has no space for me.", role="client"
    )
    assert [each.kind for each in found] == ["parking"]


def test_a_policy_without_kinds_finds_none() -> None:
    assert KindFinder({}).find(["blocker"], deciding={}, text="My laptop died.", role="staff") == ()


@pytest.mark.parametrize(
    "text", ["\x00\x00", "(" * 3_000, "ab " * 200_000, "\u202e\ud800 rude " * 99]
)
def test_odd_text_is_no_trouble(text: str) -> None:
    find("blocker", text)
