"""Trainings by themselves: when they begin, that they are alone, and what is written down."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from classifiers.api import DataError, ModelError
from tests.steps import Bench, make_bench
from triage import retraining
from triage.retraining import Author, Book
from triage.runners.retraining import LOOK_S, RESUME_S, Retrainer, is_due
from triage.store import audit, labels, trainings
from triage.store.trainings import Training

if TYPE_CHECKING:
    from pathlib import Path

DAY_S = 86400.0
LAST = Training(
    id=1,
    by="ben",
    how="hand",
    label_id=0,
    example_label_id=0,
    started_at=1000.0,
    finished_at=1100.0,
    outcome="promoted",
    version="v",
    detail="",
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = make_bench(tmp_path)
    for number in range(4):
        bench.judge(f"Mail {number}.")
    return bench


def label(bench: Bench, *ids: int) -> None:
    with bench.store.write() as tx:
        for message_id in ids:
            labels.put(tx, message_id, tags=[], previous=[], by="ben", how="reply", now=1.0)


@pytest.mark.parametrize(
    ("last", "new", "after", "now", "due"),
    [
        (None, 50, 50, 0.0, True),
        (None, 49, 50, 0.0, False),
        (None, 5000, 0, 0.0, False),
        (LAST, 50, 50, 1000 + DAY_S - 1, False),
        (LAST, 50, 50, 1000 + DAY_S, True),
        (replace(LAST, outcome="failed"), 50, 50, 1000 + RESUME_S, False),
        (replace(LAST, outcome="interrupted"), 50, 50, 1000 + RESUME_S - 1, False),
        (replace(LAST, outcome="interrupted"), 50, 50, 1000 + RESUME_S, True),
        (replace(LAST, outcome="", finished_at=None), 50, 50, 1000 + RESUME_S, True),
    ],
)
def test_a_training_is_due_after_enough_labels_and_enough_time(
    *, last: Training | None, new: int, after: int, now: float, due: bool
) -> None:
    assert is_due(last, new, after_labels=after, interval_s=DAY_S, now=now) is due


def test_only_what_was_labelled_since_the_last_model_is_new(bench: Bench) -> None:
    book = Book(store=bench.store, author=Author(name="ben"), clock=bench.clock)

    def new() -> int:
        with bench.store.read() as tx:
            return trainings.new_labels(tx)

    label(bench, 1, 2, 2)
    assert new() == 2
    with book.recorded() as record:
        label(bench, 3)  # too late for this training
        record.outcome = "kept"
    assert new() == 1
    with pytest.raises(DataError), book.recorded():
        raise DataError("too few", [])
    assert new() == 1
    label(bench, 1)
    assert new() == 2


def test_how_a_training_ended_is_written_down_without_words_of_mails(bench: Bench) -> None:
    book = Book(store=bench.store, author=Author(name="ben"), clock=bench.clock)

    def last() -> Training:
        with bench.store.read() as tx:
            found = trainings.last(tx)
        assert found
        return found

    with book.recorded() as record:
        record.outcome, record.version, record.detail = "promoted", "v1", "instead of v0"
    assert (last().outcome, last().version, last().by) == ("promoted", "v1", "ben")
    with bench.store.read() as tx:
        event = audit.last(tx, "trained")
    assert event
    assert event.detail == "v1: promoted; instead of v0, by ben"
    with pytest.raises(ValueError, match="a mail"), book.recorded():
        raise ValueError("a mail's own words")
    assert (last().outcome, last().detail) == ("failed", "ValueError")
    with pytest.raises(KeyboardInterrupt), book.recorded():
        raise KeyboardInterrupt
    assert last().outcome == "interrupted"


def test_a_training_without_an_end_counts_as_interrupted_when_the_next_begins(
    bench: Bench,
) -> None:
    with bench.store.write() as tx:
        killed = trainings.begin(tx, by="triage", how="automatic", now=1.0)
    author = Author(name="triage", how="automatic")
    with Book(store=bench.store, author=author).recorded() as record:
        record.outcome = "kept"
    with bench.store.write() as tx:
        assert trainings.interrupt(tx, 2.0) == 0
        trainings.finish(tx, killed, outcome="promoted", now=3.0)  # wakes up too late
    with bench.store.read() as tx:
        learnt = trainings.last_learnt(tx)
    assert learnt
    assert learnt.id == killed + 1


def test_two_trainings_on_one_folder_are_one_too_many(tmp_path: Path) -> None:
    root = tmp_path / "models"
    assert not retraining.is_training(root)
    with retraining.only_training(root):
        assert retraining.is_training(root)
        with pytest.raises(ModelError, match="another training is running"):
            retraining.only_training(root).__enter__()
    assert not retraining.is_training(root)
    with retraining.only_training(root):
        pass


def retrainer(bench: Bench, tmp_path: Path, code: str) -> Retrainer:
    return Retrainer(
        store=bench.store,
        command=(sys.executable, "-c", code),
        after_labels=2,
        interval_s=DAY_S,
        output=tmp_path / "models" / "training.log",
    )


def wait_until_ended(found: Retrainer, now: float) -> None:
    end = time.monotonic() + 30
    while found._process is not None:
        assert time.monotonic() < end
        found.look(now)
        time.sleep(0.01)


def test_a_training_begins_by_itself_and_the_runner_never_waits_for_it(
    bench: Bench, tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    code = f"import time, sys; time.sleep(.5); open({str(mark)!r}, 'a').write('x'); sys.exit(1)"
    found = retrainer(bench, tmp_path, code)
    label(bench, 1)
    found.look(0.0)
    assert found._process is None
    label(bench, 2)
    found.look(LOOK_S - 1)
    assert found._process is None  # labels are counted once a minute
    started = time.monotonic()
    found.look(LOOK_S)
    assert time.monotonic() - started < 0.4
    assert found._process is not None
    found.look(LOOK_S)
    wait_until_ended(found, LOOK_S)
    assert mark.read_text() == "x"
    found.look(LOOK_S + RESUME_S - 1)  # it wrote no row, and failed: not again at once
    assert found._process is None
    found.look(LOOK_S + RESUME_S)
    assert found._process is not None
    found.stop()


def test_a_training_that_runs_is_ended_with_the_program(bench: Bench, tmp_path: Path) -> None:
    found = retrainer(bench, tmp_path, "import time; time.sleep(600)")
    label(bench, 1, 2)
    found.look(0.0)
    process = found._process
    assert process
    found.stop()
    assert process.returncode is not None
    found.stop()


def test_a_training_that_cannot_be_started_stops_nothing(bench: Bench, tmp_path: Path) -> None:
    found = retrainer(bench, tmp_path, "")
    found.command = ("/no/such/program",)
    label(bench, 1, 2)
    found.look(0.0)
    assert found._process is None
