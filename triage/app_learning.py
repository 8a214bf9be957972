"""Wires what learns while the program runs: the model in use, and trainings by themselves."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from classifiers.ledger import REGISTRY
from triage import app
from triage.resources import resource
from triage.runners.reloading import ReloadingClassifier
from triage.runners.retraining import Retrainer
from triage.store import audit

if TYPE_CHECKING:
    from pathlib import Path

    from triage.config import Config
    from triage.store.engine import Store

TRAINING_OUTPUT = "training.log"


def own_models(config: Config) -> Path:
    """The folder of the firm's own models, which need not exist yet."""
    return config.models or config.path.parent / "models"


def make_classifier(settings: app.Settings, store: Store) -> ReloadingClassifier:
    """The model in use, exchanged when another is promoted; what became of it is in the trail.

    Raises:
        ModelError, ConfigError: see `app.load_classifier`.
    """
    return ReloadingClassifier(
        app.load_classifier(settings),
        load=partial(app.load_classifier, settings),
        mark=partial(_mark, settings.config),
        taken=partial(_note, store, "model-taken", "{1} instead of {0}"),
        refused=partial(_note, store, "model-refused", "{0} stays at work: {1}"),
    )


def make_retrainer(settings: app.Settings, store: Store) -> Retrainer:
    """What begins a training when enough new labels have come."""
    config = settings.config
    return Retrainer(
        store=store,
        command=(
            *(sys.executable, "-m", "triage", "train", "--background"),
            *("--config", str(config.path)),
        ),
        after_labels=config.learning.retrain_after,
        interval_s=config.learning.retrain_interval_s,
        output=own_models(config) / TRAINING_OUTPUT,
    )


def _mark(config: Config) -> tuple[object, ...]:
    """Changes whenever a registry is written: it is replaced whole each time."""
    return tuple(_stat(root / REGISTRY) for root in (own_models(config), resource("models")))


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _note(store: Store, action: audit.Action, words: str, version: str, other: str) -> None:
    with store.write() as tx:
        audit.note(tx, action, now=time.time(), detail=words.format(version, other))
