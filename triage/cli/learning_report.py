"""What `triage status` says of the model in use, of trainings, and of shares that move."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from triage.cli.tables import plain, when

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage import drift
    from triage.app_models import Learning
    from triage.store.trainings import Training


def lines(found: Learning, zone: str) -> Iterator[str]:
    """The same for people."""
    yield f"Model {found.model or 'unknown'}{f', {found.since}' if found.since else ''}"
    if found.problem:
        yield f"  TROUBLE: {plain(found.problem, 500)}"
    after = f" of the {found.retrain_after} that begin a training" if found.retrain_after else ""
    yield f"  mails labelled since the last training: {found.new_labels}{after}"
    if found.running:
        yield "  a training is running"
    elif found.last:
        yield from _training_lines(found.last, zone)
    yield from _week_lines(found.weeks)
    for move in found.moves:
        yield f"  MOVED: {move.sentence}"
    if found.moves:
        yield "  Look at some of these mails; if the mail itself has changed, label some and train."


def to_json(found: Learning) -> dict[str, object]:
    """The same for programs; the keys are promised to scripts."""
    return {
        "model": found.model,
        "since": found.since,
        "problem": found.problem,
        "new_labels": found.new_labels,
        "retrain_after": found.retrain_after,
        "training": asdict(found.last) if found.last else None,
        "training_now": found.running,
        "weeks": [asdict(week) for week in found.weeks],
        "warnings": [{**asdict(move), "text": move.sentence} for move in found.moves],
    }


def _training_lines(last: Training, zone: str) -> Iterator[str]:
    how = "by itself" if last.how == "automatic" else f"by {last.by}"
    version = f" {last.version}" if last.version else ""
    outcome = {
        "promoted": f"made{version}, which was taken into use",
        "kept": f"made{version}, which was not taken: `triage models show{version}`",
        "failed": "failed",
    }.get(last.outcome, "was interrupted; it will be tried again")
    yield f"  last training: {when(last.started_at, zone)}, {how}, {outcome}"
    if last.outcome in {"kept", "failed"} and last.detail:
        yield f"      {plain(last.detail, 300)}"


def _week_lines(weeks: tuple[drift.Week, ...]) -> Iterator[str]:
    if not weeks:
        return
    yield f"  {'of 100 mails':<22}{'mails':>6}{'forwarded':>11}{'for review':>12}{'corrected':>11}"
    for week in weeks:
        ago = "last 7 days" if not week.ago else f"{week.ago} week{'s' * (week.ago > 1)} before"
        shares = [
            f"{100 * count / week.mails:.0f}" if week.mails else "-"
            for count in (week.forwarded, week.unsure, week.corrected)
        ]
        yield f"  {ago:<22}{week.mails:>6}{shares[0]:>11}{shares[1]:>12}{shares[2]:>11}"
