"""What is known of the models: which is in use, what is learnt from, and how they came about.

Rule: the page and the command line ask here, so that both say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from classifiers.api import ModelError
from classifiers.ledger import REGISTRY, read_ledger
from triage import drift
from triage.app import models_root
from triage.app_learning import own_models
from triage.resources import resource
from triage.retraining import is_training
from triage.store import audit, history, trainings

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from triage.config import Config
    from triage.store.audit import Entry
    from triage.store.trainings import Training


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How the model and its learning stand.

    Attributes:
        model: the model that should be in use; empty when nothing says which.
        since: when and how it came to be that, as the folder of models says.
        problem: why the running program could not take it; empty when it could.
        new_labels: mails labelled since the last training that made a model.
        running: whether a training is running now.
        weeks: counts of the last weeks, the latest first.
    """

    model: str
    since: str
    problem: str
    new_labels: int
    retrain_after: int
    last: Training | None
    running: bool
    weeks: tuple[drift.Week, ...]
    moves: tuple[drift.Move, ...]


def gather(tx: Connection, config: Config, now: float) -> Learning:
    """Look it all up; trouble with the models is part of the answer."""
    model, since, problem = _model(config)
    refused = audit.last(tx, "model-taken", "model-refused")
    mails = history.judged(tx, now - (drift.WEEKS_BEFORE + 1) * drift.WEEK_S)
    weeks = drift.weeks(mails, now)
    return Learning(
        model=model,
        since=since,
        problem=problem or _refusal(refused),
        new_labels=trainings.new_labels(tx),
        retrain_after=config.learning.retrain_after,
        last=trainings.last(tx),
        running=is_training(own_models(config)),
        weeks=tuple(weeks),
        moves=tuple(drift.moves(weeks)),
    )


def managed_root(config: Config) -> Path:
    """Whose models are listed and chosen from: the firm's own as soon as there are any."""
    own = own_models(config)
    return own if (own / REGISTRY).is_file() else resource("models")


def _model(config: Config) -> tuple[str, str, str]:
    """(version, how it came into use, problem) by the folder of models."""
    try:
        ledger = read_ledger(models_root(config))
    except ModelError as error:
        return "", "", str(error)
    used = [e for e in ledger.history if e["action"] in {"promote", "rollback"}]
    since = f"in use since {used[-1].get('at', '')} ({used[-1].get('note', '')})" if used else ""
    return ledger.current or "", since, ""


def _refusal(event: Entry | None) -> str:
    return event.detail if event and event.action == "model-refused" else ""
