"""What the shipped model cannot read: it must neither be dropped nor escalated by chance.

The mails in five languages, and what else is not English prose, were written for this test and are
never trained on.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sklearn.metrics import roc_auc_score

from classifiers import novelty, registry
from classifiers.api import Document
from classifiers.dataset import folds, read_examples
from triage.resources import resource

if TYPE_CHECKING:
    from classifiers.api import Verdict

LANGUAGES = ("de", "fr", "es", "pl", "tr")
ROWS = [
    json.loads(line)
    for line in Path(__file__).with_name("foreign-mails.jsonl").read_text("utf-8").splitlines()
]
THANKS = "de-8"  # three words, one of them English too: not enough to tell
FOREIGN = [row["id"] for row in ROWS if row["kind"] in LANGUAGES and row["id"] != THANKS]
MACHINE = [row["id"] for row in ROWS if row["kind"] in {"log", "code", "gibberish"}]


def document(row: dict[str, str]) -> Document:
    return Document(
        id=row["id"], subject=row["subject"], text=row["body"], from_role=row["from_role"]
    )


@cache
def starter() -> tuple[list[Document], list[int]]:
    rows = read_examples([resource("data") / "starter"])
    return [row.document for row in rows], folds(rows, 5, 7)


@cache
def verdicts() -> dict[str, Verdict]:
    model = registry.load(resource("models"))
    return {verdict.id: verdict for verdict in model.classify([document(row) for row in ROWS])}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_mail_in_another_language_goes_to_a_person_and_to_nobody_else(name: str) -> None:
    assert (verdicts()[name].novel, verdicts()[name].tags) == (True, ())


def test_there_are_eight_mails_a_language_half_of_them_matter() -> None:
    assert Counter(name[:2] for name in [*FOREIGN, THANKS]) == dict.fromkeys(LANGUAGES, 8)
    assert sum(bool(row["tags"]) for row in ROWS) == 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_nothing_that_is_not_english_prose_is_escalated(row: dict[str, str]) -> None:
    assert verdicts()[row["id"]].tags == ()


def test_machine_output_stays_out_of_the_review_list() -> None:
    assert [name for name in MACHINE if verdicts()[name].unsure] == ["gibberish-2"]


def test_familiarity_tells_other_languages_from_starter_mails_held_out() -> None:
    documents, fold_of = starter()
    learn = [index for index, fold in enumerate(fold_of) if fold]
    judge = [documents[index] for index, fold in enumerate(fold_of) if not fold]
    known = novelty.fit([documents[i] for i in learn], [fold_of[i] for i in learn])
    foreign = [document(row) for row in ROWS if row["id"] in FOREIGN]
    scores = [known.familiarity(mail) for mail in [*judge, *foreign]]
    assert roc_auc_score([1] * len(judge) + [0] * len(foreign), scores) > 0.995
    assert sum(known.is_novel(mail) for mail in judge) <= 0.002 * len(judge)
