"""What else could be made of own labels: `python -m bench.local_ways --data FILE --half-field set`.

Takes mails that the program has never seen, in parts that stand for different inboxes, as
`bench.local_labels` does, and compares ways to learn from four fifths of a part what the rest of it
carries. All ways start from what the shipped model says, or say that they do not. First it prints
how far two readers agree, where rows have the tags of a second one (`tags2`).

This is a quick comparison: no starter mail is learned again beside the own ones, which holds back
all ways alike. What would come out with ever more labels is seen from twenty folds instead of five;
what no way may hope for, from the best way for each tag, chosen by the answers.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from bench.local_labels import ENOUGH, FOLDS, inboxes
from bench.tables import table
from classifiers import calibration, foundation, offset_logistic, registry
from classifiers.dataset import folds
from classifiers.local import FEWEST, VECTORS, WORDS
from classifiers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.local_labels import Inbox
    from classifiers.model import Model

    # From a part, the rows to learn from and a tag's column to scores of all rows, (n,).
    Way = Callable[["Part", Any, int], Any]

TRUST_AT = Settings().half_weight_at
MORE_FOLDS = 20
DRAWS = 400  # of rows, with replacement, for an interval


@dataclass(frozen=True, kw_only=True)
class Part:
    """One inbox with what the shipped model says of it; a row a mail.

    Attributes:
        known: (n, n_tags) log-odds.
    """

    inbox: Inbox
    known: Any

    @property
    def truth(self) -> Any:
        """(n, n_tags) of 0 and 1."""
        return self.inbox.truth

    @cached_property
    def words(self) -> Any:
        """The features less their mean, in as few dimensions as there are mails."""
        return _coordinates(self.inbox.features.toarray())

    @cached_property
    def vectors(self) -> Any:
        """The same for the encoder's vectors."""
        return _coordinates(self.inbox.opinion.vectors)

    @cached_property
    def likeness(self) -> Any:
        """(n, n) cosines of words and vectors, on average."""
        both = [x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9) for x in self._both]
        return sum(x @ x.T for x in both) / len(both)

    @property
    def _both(self) -> list[Any]:
        return [self.words, self.vectors]


def started(
    part: Part, rows: Any, column: int, *, words: float, vectors: float, at: float = TRUST_AT
) -> Any:
    """Correct what is known by a logistic regression on scaled features."""
    features = sparse.csr_matrix(np.hstack([words * part.words, vectors * part.vectors]))
    known = part.known[:, column] * at / (at + len(rows))
    truth = part.truth[rows, column]
    fit = offset_logistic.fit(features[rows], truth, known[rows], np.ones(len(rows)))
    return known + fit(features)


def pooled(part: Part, rows: Any, column: int) -> Any:
    """Average the log-odds of words alone and of vectors alone."""
    words = started(part, rows, column, words=10, vectors=0, at=200)
    return (words + started(part, rows, column, words=0, vectors=5)) / 2


def chosen_inside(part: Part, rows: Any, column: int) -> Any:
    """Correct by the scales and the trust that did best on a third of the rows at a time."""
    ways = [
        partial(started, words=words, vectors=vectors, at=at)
        for words in (1, 3, 10, 20)
        for vectors in (1, 5)
        for at in (70, 200, TRUST_AT)
    ]
    fold_of = np.array(folds([part.inbox.examples[row] for row in rows], 3, 5))

    def loss(way: Way) -> float:
        found = np.zeros(len(rows))
        for fold in range(3):
            found[fold_of == fold] = way(part, rows[fold_of != fold], column)[rows[fold_of == fold]]
        return float((np.logaddexp(0, found) - part.truth[rows, column] * found).sum())

    return min(ways, key=loss)(part, rows, column)


def recalibrated(part: Part, rows: Any, column: int) -> Any:
    """Change the prior and the slope alone."""
    known = part.known[:, column]
    sigmoid = calibration.adjusted(known[rows], part.truth[rows, column])
    return sigmoid.slope * known + sigmoid.intercept


def alone(part: Part, rows: Any, column: int) -> Any:
    """Learn from vectors and own labels, without what the starter mails say."""
    return _regression(part.vectors, part, rows, column, strength=10)


