"""Records as JSONL or CSV, and back: every mistake with its line, and nothing half read.

Rules: files are UTF-8; CSV is written so that spreadsheets take no cell for a formula, and read
however one of them may have saved it (comma, semicolon or tab; with or without a byte order mark).
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Literal

from triage.examples.cells import guarded, unguarded
from triage.examples.rows import COLUMNS, MOST_CHARS, Defaults, Read, Row, from_row, to_row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from triage.examples.record import Record

Format = Literal["jsonl", "csv"]
FORMATS: tuple[Format, ...] = ("jsonl", "csv")
NONE = "none"
_REQUIRED = ("tags",)
_LISTS = ("tags", "previous")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MARK = b"\xef\xbb\xbf"

# The number of a line, the row that begins there if there is one, and what is wrong so far.
Line = tuple[int, object | None, list[str]]


def as_bytes(records: Iterable[Record], form: Format) -> bytes:
    """The whole file."""
    rows = (to_row(record) for record in records)
    if form == "jsonl":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        # A line separator inside a text would end a line for some programs.
        return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode()
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for row in rows:
        earlier = json.dumps(row["earlier"], ensure_ascii=False) if row["earlier"] else ""
        cells = {name: _cell(value) for name, value in (row | {"earlier": earlier}).items()}
        writer.writerow({name: guarded(cell) for name, cell in cells.items()})
    return _MARK + out.getvalue().encode()  # without the mark Excel takes it for another encoding


def read_records(
    content: bytes, form: Format, *, known: Collection[str], defaults: Defaults
) -> tuple[list[Read], list[str]]:
    """Every record of a file, and every mistake as `line 12: what is wrong`.

    `known`: tags that may be in force. `defaults`: for what rows do not say.
    """
    problems = _encoding_problems(content)
    if problems:
        return [], problems
    lines = (_json_lines if form == "jsonl" else _csv_lines)(content.decode("utf-8-sig"))
    reads: list[Read] = []
    places: dict[tuple[str, str], int] = {}
    for number, row, wrong in lines:
        found = from_row(row, known, defaults) if row is not None else []
        if isinstance(found, Read):
            key = (found.record.digest, found.record.sha256)
            first = places.setdefault(key, number)
            if first != number:
                wrong.append(f"is the same mail as line {first}; keep one of them")
            reads.append(found)
        else:
            wrong.extend(found)
        problems += [f"line {number}: {problem}" for problem in wrong]
    return ([] if problems else reads), problems


def _encoding_problems(content: bytes) -> list[str]:
    """Each line that is no UTF-8; a file of another encoding altogether is told once."""
    if content.startswith(_UTF16):
        return ["the file is UTF-16; save it as UTF-8 (in Excel: CSV UTF-8)"]
    problems = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            problems.append(
                f"line {number}: byte {error.start + 1} is not UTF-8; save the file as UTF-8"
            )
    return problems


def _json_lines(text: str) -> Iterator[Line]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, None, [f"is not JSON: {error}"]
            else:
                yield number, row if row is not None else [], []


def _csv_lines(text: str) -> Iterator[Line]:
    limit = csv.field_size_limit(2 * MOST_CHARS)
    try:
        yield from _csv_rows(text)
    finally:
        csv.field_size_limit(limit)


def _csv_rows(text: str) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    columns: list[str] = []
    start = 0
    try:
        for cells in reader:
            start, line = reader.line_num, start + 1
            if not columns:
                columns = [cell.strip() for cell in cells]
                problems = _header_problems(columns)
                if problems:
                    yield line, None, problems
                    return
            elif any(cells):
                yield line, *_csv_row(columns, cells)
    except csv.Error as error:
        yield start + 1, None, [f"cannot be read as CSV, nor what follows: {error}"]


def _header_problems(columns: list[str]) -> list[str]:
    missing = [name for name in _REQUIRED if name not in columns]
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    return [
        *(f"the first line must name the columns, and {name} is not there" for name in missing),
        *(f"the column {name} is there twice" for name in twice),
    ]


def _csv_row(columns: list[str], cells: list[str]) -> tuple[Row | None, list[str]]:
    if len(cells) != len(columns):
        return None, [f"has {len(cells)} cells where the first line has {len(columns)}"]
    given: Mapping[str, str] = dict(zip(columns, map(unguarded, cells), strict=True))
    row: Row = {name: cell for name, cell in given.items() if name in COLUMNS}
    problems: list[str] = []
    for name in _LISTS:
        if name in row:
            row[name] = _tags(name, row[name], problems)
    if "redacted" in row:
        flag = row["redacted"].strip().lower()
        row["redacted"] = {"true": True, "false": False, "": False}.get(flag, flag)
    if row.get("earlier"):
        try:
            row["earlier"] = json.loads(row["earlier"])
        except (ValueError, RecursionError):
            problems.append("earlier is no list of labels; leave the cell as it was, or empty it")
            del row["earlier"]
    return row, problems


def _tags(name: str, cell: str, problems: list[str]) -> list[str]:
    tags = cell.replace(",", " ").replace(";", " ").split()
    if not tags:
        problems.append(f"{name} is empty; write the tags, or {NONE}")
    if NONE in tags and len(tags) > 1:
        problems.append(f"{name}: {NONE} stands beside a tag; write one or the other")
    return [] if tags == [NONE] else tags


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(value) or NONE
    return str(value)


def _delimiter(text: str) -> str:
    """What parts the columns of the first line: spreadsheets follow the country."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)
