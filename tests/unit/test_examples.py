"""Labelled mail as it travels: rows, cells, redaction, conflicts. Pure."""

from __future__ import annotations

import csv
import io
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.examples import Event, Record
from triage.examples.cells import guarded, unguarded
from triage.examples.conflicts import Held, conflicts
from triage.examples.files import Format, as_bytes, read_records
from triage.examples.record import LATEST_S, time_from, time_text
from triage.examples.redaction import is_luhn, redact, without_people
from triage.examples.rows import Defaults, Read
from triage.messages import words_digest

TAGS = ("upsell", "blocker", "scope_mismatch")
DEFAULTS = Defaults(by="nora", how="import", at=1_800_000_000.5)
# No lone surrogates, no NUL: text in the store never holds them.
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
NAMES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)
SOME_TAGS = st.lists(st.sampled_from(TAGS), unique=True, max_size=3).map(tuple)
TIMES = st.floats(min_value=0, max_value=LATEST_S)
EVENTS = st.builds(Event, tags=SOME_TAGS, previous=SOME_TAGS, by=NAMES, how=NAMES, at=TIMES)


@st.composite
def records(draw: st.DrawFn) -> Record:
    subject, body = draw(WORDS), draw(WORDS)
    if not (subject.strip() or body.strip()):
        body = "words"
    return Record(
        digest=words_digest(subject, body),
        sha256=draw(st.sampled_from(["", "a" * 64, "b" * 64])),
        from_role=draw(st.sampled_from(["client", "staff", "other"])),
        subject=subject,
        body=body,
        thread=draw(st.sampled_from(["", "t1", "t2"])),
        events=tuple(draw(st.lists(EVENTS, min_size=1, max_size=3))),
    )


def read(content: bytes, form: Format = "jsonl") -> tuple[list[Read], list[str]]:
    return read_records(content, form, known=TAGS, defaults=DEFAULTS)


def read_rows(*rows: dict[str, Any]) -> tuple[list[Read], list[str]]:
    return read("\n".join(map(json.dumps, rows)).encode())


def make_record(body: str = "We are stuck.", **changes: Any) -> Record:
    fields: dict[str, Any] = {
        "digest": words_digest("Portal", body),
        "sha256": "",
        "from_role": "client",
        "subject": "Portal",
        "body": body,
        "thread": "",
        "events": (
            Event(tags=("blocker",), previous=(), by="ben@firm.example", how="reply", at=1.5),
        ),
    }
    return Record(**{**fields, **changes})


# There and back


@settings(max_examples=100, deadline=None)
@given(st.lists(records(), max_size=4, unique_by=lambda r: (r.digest, r.sha256)))
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_what_is_written_is_read_back_the_same(form: Format, found: list[Record]) -> None:
    reads, problems = read(as_bytes(found, form), form)
    assert problems == []
    assert [each.record for each in reads] == found


@settings(deadline=None)
@given(TIMES)
def test_times_keep_every_digit(at: float) -> None:
    assert time_from(time_text(at)) == at


def test_times_are_read_in_any_zone() -> None:
    assert time_from("2026-03-02T10:14:00+01:00") == time_from("2026-03-02T09:14:00Z")
    assert time_text(1_772_442_840.0) == "2026-03-02T09:14:00Z"


