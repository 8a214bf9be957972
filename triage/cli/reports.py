"""How the judgement on a model is shown: plain tables of at most 100 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from classifiers.api import Verdict
    from classifiers.comparison import Comparison
    from classifiers.evaluation import Report

_COLUMNS = "tag                mails  precision  recall     F1  avg.prec  caught  calibration error"


def report_lines(report: Report, baselines: Mapping[str, Report]) -> list[str]:
    """One line a tag, the whole, and the baselines beside it."""
    tags = [
        f"{tag:<18}{r.positives:>6}{_share(r.precision):>11}{_share(r.recall):>8}"
        f"{_share(r.f1):>7}{_share(r.average_precision):>10}{_share(r.caught):>8}"
        f"{_share(r.calibration_error):>19}"
        for tag, r in report.tags.items()
    ]
    return [
        f"{report.mails} mails, {report.untagged} of them without a tag",
        "",
        _COLUMNS,
        *tags,
        "",
        f"{'':<18}{'mean F1':>9}{'mean avg.prec':>15}{'false alarms':>14}{'unsure':>8}",
        *(_whole(name, one) for name, one in {"this model": report, **baselines}.items()),
        "",
        "false alarms, unsure: per 100 mails without a tag. caught: given the tag, or unsure.",
        "F1 and average precision run from 0 to 1, higher is better.",
    ]


def comparison_lines(comparison: Comparison, old: str, new: str) -> list[str]:
    """The two models side by side, tag by tag."""
    names = f"{'average precision':<22}{old[:20]:>20}{new[:20]:>22}"
    tags = [
        f"{tag:<22}{_share(r.average_precision):>20}"
        f"{_share(comparison.new.tags[tag].average_precision):>22}"
        for tag, r in comparison.old.tags.items()
    ]
    rows = [
        ("mean", comparison.old.mean_average_precision, comparison.new.mean_average_precision),
        ("mean F1", comparison.old.mean_f1, comparison.new.mean_f1),
    ]
    whole = [f"{name:<22}{_share(a):>20}{_share(b):>22}" for name, a, b in rows]
    alarms = (
        f"{'false alarms / 100':<22}{_rate(comparison.old.false_alarms_per_100_untagged):>20}"
        f"{_rate(comparison.new.false_alarms_per_100_untagged):>22}"
    )
    return [names, *tags, *whole, alarms]


def verdict_lines(verdict: Verdict) -> list[str]:
    """One mail for people: its tags with their probabilities, and the sentences behind them."""
    tags = [f"{tag} {verdict.scores[tag]:.0%}" for tag in verdict.tags]
    unsure = [f"unsure: {tag} {verdict.scores[tag]:.0%}" for tag in verdict.unsure_tags]
    lines = [f"{verdict.id}: {', '.join([*tags, *unsure]) or 'no tag'}"]
    return lines + [f"    {e.tag}: {' '.join(e.sentence.split())}" for e in verdict.evidence]


def _whole(name: str, report: Report) -> str:
    return (
        f"{name:<18}{_share(report.mean_f1):>9}{_share(report.mean_average_precision):>15}"
        f"{_rate(report.false_alarms_per_100_untagged):>14}{_rate(report.unsure_per_100_untagged):>8}"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
