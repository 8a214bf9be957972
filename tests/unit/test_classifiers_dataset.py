"""Labelled examples: every mistake is listed with its place; what belongs together stays so."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.api import DataError, Document
from classifiers.dataset import (
    Example,
    contradictions,
    data_digest,
    deduplicate,
    folds,
    near_duplicates,
    read_examples,
)
from classifiers.tags import read_tag_infos

if TYPE_CHECKING:
    from pathlib import Path

LONG = "The quick brown fox jumps over the lazy dog while eleven others watch from the old wall"


def write(path: Path, *rows: object) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def example(text: str, *tags: str, group: str = "") -> Example:
    document = Document(text=text, id=text)
    return Example(document=document, tags=frozenset(tags), group=group or text)


def test_a_row_is_read_with_all_it_says(tmp_path: Path) -> None:
    row = {
        "id": "a1",
        "from_role": "client",
        "subject": "hello",
        "body": "One. Two.",
        "tags": ["blocker"],
        "hard": True,
        "group": "a",
        "evidence": {"blocker": ["Two."]},
        "source": "anywhere",
    }
    (read,) = read_examples([write(tmp_path / "rows.jsonl", row)])
    assert read.document == Document(id="a1", subject="hello", text="One. Two.", from_role="client")
    assert (read.tags, read.group, read.hard) == (frozenset({"blocker"}), "a", True)
    assert read.evidence == {"blocker": ("Two.",)}
    assert read.place.endswith("rows.jsonl:1")


def test_every_problem_of_every_file_is_listed_with_its_line(tmp_path: Path) -> None:
    good = {"id": "x", "body": "fine", "tags": []}
    write(
        tmp_path / "a.jsonl",
        good,
        "{not json",
        ["a list"],
        {"body": "no tags"},
        {"body": 7, "tags": ["Bad Tag"], "from_role": "boss", "hard": "yes"},
        {"tags": []},
    )
    write(
        tmp_path / "b.jsonl",
        good,
        {"body": "Here.", "tags": ["blocker"], "evidence": {"blocker": ["Not here."]}},
        {"body": "Here.", "tags": [], "evidence": {"upsell": ["Here."]}},
        {"body": "fine", "tags": ["none"]},
    )
    with pytest.raises(DataError) as caught:
        read_examples([tmp_path, tmp_path / "gone"])
    listed = "\n".join(caught.value.problems)
    for line, words in (
        ("a.jsonl:2", "is not JSON"),
        ("a.jsonl:3", "must be a JSON object"),
        ("a.jsonl:4", "tags must be a list"),
        ("a.jsonl:5", "body must be text"),
        ("a.jsonl:5", "'Bad Tag' is no tag name"),
        ("a.jsonl:5", "from_role is 'boss'"),
        ("a.jsonl:5", "hard must be true or false"),
        ("a.jsonl:6", "has neither subject nor body"),
        ("b.jsonl:1", "id 'x' is taken by"),
        ("b.jsonl:2", "evidence is not in the mail"),
        ("b.jsonl:3", "'upsell', which is not among the tags"),
        ("b.jsonl:4", "an empty list means none applies"),
        ("gone", "does not exist"),
    ):
        assert any(line in p and words in p for p in caught.value.problems), (line, words, listed)


def test_no_rows_at_all_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no rows"):
        read_examples([tmp_path])


def test_near_duplicates_with_equal_tags_are_dropped_and_others_share_a_group() -> None:
    first, same = example(LONG, "upsell"), example(LONG + ".", "upsell")
    contrast, other = example(LONG + " again", "blocker"), example("Something else entirely")
    kept = deduplicate([first, same, contrast, other])
    assert [e.document.text for e in kept] == [LONG, LONG + " again", "Something else entirely"]
    assert kept[0].group == kept[1].group != kept[2].group


def test_the_firms_own_label_replaces_a_starter_mail_that_reads_the_same() -> None:
    starter, others = (
        example(LONG, "upsell", group="s"),
        example("Another mail of that thread", group="s"),
    )
    own = replace(example(LONG + "!", "blocker"), local=True)
    kept = deduplicate([starter, others, own])
    assert [(e.document.text, e.tags) for e in kept] == [
        (others.document.text, frozenset()),
        (own.document.text, {"blocker"}),
    ]
    assert kept[0].group == kept[1].group


def test_of_two_labels_for_the_very_same_text_the_later_one_counts() -> None:
    first, second = example(LONG, "upsell"), example(LONG, "blocker")
    assert contradictions([first, second]) == [(first, second)]
    assert [e.tags for e in deduplicate([first, second])] == [{"blocker"}]
    assert contradictions([first, first]) == []


@given(
    st.lists(st.lists(st.sampled_from("abcd"), max_size=14).map(" ".join), min_size=2, max_size=25)
)
def test_every_near_duplicate_is_found(texts: list[str]) -> None:
    def grams(text: str) -> set[str]:
        words = text.split()
        return {" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2))}

    def alike(first: set[str], second: set[str]) -> bool:
        return 5 * len(first & second) >= 4 * len(first | second)

    every = [grams(text) for text in texts]
    expected = {
        index: [at for at, two in enumerate(every) if at != index and alike(one, two)]
        for index, one in enumerate(every)
    }
    assert near_duplicates(texts) == {index: found for index, found in expected.items() if found}


def test_near_duplicates_are_symmetric_and_ignore_case_and_punctuation() -> None:
    assert near_duplicates([LONG, LONG.upper() + "!!", "other", ""]) == {0: [1], 1: [0]}


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["", "a", "b"])), min_size=60),
    st.integers(0, 5),
)
def test_a_group_is_never_split_and_every_fold_is_used(
    drawn: list[tuple[int, str]], seed: int
) -> None:
    rows = [
        example(f"mail {n}", *([tag] if tag else []), group=f"g{n % 10 if n < 10 else group}")
        for n, (group, tag) in enumerate(drawn)
    ]
    fold_of = folds(rows, 3, seed)
    assert set(fold_of) == {0, 1, 2}
    assert len({(e.group, f) for e, f in zip(rows, fold_of, strict=True)}) == 10
    assert fold_of == folds(rows, 3, seed)


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(DataError, match="too few for 3 folds"):
        folds([example("a", group="g"), example("b", group="g")], 3, 0)


def test_the_digest_names_content_whatever_its_order() -> None:
    one, two = example("one", "upsell"), example("two")
    assert data_digest([one, two]) == data_digest([two, one])
    assert data_digest([one, two]) != data_digest([example("one"), two])


def test_tag_descriptions_are_read_beside_the_data_and_all_mistakes_listed(tmp_path: Path) -> None:
    rows = write(tmp_path / "rows.jsonl", {"body": "x", "tags": []})
    assert read_tag_infos([rows]) == {}
    (tmp_path / "tags.toml").write_text('[late]\nmeans = "It is late."\nkeywords = ["late"]\n')
    (info,) = read_tag_infos([rows, tmp_path]).values()
    assert (info.name, info.means, info.keywords) == ("late", "It is late.", ("late",))
    (tmp_path / "tags.toml").write_text('[Late]\nmeans = "x"\n[ok]\nmeans = 3\nkeywords = "a"\n')
    with pytest.raises(DataError) as caught:
        read_tag_infos([tmp_path])
    assert len(caught.value.problems) == 3