@given(st.text(max_size=20))
def test_a_guarded_cell_is_no_formula_and_can_be_undone(text: str) -> None:
    cell = guarded(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert unguarded(cell) == text


def test_no_cell_of_a_file_is_a_formula() -> None:
    evil = '=HYPERLINK("http://x","y")'
    event = Event(tags=("upsell",), previous=(), by="@evil", how="-how", at=1.0)
    content = as_bytes([make_record(evil, subject="\t+1", thread="@t", events=(event,))], "csv")
    cells = [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for cell in row]
    assert "'" + evil in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_jsonl_keeps_one_line_a_mail_whatever_the_text_holds() -> None:
    content = as_bytes([make_record("one\u2028two\u2029three\x85four\nfive")], "jsonl")
    assert len(content.decode().splitlines()) <= 2  # \x85 alone; no JSON reader minds it
    [found], _ = read(content)
    assert found.record.body == "one\u2028two\u2029three\x85four\nfive"


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_a_csv_that_a_spreadsheet_saved_is_read(delimiter: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(
        [["subject", "body", "tags", "notes"], ["Hi", "Line 1\nLine 2", "blocker, upsell", "x"]]
    )
    [found], problems = read(out.getvalue().encode("utf-8-sig"), "csv")
    assert problems == []
    assert found.record.events[-1].tags == ("blocker", "upsell")
    assert not found.dated


def test_a_row_of_text_and_tags_is_enough() -> None:
    [found], problems = read_rows({"subject": "Hi", "body": "x", "tags": [], "extra": 1})
    assert problems == []
    assert found.record.events == (
        Event(tags=(), previous=(), by="nora", how="import", at=DEFAULTS.at),
    )
    assert found.record.from_role == "other"
    assert found.record.digest == words_digest("Hi", "x")


def test_without_text_the_digest_stays() -> None:
    whole = make_record()
    bare = make_record("", subject="", digest=whole.digest)
    [found], problems = read(as_bytes([bare], "csv"), "csv")
    assert problems == []
    assert (found.record.digest, found.record.has_text) == (whole.digest, False)


# Bad input


def test_every_mistake_is_told_with_its_line_and_nothing_is_read() -> None:
    content = "\n".join(
        [
            json.dumps({"body": "fine", "tags": ["blocker"]}),
            "{broken",
            json.dumps({"body": "x", "tags": ["bloker", "upsell"], "from_role": "boss"}),
            "",
            json.dumps([1, 2]),
            json.dumps({"tags": []}),
            json.dumps({"body": 7, "tags": "blocker", "at": "yesterday"}),
            json.dumps({"body": "y", "tags": [], "digest": "0" * 64}),
            json.dumps({"body": "z", "tags": [], "by": "a\nb", "sha256": "xyz", "redacted": "no"}),
            json.dumps({"body": "\ud800", "tags": ["upsell", "upsell"]}),
            json.dumps({"body": "w", "tags": [], "earlier": [{"tags": ["old"], "by": "b"}]}),
            json.dumps({"body": "fine", "tags": []}),
        ]
    )
    reads, problems = read(content.encode())
    assert reads == []
    told = "\n".join(problems)
    for says in (
        "line 2: is not JSON",
        "line 3: from_role is 'boss'",
        "line 3: no such tag: 'bloker'; there are upsell, blocker, scope_mismatch",
        "line 5: is no JSON object",
        "line 6: has neither a text nor the digest of one",
        "line 7: body must be text, not 7",
        "line 7: tags must be a list of tags",
        "line 7: at: 'yesterday' is no time; write it as 2026-03-02T09:14:00Z",
        "line 8: the digest belongs to another text",
        "line 9: by must be one line",
        "line 9: sha256 must be 64 hexadecimal digits",
        "line 9: redacted must be true or false",
        "line 10: body holds a character that no text has",
        "line 10: tags names a tag twice",
        "line 11: earlier label 1: at is missing",
        "line 12: is the same mail as line 1",
    ):
        assert says in told


def test_mistakes_in_a_csv_name_the_line_where_the_row_begins() -> None:
    rows = 'body,tags\n"two\nlines",blocker\n"x",wrong\n"only one cell"\n"y",none upsell\n"z",\n'
    _, problems = read(rows.encode(), "csv")
    assert problems == [
        "line 4: no such tag: 'wrong'; there are upsell, blocker, scope_mismatch",
        "line 5: has 1 cells where the first line has 2",
        "line 6: tags: none stands beside a tag; write one or the other",
        "line 6: no such tag: 'none'; there are upsell, blocker, scope_mismatch",
        "line 7: tags is empty; write the tags, or none",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"body,tag\nx,blocker\n", "line 1: the first line must name the columns, and tags is not"),
        (b"body,tags,tags\nx,none,none\n", "line 1: the column tags is there twice"),
        (b'body,tags\n"x" y,none\n', "line 2: cannot be read as CSV"),
        (b'body,tags\nx,none\n"never closed,none\n', "line 3: cannot be read as CSV"),
        ("body,tags\nM\u00fcller,none\n".encode("latin-1"), "line 2: byte 2 is not UTF-8"),
        ("body,tags\nx,none\n".encode("utf-16"), "the file is UTF-16; save it as UTF-8"),
        (b"body,tags,earlier\nx,none,oops\n", "line 2: earlier is no list of labels"),
    ],
)
def test_a_csv_that_cannot_be_read_says_why(content: bytes, says: str) -> None:
    reads, problems = read(content, "csv")
    assert reads == []
    assert any(problem.startswith(says) for problem in problems), problems


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_whatever_the_file_holds_reading_ends_in_records_or_mistakes(
    form: Format, content: bytes
) -> None:
    reads, problems = read(content, form)
    assert not (reads and problems)


def test_deeply_nested_json_is_a_mistake_and_no_crash() -> None:
    _, problems = read(b"[" * 200_000)
    assert len(problems) == 1


