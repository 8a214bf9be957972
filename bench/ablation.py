"""What each part of the classifier is worth: `python -m bench.ablation --data FILE`.

Learns from the starter set with parts left out or alone, and judges on mails that took no part in
training (`--data`, rows on which both readers agreed, one column for each value of `--by`) and on
the starter set itself, every mail by a model that has not seen its group. Below the table stands
the learning curve: how many starter mails give how much.

The encoder knows the starter mails it was tuned on, so in-domain figures rest on the others alone,
and the learning curve, which would need an encoder for each size, is that of the linear part.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from bench.machine import describe
from bench.tables import table
from classifiers.dataset import deduplicate, folds, read_examples
from classifiers.encoder import Encoder, encoder_text, pins_of
from classifiers.measures import average_precision
from classifiers.model import PerTagLogistic, unfitted_features
from classifiers.training import Settings, tags_to_learn, truth_matrix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from classifiers.dataset import Example

ALONE = {
    "words": ("words",),
    "characters": ("characters",),
    "words and characters": ("words", "characters"),
    "and who wrote": ("words", "characters", "role"),
    "and surface": ("words", "characters", "role", "surface"),
    "linear: and cues of tone": ("words", "characters", "role", "surface", "cues"),
}
_ALL = ALONE["linear: and cues of tone"]
WITHOUT = {f"linear without {name}": tuple(n for n in _ALL if n != name) for name in _ALL}
SIZES = (500, 1000, 2000, 4000, 8000)
_TIMED = 256  # mails whose features are timed
_BYTES = 4  # of one coefficient


@dataclass(frozen=True, slots=True, kw_only=True)
class Mails:
    """Mails with their features by name, each (n, k), and the truth (n, n_tags)."""

    examples: Sequence[Example]
    features: Mapping[str, Any]
    truth: Any
    logits: Any

    def matrix(self, names: Sequence[str]) -> Any:
        """Return the named features side by side."""
        return sparse.hstack([self.features[name] for name in names], format="csr")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One variant: mean average precision by column, milliseconds a mail, MB of coefficients."""

    name: str
    scores: Mapping[str, float]
    milliseconds: float
    megabytes: float


