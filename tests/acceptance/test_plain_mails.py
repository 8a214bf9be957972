"""What nobody would excuse: the plainest mail gets its tag, and plain ordinary mail gets none.

The eighty mails were written before any model had judged them and are never trained on. See how
a model does on them with `triage evaluate --data tests/acceptance/plain-mails.jsonl`.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from classifiers import registry
from classifiers.dataset import Example, read_examples
from triage.resources import resource

if TYPE_CHECKING:
    from classifiers.api import Verdict

PLAIN = read_examples([Path(__file__).with_name("plain-mails.jsonl")])
TAGGED = [example for example in PLAIN if example.tags]
ORDINARY = [example for example in PLAIN if not example.tags]


def name(example: Example) -> str:
    return example.document.id


@cache
def verdicts() -> dict[str, Verdict]:
    model = registry.load(resource("models"))
    return {v.id: v for v in model.classify([example.document for example in PLAIN])}


def answer(example: Example) -> str:
    """The mail and what the model said of it, for whoever reads a failure."""
    verdict = verdicts()[name(example)]
    scores = ", ".join(f"{tag} {score:.2f}" for tag, score in verdict.scores.items())
    return (
        f"{example.document.text!r}\ngiven {verdict.tags}, unsure {verdict.unsure_tags}: {scores}"
    )


@pytest.mark.parametrize("example", TAGGED, ids=name)
def test_the_plainest_mail_gets_its_tag(example: Example) -> None:
    assert example.tags <= set(verdicts()[name(example)].tags), answer(example)


@pytest.mark.parametrize("example", ORDINARY, ids=name)
def test_a_plain_ordinary_mail_gets_no_tag(example: Example) -> None:
    assert verdicts()[name(example)].tags == (), answer(example)


def test_there_are_ten_mails_a_tag_and_forty_ordinary_ones() -> None:
    found = Counter(tag for example in PLAIN for tag in example.tags)
    assert found == dict.fromkeys(registry.load(resource("models")).tags, 10)
    assert len(ORDINARY) == 40


def test_none_of_these_mails_is_trained_on() -> None:
    learned = {words(example) for example in read_examples([resource("data") / "starter"])}
    assert [name(example) for example in PLAIN if words(example) in learned] == []


def words(example: Example) -> str:
    """The text without what a copyist might change."""
    return " ".join(re.findall(r"\w+", example.document.text.lower()))
