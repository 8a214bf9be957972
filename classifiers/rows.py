"""Labelled rows from JSONL and CSV files, with every mistake and its place.

Rules: a mistake never passes silently and never comes alone: all problems of all files are listed,
and then nothing is taken. CSV is read however a spreadsheet may have saved it: parted by comma,
semicolon or tab, with or without a byte order mark, the columns in any order and case.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

from classifiers.api import ROLES
from classifiers.tags import TAG_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SUFFIXES = (".jsonl", ".ndjson", ".csv")
NO_TAG = "none"
_TEXT_COLUMNS = ("id", "subject", "body", "from_role", "group", "sender")
_OTHER_NAMES = {
    "text": "body",
    "label": "tags",
    "labels": "tags",
    "tag": "tags",
    "role": "from_role",
}
_BETWEEN_TAGS = re.compile(r"[;|,\s]+")
_MOST_CHARS = 2_000_000  # of one cell; the module's own limit is below a long mail

Row = tuple[str, dict[str, Any]]  # its place, and what it says


def read_rows(paths: Sequence[Path], problems: list[str]) -> Iterator[Row]:
    """Yield every sound row of the files and folders in `paths`, in a stable order.

    In folders, files with one of `SUFFIXES` are read; a file that is named is read whatever it is
    called, as CSV when its name says so and else as JSONL. Whatever is wrong is added to
    `problems`.
    """
    for file in _files(paths, problems):
        read = _csv_rows if file.suffix.lower() == ".csv" else _json_rows
        for place, row in read(file, problems):
            found = row_problems(row)
            problems += [f"{place}: {problem}" for problem in found]
            if not found:
                yield place, row


def row_problems(row: object) -> list[str]:
    """Say everything that is wrong with one row; empty when nothing is. Unknown keys are fine."""
    if not isinstance(row, dict):
        return ["must be a JSON object with subject, body and tags"]
    problems = [
        f"{key} must be text, not {row[key]!r}"
        for key in ("id", "subject", "body", "group", "sender")
        if key in row and not isinstance(row[key], str)
    ]
    if not any(str(row.get(key) or "").strip() for key in ("subject", "body")):
        problems.append("has neither subject nor body")
    if row.get("from_role", "other") not in ROLES:
        problems.append(f"from_role is {row['from_role']!r}; use one of {', '.join(ROLES)}")
    problems += [
        f"{key} must be true or false"
        for key in ("hard", "agree")
        if not isinstance(row.get(key, False), bool)
    ]
    return problems + _tag_problems(row) + _evidence_problems(row)


def _files(paths: Sequence[Path], problems: list[str]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(f for f in path.rglob("*") if f.suffix.lower() in SUFFIXES)
        elif path.is_file():
            yield path
        else:
            problems.append(f"{path}: does not exist")


def _text(file: Path, problems: list[str]) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        problems.append(f"{file}: cannot be read: {error.strerror}; check its permissions")
    except UnicodeDecodeError as error:
        problems.append(f"{file}: is not UTF-8 ({error}); save it as UTF-8 (Excel: CSV UTF-8)")
    return ""


def _json_rows(file: Path, problems: list[str]) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(_text(file, problems).split("\n"), start=1):
        if line.strip():
            place = f"{file}:{number}"
            try:
                yield place, json.loads(line)
            except (ValueError, RecursionError) as error:
                problems.append(f"{place}: is not JSON: {error}")


def _csv_rows(file: Path, problems: list[str]) -> Iterator[Row]:
    text = _text(file, problems)
    limit = csv.field_size_limit(_MOST_CHARS)
    try:
        yield from _cells(text, str(file), problems)
    finally:
        csv.field_size_limit(limit)


def _cells(text: str, file: str, problems: list[str]) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    columns: list[str] = []
    before = 0
    try:
        for cells in reader:
            place, before = f"{file}:{before + 1}", reader.line_num
            if not columns:
                columns = [_column(cell) for cell in cells]
                wrong = _header_problems(columns)
                problems += [f"{place}: {problem}" for problem in wrong]
                if wrong:
                    return
            elif len(cells) == len(columns):
                if any(cell.strip() for cell in cells):
                    yield place, _row(dict(zip(columns, cells, strict=True)))
            elif cells:
                problems.append(
                    f"{place}: has {len(cells)} cells, the first line has {len(columns)}; put "
                    "quotes around text that holds the separator"
                )
    except csv.Error as error:
        problems.append(f"{file}:{before + 1}: cannot be read as CSV, nor what follows: {error}")


def _column(cell: str) -> str:
    name = cell.strip().lower().replace(" ", "_")
    return _OTHER_NAMES.get(name, name)


def _header_problems(columns: list[str]) -> list[str]:
    """Say what is wrong with the first line; several columns for the same thing are."""
    problems = []
    if "tags" not in columns:
        problems.append("there is no column tags (or label); the first line must name the columns")
    if not {"subject", "body"} & set(columns):
        problems.append("there is neither a column subject nor body (or text)")
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    return problems + [f"the column {name} is there twice" for name in twice]


def _row(cells: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: cells[name] if name in {"subject", "body"} else cells[name].strip()
        for name in _TEXT_COLUMNS
        if cells.get(name, "").strip()
    }
    if "from_role" in row:
        row["from_role"] = row["from_role"].lower()
    return {**row, "tags": _tags(cells["tags"])}


def _tags(cell: str) -> list[str] | str:
    """Return the tags of a cell; an empty one is no list, as nobody may have judged the mail."""
    tags = [tag for tag in _BETWEEN_TAGS.split(cell.strip().lower()) if tag]
    return [] if tags == [NO_TAG] else tags or ""


def _delimiter(text: str) -> str:
    """What parts the columns of the first line: spreadsheets follow the country."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _tag_problems(row: dict[str, Any]) -> list[str]:
    tags = row.get("tags")
    if tags == "":
        return [f"tags is empty; write the tags, or {NO_TAG}"]
    if not isinstance(tags, list):
        return ["tags must be a list of tag names; an empty list means none applies"]
    wrong = [tag for tag in tags if not (isinstance(tag, str) and TAG_NAME.fullmatch(tag))]
    if NO_TAG in tags:
        return [f"{NO_TAG} stands beside a tag, or in a list; an empty list means none applies"]
    return [f"{tag!r} is no tag name: use lower-case letters, digits and _" for tag in wrong]


def _evidence_problems(row: dict[str, Any]) -> list[str]:
    marked = row.get("evidence")
    if marked is None:
        return []
    if not isinstance(marked, dict):
        return ["evidence must map a tag to a list of sentences"]
    text = f"{row.get('subject', '')}\n{row.get('body', '')}"
    problems = []
    for tag, sentences in marked.items():
        if not isinstance(row.get("tags"), list) or tag not in row["tags"]:
            problems.append(f"evidence is given for {tag!r}, which is not among the tags")
        if not isinstance(sentences, list) or not all(isinstance(s, str) for s in sentences):
            problems.append(f"evidence for {tag!r} must be a list of sentences")
            continue
        problems += [f"evidence is not in the mail: {s!r}" for s in sentences if s not in text]
    return problems
