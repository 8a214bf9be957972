"""A model judged on labelled mails, with what it has to beat and how sure the figures are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers import baselines
from classifiers.baselines import Opinion
from classifiers.comparison import fair_probabilities
from classifiers.evaluation import Report, evaluate, rounded_figures, scores_of, truth_of
from classifiers.measures import Interval, average_precisions, drawn_again, interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classifiers.dataset import Example
    from classifiers.model import Model

MAJORITY, KEYWORDS, WORDS = "majority", "keywords", "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certainty:
    """What chance may have done to the figures; None where too few mails carry the tag.

    Attributes:
        average_precision: 95 % interval for each tag.
        mean_average_precision: the same for their mean.
        gain: 95 % interval of how far the mean is above each baseline's, on the same draws.
    """

    average_precision: Mapping[str, Interval | None]
    mean_average_precision: Interval | None
    gain: Mapping[str, Interval | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A model's opinion of labelled mails, the baselines', and the figures for all of them."""

    examples: Sequence[Example]
    tags: tuple[str, ...]
    model: Opinion
    baselines: Mapping[str, Opinion]
    report: Report
    baseline_reports: Mapping[str, Report]
    certainty: Certainty

    @property
    def truths(self) -> list[frozenset[str]]:
        """The tags of every mail, by position."""
        return [example.tags for example in self.examples]

    def to_json(self) -> dict[str, Any]:
        """Return plain values: the report's keys, with intervals and baselines beside them."""
        record = self.report.to_json()
        for tag, found in self.certainty.average_precision.items():
            record["tags"][tag]["average_precision_interval"] = _pair(found)
        mean = self.certainty.mean_average_precision
        record["mean_average_precision_interval"] = _pair(mean)
        record["baselines"] = {
            name: {**report.to_json(), "model_is_better_by": _pair(self.certainty.gain[name])}
            for name, report in self.baseline_reports.items()
        }
        return record


def judge(model: Model, examples: Sequence[Example], learned: Sequence[Example]) -> Judgement:
    """Judge a model on `examples`, none of which it saw the label of.

    `learned` is what the words-alone baseline learns from: what the model learned from, or as
    near as can be had.
    """
    truths = [example.tags for example in examples]
    opinion = Opinion(
        probabilities=fair_probabilities(model, examples), thresholds=model.card.thresholds
    )
    others = rivals(model, examples, learned)
    return Judgement(
        examples=examples,
        tags=model.tags,
        model=opinion,
        baselines=others,
        report=report_of(truths, opinion),
        baseline_reports={name: report_of(truths, one) for name, one in others.items()},
        certainty=certainty([e.group for e in examples], truths, opinion, others),
    )


def rivals(
    model: Model, examples: Sequence[Example], learned: Sequence[Example]
) -> dict[str, Opinion]:
    """Return what the baselines say of `examples`, about the model's tags."""
    documents = [example.document for example in examples]
    return {
        MAJORITY: baselines.majority(len(examples), model.tags),
        KEYWORDS: baselines.keywords(documents, model.card.tags),
        WORDS: baselines.words(examples, learned, model.tags),
    }


def baseline_reports(
    model: Model, examples: Sequence[Example], learned: Sequence[Example]
) -> dict[str, Report]:
    """Judge the baselines alone on `examples`, for a report that has the model's figures."""
    truths = [example.tags for example in examples]
    others = rivals(model, examples, learned)
    return {name: report_of(truths, one) for name, one in others.items()}


def report_of(truths: Sequence[frozenset[str]], opinion: Opinion) -> Report:
    """Compare an opinion with the labels."""
    return evaluate(truths, opinion.probabilities, opinion.thresholds)


def certainty(
    groups: Sequence[str],
    truths: Sequence[frozenset[str]],
    opinion: Opinion,
    others: Mapping[str, Opinion],
) -> Certainty:
    """Draw the mails again, whole groups at a time, and see how far the figures move."""
    drawn = list(drawn_again(groups)) if groups else []
    tags = tuple(opinion.thresholds)

    def resampled(one: Opinion) -> Any:
        """Return (n_tags, n_resamples) average precisions."""
        return np.vstack(
            [
                np.concatenate(
                    [
                        average_precisions(
                            truth_of(tag, truths), scores_of(tag, one.probabilities), weights
                        )
                        for weights in drawn
                    ]
                )
                for tag in tags
            ]
        )

    if not drawn:
        nothing: dict[str, Interval | None] = dict.fromkeys(tags)
        return Certainty(average_precision=nothing, mean_average_precision=None, gain={})
    own = resampled(opinion)
    mean = _means(own)
    return Certainty(
        average_precision={tag: interval(row) for tag, row in zip(tags, own, strict=True)},
        mean_average_precision=interval(mean),
        gain={name: interval(mean - _means(resampled(one))) for name, one in others.items()},
    )


def _means(resampled: Any) -> Any:
    """Mean over the tags that a resample holds; nan where it holds none."""
    known = ~np.isnan(resampled)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, np.where(known, resampled, 0).sum(axis=0) / count, np.nan)


def _pair(found: Interval | None) -> object:
    return None if found is None else rounded_figures(list(asdict(found).values()))
