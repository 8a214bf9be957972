"""What is kept of a model, as the page draws it. A record that cannot be read counts as none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from classifiers.measures import Bin, Interval, Point, precision_at
from classifiers.record import ALL, OWN, SCHEMA
from triage.drawing import charts
from triage.drawing.figures import bar_rows, point_at, share

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from markupsafe import Markup

    from classifiers.card import Card
    from classifiers.registry import Entry
    from triage.drift import Week

RECALLS = (0.2, 0.4, 0.6, 0.8, 1.0)
TITLES = {OWN: "On your own mail", ALL: "On all mail it could be judged on"}
SHARES = ("forwarded", "unsure", "corrected")
_ROUNDED = 1e-3  # what rounding may have taken from a recall that is kept
_LEAST_TOP = 0.2  # of the chart of shares, so that small ones do not look large


@dataclass(frozen=True, slots=True, kw_only=True)
class TagView:
    """One tag of one part: its figures, charts, what stands in these, and its worst mistakes.

    Attributes:
        figures: as `classifiers.evaluation` reports them.
        precisions: (recall, the best precision there).
        bars: (range of probability, mails with the tag, mails without).
    """

    name: str
    figures: Mapping[str, Any]
    curve: Markup
    precisions: Sequence[tuple[float, float | None]]
    calibration: Markup
    bins: Sequence[Bin]
    histogram: Markup
    bars: Sequence[tuple[str, int, int]]
    misses: Sequence[Mapping[str, Any]]
    false_alarms: Sequence[Mapping[str, Any]]
    all_misses: int
    all_false_alarms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One set of mails that the model was judged on while they were held out."""

    name: str
    title: str
    report: Mapping[str, Any]
    crossed: Sequence[tuple[str, int, Sequence[int]]]
    tags: Sequence[TagView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A version on the learning curve: from how many mails, and how good."""

    version: str
    own: int
    mails: int
    quality: float | None
    on_own: bool


def parts_of(measured: Mapping[str, Any] | None, card: Card) -> list[Part]:
    """The parts of a record, own mail first; none where it is missing, damaged or of other days."""
    if not measured or measured.get("schema") != SCHEMA:
        return []
    try:
        kept = measured["parts"]
        return [_part(name, kept[name], card) for name in (OWN, ALL) if name in kept]
    except (KeyError, TypeError, ValueError, IndexError):
        return []


def _part(name: str, found: Mapping[str, Any], card: Card) -> Part:
    return Part(
        name=name,
        title=TITLES[name],
        report=found["report"],
        crossed=[(label, mails, row) for label, mails, row in found["crossed"]],
        tags=[_tag(tag, each, found["report"], card) for tag, each in found["tags"].items()],
    )


def _tag(tag: str, found: Mapping[str, Any], report: Mapping[str, Any], card: Card) -> TagView:
    figures = report["tags"][tag]
    points = [Point(**each) for each in found["curve"]]
    bins = [Bin(**{**each, "interval": Interval(**each["interval"])}) for each in found["bins"]]
    above, below = found["bars"]
    threshold = card.thresholds[tag]
    cuts = [("unsure", threshold.unsure), ("given", threshold.give)]
    return TagView(
        name=tag,
        figures=figures,
        curve=charts.precision_recall(
            [charts.Curve(kind="model", points=points)],
            [(name, point_at(points, cut)) for name, cut in cuts],
            title=f"Precision and recall of {tag}",
            told=f"average precision {share(figures['average_precision'])}; figures below",
        ),
        precisions=[(recall, precision_at(points, recall - _ROUNDED)) for recall in RECALLS],
        calibration=charts.reliability(
            bins,
            title=f"Calibration of {tag}",
            told=f"expected calibration error {figures['calibration_error']:.3f}; figures below",
        ),
        bins=bins,
        histogram=charts.two_histograms(
            above,
            below,
            cuts,
            title=f"Probabilities of {tag}",
            told="mails with the tag above the line, mails without it below; figures below",
        ),
        bars=bar_rows(above, below),
        misses=found["misses"],
        false_alarms=found["false_alarms"],
        all_misses=found["all_misses"],
        all_false_alarms=found["all_false_alarms"],
    )


def quality(card: Card) -> tuple[float | None, bool]:
    """Mean average precision while held out, on own mail where there is enough; and whether so."""
    own = card.metrics.get("own") or {}
    whole = card.metrics.get("held_out") or {}
    if own.get("mean_average_precision") is not None:
        return own["mean_average_precision"], True
    return whole.get("mean_average_precision"), False


def steps(entries: Sequence[Entry]) -> list[Step]:
    """The versions by how many own labels they learnt from: the learning curve."""
    found = []
    for entry in entries:
        if entry.card is not None:
            value, on_own = quality(entry.card)
            own, mails = entry.card.data.get("own", 0), entry.card.data.get("used", 0)
            found.append(
                Step(version=entry.version, own=own, mails=mails, quality=value, on_own=on_own)
            )
    return sorted(found, key=lambda step: (step.own, step.version))


def learning_curve(found: Sequence[Step]) -> Markup | None:
    """How good the versions are by the number of own labels; None where that never differs."""
    if len({each.own for each in found}) < 2:  # noqa: PLR2004 - a line needs two points
        return None
    told = "; ".join(f"{each.version}, {each.own} labels: {share(each.quality)}" for each in found)
    return charts.trends(
        [charts.Trend(kind="model", values=[each.quality for each in found])],
        [f"{each.own} labels" for each in found],
        title="Mean average precision by version",
        told=told,
        percent=False,
    )


def worth_of_labels(steps: Sequence[Mapping[str, Any]]) -> Markup:
    """How good one version is by how many of its own labels it learnt from."""
    values = [step["mean_average_precision"] for step in steps]
    told = "; ".join(
        f"{step['labels']} labels: {share(value)}"
        for step, value in zip(steps, values, strict=True)
    )
    return charts.trends(
        [charts.Trend(kind="model", values=values)],
        [f"{step['labels']} labels" for step in steps],
        title="Mean average precision on your own mail by labels",
        told=told,
        percent=False,
    )


def drift_chart(weeks: Sequence[Week]) -> Markup | None:
    """Shares of mail by week, the oldest on the left; None where there is one week or none."""
    if len(weeks) < 2:  # noqa: PLR2004 - a line needs two points
        return None
    ordered = list(reversed(weeks))
    lines = [
        charts.Trend(
            kind=what,
            values=[week.count(what) / week.mails if week.mails else None for week in ordered],
        )
        for what in SHARES
    ]
    highest = max((v for line in lines for v in line.values if v is not None), default=0.0)
    labels = [f"{week.ago} weeks ago" if week.ago else "last 7 days" for week in ordered]
    return charts.trends(
        lines,
        labels,
        title="Mail forwarded, for review and corrected, by week",
        told="; ".join(_week_told(week) for week in ordered),
        top=max(_LEAST_TOP, min(1.0, math.ceil(highest * 11) / 10)),
    )


def _week_told(week: Week) -> str:
    return (
        f"{week.ago} weeks before: {week.mails} mails, {week.forwarded} forwarded, "
        f"{week.unsure} for review, {week.corrected} corrected"
    )


def figure_rows(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The figures of a gate's report for a table, each with its verdict in words."""
    for each in report.get("figures", ()):
        worse, judged = each.get("worse"), each.get("judged")
        says = "worse" if worse else "" if judged else "too few to judge"
        if not worse and judged and each.get("shared"):
            says = "others got its share of noise"
        yield {**each, "says": says}
