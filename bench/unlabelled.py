"""What mail without labels is worth: `python -m bench.unlabelled --data FILE --half-field set`.

Takes mails that the program has never seen, in parts that stand for different inboxes, and fits to
each part by its texts alone, as `triage adapt` does, for several budgets. Judges on the same part,
of which no label was used, and prints what would be forwarded before and after.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.local_labels import inboxes, probabilities
from bench.machine import describe
from bench.tables import table
from classifiers import decisions, general, local
from classifiers.dataset import read_examples
from classifiers.encoder import Encoder, pins_of
from classifiers.evaluation import Report, evaluate
from classifiers.material import Material, prepare
from classifiers.settings import Settings
from classifiers.thresholds import Budget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.local_labels import Inbox

BUDGETS = (5, 10, 15)
HEADS = [
    *("", "mean AP", "forwarded", "by mistake", "unsure", "recall", "caught"),
    *("mean F1", "Brier"),
]


def reports(starter: Material, inbox: Inbox) -> Iterator[tuple[str, Report]]:
    """Yield what becomes of the inbox by the starter mails alone, and fitted to each budget."""
    settings = Settings()
    for name, background in (("starter only", None), ("fitted", inbox.features)):
        linear = general.learn(starter, settings, background=background, say=lambda _: None)
        scored = local.adapt(starter, linear, settings)
        chances = probabilities(scored, starter.tags, inbox)
        for budget in (None, *(BUDGETS if background is not None else ())):
            chosen = replace(settings, budget=Budget(forwards=budget)) if budget else settings
            found = decisions.thresholds(starter, scored, chosen, chances if budget else None)
            label = f"{name}, at most {budget} of 100" if budget else name
            mails = [
                dict(zip(chances, row, strict=True)) for row in zip(*chances.values(), strict=True)
            ]
            yield label, evaluate([each.tags for each in inbox.examples], mails, found)


def line(name: str, report: Report) -> list[str]:
    """One row of the table; caught counts mail that somebody looks at too."""
    caught = [one.caught for one in report.tags.values() if one.caught is not None]
    figures = [
        report.forwarded_per_100,
        report.false_alarms_per_100_untagged,
        report.unsure_per_100_untagged,
    ]
    return [
        name,
        f"{report.mean_average_precision:.3f}",
        *(f"{figure:.1f}" for figure in figures),
        f"{report.recall_of_tagged:.2f}",
        f"{sum(caught) / len(caught):.2f}",
        f"{report.mean_f1:.3f}",
        f"{sum(one.brier for one in report.tags.values()) / len(report.tags):.4f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.unlabelled", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="labelled JSONL, never seen")
    parser.add_argument("--half-field", default="set", help="field whose values are the inboxes")
    parser.add_argument("--starter", type=Path, default=Path("data/starter"))
    parser.add_argument("--encoder", type=Path, default=Path("models/encoder"))
    given = parser.parse_args()
    started = time.monotonic()
    encoder = Encoder(given.encoder, pins_of(given.encoder))
    examples = read_examples([given.starter])
    starter = prepare(examples, {}, Settings(), encoder, lambda _: None)
    print(", ".join(describe().values()))
    for inbox in inboxes(
        given.data, given.half_field, fitted=starter.fitted, encoder=encoder, tags=starter.tags
    ):
        untagged = sum(not each.tags for each in inbox.examples)
        print(f"\n{inbox.name}: {len(inbox.examples)} mails, {untagged} without a tag")
        rows = [line(name, report) for name, report in reports(starter, inbox)]
        print(table(HEADS, rows), flush=True)
    print(
        "\nforwarded: of 100 mails. by mistake, unsure: of 100 mails without a tag. recall: share "
        "of tagged\nmails that are forwarded for whichever tag. caught: mean over tags, given or "
        f"unsure.\n{time.monotonic() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
