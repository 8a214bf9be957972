"""A watcher that runs on while a training beside it makes a model, and then takes that model."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from classifiers import registry
from tests.kills import DATA, Yard
from triage import app, app_learning
from triage.channels.folder import FolderChannel
from triage.store import audit, inbox, labels, trainings
from triage.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from triage.runners.embedded import EmbeddedRunner
    from triage.runners.retraining import Retrainer


def until(true: Callable[[], object], seconds: float = 200) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


@contextmanager
def running(folder: Path) -> Iterator[tuple[EmbeddedRunner, Retrainer]]:
    """`triage run` on a folder of mails, with a short way to a training on few mails."""
    settings = app.load_settings(folder / "triage.toml")
    store = Store.open(folder / "triage.db")
    classifier = app_learning.make_classifier(settings, store)
    retrainer = app_learning.make_retrainer(settings, store)
    retrainer.look_s = 1.0
    retrainer.command = (*retrainer.command, "--starter", str(DATA), "--no-encoder")
    runner = app.make_runner(
        settings,
        store,
        FolderChannel(folder / "briefs"),
        classifier,
        chores=[classifier.refresh, retrainer.look],
    )
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield runner, retrainer
    finally:
        runner.request_stop()
        thread.join()
        retrainer.stop()
        store.close()


def prepared(tmp_path: Path) -> Yard:
    """A model in use, and labels enough for a training that learns the same again."""
    yard = Yard(tmp_path)
    yard.prepare()
    (tmp_path / "mail").mkdir()
    settings = (tmp_path / "triage.toml").read_text()
    whole = settings.replace(
        'path = "mail"', 'path = "mail"\neverything = true\npoll_interval_s = 1'
    )
    (tmp_path / "triage.toml").write_text(whole)
    with (tmp_path / "triage.toml").open("a") as file:
        file.write("[learning]\nretrain_after = 8\nretrain_interval_s = 1\n")
    return yard


def drop(folder: Path, number: int) -> None:
    text = f"From: D <d@client.example>\nMessage-ID: <{number}@x>\nSubject: {number}\n\nThanks.\n"
    (folder / "mail" / f"{number}.eml").write_text(text)


def test_enough_labels_make_a_model_that_the_running_program_takes(tmp_path: Path) -> None:
    prepared(tmp_path)
    with running(tmp_path) as (runner, _):
        store = runner.sender.store
        until(lambda: runner.beats._loops.get("decide"))

        def decided(subject: str) -> str:
            with store.read() as tx:
                return next((m.model for m in inbox.latest(tx, 5) if m.subject == subject), "")

        drop(tmp_path, 100)
        until(lambda: decided("100"))
        assert decided("100") == "first"
        with store.write() as tx:
            for message_id in (6, 7):  # with the six of before the eighth label
                labels.put(tx, message_id, tags=[], previous=[], by="b", how="reply", now=1.0)
        with store.write() as tx:
            labels.put(tx, 7, tags=[], previous=[], by="b", how="reply", now=1.0)
        drop(tmp_path, 101)
        until(lambda: decided("101"))

        def last() -> trainings.Training | None:
            with store.read() as tx:
                return trainings.last(tx)

        assert last() is None  # seven mails are labelled: not enough
        with store.write() as tx:
            labels.put(tx, 8, tags=[], previous=[], by="b", how="reply", now=1.0)
        until(lambda: (found := last()) is not None and found.finished_at is not None)
        found = last()
        assert found
        assert found.how == "automatic"
        made = found.version
        if found.outcome == "kept":  # few mails: chance decides; the gate is another test's matter
            registry.promote(tmp_path / "models", made, now=datetime.now(UTC))
        with store.read() as tx:
            event = audit.last(tx, "trained")
        assert event
        assert made in event.detail
        assert "automatic" in event.detail
        until(lambda: runner.decider.classifier.version == made)
        drop(tmp_path, 102)
        until(lambda: decided("102"))
        assert decided("102") == made
        with store.read() as tx:
            taken = audit.last(tx, "model-taken")
        assert taken
        assert taken.detail == f"{made} instead of first"
    log = (tmp_path / "models" / "training.log").read_text()
    assert "labelled mails" in log
    assert "Traceback" not in log