def stacked(part: Part, rows: Any, column: int) -> Any:
    """Learn from what is known of all tags and from who wrote."""
    roles = [example.document.from_role for example in part.inbox.examples]
    role = np.array([[one == each for each in sorted(set(roles))] for one in roles], dtype=float)
    return _regression(np.hstack([part.known, role]), part, rows, column, strength=0.1)


def nearest(part: Part, rows: Any, column: int, *, count: int = 5, weight: float = 4) -> Any:
    """Add what was wrong with the most similar labelled mails."""
    likeness = part.likeness[:, rows]
    best = np.argsort(-likeness, axis=1)[:, :count]
    near = np.exp(np.take_along_axis(likeness, best, axis=1) * 10)
    wrong = _wrong(part, rows, column)[best]
    return part.known[:, column] + weight * (near * wrong).sum(axis=1) / near.sum(axis=1)


def spread(part: Part, rows: Any, column: int, *, count: int = 5, share: float = 0.5) -> Any:
    """Spread what was wrong over the graph of similar mails, unlabelled ones too (Zhou 2004)."""
    similar = part.likeness - 2 * np.eye(len(part.likeness))
    edges = np.zeros_like(similar)
    for row, best in enumerate(np.argsort(-similar, axis=1)[:, :count]):
        edges[row, best] = np.maximum(similar[row, best], 0)
    edges = np.maximum(edges, edges.T)
    degree = np.maximum(edges.sum(axis=1), 1e-9)
    wrong = np.zeros(len(edges))
    wrong[rows] = _wrong(part, rows, column)
    step = share * edges / np.sqrt(np.outer(degree, degree))
    return part.known[:, column] + 2 * np.linalg.solve(np.eye(len(edges)) - step, wrong)


SHIPPED = f"words {WORDS:g}, vectors {VECTORS:g} (shipped)"
WAYS: dict[str, Way] = {
    "starter only": lambda part, _, column: part.known[:, column],
    "prior and slope": recalibrated,
    "vectors, own labels alone": alone,
    "scores of all tags, role": stacked,
    "nearest labelled mails": nearest,
    "spread over unlabelled mail": spread,
    SHIPPED: partial(started, words=WORDS, vectors=VECTORS),
    "words 2, vectors 5": partial(started, words=2, vectors=5),
    "words 10": partial(started, words=10, vectors=0),
    "words 10, vectors 2": partial(started, words=10, vectors=2),
    "the same, starter trusted less": partial(started, words=10, vectors=2, at=200),
    "words and vectors averaged": pooled,
    "scales and trust chosen inside": chosen_inside,
}


def scores(part: Part, way: Way, fold_of: Any) -> Any:
    """Score every mail by what the other folds teach, (n, n_tags)."""
    found = part.known.copy()
    for fold in np.unique(fold_of):
        rows, judged = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        for column in range(found.shape[1]):
            if part.truth[rows, column].sum() >= FEWEST:
                found[judged, column] = way(part, rows, column)[judged]
    return found


def within(part: Part, found: Any, fold_of: Any) -> Any:
    """Average precision by tag, within folds and averaged."""
    each = [_by_tag(part.truth[fold_of == f], found[fold_of == f]) for f in np.unique(fold_of)]
    return np.nanmean(each, axis=0)


def interval(part: Part, one: Any, other: Any) -> tuple[float, float]:
    """95 % interval of how far the mean over all folds is ahead, over rows drawn again."""
    draw = np.random.default_rng(0)
    ahead = []
    for _ in range(DRAWS):
        rows = draw.integers(0, len(one), len(one))
        truth = part.truth[rows]
        ahead.append(
            np.nanmean(_by_tag(truth, one[rows])) - np.nanmean(_by_tag(truth, other[rows]))
        )
    low, high = np.quantile(ahead, (0.025, 0.975))
    return float(low), float(high)


