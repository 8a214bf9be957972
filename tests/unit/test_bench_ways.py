"""The comparison of ways to learn from own labels: none may see what it is judged on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from bench.local_labels import Inbox
from bench.local_ways import SHIPPED, WAYS, Part, readers, scores, within
from classifiers.api import Document
from classifiers.dataset import Example
from classifiers.opinion import Opinion

if TYPE_CHECKING:
    from pathlib import Path

MAILS = 60


def part(*, told_by_words: bool) -> Part:
    draw = np.random.default_rng(3)
    truth = np.array([[n % 3 == 0] for n in range(MAILS)], dtype=int)
    words = draw.random((MAILS, 8)) / 4
    words[:, 0] = truth[:, 0] if told_by_words else 0
    roles = ("client", "staff")
    mails = [
        Example(
            document=Document(text=f"mail {n}", id=f"{n}", from_role=roles[n // 2 % 2]),
            tags=frozenset({"late"} if truth[n, 0] else ()),
            group=f"{n}",
            local=True,
        )
        for n in range(MAILS)
    ]
    said = Opinion(logits=np.zeros((MAILS, 1)), vectors=draw.normal(size=(MAILS, 5)) / 3)
    inbox = Inbox(
        name="one", examples=mails, features=sparse.csr_matrix(words), opinion=said, truth=truth
    )
    return Part(inbox=inbox, known=draw.normal(size=(MAILS, 1)))


def precision(some: Part, name: str) -> float:
    fold_of = np.arange(MAILS) // 3 % 5
    return float(within(some, scores(some, WAYS[name], fold_of), fold_of).mean())


@pytest.mark.parametrize("name", WAYS)
def test_no_way_finds_what_nothing_tells(name: str) -> None:
    assert precision(part(told_by_words=False), name) < 0.75


def test_the_shipped_way_learns_what_words_tell() -> None:
    some = part(told_by_words=True)
    assert precision(some, SHIPPED) > precision(some, "starter only") + 0.2
    assert precision(some, SHIPPED) > 0.9


def test_readers_are_compared_on_disputed_rows_too(tmp_path: Path) -> None:
    rows = [
        {"set": "one", "tags": ["late"], "tags2": ["late"]},
        {"set": "one", "tags": ["late"], "tags2": []},
        {"set": "one", "tags": [], "tags2": []},
    ]
    file = tmp_path / "read.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    agreed = readers(file, "set", ["late"]).splitlines()[1]
    assert agreed.split() == ["one,", "F1", "0.667", "0.667", "3"]
