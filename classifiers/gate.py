"""The gate: may a new model replace the one in use?

Rule: yes, unless
- it no longer knows a tag,
- on labels of people or on the mails that came with the program a tag's average precision is more
  than .03 lower, its F1 at the model's own threshold more than .05, or more than 2 further of 100
  untagged mails would get a tag; and that is more than chance, or three times as much; or
- a pinned case that the model in use holds is broken.
The tags share a budget for noise: where a tag's F1 fell, but neither the ranking of its mails nor
the mean F1 of all tags, only three times the tolerance counts.
A pinned case that the model in use breaks too holds nothing up; it is listed. Figures over fewer
than `MIN_MAILS` mails with the tag, or without it, decide nothing.

Figures come from labelled mails that neither model was trained on: a mail counts with the scores it
got while its whole thread was held out, and is left out where such a score does not exist. Labels
of people and mails that came along are judged apart, so that neither many of the one nor a lean
towards the other hides a loss. What is more than chance, a paired bootstrap over threads says: two
models that learnt the same mails in other folds differ by .04 in a tag that 100 mails carry.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from classifiers import bootstrap, pinned
from classifiers.comparison import fair_probabilities, judgeable
from classifiers.gate_report import ALARMS, AP, F1, OWN, STARTER, Doubt, Figure, Judgement, Part

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from classifiers.bootstrap import Difference, Measure
    from classifiers.dataset import Example
    from classifiers.model import Model
    from classifiers.thresholds import Threshold

MIN_MAILS = 20  # with the tag, and without; a figure over fewer is chance
MIN_FOR_DECISIONS = 100  # labels of people; with fewer, decisions are judged on the starter mails
DOUBTED = 0.95  # probability against a label from which on somebody should look at the label


def judge(
    candidate: Model,
    in_use: Model,
    examples: Sequence[Example],
    *,
    own: Collection[str] = (),
    cases: Sequence[Example] = (),
    fitted: bool = False,
) -> Judgement:
    """Hold a new model against the one in use.

    Args:
        candidate: the new model.
        in_use: the model it would replace.
        examples: labelled mails, deduplicated and grouped by thread over all of them.
        own: digests of those that people here labelled; the others came with the program.
        cases: pinned cases.
        fitted: its thresholds were chosen on the inbox itself, which has another share of tagged
            mail than the starter mails; these then say nothing of decisions.
    """
    tags = [tag for tag in in_use.tags if tag in candidate.tags]
    fair = fair_examples(examples, in_use, candidate)
    mine = [e for e in fair if e.digest in own]
    decisions = OWN if len(mine) >= MIN_FOR_DECISIONS else "" if fitted else STARTER
    parts, figures = [], []
    for name, judged in ((OWN, mine), (STARTER, [e for e in fair if e.digest not in own])):
        whole = sum((e.digest in own) == (name == OWN) for e in examples)
        threads = len({e.group for e in judged})
        left_out = whole - len(judged)
        parts.append(Part(name=name, mails=len(judged), threads=threads, left_out=left_out))
        if judged:
            figures += _figures(name, judged, in_use, candidate, tags, decisions=name == decisions)
    return Judgement(
        candidate=candidate.version,
        in_use=in_use.version,
        parts=tuple(parts),
        figures=tuple(figures),
        pinned=tuple(pinned.outcomes(cases, in_use, candidate)) if cases else (),
        lost=tuple(tag for tag in in_use.tags if tag not in tags),
        gained=tuple(tag for tag in candidate.tags if tag not in tags),
        doubts=tuple(_doubts(candidate, mine)),
    )


def fair_examples(examples: Sequence[Example], *models: Model) -> list[Example]:
    """Return the examples whose scores no model owes to having learnt from their thread.

    A mail that a model was trained on has a score from when its thread was held out. One that it
    was not trained on has none, and is unfit if the model learnt from another mail of the thread.
    """
    kept = judgeable(examples, *models)
    for model in models:
        known = model.parts.held_out.keys() | model.parts.flattered
        learnt = {e.group for e in examples if e.digest in known}
        kept = [e for e in kept if e.digest in known or e.group not in learnt]
    return kept


def _figures(
    name: str,
    examples: Sequence[Example],
    in_use: Model,
    candidate: Model,
    tags: Sequence[str],
    *,
    decisions: bool,
) -> list[Figure]:
    """Compare both models on one set; decisions only where they are to be judged."""
    truths = [e.tags for e in examples]
    old, new = fair_probabilities(in_use, examples), fair_probabilities(candidate, examples)
    old_cuts, new_cuts = in_use.card.thresholds, candidate.card.thresholds
    pairs: dict[tuple[str, str], tuple[Measure, Measure]] = {}
    for tag in tags:
        before, after = (bootstrap.average_precision_of(tag, truths, p) for p in (old, new))
        pairs[AP, tag] = before, after
        if decisions:
            pairs[F1, tag] = (
                bootstrap.f1_of(tag, truths, old, old_cuts[tag]),
                bootstrap.f1_of(tag, truths, new, new_cuts[tag]),
            )
    if decisions:
        pairs[ALARMS, ""] = (
            bootstrap.false_alarms_of(truths, old, _only(tags, old_cuts)),
            bootstrap.false_alarms_of(truths, new, _only(tags, new_cuts)),
        )
    found = bootstrap.differences([e.group for e in examples], pairs)
    figures = [
        _figure(name, kind, tag, truths, difference) for (kind, tag), difference in found.items()
    ]
    return [replace(figure, shared=_shared(figure, figures)) for figure in figures]


def _shared(figure: Figure, figures: Sequence[Figure]) -> bool:
    """Whether the tag only got another part of the budget for noise, which all tags share."""
    if figure.kind != F1 or figure.loss <= 0:
        return False
    changes = [each.difference.change for each in figures if each.kind == F1 and each.judged]
    [ranking] = [each for each in figures if (each.kind, each.tag) == (AP, figure.tag)]
    return bool(changes) and sum(changes) > 0 and ranking.loss <= ranking.tolerance


def _figure(
    name: str, kind: str, tag: str, truths: Sequence[frozenset[str]], difference: Difference
) -> Figure:
    mails = sum(tag in truth if tag else not truth for truth in truths)
    enough = min(mails, len(truths) - mails) if tag else mails
    judged = enough >= MIN_MAILS and None not in (difference.before, difference.after)
    return Figure(set=name, kind=kind, tag=tag, mails=mails, judged=judged, difference=difference)


def _only(tags: Sequence[str], thresholds: Mapping[str, Threshold]) -> dict[str, Threshold]:
    return {tag: thresholds[tag] for tag in tags}


def _doubts(candidate: Model, examples: Sequence[Example]) -> list[Doubt]:
    """Return labels that the held-out score contradicts, the surest contradiction first."""
    found = [
        Doubt(id=e.place or e.document.id, tag=tag, labelled=tag in e.tags, probability=round(p, 4))
        for e, scores in zip(examples, fair_probabilities(candidate, examples), strict=True)
        for tag, p in scores.items()
        if (1 - p if tag in e.tags else p) >= DOUBTED
    ]
    return sorted(found, key=lambda d: -abs(d.probability - d.labelled))