class Ablation:
    """The starter set and the mails to judge on, read and turned into numbers once."""

    def __init__(self, starter: Path, data: Path, by: str, encoder: Path) -> None:
        """Read everything; `by` is the field of `data` whose values become columns."""
        rows = [json.loads(line) for line in data.read_text().splitlines() if line.strip()]
        judged = [
            (example, str(row.get(by, "all")))
            for example, row in zip(read_examples([data]), rows, strict=True)
            if example.agreed
        ]
        learned = deduplicate(read_examples([starter]))
        self.tags = tags_to_learn(learned, {}, Settings())
        self.encoder_folder = encoder
        self.encoder = Encoder(encoder, pins_of(encoder))
        self.fitted = unfitted_features().fit([example.document for example in learned])
        self.starter = self._mails(learned)
        self.judged = self._mails([example for example, _ in judged])
        self.columns = {
            value: np.array([one == value for _, one in judged])
            for value in sorted({value for _, value in judged})
        }
        self.fold_of = np.array(folds(learned, 5, 7))
        self.fresh = np.array([one.digest not in self.encoder.seen for one in learned])

    def rows(self) -> Iterator[Row]:
        """Yield every variant, the cheap ones first."""
        for name, parts in {**ALONE, **WITHOUT}.items():
            yield self._row(name, parts, weight=0)
        yield self._row("the encoder alone", (), weight=1)
        yield self._row("linear and encoder", _ALL, weight=Settings().encoder_weight)

    def curve(self) -> Iterator[tuple[int, Mapping[str, float]]]:
        """Yield (starter mails, scores) of the linear part, each set within the next."""
        groups = sorted({one.group for one in self.starter.examples})
        order = {group: at for at, group in enumerate(np.random.default_rng(7).permutation(groups))}
        by_group = sorted(
            range(len(self.starter.examples)),
            key=lambda row: order[self.starter.examples[row].group],
        )
        x, judged = self.starter.matrix(_ALL), self.judged.matrix(_ALL)
        for size in (*(one for one in SIZES if one < len(by_group)), len(by_group)):
            rows = by_group[:size]
            model = PerTagLogistic().fit(x[rows], self.starter.truth[rows])
            yield size, self._on_judged(model.decision_function(judged))

    def _mails(self, examples: Sequence[Example]) -> Mails:
        documents = [example.document for example in examples]
        weights = self.fitted.transformer_weights
        logits = self.encoder.encode([encoder_text(one) for one in documents]).logits
        return Mails(
            examples=examples,
            features={
                name: part.transform(documents) * weights[name]
                for name, part in self.fitted.transformer_list
            },
            truth=truth_matrix(examples, self.tags),
            logits=logits[:, [self.encoder.tags.index(tag) for tag in self.tags]],
        )

    def _row(self, name: str, parts: Sequence[str], *, weight: float) -> Row:
        scores, own = weight * self.judged.logits, weight * self.starter.logits
        if parts:
            x = self.starter.matrix(parts)
            model = PerTagLogistic().fit(x, self.starter.truth)
            scores = scores + model.decision_function(self.judged.matrix(parts))
            own = own + self._held_out(x)
        fresh = self.fresh if weight else np.ones(len(own), dtype=bool)
        return Row(
            name=name,
            scores={
                **self._on_judged(scores),
                "own mails": _mean_ap(self.starter.truth[fresh], own[fresh]),
            },
            milliseconds=self._milliseconds(parts, encoder=bool(weight)),
            megabytes=(model.coef_.size * _BYTES / 1e6 if parts else 0)
            + (_size(self.encoder_folder) / 1e6 if weight else 0),
        )

    def _held_out(self, x: Any) -> Any:
        scores = np.zeros(self.starter.truth.shape)
        for fold in range(int(self.fold_of.max()) + 1):
            inside, outside = self.fold_of != fold, self.fold_of == fold
            model = PerTagLogistic().fit(x[inside], self.starter.truth[inside])
            scores[outside] = model.decision_function(x[outside])
        return scores

    def _on_judged(self, scores: Any) -> dict[str, float]:
        return {
            name: _mean_ap(self.judged.truth[rows], scores[rows])
            for name, rows in self.columns.items()
        }

    def _milliseconds(self, parts: Sequence[str], *, encoder: bool) -> float:
        """Time what it takes to read the features of some mails, in one batch, for each mail."""
        documents = [example.document for example in self.starter.examples[:_TIMED]]
        start = time.perf_counter()
        for name, part in self.fitted.transformer_list:
            if name in parts:
                part.transform(documents)
        if encoder:
            self.encoder.encode([encoder_text(one) for one in documents])
        return (time.perf_counter() - start) * 1000 / len(documents)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _mean_ap(truth: Any, scores: Any) -> float:
    found = [average_precision(t > 0, s) for t, s in zip(truth.T, scores.T, strict=True)]
    return float(np.mean([one for one in found if one is not None]))


def main() -> None:
    """Print the table and the curve."""
    parser = argparse.ArgumentParser(prog="python -m bench.ablation", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="labelled mails to judge on")
    parser.add_argument("--by", default="set", help="field of these rows that makes columns")
    parser.add_argument("--starter", type=Path, default=Path("data/starter"))
    parser.add_argument("--encoder", type=Path, default=Path("models/encoder"))
    given = parser.parse_args()
    print(", ".join(describe().values()))
    ablation = Ablation(given.starter, given.data, given.by, given.encoder)
    rows = list(ablation.rows())
    columns = list(rows[0].scores)
    lines = [
        [row.name, *(f"{row.scores[c]:.3f}" for c in columns), f"{row.milliseconds:.1f}",
         f"{row.megabytes:.1f}"]
        for row in rows
    ]  # fmt: skip
    print(table(["variant", *columns, "ms a mail", "MB"], lines))
    print()
    points = list(ablation.curve())
    curve = [[str(n), *(f"{scores[c]:.3f}" for c in ablation.columns)] for n, scores in points]
    print(table(["starter mails", *ablation.columns], curve))


if __name__ == "__main__":
    main()
