"""The page of `triage evaluate --html`: one file to read, with curves and the worst mistakes.

Rules: mail text is only ever a value, cleaned and escaped; the page loads nothing and runs
nothing; each chart has its figures as a table beside it; what is printed is computed in
`classifiers`, never here.
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from classifiers.evaluation import scores_of, truth_of
from classifiers.judgement import KEYWORDS, MAJORITY, WORDS
from classifiers.measures import (
    calibration_bins,
    histogram,
    precision_at,
    precision_recall,
)
from classifiers.record import BARS, crossed
from triage.drawing import charts
from triage.drawing.figures import bar_rows, percent, point_at, share
from triage.resources import resource
from triage.summary.wording import clean_line, clean_text, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from classifiers.evaluation import TagReport
    from classifiers.judgement import Judgement
    from classifiers.measures import Bin, Interval, Point
    from classifiers.mistakes import Mistake, Mistakes
    from classifiers.thresholds import Threshold

TEMPLATE, STYLE = "report.html.j2", "report.css"
RECALLS = (0.2, 0.4, 0.6, 0.8, 1.0)
TEXT_LIMIT, SENTENCE_LIMIT, SUBJECT_LIMIT = 500, 300, 110
NAMES = {
    WORDS: "words alone",
    KEYWORDS: "keyword filter",
    MAJORITY: "never a tag",
}
SHORT_NAMES = {WORDS: "words", KEYWORDS: "keywords", MAJORITY: "never"}
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A mistake as the page shows it: cleaned and cut to what can be read."""

    percent: str
    subject: str
    start: str
    text: str
    role: str
    id: str
    people: str
    model: str
    sentences: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagView:
    """One tag: its charts, the figures in them as rows, and its worst mistakes.

    Attributes:
        precision_rows: (recall, then the best precision there for the model and each baseline).
        bins: groups of equally many mails, for the calibration table.
        bars: (range of probability, mails with the tag, mails without).
        counts: how the mails divide: given, unsure, left; with the tag and without.
    """

    name: str
    report: TagReport
    interval: Interval | None
    threshold: Threshold
    counts: Mapping[str, tuple[int, int, int]]
    curve: Markup
    precision_rows: Sequence[tuple[float, Sequence[float | None]]]
    reliability: Markup
    bins: Sequence[Bin]
    histogram: Markup
    bars: Sequence[tuple[str, int, int]]
    misses: Sequence[Shown]
    false_alarms: Sequence[Shown]
    all_misses: int
    all_false_alarms: int


