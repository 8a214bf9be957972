"""Two hundred labels: the model that learnt right ones is used, that of wrong ones stopped."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from classifiers import registry
from classifiers.dataset import Example, read_examples
from classifiers.tags import read_tag_infos
from classifiers.training import train
from tests.office import settle
from tests.steps import make_bench
from triage.cli import app
from triage.resources import resource
from triage.store import labels, trainings
from triage.store.engine import Store

if TYPE_CHECKING:
    from typer.testing import Result

pytestmark = pytest.mark.timeout(900)  # some 40 s on two cores of one's own

STARTER = resource("data") / "starter"
LEARNT = "himoqrtw"  # files whose names begin so: 2,680 mails
OTHERS = STARTER / "s-informal-consumers.jsonl"


def right(example: Example) -> list[str]:
    return sorted(example.tags)


def flipped(example: Example) -> list[str]:
    """What it is not: nothing where it has a tag, a tag where it has none."""
    kinds = ("upsell", "dissatisfaction", "scope_mismatch", "blocker")
    return [] if example.tags else [kinds[len(example.document.text) % 4]]


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model in use that learnt some thousand mails."""
    folder = tmp_path_factory.mktemp("learnt")
    settle(folder)
    starter = folder / "starter"
    starter.mkdir()
    for first in LEARNT:
        [file] = STARTER.glob(f"{first}-*.jsonl")
        shutil.copy(file, starter)
    shutil.copy(STARTER / "tags.toml", starter)
    rows, infos = read_examples([starter]), read_tag_infos([starter])
    now = datetime.now(UTC)
    registry.save(folder / "models", train(rows, infos, version="old", now=now))
    registry.promote(folder / "models", "old", now=now)
    return folder


@pytest.fixture
def folder(learnt: Path, tmp_path: Path) -> Path:
    return shutil.copytree(learnt, tmp_path / "firm")


def label_mails(folder: Path, count: int, *, poisoned: bool) -> None:
    bench = make_bench(folder)
    bench.clock.now = time.time() - 3600
    for number, example in enumerate(read_examples([OTHERS])[:count], start=1):
        document = example.document
        sender = f"Sam <sam@client{number}.example>"
        bench.receive(document.text, subject=document.subject, sender=sender)
    while bench.decide():
        pass
    with bench.store.write() as tx:
        for number, example in enumerate(read_examples([OTHERS])[:count], start=1):
            tags = flipped(example) if poisoned else right(example)
            labels.put(tx, number, tags=tags, previous=[], by="mallory", how="reply", now=1.0)
    bench.store.close()


def trained(folder: Path) -> Result:
    options = ["--config", str(folder / "triage.toml"), "--starter", str(folder / "starter")]
    done = CliRunner().invoke(app, ["train", *options, "--no-encoder"], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done


def outcome(folder: Path) -> str:
    store = Store.open(folder / "triage.db")
    with store.read() as tx:
        last = trainings.last(tx)
    store.close()
    assert last
    return last.outcome


def test_two_hundred_flipped_labels_do_not_reach_the_mail(folder: Path) -> None:
    label_mails(folder, 200, poisoned=True)
    said = trained(folder).stdout
    assert registry.load(folder / "models").version == "old"
    assert outcome(folder) == "kept"
    assert "against it: " in said
    assert "old stays in use" in said
    [new] = [e for e in registry.entries(folder / "models") if not e.current]
    report = registry.read_report(folder / "models", new.version)
    assert report
    assert not report["passed"]


def test_two_hundred_right_labels_come_into_use(folder: Path) -> None:
    label_mails(folder, 200, poisoned=False)
    said = trained(folder).stdout
    new = registry.load(folder / "models")
    assert new.version != "old"
    assert f"{new.version} is in use" in said
    assert outcome(folder) == "promoted"
    assert new.card.data["own"] == 200
    report = registry.read_report(folder / "models", new.version)
    assert report
    changes = [
        each["after"] - each["before"]
        for each in report["figures"]
        if each["set"] == "labels of people" and each["kind"] == "F1"
    ]
    assert sum(changes) / len(changes) > 0.1
