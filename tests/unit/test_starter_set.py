"""The starter set is what a new firm's first day rests on."""

from __future__ import annotations

import re
from collections import Counter
from statistics import mean

import pytest

from classifiers.dataset import Example, deduplicate, read_examples
from triage.resources import resource

TAGS = ("upsell", "dissatisfaction", "scope_mismatch", "blocker")
LEAST_MAILS = 10_000


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return read_examples([resource("data") / "starter"])


def test_it_is_large_sound_and_without_near_duplicates(examples: list[Example]) -> None:
    assert len(examples) >= LEAST_MAILS
    assert len(deduplicate(examples)) == len(examples)
    assert {tag for example in examples for tag in example.tags} == set(TAGS)


def test_about_half_of_the_mails_carry_no_tag_and_no_tag_is_rare(examples: list[Example]) -> None:
    untagged = sum(not example.tags for example in examples) / len(examples)
    counts = Counter(tag for example in examples for tag in example.tags)
    assert 0.45 <= untagged <= 0.6
    assert min(counts.values()) >= 0.12 * len(examples)


def test_length_does_not_give_the_tag_away(examples: list[Example]) -> None:
    words = {
        tagged: mean(len(e.document.text.split()) for e in examples if bool(e.tags) is tagged)
        for tagged in (True, False)
    }
    assert words[True] < 1.4 * words[False]


@pytest.mark.parametrize("tag", TAGS)
def test_words_that_go_with_a_tag_stand_in_mail_without_it_too(
    examples: list[Example], tag: str
) -> None:
    """No frequent word may be a sure sign, or the model learns the word instead of the matter."""
    found: Counter[str] = Counter()
    elsewhere: Counter[str] = Counter()
    for example in examples:
        text = f"{example.document.subject} {example.document.text}".lower()
        (found if tag in example.tags else elsewhere).update(set(re.findall(r"[a-z']{4,}", text)))
    sure = [w for w, n in found.items() if n >= 40 and elsewhere[w] < 0.1 * n]
    assert sure == []


def test_evidence_is_marked_for_most_tagged_mail(examples: list[Example]) -> None:
    tagged = [example for example in examples if example.tags]
    marked = [example for example in tagged if example.evidence]
    assert len(marked) >= 0.85 * len(tagged)
