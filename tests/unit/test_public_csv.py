"""The check against public data sets: honest about its rows, and able to learn at all."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from bench.public_csv import CsvError, Rows, main, read_rows, split

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = {
    "card": ("my card was stolen", "the card is blocked", "order a new card", "card expired today"),
    "transfer": (
        "transfer failed",
        "where is my transfer",
        "transfer takes long",
        "send a transfer",
    ),
    "rate": (
        "exchange rate of the euro",
        "rate is wrong",
        "which rate applies",
        "rate for dollars",
    ),
}
TAILS = (
    "please help",
    "thanks",
    "what now",
    "since yesterday",
    "for me",
    "again",
    "today",
    "hello",
)
PAIRS = [
    (f"{text}, {tail}", label)
    for label, texts in CLASSES.items()
    for text in texts
    for tail in TAILS
]


def write(
    path: Path, pairs: list[tuple[str, str]], heads: tuple[str, str] = ("text", "label")
) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([heads, *pairs])
    return path


def test_the_trainer_learns_and_stands_beside_plain_peers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(write(tmp_path / "a.csv", PAIRS)), "--no-encoder", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    by_name = {one["name"]: one for one in found["results"]}
    assert (found["learn"], found["judge"]) == (77, 19)
    assert by_name["most frequent class"]["accuracy"] < 0.5
    assert "TfidfVectorizer + MultinomialNB" in by_name
    assert by_name["this trainer"]["accuracy"] > 0.9
    assert by_name["this trainer"]["macro_f1"] > 0.9
    assert "this trainer + encoder" not in by_name


def test_the_encoder_joins_where_it_is_not_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(write(tmp_path / "a.csv", PAIRS))]) == 0
    printed = capsys.readouterr().out
    assert "77 texts to learn from, 19 to judge on, 3 classes" in printed
    assert "this trainer + encoder" in printed
    assert "macro F1" in printed


def test_no_text_stands_on_both_sides() -> None:
    rows = Rows(texts=[text for text, _ in PAIRS], labels=[label for _, label in PAIRS])
    for test in (None, Rows(texts=rows.texts[:10], labels=rows.labels[:10])):
        learn, judge = split(rows, test)
        assert not set(learn.texts) & set(judge.texts)
        assert len(learn.texts) + len(judge.texts) == len(rows.texts)
    _, judge = split(rows, None)
    assert {label: judge.labels.count(label) for label in CLASSES}.keys() == CLASSES.keys()


def test_a_class_of_one_row_is_left_out_rather_than_breaking_the_split() -> None:
    rows = Rows(texts=["only one", *(t for t, _ in PAIRS)], labels=["odd", *(x for _, x in PAIRS)])
    learn, judge = split(rows, None)
    assert "odd" not in learn.labels + judge.labels


def test_files_are_read_as_they_are_published(tmp_path: Path) -> None:
    """The SMS collection is in Latin-1 with columns v1 and v2; others use tabs."""
    sms = tmp_path / "sms.csv"
    sms.write_bytes(
        'v1,v2,,\nham,"Caf\xe9, at 5?\nok",,\nspam,WIN now,,\n,no label,,\n'.encode("latin-1")
    )
    assert read_rows(sms) == Rows(texts=["Café, at 5?\nok", "WIN now"], labels=["ham", "spam"])
    tabs = tmp_path / "tabs.tsv"
    tabs.write_text("Intent\tQuery\na\tone, two\nb\tthree\na\tone, two\n")
    assert read_rows(tabs, text="query") == Rows(texts=["one, two", "three"], labels=["a", "b"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("foo,label\nx,y\n", "name the column with --text; there are foo, label"),
        ("text,bar\nx,y\n", "name the column with --label; there are text, bar"),
        ("", "there are none"),
        ("text,label\n,\n", "no row has both"),
        ("text,label\nx,y\nz,y\n", "only one class"),
        (f"text,label\n{'x' * 200_000},y\n", "is no CSV file that can be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, says: str
) -> None:
    (tmp_path / "a.csv").write_text(content)
    assert main([str(tmp_path / "a.csv")]) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert told.out == ""


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CsvError, match="cannot be read"):
        read_rows(tmp_path / "none.csv")
