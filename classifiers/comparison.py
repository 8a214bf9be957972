"""Is a new model good enough to replace the one in use?

Rule: both are judged on the same mails, and neither on a mail it was trained on: where a model
knows a mail, the score counts that it got while the mail was held out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from classifiers.evaluation import Report, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.dataset import Example
    from classifiers.model import Model

MEAN_TOLERANCE = 0.01  # of mean average precision; smaller differences are noise
TAG_TOLERANCE = 0.03  # of one tag's average precision
ALARM_TOLERANCE = 1.0  # false alarms per 100 untagged mails


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two reports over the same mails and tags, and what speaks against the new model."""

    old: Report
    new: Report
    objections: tuple[str, ...]

    @property
    def not_worse(self) -> bool:
        """Whether the new model may be promoted."""
        return not self.objections


def fair_probabilities(model: Model, examples: Sequence[Example]) -> list[dict[str, float]]:
    """Return every example's probabilities, held-out ones for mails the model was trained on."""
    known = model.parts.held_out
    unseen = [example for example in examples if example.digest not in known]
    fresh = iter(model.probabilities([example.document for example in unseen]))
    return [
        model.calibrated(known[example.digest]) if example.digest in known else next(fresh)
        for example in examples
    ]


def judgeable(examples: Sequence[Example], *models: Model) -> list[Example]:
    """Return the examples of which every model can speak without having seen their labels."""
    flattered = frozenset().union(*(model.parts.flattered for model in models))
    return [example for example in examples if example.digest not in flattered]


def report_on(model: Model, examples: Sequence[Example], tags: Sequence[str]) -> Report:
    """Judge a model on labelled mails, for the `tags` named, without its having seen them."""
    return evaluate(
        [example.tags for example in examples],
        fair_probabilities(model, examples),
        {tag: model.card.thresholds[tag] for tag in tags},
    )


def compare(new: Model, old: Model, examples: Sequence[Example]) -> Comparison:
    """Compare two models on `examples`, over the tags that both know."""
    tags = [tag for tag in new.tags if tag in old.tags]
    fair = judgeable(examples, old, new)
    before, after = (report_on(model, fair, tags) for model in (old, new))
    against = objections(before, after) if fair else ["no mail is left that neither was tuned on"]
    return Comparison(old=before, new=after, objections=tuple(against))


def objections(old: Report, new: Report) -> list[str]:
    """Say what is worse in the new report beyond the tolerances, in words."""
    pairs = [
        (
            "mean average precision",
            old.mean_average_precision,
            new.mean_average_precision,
            MEAN_TOLERANCE,
        ),
        *(
            (
                f"average precision of {tag}",
                report.average_precision,
                new.tags[tag].average_precision,
                TAG_TOLERANCE,
            )
            for tag, report in old.tags.items()
        ),
    ]
    found = [
        f"{name} fell from {before:.3f} to {after:.3f} (tolerance {tolerance})"
        for name, before, after, tolerance in pairs
        if before is not None and after is not None and after < before - tolerance
    ]
    alarms, now = old.false_alarms_per_100_untagged, new.false_alarms_per_100_untagged
    if alarms is not None and now is not None and now > alarms + ALARM_TOLERANCE:
        found.append(
            f"false alarms rose from {alarms:.1f} to {now:.1f} per 100 untagged mails "
            f"(tolerance {ALARM_TOLERANCE})"
        )
    return found
