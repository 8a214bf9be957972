"""Fitting to an inbox without labels: the budget holds on it, and the report tells what changed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from classifiers.adaptation import FEWEST, Adaptation, adapt, compare
from classifiers.api import DataError, Document
from classifiers.comparison import fair_probabilities
from classifiers.dataset import Example
from classifiers.tags import read_tag_infos
from classifiers.thresholds import Budget, decide
from tests.trained import NOW, QUICK, SLICE, examples, small_model

if TYPE_CHECKING:
    from classifiers.model import Model

# An inbox where machines report all day what the starter mails would call a blocker.
ROUTINE = [
    Document(text=f"Job {n} failed: login refused, {n} users waiting. See log {n}.")
    for n in range(90)
]
OTHERS = [
    Document(text=f"Please find report {n} attached, as agreed on day {n}.") for n in range(90)
]
INBOX = [mail for pair in zip(ROUTINE, OTHERS, strict=True) for mail in pair]
BUDGET = Budget(forwards=10, reviews=10)


@cache
def adapted(forwards: float = 10) -> tuple[Model, Adaptation]:
    return adapt(
        small_model(),
        examples(),
        read_tag_infos([SLICE]),
        INBOX,
        budget=Budget(forwards=forwards, reviews=10),
        version="fitted",
        now=NOW,
        settings=QUICK,
    )


def decisions(model: Model) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [decide(p, model.card.thresholds) for p in model.probabilities(INBOX)]


@pytest.mark.parametrize("forwards", [0, 5, 10])
def test_no_more_of_the_inbox_is_forwarded_or_unsure_than_the_budget_allows(
    forwards: float,
) -> None:
    model, report = adapted(forwards)
    given = sum(bool(tags) for tags, _ in decisions(model))
    doubted = sum(bool(unsure and not tags) for tags, unsure in decisions(model))
    assert given <= forwards / 100 * len(INBOX)
    assert given + doubted <= (forwards + 10) / 100 * len(INBOX)
    assert report.after.forwarded == given / len(INBOX)
    assert report.after.unsure == doubted / len(INBOX)


def test_the_budget_needed_to_be_set() -> None:
    _, report = adapted()
    assert report.before.forwarded > 0.1 >= report.after.forwarded
    assert report.budget.forwards == 10
    assert (report.version_before, report.version, report.mails) == ("small", "fitted", 180)


def test_the_report_names_each_mail_that_is_treated_differently() -> None:
    model, report = adapted()
    before, after = decisions(small_model()), decisions(model)
    changed = [n for n in range(len(INBOX)) if before[n] != after[n]]
    assert [mail.index for mail in report.mails_changed] == changed
    first = report.mails_changed[0]
    assert (first.tags_before, first.unsure_before) == before[first.index]
    assert (first.tags, first.unsure) == after[first.index]
    assert {tag.tag: tag.threshold for tag in report.tags} == model.card.thresholds
    assert all(
        tag.threshold_before == small_model().card.thresholds[tag.tag] for tag in report.tags
    )


def test_unlabelled_mail_is_not_learned_as_anything() -> None:
    model, _ = adapted()
    assert model.card.data["used"] == small_model().card.data["used"]
    assert model.card.data["background"] == 180
    assert set(model.parts.held_out) == set(small_model().parts.held_out)


def test_mail_that_was_labelled_too_counts_by_its_held_out_score() -> None:
    own = [
        Example(document=mail, tags=frozenset(), group=mail.text, local=True) for mail in ROUTINE
    ]
    model, report = adapt(
        small_model(),
        [*examples(), *own],
        read_tag_infos([SLICE]),
        INBOX,
        budget=BUDGET,
        version="fitted",
        now=NOW,
        settings=QUICK,
    )
    asked = [Example(document=mail, tags=frozenset(), group="") for mail in INBOX]
    given = [decide(p, model.card.thresholds)[0] for p in fair_probabilities(model, asked)]
    assert report.after.forwarded == sum(bool(tags) for tags in given) / len(INBOX) <= 0.1


def test_too_few_mails_are_refused() -> None:
    with pytest.raises(DataError, match=f"at least {FEWEST} are needed"):
        adapt(
            small_model(),
            examples(),
            {},
            INBOX[: FEWEST - 1],
            budget=BUDGET,
            version="fitted",
            now=NOW,
        )


def test_a_model_compared_with_itself_changes_nothing() -> None:
    report = compare(small_model(), small_model(), INBOX, BUDGET)
    assert report.mails_changed == ()
    assert report.before == report.after
    assert all(tag.before == tag.after for tag in report.tags)
