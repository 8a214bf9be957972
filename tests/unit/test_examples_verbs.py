"""`triage examples`: out of one store and into another."""

from __future__ import annotations

import csv
import io
import json
import shutil
import stat
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from classifiers.dataset import read_examples
from tests.factories import make_raw, make_ref
from tests.office import settle
from tests.steps import FIRM, Bench, make_bench
from tests.unit.test_examples import DEFAULTS, EVENTS, TAGS
from triage.cli import app
from triage.examples.files import Format, as_bytes, read_records
from triage.exchange import collect, merge
from triage.learning import labelled_mails
from triage.messages import words_digest
from triage.parsing import parse
from triage.store import inbox, labels
from triage.store.engine import Store

if TYPE_CHECKING:
    from typer.testing import Result

    from triage.examples import Event, Record


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    configure(tmp_path)
    return make_bench(tmp_path)


def configure(folder: Path) -> Path:
    settle(folder, zone="Asia/Kolkata")
    return folder


def run(folder: Path, *arguments: str, stdin: str | bytes | None = None) -> Result:
    config = str(folder / "triage.toml")
    return CliRunner().invoke(
        app, ["examples", *arguments, "--config", config], input=stdin, catch_exceptions=False
    )


def label(bench: Bench, message_id: int, *tags: str, by: str = "ben", at: float = 5.0) -> None:
    with bench.store.write() as tx:
        labels.put(tx, message_id, tags=tags, previous=("upsell",), by=by, how="reply", now=at)


def records(folder: Path) -> list[Record]:
    store = Store.open(folder / "triage.db")
    try:
        return collect(store, FIRM)
    finally:
        store.close()


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A second set-up, whose store is not there yet."""
    folder = tmp_path / "other"
    folder.mkdir()
    return configure(folder)


# There and back


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
@pytest.mark.parametrize("options", [[], ["--no-text"]])
def test_an_empty_store_has_the_same_labels_after_an_import(
    bench: Bench, tmp_path: Path, other: Path, name: str, options: list[str]
) -> None:
    bench.judge("We are stuck.\r\n=1+1", headers="References: <a@x.example>\r\n")
    bench.judge("Thanks.", sender="Nora <nora@firm.example>")
    label(bench, 1, "upsell", "blocker", by="=ben")
    label(bench, 1, "blocker", by="nora", at=1_800_000_000.123456)
    label(bench, 2)
    file = str(tmp_path / name)
    assert run(tmp_path, "export", file, *options).exit_code == 0
    done = run(other, "import", file)
    assert done.exit_code == 0, done.stderr
    assert "2 labelled mails read; 0 of them are mails of this store" in done.stdout
    assert "3 labels added, 0 known already" in done.stdout
    wanted = records(tmp_path)
    if options:
        wanted = [replace(each, subject="", body="") for each in wanted]
    assert records(other) == wanted


def test_importing_again_changes_nothing(bench: Bench, tmp_path: Path, other: Path) -> None:
    bench.judge("We are stuck.")
    label(bench, 1, "blocker")
    file = str(tmp_path / "out.jsonl")
    run(tmp_path, "export", file)
    run(other, "import", file)
    before = records(other)
    done = run(other, "import", file)
    assert "0 new examples, 1 imported before\n0 labels added, 1 known already" in done.stdout
    assert records(other) == before
    home = run(tmp_path, "import", file)
    assert "1 of them are mails of this store" in home.stdout
    assert "0 labels added, 1 known already" in home.stdout


def test_rows_without_a_time_are_imported_once(tmp_path: Path, other: Path) -> None:
    row = json.dumps({"subject": "Hi", "body": "We wait.", "tags": ["blocker"]}) + "\n"
    first = run(other, "import", "-", "--as", "nora", stdin=row)
    again = run(other, "import", "-", "--as", "nora", stdin=row)
    assert "1 labels added" in first.stdout
    assert "0 labels added, 1 known already" in again.stdout
    [record] = records(other)
    assert [(e.by, e.how, e.tags) for e in record.events] == [("nora", "import", ("blocker",))]


def test_a_label_for_a_mail_of_this_store_goes_to_that_mail(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.")
    row = json.dumps({"subject": "Portal", "body": "We are\nstuck.", "tags": ["upsell"]})
    done = run(tmp_path, "import", "-", stdin=row)
    assert "1 of them are mails of this store" in done.stdout
    with bench.store.read() as tx:
        assert labels.in_force(tx, 1) == ("upsell",)
    assert len(bench.queued()) == 2  # those of the classifier's own decision


def test_what_was_said_here_later_stays_in_force(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.")
    label(bench, 1, "blocker", at=5.0)
    file = str(tmp_path / "out.jsonl")
    run(tmp_path, "export", file)
    label(bench, 1, "upsell", by="nora", at=9.0)
    elsewhere = Path(file).read_text().replace("1970-01-01T00:00:05Z", "1970-01-01T00:00:07Z")
    done = run(tmp_path, "import", "-", stdin=elsewhere)
    assert "1 left out, since something was said here later" in done.stdout
    with bench.store.read() as tx:
        assert labels.in_force(tx, 1) == ("upsell",)


def test_an_example_that_came_without_text_gets_it_later(
    bench: Bench, tmp_path: Path, other: Path
) -> None:
    bench.judge("Call 0171 2345678, we are stuck.")
    label(bench, 1, "blocker")
    bodies = []
    for number, options in enumerate((["--no-text"], ["--redact"], [], ["--no-text"])):
        file = str(tmp_path / f"{number}.jsonl")
        run(tmp_path, "export", file, *options)
        run(other, "import", file)
        bodies.append(records(other)[0].body)
    assert bodies[0] == ""
    assert bodies[1] == "Call [phone], we are stuck."
    assert bodies[2:] == ["Call 0171 2345678, we are stuck."] * 2
    assert len(records(other)) == 1


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store to copy: making one costs more than all that a round trip does with it."""
    path = tmp_path_factory.mktemp("store") / "triage.db"
    store = Store.open(path)
    with store.write() as tx:
        tx.exec_driver_sql("select 1")
    store.close()
    return path


