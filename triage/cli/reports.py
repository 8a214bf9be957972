"""How the judgement on a model is shown: plain tables of at most 100 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from classifiers.api import Verdict
    from classifiers.card import Card
    from classifiers.evaluation import Report
    from classifiers.judgement import Certainty
    from classifiers.measures import Interval

_COLUMNS = (
    f"{'tag':<18}{'mails':>6}{'precision':>11}{'recall':>8}{'F1':>7}{'caught':>8}"
    f"{'avg.prec':>10}{'95 %':>14}{'Brier':>8}{'cal.err':>9}"
)
_LEGEND = (
    "false alarms, unsure: per 100 mails without a tag. caught: given the tag, or unsure.",
    "F1 and average precision run from 0 to 1, higher is better. 95 %: what chance leaves open",
    "(1,000 resamplings). Brier: mean squared error of the probability. cal.err: expected",
    "calibration error over 10 bins of equally many mails; for both, 0 is perfect.",
)


def report_lines(
    report: Report, baselines: Mapping[str, Report], certainty: Certainty | None = None
) -> list[str]:
    """One line a tag, the whole, the baselines beside it, and what a budget would find."""
    known = certainty.average_precision if certainty else {}
    tags = [
        f"{tag:<18}{r.positives:>6}{_share(r.precision):>11}{_share(r.recall):>8}"
        f"{_share(r.f1):>7}{_share(r.caught):>8}{_share(r.average_precision):>10}"
        f"{_span(known.get(tag)):>14}{r.brier:>8.3f}{r.calibration_error:>9.3f}"
        for tag, r in report.tags.items()
    ]
    return [
        f"{report.mails} mails, {report.untagged} of them without a tag",
        "",
        _COLUMNS,
        *tags,
        "",
        f"{'':<18}{'mean F1':>9}{'mean avg.prec':>15}{'false alarms':>14}{'unsure':>8}"
        f"{'avg.prec behind the model by' if certainty else '':>32}".rstrip(),
        _whole("this model", report),
        *(_rival(name, one, certainty) for name, one in baselines.items()),
        "",
        *budget_lines(report, baselines),
        "",
        *_LEGEND,
    ]


def budget_lines(report: Report, baselines: Mapping[str, Report]) -> list[str]:
    """How much of the tagged mail is found when so much noise, and no more, is allowed."""
    names = [f"at most {n}" for n in report.recall_at_false_forwards]
    rows = [
        ("this model", report.recall_at_false_forwards, report.recall_of_tagged),
        *((f"  {tag}", one.forwarded_at_false_forwards, None) for tag, one in report.tags.items()),
        *(
            (name, one.recall_at_false_forwards, one.recall_of_tagged)
            for name, one in baselines.items()
        ),
    ]
    return [
        "share of tagged mail that is forwarded, by how many of 100 untagged mails go with it",
        f"{'':<18}{''.join(f'{name:>12}' for name in names)}{'as shipped':>12}",
        *(
            f"{name:<18}{''.join(f'{_share(one):>12}' for one in found.values())}"
            f"{_share(shipped) if shipped is not None else '':>12}".rstrip()
            for name, found, shipped in rows
        ),
        *forwarded_lines(report),
    ]


def forwarded_lines(report: Report) -> list[str]:
    """The same by how many of all mails are forwarded, where tagged mail is not more than that."""
    share = 100 * (1 - report.untagged / report.mails) if report.mails else 0
    none = f"no figure, since {share:.0f} of 100 carry a tag here"
    pairs = zip(
        report.recall_at_forwarded.items(), report.possible_at_forwarded.values(), strict=True
    )
    return [
        f"if at most {n} of 100 mails are forwarded: {_share(found) if possible == 1 else none}"
        for (n, found), possible in pairs
    ]


def expected_lines(card: Card) -> list[str]:
    """What the thresholds rest on, and what they are expected to do in an inbox."""
    expected, costs = card.metrics["expected"], card.settings["costs"]
    named = card.settings["costs_of"]
    shares = ", ".join(
        f"{share:.0%} of {tag}" for tag, share in expected["recall"].items() if share
    )
    special = "".join(
        f"; for {tag} {one['miss']:g} to {one['false_alarm']:g}" for tag, one in named.items()
    )
    return [
        f"A missed mail counts {costs['miss']:g}, a false alarm {costs['false_alarm']:g}{special}.",
        (
            f"Expected where {expected['tagged_share']:.0%} of mails carry a tag: "
            f"{expected['forwarded_per_100']:.1f} of 100 mails forwarded, with {shares}."
        ),
    ]


def verdict_lines(verdict: Verdict) -> list[str]:
    """One mail for people: its tags with their probabilities, and the sentences behind them."""
    tags = [f"{tag} {verdict.scores[tag]:.0%}" for tag in verdict.tags]
    unsure = [f"unsure: {tag} {verdict.scores[tag]:.0%}" for tag in verdict.unsure_tags]
    lines = [f"{verdict.id}: {', '.join([*tags, *unsure]) or 'no tag'}"]
    if verdict.novel:
        lines.append("    unlike the mails the model learned from, such as another language")
    return lines + [f"    {e.tag}: {' '.join(e.sentence.split())}" for e in verdict.evidence]


def _whole(name: str, report: Report) -> str:
    return (
        f"{name:<18}{_share(report.mean_f1):>9}{_share(report.mean_average_precision):>15}"
        f"{_rate(report.false_alarms_per_100_untagged):>14}{_rate(report.unsure_per_100_untagged):>8}"
    )


def _rival(name: str, report: Report, certainty: Certainty | None) -> str:
    gain = _span(certainty.gain.get(name)) if certainty else ""
    return f"{_whole(name, report)}{gain:>32}".rstrip()


def _span(interval: Interval | None) -> str:
    """A range. It may begin below 0, so the word stands between, not a dash."""
    return "-" if interval is None else f"{interval.low:.2f} to {interval.high:.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
