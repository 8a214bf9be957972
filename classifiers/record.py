"""What is kept of a model's measuring, beside the model: curves, calibration, its worst mistakes.

Rules: everything rests on scores that mails got while they were held out; a person's own mail is
named, never quoted, since words of mail belong in the store alone, where they can be deleted.
Mail that came with the program was written for it, and is quoted.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from classifiers import judgement, mistakes
from classifiers.baselines import Opinion
from classifiers.comparison import fair_probabilities, judgeable
from classifiers.evaluation import rounded_figures, scores_of, truth_of
from classifiers.measures import calibration_bins, histogram, precision_recall, thinned
from classifiers.thresholds import decide

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from classifiers.dataset import Example
    from classifiers.judgement import Judgement
    from classifiers.mistakes import Mistake
    from classifiers.model import Model

SCHEMA = 1
ALL, OWN = "all", "own"
BARS = 20
MOST_POINTS = 80  # of a curve; more cannot be seen
FEWEST_OWN = 20  # mails; of fewer no curve is drawn
_TEXT_CHARS, _SUBJECT_CHARS = 400, 160


def measured(model: Model, examples: Sequence[Example], *, now: datetime) -> dict[str, Any]:
    """Judge a model on the mails it has an honest score of, and return what is to be kept.

    `examples` are those it learned from; `Example.local` marks a firm's own.
    """
    kept = judgeable([each for each in examples if each.agreed], model)
    own = [each for each in kept if each.local]
    parts = {ALL: kept} | ({OWN: own} if len(own) >= FEWEST_OWN else {})
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "version": model.version,
        "at": now.isoformat(timespec="seconds"),
        "parts": {name: _part(model, some) for name, some in parts.items() if some},
    }
    return found


def crossed(found: Judgement) -> list[tuple[str, int, list[int]]]:
    """For mails that carry a tag, or none: how many got each tag, were only unsure, or nothing."""
    groups: dict[str, list[list[int]]] = {tag: [] for tag in [*found.tags, ""]}
    for truth, scores in zip(found.truths, found.model.probabilities, strict=True):
        given, unsure = decide(scores, found.model.thresholds)
        row = [int(tag in given) for tag in found.tags]
        row += [int(bool(unsure) and not given), int(not unsure and not given)]
        for tag in [t for t in found.tags if t in truth] or ([""] if not truth else []):
            groups[tag].append(row)
    return [
        (tag or "no tag", len(some), [sum(column) for column in zip(*some, strict=True)])
        for tag, some in groups.items()
        if some
    ]


def _part(model: Model, examples: Sequence[Example]) -> dict[str, Any]:
    found = _judged(model, examples)
    worst = mistakes.worst(found, model.explain)
    sources = {id(each.document): each for each in examples}
    return {
        "report": found.to_json(),
        "crossed": crossed(found),
        "tags": {tag: _tag(tag, found, worst[tag], sources) for tag in found.tags},
    }


def _judged(model: Model, examples: Sequence[Example]) -> Judgement:
    """The model's opinion alone: what it has to beat takes minutes, and was learned elsewhere."""
    truths = [example.tags for example in examples]
    opinion = Opinion(
        probabilities=fair_probabilities(model, examples), thresholds=model.card.thresholds
    )
    return judgement.Judgement(
        examples=examples,
        tags=model.tags,
        model=opinion,
        baselines={},
        report=judgement.report_of(truths, opinion),
        baseline_reports={},
        certainty=judgement.certainty([e.group for e in examples], truths, opinion, {}),
    )


def _tag(
    tag: str, found: Judgement, worst: mistakes.Mistakes, sources: Mapping[int, Example]
) -> dict[str, Any]:
    truth = truth_of(tag, found.truths)
    scores = scores_of(tag, found.model.probabilities)
    curve = thinned(precision_recall(truth, scores), MOST_POINTS)
    plain: dict[str, Any] = {
        "curve": [asdict(each) for each in curve],
        "bins": [asdict(each) for each in calibration_bins(truth, scores)],
        "bars": [histogram(scores[truth], BARS), histogram(scores[~truth], BARS)],
    }
    figures = rounded_figures(plain)
    assert isinstance(figures, dict)
    return figures | {
        "misses": [_mistake(each, sources) for each in worst.misses],
        "false_alarms": [_mistake(each, sources) for each in worst.false_alarms],
        "all_misses": worst.all_misses,
        "all_false_alarms": worst.all_false_alarms,
    }


def _mistake(one: Mistake, sources: Mapping[int, Example]) -> dict[str, Any]:
    """One mail: named where it is a person's own, quoted where it was written for the program."""
    source = sources[id(one.document)]
    said = {
        "probability": round(one.probability, 4),
        "carries": list(one.carries),
        "given": list(one.given),
        "unsure": one.unsure,
        "role": one.document.from_role,
    }
    if source.local:
        return said | {"place": source.place}
    return said | {
        "id": one.document.id,
        "subject": one.document.subject[:_SUBJECT_CHARS],
        "text": one.document.text[:_TEXT_CHARS],
        "sentences": [each.sentence[:_TEXT_CHARS] for each in one.sentences],
    }
