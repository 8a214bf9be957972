"""The model in use: how old it is, what it has not learnt yet, and whether mail moves away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from classifiers.api import ClassifierError
from triage import drift
from triage.doctor.patient import Sound, warning
from triage.store import audit, history, trainings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from classifiers.card import Card
    from triage.config import Config
    from triage.doctor.patient import Finding, Patient

_OLD_S = 365 * 86400.0
_MANY_TIMES = 3  # as many new labels as begin a training, and still none


def model_findings(tx: Connection, patient: Patient) -> Iterator[Finding]:
    """What `triage check` cannot see, since it takes mail and time."""
    card = _card(patient.config)
    if card:  # else the check has told why there is none
        yield from _age(card, patient)
    event = audit.last(tx, "model-taken", "model-refused")
    if event and event.action == "model-refused":
        advice = "`triage models list`, then `triage models rollback`"
        yield warning(
            "model", "model", f"the running program could not take it: {event.detail}", advice
        )
    yield from _trainings(tx, patient)
    judged = history.judged(tx, patient.now - (drift.WEEKS_BEFORE + 1) * drift.WEEK_S)
    for move in drift.moves(drift.weeks(judged, patient.now)):
        advice = "look at some of these mails; if the mail itself has changed, label some and train"
        yield warning("model", "model", move.sentence, advice)


def _card(config: Config) -> Card | None:
    from classifiers.ledger import read_ledger  # noqa: PLC0415
    from classifiers.stored import verified_card  # noqa: PLC0415 - loads scikit-learn
    from triage.app import models_root  # noqa: PLC0415

    try:
        root = models_root(config)
        ledger = read_ledger(root)
        return verified_card(root / ledger.current, ledger) if ledger.current else None
    except ClassifierError:
        return None


def _age(card: Card, patient: Patient) -> Iterator[Finding]:
    try:
        made = datetime.fromisoformat(card.trained_at)
    except ValueError:
        return
    age_s = patient.now - (made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp()
    days = max(0, round(age_s / 86400))
    if age_s > _OLD_S:
        what = f"{card.version} was trained {days} days ago, and mail changes"
        yield warning("model", "model", what, "label some mail, then `triage train`")
    else:
        yield Sound(where="model", what=f"{card.version}, verified, trained {days} days ago")


def _trainings(tx: Connection, patient: Patient) -> Iterator[Finding]:
    last = trainings.last(tx)
    if last and last.outcome == "failed":
        advice = "see models/training.log, mend that, then `triage train`"
        what = f"the last training failed: {' '.join(last.detail.split())[:300]}"
        yield warning("model", "training", what, advice)
    after, new = patient.config.learning.retrain_after, trainings.new_labels(tx)
    if after and new >= _MANY_TIMES * after and not (last and last.finished_at is None):
        what = f"{new} mails were labelled since the last training, and none has begun by itself"
        yield warning("model", "training", what, "run `triage train`; see models/training.log")