# Redaction


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Write to dana.reyes+x@mail.client.example.", "Write to [address]."),
        ("<b\u00e4rbel@b\u00fccher.example>", "<[address]>"),
        ("Call +49 (0)171 234-5678 or 030/1234567!", "Call [phone] or [phone]!"),
        ("(555) 123-4567, 555.123.4567", "[phone], [phone]"),
        ("Card 4111 1111 1111 1111 ok", "Card [card] ok"),
        ("5500-0055-5555-5559", "[card]"),
        ("order 20 4111111111111111", "order 20 [card]"),
        ("3782 822463 10005", "[card]"),
        ("DE89 3704 0044 0532 0130 00", "DE89 [number]"),
        ("on 2026-03-02 at 09:14, or 2/3/2026, 02.03.26", None),
        ("1.250.000,00 EUR, 12500.50, 3.14, 42 users, v1.2.3", None),
        ("ticket 123456, room 12", None),
    ],
)
def test_addresses_and_numbers_go_and_dates_and_sums_stay(text: str, left: str | None) -> None:
    assert redact(text) == (text if left is None else left)


def test_luhn() -> None:
    assert is_luhn("79927398713")
    assert not is_luhn("79927398710")


@settings(deadline=None)
@given(
    st.text("0123456789 -x", max_size=12),
    st.lists(st.integers(0, 9), min_size=12, max_size=18),
    st.sampled_from(["", " ", "-"]),
    st.text(" -.x", max_size=3),
)
def test_no_card_number_is_left(before: str, digits: list[int], gap: str, after: str) -> None:
    body = "".join(map(str, digits))
    check = next(str(d) for d in range(10) if is_luhn(f"{body}{d}"))
    card = gap.join((body + check)[i : i + 4] for i in range(0, len(body) + 1, 4))
    assert card not in redact(f"{before} {card}{after}")


@settings(deadline=None)
@given(WORDS)
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "hostile", ["1 " * 5_000, "1" * 99_999, "a." * 50_000, "a@" * 50_000, "2026-03-02" * 9_999]
)
def test_redaction_takes_no_long_time_over_hostile_text(hostile: str) -> None:
    started = time.monotonic()
    redact(hostile)
    assert time.monotonic() - started < 5


def test_a_redacted_record_names_nobody_but_tells_who_is_the_same() -> None:
    ben, nora = "ben@firm.example", "nora"
    events = tuple(
        Event(tags=(), previous=(), by=by, how="reply", at=float(n))
        for n, by in enumerate([ben, nora, ben])
    )
    [found] = without_people([make_record("Mail me: x@y.example", events=events)])
    assert [event.by for event in found.events] == ["person 1", "person 2", "person 1"]
    assert (found.body, found.redacted) == ("Mail me: [address]", True)
    [again], problems = read(as_bytes([found], "jsonl"))
    assert (again.record, problems) == (found, [])


# Conflicts


def held(name: str, digest: str, *said: tuple[str, str]) -> Held:
    events = tuple(
        Event(tags=(tag,) if tag else (), previous=(), by=by, how="reply", at=float(n))
        for n, (by, tag) in enumerate(said)
    )
    return Held(name=name, subject="S", digest=digest, events=events)


def test_two_people_with_different_last_words_are_a_conflict() -> None:
    [found] = conflicts([held("mail 1", "d1", ("ben", "blocker"), ("nora", "upsell"))])
    assert found.kind == "people"
    assert [(s.event.by, s.event.tags) for s in found.sides] == [
        ("ben", ("blocker",)),
        ("nora", ("upsell",)),
    ]


def test_one_person_who_changed_their_mind_is_none_nor_two_who_agree_at_last() -> None:
    assert conflicts([held("mail 1", "d1", ("ben", "blocker"), ("ben", ""))]) == []
    agreed = held("mail 1", "d1", ("ben", "blocker"), ("nora", "upsell"), ("ben", "upsell"))
    assert conflicts([agreed]) == []


def test_the_same_words_with_different_tags_are_a_conflict() -> None:
    same = [held("mail 1", "d", ("ben", "blocker")), held("example 2", "d", ("ben", ""))]
    [found] = conflicts([*same, held("mail 3", "e", ("ben", ""))])
    assert (found.kind, [s.name for s in found.sides]) == ("text", ["mail 1", "example 2"])


def test_mails_without_words_contradict_nobody() -> None:
    empty = words_digest("", " ")
    assert conflicts([held("a", empty, ("x", "blocker")), held("b", empty, ("x", ""))]) == []
    assert conflicts([held("a", "", ("x", "blocker")), held("b", "", ("x", ""))]) == []