def render(
    found: Judgement,
    worst: Mapping[str, Mistakes],
    *,
    version: str,
    data: Sequence[str],
    remarks: Sequence[str],
    now: datetime,
) -> str:
    """Return the page as one HTML file."""
    folder = resource("templates") / "evaluation"
    style = (folder / STYLE).read_text(encoding="utf-8").replace("\r\n", "\n")
    env = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(str(folder)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {"percent": percent, "share": share, "span": span}
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return env.get_template(TEMPLATE).render(
        found=found,
        report=found.report,
        certainty=found.certainty,
        names=NAMES,
        short=SHORT_NAMES,
        mark_keys={name: charts.mark_key(name, index) for index, name in enumerate(NAMES)},
        version=version,
        data=[clean_line(name) for name in data],
        remarks=[clean_line(remark) for remark in remarks],
        now=now,
        overview=_overview(found),
        tags=[_tag_view(tag, found, worst[tag]) for tag in found.tags],
        crossed=crossed(found),
        style=Markup(style),  # noqa: S704  # a file of our own
        style_hash=f"sha256-{digest}",
    )


def write(path: Path, page: str) -> None:
    """Write the page whole or not at all, for its owner's eyes. Raises OSError."""
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(page)
    unfinished.replace(path)


def span(found: Interval | None) -> str:
    """What chance leaves open."""
    return "too few mails" if found is None else f"{found.low:.2f} to {found.high:.2f}"


def _overview(found: Judgement) -> Markup:
    lines = [
        charts.Row(
            label=tag,
            value=report.average_precision,
            interval=found.certainty.average_precision[tag],
            marks={
                name: found.baseline_reports[name].tags[tag].average_precision for name in NAMES
            },
        )
        for tag, report in found.report.tags.items()
    ]
    told = "; ".join(f"{line.label} {share(line.value)}" for line in lines)
    return charts.rows(lines, title="Average precision of each tag", told=told)


def _tag_view(tag: str, found: Judgement, worst: Mistakes) -> TagView:
    truth = truth_of(tag, found.truths)
    scores = scores_of(tag, found.model.probabilities)
    threshold = found.model.thresholds[tag]
    bins = calibration_bins(truth, scores)
    lines = {
        name: precision_recall(truth, scores_of(tag, opinion.probabilities))
        for name, opinion in [("model", found.model), *((n, found.baselines[n]) for n in NAMES)]
    }
    above, below = histogram(scores[truth], BARS), histogram(scores[~truth], BARS)
    return TagView(
        name=tag,
        report=found.report.tags[tag],
        interval=found.certainty.average_precision[tag],
        threshold=threshold,
        counts={
            "with": _divided(scores[truth], threshold),
            "without": _divided(scores[~truth], threshold),
        },
        curve=_curve(tag, lines, found, threshold),
        precision_rows=[
            (recall, [precision_at(points, recall) for points in lines.values()])
            for recall in RECALLS
        ],
        reliability=charts.reliability(
            bins,
            title=f"Calibration of {tag}",
            told=f"expected calibration error {found.report.tags[tag].calibration_error:.3f}",
        ),
        bins=bins,
        histogram=charts.two_histograms(
            above,
            below,
            [("unsure", threshold.unsure), ("given", threshold.give)],
            title=f"Probabilities of {tag}",
            told="mails with the tag above the line, mails without it below",
        ),
        bars=bar_rows(above, below),
        misses=[_shown(one) for one in worst.misses],
        false_alarms=[_shown(one) for one in worst.false_alarms],
        all_misses=worst.all_misses,
        all_false_alarms=worst.all_false_alarms,
    )


def _curve(
    tag: str,
    lines: Mapping[str, Sequence[Point]],
    found: Judgement,
    threshold: Threshold,
) -> Markup:
    average = share(found.report.tags[tag].average_precision)
    return charts.precision_recall(
        [charts.Curve(kind=name, points=lines[name]) for name in reversed(list(lines))],
        [
            ("unsure", point_at(lines["model"], threshold.unsure)),
            ("given", point_at(lines["model"], threshold.give)),
        ],
        title=f"Precision and recall of {tag}",
        told=f"average precision {average}; the figures are in the table below",
    )


def _divided(scores: Sequence[float], threshold: Threshold) -> tuple[int, int, int]:
    """How many are given the tag, unsure of, left alone."""
    given = sum(score >= threshold.give for score in scores)
    seen = sum(score >= threshold.unsure for score in scores)
    return int(given), int(seen - given), len(scores) - int(seen)


def _shown(one: Mistake) -> Shown:
    text = clean_text(one.document.text[: 8 * TEXT_LIMIT])
    judged = [*one.given, *(["unsure here"] if one.unsure else [])]
    return Shown(
        percent=percent(one.probability),
        subject=shorten(clean_line(one.document.subject), SUBJECT_LIMIT),
        start=shorten(clean_line(text), SUBJECT_LIMIT),
        text=shorten(text, TEXT_LIMIT),
        role=one.document.from_role,
        id=clean_line(one.document.id),
        people=", ".join(one.carries) or "no tag",
        model=", ".join(judged) or "no tag",
        sentences=tuple(
            (percent(e.score), shorten(clean_line(e.sentence), SENTENCE_LIMIT))
            for e in one.sentences
        ),
    )