def report(part: Part, tags: Sequence[str], seed: int) -> str:
    """All ways as a table."""
    fold_of = np.array(folds(part.inbox.examples, FOLDS, seed))
    found = {name: scores(part, way, fold_of) for name, way in WAYS.items()}
    inside = {name: within(part, one, fold_of) for name, one in found.items()}
    lines = [_line(name, inside[name], np.mean(_by_tag(part.truth, found[name]))) for name in WAYS]
    best = np.max(list(inside.values()), axis=0)
    lines.append(_line("best of these, by the answers", best, float("nan")))
    many = np.array(folds(part.inbox.examples, MORE_FOLDS, seed))
    more = _by_tag(part.truth, scores(part, WAYS[SHIPPED], many))
    lines.append(["shipped, twenty folds", *["" for _ in tags], "", f"{np.mean(more):.3f}"])
    low, high = interval(part, found[SHIPPED], found["starter only"])
    few = [tag for tag, count in zip(tags, part.truth.sum(axis=0), strict=True) if count < ENOUGH]
    return (
        table([part.inbox.name, *tags, "mean", "over all folds"], lines)
        + f"\nshipped ahead of starter only, over all folds: {low:+.3f} to {high:+.3f} (95 %)"
        + (f"\ntoo few mails to tell: {', '.join(few)}" if few else "")
    )


def readers(data: Path, field: str, tags: Sequence[str]) -> str:
    """How far two readers agree on all rows of each part, disputed ones too."""
    rows = [json.loads(line) for line in data.read_text().splitlines() if line.strip()]
    lines = []
    for name in sorted({str(row.get(field, "all")) for row in rows}):
        some = [row for row in rows if str(row.get(field, "all")) == name and "tags2" in row]
        one, other = ([[t in row[k] for t in tags] for row in some] for k in ("tags", "tags2"))
        first, second = np.array(one, dtype=int), np.array(other, dtype=int)
        if some:
            both, given = (first & second).sum(axis=0), (first + second).sum(axis=0)
            agreed = 2 * both / np.maximum(given, 1)
            lines.append([f"{name}, F1", *_figures(agreed), str(len(some))])
            lines.append([f"{name}, AP", *_figures(_by_tag(first, second)), str(len(some))])
    return table(["two readers", *tags, "mean", "mails"], lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.local_ways", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="labelled JSONL, never seen")
    parser.add_argument("--half-field", default="set", help="field whose values are the inboxes")
    parser.add_argument("--models", type=Path, default=Path("models"), help="learned no labels")
    parser.add_argument("--seed", type=int, default=1, help="of the partition into folds")
    given = parser.parse_args()
    model = registry.load(given.models)
    print(readers(given.data, given.half_field, model.parts.tags), flush=True)
    for inbox in inboxes(
        given.data,
        given.half_field,
        fitted=model.parts.features,
        encoder=model.encoder,
        tags=model.parts.tags,
    ):
        part = Part(inbox=inbox, known=known(model, inbox))
        print(f"\n{report(part, model.parts.tags, given.seed)}", flush=True)


def known(model: Model, inbox: Inbox) -> Any:
    """Return the log-odds that the model gives to an inbox, (n, n_tags)."""
    base = foundation.of(model, Settings())
    raw = inbox.features @ base.coef.T + base.intercept
    raw = raw + inbox.opinion.logits * base.encoder_weights
    sigmoids = [model.card.calibration[tag] for tag in base.tags]
    return raw * [one.slope for one in sigmoids] + [one.intercept for one in sigmoids]


def _coordinates(features: Any) -> Any:
    left, sizes, _ = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)
    return left * sizes


def _regression(features: Any, part: Part, rows: Any, column: int, *, strength: float) -> Any:
    one = LogisticRegression(C=strength, max_iter=1000)
    one.fit(features[rows], part.truth[rows, column])
    return one.decision_function(features)


def _wrong(part: Part, rows: Any, column: int) -> Any:
    return part.truth[rows, column] - 1 / (1 + np.exp(-part.known[rows, column]))


def _by_tag(truth: Any, found: Any) -> Any:
    return np.array(
        [
            average_precision_score(t, s) if t.any() else np.nan
            for t, s in zip(truth.T, found.T, strict=True)
        ]
    )


def _figures(each: Any) -> list[str]:
    return [f"{one:.3f}" for one in (*each, np.mean(each))]


def _line(name: str, each: Any, over_all: float) -> list[str]:
    return [name, *_figures(each), "" if np.isnan(over_all) else f"{over_all:.3f}"]


if __name__ == "__main__":
    main()
