"""What labels of one's own are worth: `python -m bench.local_labels --data FILE --half-field set`.

Takes mails that the program has never seen, in parts that stand for different inboxes. Of each
part, some mails are labels of the firm's own, the others are judged on, in five folds; whole groups
of near-duplicates stay on one side. Learns by the program's own code, founded on the model in use,
which must have learned no own labels, and prints average precision, per tag and on average, by how
many labels there are.

AP is counted within each fold and averaged, and over all folds at once; the latter also asks that
models learned from different labels put their scores on one scale. The curve ends where four of
five folds have no more mails. Tags that fewer than ten mails of a part carry are too few to tell.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.metrics import average_precision_score

from bench.machine import describe
from bench.tables import table
from classifiers import foundation, local, opinion, registry
from classifiers.dataset import deduplicate, folds, read_examples
from classifiers.material import Material, gathered, truth_matrix
from classifiers.model import feature_matrix
from classifiers.opinion import Opinion
from classifiers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sklearn.pipeline import FeatureUnion

    from classifiers.dataset import Example
    from classifiers.encoder import Encoder
    from classifiers.foundation import Foundation
    from classifiers.local import Scored

FOLDS = 5
LEARNING_FOLDS = 3  # within each training, for calibration; fewer than usual, to save time
SIZES = (25, 50, 100, 150, 200, 250)
ENOUGH = 10  # mails of a tag, below which its AP says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """Mails of one part with everything that is read off them once; arrays have a row a mail."""

    name: str
    examples: Sequence[Example]
    features: Any
    opinion: Opinion
    truth: Any

    def at(self, rows: Any) -> Opinion:
        """What the encoder says of some of the mails."""
        return Opinion(logits=self.opinion.logits[rows], vectors=self.opinion.vectors[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """Average precision by tag: within folds and averaged, and over all folds at once."""

    within: Any
    pooled: Any


def inboxes(
    data: Path, field: str, *, fitted: FeatureUnion, encoder: Encoder | None, tags: Sequence[str]
) -> list[Inbox]:
    """Read the parts of the data, rows on which both readers agreed."""
    rows = [json.loads(line) for line in data.read_text().splitlines() if line.strip()]
    parts: dict[str, list[Example]] = {}
    for example, row in zip(read_examples([data]), rows, strict=True):
        if example.agreed:
            parts.setdefault(str(row.get(field, "all")), []).append(replace(example, local=True))
    return [
        _inbox(name, deduplicate(mails), fitted, encoder, tags)
        for name, mails in sorted(parts.items())
    ]


def _inbox(
    name: str,
    mails: Sequence[Example],
    fitted: FeatureUnion,
    encoder: Encoder | None,
    tags: Sequence[str],
) -> Inbox:
    documents = [mail.document for mail in mails]
    assert encoder is not None
    return Inbox(
        name=name,
        examples=mails,
        features=feature_matrix(fitted, documents),
        opinion=opinion.ask(encoder, documents, tags),
        truth=truth_matrix(mails, tags),
    )


def judged_starter(
    base: Foundation, encoder: Encoder | None, examples: Sequence[Example], settings: Settings
) -> Material:
    """Read the starter mails that the base has honest scores of."""
    kept = [each for each in deduplicate(examples) if each.digest in base.scores]
    return gathered(
        kept,
        base.tags,
        fitted=base.fitted,
        features=feature_matrix(base.fitted, [each.document for each in kept]),
        fold_of=np.array(folds(kept, settings.folds, settings.seed)),
        encoder=encoder,
    )


def with_labels(starter: Material, inbox: Inbox, rows: Any, settings: Settings) -> Material:
    """Return the starter mails and some mails of the inbox as the material of one training."""
    mails = [inbox.examples[row] for row in rows]
    said = inbox.at(rows)
    assert starter.opinion is not None
    fold_of = folds(mails, min(settings.folds, len({m.group for m in mails})), settings.seed)
    return replace(
        starter,
        examples=[*starter.examples, *mails],
        truth=np.concatenate([starter.truth, inbox.truth[rows]]),
        features=sparse.vstack([starter.features, inbox.features[rows]], format="csr"),
        fold_of=np.concatenate([starter.fold_of, fold_of]),
        local=np.concatenate([starter.local, np.ones(len(mails), dtype=bool)]),
        fresh=np.concatenate([starter.fresh, np.ones(len(mails), dtype=bool)]),
        opinion=Opinion(
            logits=np.concatenate([starter.opinion.logits, said.logits]),
            vectors=np.concatenate([starter.opinion.vectors, said.vectors]),
        ),
    )


def raw_scores(scored: Scored, tags: Sequence[str], inbox: Inbox, rows: Any) -> Any:
    """Score some mails of the inbox as a model in use would, (n, n_tags)."""
    linear = scored.linear
    weights = dict(zip(tags, linear.encoder_weights, strict=True))
    raw = inbox.features[rows] @ linear.coef.T + linear.intercept
    return raw + opinion.added(inbox.at(rows), weights, tags, linear.vectors)


def probabilities(scored: Scored, tags: Sequence[str], inbox: Inbox) -> dict[str, list[float]]:
    """Return per tag the probability of every mail of the inbox."""
    raw = raw_scores(scored, tags, inbox, np.arange(len(inbox.examples)))
    return {
        tag: [scored.calibration[tag](float(one)) for one in raw[:, column]]
        for column, tag in enumerate(tags)
    }


def log_odds(
    base: Foundation, material: Material, inbox: Inbox, rows: Any, settings: Settings
) -> Any:
    """Let labels correct the base and return log-odds of some mails of the inbox, (n, n_tags)."""
    scored = local.adapt(material, base.linear(material, frozenset()), settings)
    sigmoids = [scored.calibration[tag] for tag in material.tags]
    raw = raw_scores(scored, material.tags, inbox, rows)
    return raw * [one.slope for one in sigmoids] + [one.intercept for one in sigmoids]


def worth(
    base: Foundation, starter: Material, inbox: Inbox, *, size: int, seed: int, settings: Settings
) -> Worth:
    """Judge what `size` labels give; 0 labels give what the starter mails alone do."""
    fold_of = np.array(folds(inbox.examples, FOLDS, seed))
    found = np.zeros(inbox.truth.shape)
    order = np.random.default_rng(seed).permutation(len(fold_of))
    if not size:
        found = log_odds(base, starter, inbox, np.arange(len(fold_of)), settings)
    for fold in range(FOLDS) if size else ():
        labels = np.sort([row for row in order if fold_of[row] != fold][:size])
        judged = np.flatnonzero(fold_of == fold)
        material = with_labels(starter, inbox, labels, settings)
        found[judged] = log_odds(base, material, inbox, judged, settings)
    return Worth(
        within=np.nanmean(
            [_average_precisions(inbox.truth, found, fold_of == f) for f in range(FOLDS)], axis=0
        ),
        pooled=_average_precisions(inbox.truth, found, fold_of >= 0),
    )


def _average_precisions(truth: Any, found: Any, rows: Any) -> Any:
    return [
        average_precision_score(t[rows], s[rows]) if t[rows].any() else np.nan
        for t, s in zip(truth.T, found.T, strict=True)
    ]


def report(inbox: Inbox, tags: Sequence[str], found: dict[int, Worth]) -> str:
    """The curve of one inbox as a table."""
    positives = inbox.truth.sum(axis=0)
    enough = positives >= ENOUGH
    heads = [f"labels of {inbox.name}", *tags, "mean", f"tags >= {ENOUGH}", "over all folds"]
    lines = [
        [
            str(size) if size else "starter only",
            *(f"{value:.3f}" for value in one.within),
            f"{one.within.mean():.3f}",
            f"{one.within[enough].mean():.3f}",
            f"{np.mean(one.pooled):.3f}",
        ]
        for size, one in found.items()
    ]
    counts = ["mails", *map(str, positives), "", "", str(len(inbox.examples))]
    return table(heads, [*lines, counts])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.local_labels", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="labelled JSONL, never seen")
    parser.add_argument("--half-field", default="set", help="field whose values are the inboxes")
    parser.add_argument("--starter", type=Path, default=Path("data/starter"))
    parser.add_argument("--models", type=Path, default=Path("models"), help="learned no labels")
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--seeds", type=int, default=2, help="partitions into folds to average")
    given = parser.parse_args()
    started, settings = time.monotonic(), Settings(folds=LEARNING_FOLDS)
    model = registry.load(given.models)
    base = foundation.of(model, settings)
    starter = judged_starter(base, model.encoder, read_examples([given.starter]), settings)
    print(", ".join(describe().values()), flush=True)
    for inbox in inboxes(
        given.data,
        given.half_field,
        fitted=starter.fitted,
        encoder=model.encoder,
        tags=starter.tags,
    ):
        most = int(len(inbox.examples) * (FOLDS - 1) / FOLDS)
        sizes = sorted({0, *(min(size, most) for size in given.sizes)})
        found = {size: _average(base, starter, inbox, size, given.seeds) for size in sizes}
        print(f"\n{report(inbox, starter.tags, found)}", flush=True)
    print(f"\n{time.monotonic() - started:.0f} s")


def _average(base: Foundation, starter: Material, inbox: Inbox, size: int, seeds: int) -> Worth:
    settings = Settings(folds=LEARNING_FOLDS)
    each = [
        worth(base, starter, inbox, size=size, seed=seed, settings=settings)
        for seed in range(1, seeds + 1)
    ]
    return Worth(
        within=np.mean([one.within for one in each], axis=0),
        pooled=np.mean([one.pooled for one in each], axis=0),
    )


if __name__ == "__main__":
    main()
