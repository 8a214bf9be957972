"""Another model while the program runs: taken between two mails, or left alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from classifiers import registry
from classifiers.api import Document, ModelError
from tests.fakes import WordClassifier
from tests.office import settle
from tests.steps import Bench, make_bench
from tests.trained import NOW, saved
from triage import app, app_learning
from triage.cli import app as cli
from triage.errors import ConfigError
from triage.runners.embedded import EmbeddedRunner
from triage.runners.reloading import TRY_AGAIN_S, ReloadingClassifier
from triage.store import audit, inbox, labels

if TYPE_CHECKING:
    from pathlib import Path

MAIL = [Document(text="We are stuck.")]


class Named(WordClassifier):
    def __init__(self, version: str) -> None:
        super().__init__()
        self.version = version


class Shelf:
    """Models to be loaded one after the other; an error is raised instead."""

    def __init__(self) -> None:
        self.current: Named | Exception = Named("one")
        self.mark = 1
        self.loads = 0
        self.told: list[tuple[str, str, str]] = []

    def load(self) -> Named:
        self.loads += 1
        if isinstance(self.current, Exception):
            raise self.current
        return self.current

    def put(self, model: Named | Exception) -> None:
        self.current, self.mark = model, self.mark + 1

    def follow(self) -> ReloadingClassifier:
        return ReloadingClassifier(
            self.load(),
            load=self.load,
            mark=lambda: self.mark,
            taken=lambda old, new: self.told.append(("taken", old, new)),
            refused=lambda kept, why: self.told.append(("refused", kept, why)),
        )


def test_nothing_is_loaded_while_nothing_changes() -> None:
    shelf = Shelf()
    followed = shelf.follow()
    for now in range(10):
        followed.refresh(float(now))
        followed.classify(MAIL)
    assert (shelf.loads, shelf.told) == (1, [])


def test_a_new_model_is_taken_and_told_once() -> None:
    shelf = Shelf()
    followed = shelf.follow()
    shelf.put(Named("two"))
    assert followed.classify(MAIL)[0].model == "one"  # never in the middle of a batch
    followed.refresh(0.0)
    followed.refresh(1.0)
    assert followed.classify(MAIL)[0].model == followed.version == "two"
    assert shelf.told == [("taken", "one", "two")]


@pytest.mark.parametrize("error", [ModelError("torn"), ConfigError(["no route"]), OSError("gone")])
def test_a_model_that_cannot_be_used_leaves_the_old_one_at_work(error: Exception) -> None:
    shelf = Shelf()
    followed = shelf.follow()
    shelf.put(error)
    for now in (0.0, 1.0, TRY_AGAIN_S - 1):
        followed.refresh(now)
    assert followed.classify(MAIL)[0].model == "one"
    assert shelf.told == [("refused", "one", str(error))]
    assert shelf.loads == 2
    shelf.current = Named("two")  # mended, without a change that is looked at
    followed.refresh(TRY_AGAIN_S)
    assert shelf.told[1:] == [("taken", "one", "two")]


def test_a_model_that_is_well_again_is_told_even_when_it_is_the_same() -> None:
    shelf = Shelf()
    followed = shelf.follow()
    shelf.put(ModelError("torn"))
    followed.refresh(0.0)
    shelf.put(Named("one"))
    followed.refresh(1.0)
    assert shelf.told == [("refused", "one", "torn"), ("taken", "one", "one")]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    settle(tmp_path)
    return make_bench(tmp_path)


def last(bench: Bench) -> tuple[str, str]:
    with bench.store.read() as tx:
        event = audit.last(tx, "model-taken", "model-refused")
    return (event.action, event.detail) if event else ("", "")


def test_promotion_and_return_reach_a_running_program_and_every_decision_names_its_model(
    bench: Bench, tmp_path: Path
) -> None:
    saved(tmp_path / "models", "one", "two")
    settings = app.load_settings(tmp_path / "triage.toml")
    followed = app_learning.make_classifier(settings, bench.store)
    runner = EmbeddedRunner(
        decider=bench.decider.__class__(
            store=bench.store,
            classifier=followed,
            policy=bench.decider.policy,
            firm=bench.decider.firm,
            writer=bench.decider.writer,
        ),
        sender=bench.sender,
        follow_up=bench.follow_up,
        watchers=(),
        clock=bench.clock,
        chores=[followed.refresh],
    )

    def decided_by(number: int) -> str:
        bench.receive("Thanks, see you on Monday.")
        runner.drain()
        with bench.store.read() as tx:
            return inbox.decided(tx, number).model

    assert decided_by(1) == "two"
    registry.rollback(tmp_path / "models", now=NOW)
    assert decided_by(2) == "one"
    assert last(bench) == ("model-taken", "one instead of two")
    (tmp_path / "models" / "two" / "model.joblib").write_bytes(b"torn")
    content = (tmp_path / "models" / "registry.json").read_text()
    (tmp_path / "models" / "registry.json").write_text(
        content.replace('"current": "one"', '"current": "two"')
    )
    assert decided_by(3) == "one"
    action, detail = last(bench)
    assert action == "model-refused"
    assert "model.joblib is not what was pinned" in detail
    (tmp_path / "models" / "registry.json").unlink()
    assert decided_by(4) != "one"  # without own models the shipped one is in use


def test_status_tells_trouble_with_the_model_and_how_learning_stands(
    bench: Bench, tmp_path: Path
) -> None:
    saved(tmp_path / "models", "one", "two")
    settings = app.load_settings(tmp_path / "triage.toml")
    followed = app_learning.make_classifier(settings, bench.store)
    bench.judge("We are stuck.")
    with bench.store.write() as tx:
        labels.put(tx, 1, tags=[], previous=["blocker"], by="b", how="reply", now=1.0)

    def status(*more: str) -> str:
        options = ["status", "--config", str(tmp_path / "triage.toml"), *more]
        return CliRunner().invoke(cli, options, catch_exceptions=False).stdout

    said = status()
    assert "Model two, in use since" in said
    assert "mails labelled since the last training: 1 of the 50 that begin a training" in said
    assert "TROUBLE" not in said
    (tmp_path / "models" / "one" / "card.json").unlink()
    content = (tmp_path / "models" / "registry.json").read_text()
    (tmp_path / "models" / "registry.json").write_text(
        content.replace('"current": "two"', '"current": "one"')
    )
    followed.refresh(0.0)
    assert "TROUBLE: two stays at work: " in status()
    found = json.loads(status("--json"))["learning"]
    assert "card.json is missing" in found["problem"]
    assert (found["new_labels"], found["training"], found["training_now"]) == (1, None, False)
    (tmp_path / "models" / "registry.json").write_text("{")
    assert "TROUBLE: " in status()  # and not the end of the command


def test_a_first_own_model_is_noticed_where_there_was_none(bench: Bench, tmp_path: Path) -> None:
    settings = app.load_settings(tmp_path / "triage.toml")
    followed = app_learning.make_classifier(settings, bench.store)
    shipped = followed.version
    saved(tmp_path / "models", "small")
    followed.refresh(0.0)
    assert last(bench) == ("model-taken", f"small instead of {shipped}")
