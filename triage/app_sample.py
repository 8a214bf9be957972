"""The sample mailbox taken through the whole product: for the demo, and for a page to try out.

Rule: everything lies in one folder, which is all there is of it: briefs are written to files, the
models beside it are copies, and no server is spoken to.
"""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from triage import app, app_learning, retraining
from triage.channels.folder import FolderChannel
from triage.resources import resource
from triage.runners.searching import SearchReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from classifiers.api import Classifier
    from classifiers.model import Model
    from triage.messages import Outcome
    from triage.runners.embedded import EmbeddedRunner
    from triage.store.engine import Store

BRIEFS, MAILBOX = "briefs", "mailbox"
_CAUTION = 0.5  # by so much the other sample model wants to be surer before it gives a tag
_SURE = 0.97
_JUDGED_ON = "z[k-p]-*.jsonl"  # enough starter mails for a clear verdict; more would take longer


def lay_out(folder: Path) -> app.Settings:
    """Put the sample's settings, policy and mails into a folder; what they say."""
    source = resource("data") / "demo"
    for name in ("triage.toml", "policy.toml"):
        shutil.copyfile(source / name, folder / name)
    (folder / MAILBOX).mkdir()
    for path in mails(source):  # they arrive in this order
        shutil.copyfile(path, folder / MAILBOX / path.name)
    return app.load_settings(folder / "triage.toml")


def mails(folder: Path) -> list[Path]:
    """The files of the sample mailbox."""
    return sorted((folder / MAILBOX).glob("*.eml"))


def make_runner(settings: app.Settings, store: Store, classifier: Classifier) -> EmbeddedRunner:
    """What takes the sample through the product; briefs end as files beside the settings."""
    channel = FolderChannel(settings.config.path.parent / BRIEFS)
    return app.make_runner(settings, store, channel, classifier, touch=False)


@contextmanager
def at_work(settings: app.Settings, store: Store) -> Iterator[EmbeddedRunner]:
    """The sample with everything at work, in a thread: it follows clicks as `triage run` does."""
    classifier = app_learning.make_classifier(settings, store)
    with app.only_instance(settings.config.store):
        runner = make_runner(settings, store, classifier)
        work(runner)
        runner.chores = [classifier.refresh, SearchReader(store=store).look]
        thread = threading.Thread(target=runner.run, name="sample")
        thread.start()
        try:
            yield runner
        finally:
            runner.request_stop()
            thread.join()


def work(runner: EmbeddedRunner, report: Callable[[Outcome], None] = lambda _: None) -> None:
    """Read, decide and send all of it."""
    for watcher in runner.watchers:
        watcher.sync(watcher.open())
    runner.report = report
    runner.drain()


def lay_out_models(settings: app.Settings, now: datetime) -> Model:
    """Put a copy of the shipped model beside the settings, and a more cautious one to choose.

    The gate judges the second on some starter mails, and as a rule finds that it misses too much.
    """
    from classifiers import registry  # noqa: PLC0415 - loads scikit-learn

    root = settings.config.path.parent / "models"
    source = resource("models")
    root.mkdir()
    for path in source.iterdir():
        if path.name == "encoder":
            (root / path.name).symlink_to(path.resolve())  # large, and only read
        elif path.is_dir():
            shutil.copytree(path, root / path.name)
        elif path.suffix == ".json":
            shutil.copyfile(path, root / path.name)
    shipped = registry.load(root)
    _add_cautious(root, shipped, now)
    return shipped


def _add_cautious(root: Path, shipped: Model, now: datetime) -> None:
    from classifiers import registry  # noqa: PLC0415 - loads scikit-learn
    from classifiers.dataset import read_examples  # noqa: PLC0415
    from classifiers.thresholds import Threshold  # noqa: PLC0415

    thresholds = {
        tag: Threshold(give=min(_SURE, each.give + _CAUTION), unsure=each.unsure)
        for tag, each in shipped.card.thresholds.items()
    }
    version = f"{shipped.version}-cautious"
    card = replace(shipped.card, version=version, thresholds=thresholds)
    registry.save_with(
        root, shipped.version, replace(card, trained_at=now.isoformat("T", "seconds"))
    )
    examples = read_examples(sorted((resource("data") / "starter").glob(_JUDGED_ON)))
    judgement = retraining.judged(
        registry.load(root, version), shipped, examples, own=frozenset(), cases=()
    )
    author = retraining.Author(name="the sample")
    retraining.settle(root, judgement, author=author, now=now, unwanted="a model to try out")
