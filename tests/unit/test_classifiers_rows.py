"""Labelled rows: CSV however it was saved, every mistake with its line, all or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from classifiers.api import DataError
from classifiers.dataset import read_examples

if TYPE_CHECKING:
    from pathlib import Path

    from classifiers.dataset import Example


def csv(tmp_path: Path, text: str, name: str = "mine.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def said(example: Example) -> tuple[str, str, str, list[str]]:
    document = example.document
    return document.subject, document.text, document.from_role, sorted(example.tags)


@pytest.mark.parametrize(
    "text",
    [
        'subject,body,tags,from_role\nHi,"One, two.",blocker;upsell,client\nYo,Three.,none,staff\n',
        (
            "\ufeffSubject;Text;Label;Role\r\nHi;One, two.;upsell|blocker;Client\r\n"
            "Yo;Three.;none;staff\r\n"
        ),
        (
            "FROM_ROLE\tTags\tBODY\tsubject\nclient\tBlocker, upsell\tOne, two.\tHi\n"
            "staff\tNONE\tThree.\tYo"
        ),
    ],
    ids=["comma", "semicolon", "tab"],
)
def test_a_table_is_read_whatever_parts_its_columns(tmp_path: Path, text: str) -> None:
    assert [said(each) for each in read_examples([csv(tmp_path, text)])] == [
        ("Hi", "One, two.", "client", ["blocker", "upsell"]),
        ("Yo", "Three.", "staff", []),
    ]


def test_a_text_may_go_over_several_lines_and_a_row_is_named_by_its_first(tmp_path: Path) -> None:
    text = 'body,tags\n"One\n\ntwo, said ""she""",blocker\n\n,upsell\n'
    with pytest.raises(DataError) as caught:
        read_examples([csv(tmp_path, text)])
    assert caught.value.problems == (f"{tmp_path}/mine.csv:6: has neither subject nor body",)
    good = csv(tmp_path, text.replace("\n,upsell\n", "\nmore,upsell\n"))
    assert said(read_examples([good])[0])[1] == 'One\n\ntwo, said "she"'


def test_every_mistake_of_a_table_is_listed_and_nothing_is_taken(tmp_path: Path) -> None:
    rows = "body,tags,from_role\nfine,upsell,client\nx,Not-a-Tag!,client\ny,none;upsell,boss\nz,a\n"
    rows += "unjudged,,client\n"
    with pytest.raises(DataError) as caught:
        read_examples([csv(tmp_path, rows), csv(tmp_path, '{"body": 1}\n', "b.jsonl")])
    listed = [problem.removeprefix(f"{tmp_path}/") for problem in caught.value.problems]
    assert [line.split(" ")[0] for line in listed] == [
        *("mine.csv:3:", "mine.csv:4:", "mine.csv:4:", "mine.csv:5:", "mine.csv:6:"),
        *("b.jsonl:1:", "b.jsonl:1:"),
    ]
    assert "has 2 cells, the first line has 3" in listed[3]
    assert "tags is empty; write the tags, or none" in listed[4]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("subject,tagging\nx,y\n", "there is no column tags"),
        ("sender,tags\nx,y\n", "neither a column subject nor body"),
        ("body,text,tags\nx,y,z\n", "the column body is there twice"),
        ('body,tags\n"open,upsell\n', "cannot be read as CSV"),
    ],
)
def test_a_table_without_usable_columns_is_refused_once(
    tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(DataError) as caught:
        read_examples([csv(tmp_path, text)])
    assert len(caught.value.problems) == 1
    assert problem in caught.value.problems[0]


def test_a_file_in_another_encoding_says_how_to_save_it(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes("body,tags\nGrüße,none\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"mine\.csv: is not UTF-8.*save it as UTF-8"):
        read_examples([tmp_path])


def test_a_folder_is_searched_for_rows_of_both_kinds(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    csv(tmp_path, "body,tags\none,none\n", "deep/a.CSV")
    csv(tmp_path, '{"body": "two", "tags": []}\n', "b.ndjson")
    csv(tmp_path, "not rows", "README.md")
    assert [each.document.text for each in read_examples([tmp_path])] == ["two", "one"]