def copied(empty: Path, folder: str, name: str) -> Store:
    return Store.open(Path(shutil.copy(empty, Path(folder) / name)))


def give(store: Store, number: int, text: str, events: list[Event]) -> None:
    content = f"From: d@client.example\r\nSubject: S\r\n\r\nWords: {text}\r\n".encode()
    with store.write() as tx:
        message_id = inbox.receive(tx, make_raw(content, ref=make_ref(uid=number)), 1.0)
        assert message_id is not None
        inbox.decide(tx, message_id, action="left", text_digest=parse(content).text_digest)
        for e in events:
            labels.put(
                tx, message_id, tags=e.tags, previous=e.previous, by=e.by, how=e.how, now=e.at
            )


@settings(max_examples=30, deadline=None)
@given(
    mails=st.lists(
        st.tuples(
            st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=40),
            st.lists(EVENTS, min_size=1, max_size=3),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda mail: mail[0],
    ),
    form=st.sampled_from(["jsonl", "csv"]),
)
def test_round_trip_through_two_stores(
    empty_store: Path, mails: list[tuple[str, list[Event]]], form: Format
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home, away = copied(empty_store, folder, "home.db"), copied(empty_store, folder, "away.db")
        for number, (text, events) in enumerate(mails, start=1):
            give(home, number, text, events)
        out = collect(home, FIRM)
        reads, problems = read_records(as_bytes(out, form), form, known=TAGS, defaults=DEFAULTS)
        assert problems == []
        for now in (1.0, 2.0):
            merge(away, reads, now)
            assert collect(away, FIRM) == out
        home.close()
        away.close()


# Files


def test_the_file_is_private_and_never_replaced_unasked(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.")
    label(bench, 1, "blocker")
    file = tmp_path / "out.csv"
    done = run(tmp_path, "export", str(file))
    assert "1 labels of 1 mails written" in done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = run(tmp_path, "export", str(file))
    assert (again.exit_code, "--force to replace it" in again.stderr) == (2, True)
    assert run(tmp_path, "export", str(file), "--force").exit_code == 0


def test_a_folder_that_is_not_there_leaves_nothing_behind(bench: Bench, tmp_path: Path) -> None:
    done = run(tmp_path, "export", str(tmp_path / "no" / "out.csv"))
    assert done.exit_code == 1
    assert "cannot be written" in done.stderr


def test_a_csv_opens_in_a_spreadsheet(bench: Bench, tmp_path: Path) -> None:
    bench.judge("=cmd|' /C calc'!A0 M\u00fcller")
    label(bench, 1)
    shown = run(tmp_path, "export", "-", "--format", "csv").stdout_bytes
    assert shown.startswith(b"\xef\xbb\xbf")
    [row] = csv.DictReader(io.StringIO(shown.decode("utf-8-sig")))
    assert row["body"] == "'=cmd|' /C calc'!A0 M\u00fcller"
    assert row["tags"] == "none"


def test_redaction_names_neither_senders_nor_those_who_labelled(
    bench: Bench, tmp_path: Path
) -> None:
    bench.judge("Call +44 20 7946 0958 or write to d@client.example; card 4111 1111 1111 1111.")
    label(bench, 1, "blocker", by="ben@firm.example")
    shown = run(tmp_path, "export", "-", "--redact").stdout
    row = json.loads(shown)
    assert row["body"] == "Call [phone] or write to [address]; card [card]."
    assert row["by"] == "person 1"
    assert "@" not in shown
    assert row["digest"] == records(tmp_path)[0].digest


def test_the_trainer_reads_what_was_exported(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.", message_id="<a@x.example>")
    bench.judge("Still stuck.", headers="References: <a@x.example>\r\n")
    for message_id in (1, 2):
        label(bench, message_id, "blocker")
    file = tmp_path / "out.jsonl"
    run(tmp_path, "export", str(file))
    first, second = read_examples([file])
    assert (first.tags, first.document.text) == (frozenset({"blocker"}), "We are stuck.")
    assert first.group == second.group


def test_imported_texts_are_learned_and_stay_with_their_thread(
    bench: Bench, tmp_path: Path, other: Path
) -> None:
    bench.judge("We are stuck.", message_id="<a@x.example>")
    bench.judge("Thanks.", headers="References: <a@x.example>\r\n")
    label(bench, 1, "blocker")
    file = tmp_path / "out.jsonl"
    run(tmp_path, "export", str(file))
    run(other, "import", str(file))
    label(bench, 2)
    there = Store.open(other / "triage.db")
    [learned] = labelled_mails(there, FIRM)
    assert (learned.tags, learned.document.text) == (("blocker",), "We are stuck.")
    assert learned.group == labelled_mails(bench.store, FIRM)[1].group
    there.close()


def test_a_text_that_was_left_out_is_not_learned(bench: Bench, tmp_path: Path, other: Path) -> None:
    bench.judge("We are stuck.")
    label(bench, 1, "blocker")
    run(tmp_path, "export", str(tmp_path / "o.jsonl"), "--no-text")
    run(other, "import", str(tmp_path / "o.jsonl"))
    store = Store.open(other / "triage.db")
    assert labelled_mails(store, FIRM) == []
    store.close()


def test_a_file_with_mistakes_imports_nothing_and_lists_them_all(
    tmp_path: Path, other: Path
) -> None:
    rows = [
        {"body": "fine", "tags": ["blocker"]},
        {"body": "x", "tags": ["blokker"]},
        {"body": "y"},
    ]
    content = "\n".join(map(json.dumps, rows)) + "\n{"
    done = run(other, "import", "-", stdin=content)
    assert done.exit_code == 1
    assert "nothing was imported from -; 3 mistakes" in done.stderr
    for line in (2, 3, 4):
        assert f"line {line}: " in done.stderr
    assert records(other) == []


def test_a_store_that_fails_in_the_middle_keeps_nothing_of_the_import(
    bench: Bench, tmp_path: Path
) -> None:
    rows = "".join(
        json.dumps({"body": f"text {n}", "tags": [], "by": "x"}) + "\n" for n in range(5)
    )
    with bench.store.write() as tx:
        tx.exec_driver_sql(
            "create trigger full before insert on example_labels when "
            "(select count(*) from example_labels) >= 3 "
            "begin select raise(abort, 'database or disk is full'); end"
        )
    done = CliRunner().invoke(
        app, ["examples", "import", "-", "--config", str(tmp_path / "triage.toml")], input=rows
    )
    assert done.exit_code == 1
    assert records(tmp_path) == []


# Looking


def test_the_list_tells_who_said_what_when_how_and_from_what_to_what(
    bench: Bench, tmp_path: Path
) -> None:
    bench.judge("We are stuck.", subject="Portal\x1b[2J down")
    label(bench, 1, "blocker", by="ben@firm.example")
    shown = run(tmp_path, "list").stdout
    assert "mail 1  Portal [2J down" in shown
    assert "1970-01-01 05:30 IST  upsell -> blocker  by ben@firm.example, reply" in shown
    [told] = json.loads(run(tmp_path, "list", "--json").stdout)
    assert told["labels"][0]["previous"] == ["upsell"]


def test_conflicts_are_listed_and_counted_in_the_status(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.")
    bench.judge("We are  stuck.", message_id="<other@x.example>")
    label(bench, 1, "blocker", by="ben")
    label(bench, 1, "upsell", by="nora")
    label(bench, 2, "blocker", by="nora")
    shown = run(tmp_path, "list", "--conflicts").stdout
    assert "Conflicts: 2" in shown
    assert "two people, one mail: Portal" in shown
    assert "one text, different tags: Portal" in shown
    status = CliRunner().invoke(app, ["status", "--config", str(tmp_path / "triage.toml")])
    assert "Labelled by people: 2, 2 conflicts: `triage examples list --conflicts`" in status.stdout
    as_json = CliRunner().invoke(
        app, ["status", "--json", "--config", str(tmp_path / "triage.toml")]
    )
    assert json.loads(as_json.stdout)["labels"] == {"labelled": 2, "conflicts": 2}


def test_words_that_were_never_noted_are_found_again(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.")
    with bench.store.write() as tx:
        tx.exec_driver_sql("update messages set text_digest = ''")
    label(bench, 1, "blocker")
    row = {"digest": words_digest("Portal", "We are stuck."), "tags": ["upsell"]}
    run(tmp_path, "import", "-", stdin=json.dumps(row))
    assert "one text, different tags" in run(tmp_path, "list", "--conflicts").stdout
