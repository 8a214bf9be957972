"""Is the trainer sound? Local copies of public labelled CSV files, beside plain peers.

`python -m bench.public_csv TRAIN.csv [TEST.csv] [--text COLUMN --label COLUMN]`

One class a row. The trainer is the one that makes the product's models: its features, and one
logistic regression a class, of which the highest score wins; with and without the vectors of the
sentence encoder. Nothing is downloaded. Without TEST a fifth of the rows is kept back, every
class in its share. Texts that occur twice count once, and none stands on both sides.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from bench.tables import table
from classifiers.api import Document
from classifiers.encoder import Encoder, pins_of
from classifiers.model import PerTagLogistic, feature_matrix, unfitted_features
from triage.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TEXT_NAMES = ("text", "tweet", "message", "sentence", "utterance", "body", "review", "v2")
LABEL_NAMES = (
    "label",
    "category",
    "class",
    "intent",
    "sentiment",
    "airline_sentiment",
    "tag",
    "v1",
)
KEPT_BACK, SEED = 0.2, 7
VECTOR_WEIGHT = 3.0  # of the encoder's unit vectors beside TF-IDF rows of about 1.5
FEWEST = 2  # rows of a class, or none of them could be kept back


class CsvError(Exception):
    """A file that cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Texts with their one class each, by position."""

    texts: list[str]
    labels: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one classifier did. Times are of this process; `per_text_ms` includes the features."""

    name: str
    accuracy: float
    macro_f1: float
    train_s: float
    per_text_ms: float


def read_rows(path: Path, text: str | None = None, label: str | None = None) -> Rows:
    """Read a CSV or tab-separated file with a header, in UTF-8 or Latin-1.

    Raises:
        CsvError: a column is missing or cannot be told, or there are no rows.
    """
    content = _decoded(path)
    first = content.partition("\n")[0]
    separator = "\t" if first.count("\t") > first.count(",") else ","
    try:
        reader = csv.DictReader(io.StringIO(content, newline=""), delimiter=separator)
        names = [name for name in reader.fieldnames or [] if name]
        wanted = _column(path, names, text, TEXT_NAMES, "--text")
        given = _column(path, names, label, LABEL_NAMES, "--label")
        found = [((row[wanted] or "").strip(), (row[given] or "").strip()) for row in reader]
    except csv.Error as error:
        msg = f"{path} is no CSV file that can be read: {error}"
        raise CsvError(msg) from error
    kept = dict(pair for pair in found if all(pair))
    if not kept:
        msg = f"{path}: no row has both a text and a label; look at --text and --label"
        raise CsvError(msg)
    return Rows(texts=list(kept), labels=list(kept.values()))


def split(train: Rows, test: Rows | None) -> tuple[Rows, Rows]:
    """Return what to learn from and what to judge on, without a text on both sides.

    Raises:
        CsvError: there are fewer than two classes to tell apart.
    """
    if len(set(train.labels)) < FEWEST:
        msg = "there is only one class; give a file with two or more"
        raise CsvError(msg)
    if test is not None:
        judged = set(test.texts)
        return _where(train, [text not in judged for text in train.texts]), test
    counts = Counter(train.labels)
    train = _where(train, [counts[label] >= FEWEST for label in train.labels])
    classes = len(set(train.labels))
    share = max(classes, round(KEPT_BACK * len(train.texts)))  # at least one of every class
    _, judge = train_test_split(
        range(len(train.texts)), test_size=share, random_state=SEED, stratify=train.labels
    )
    chosen = set(judge)
    sides = [index in chosen for index in range(len(train.texts))]
    return _where(train, [not side for side in sides]), _where(train, sides)


def measure(learn: Rows, judge: Rows, encoder: Encoder | None) -> list[Result]:
    """Train the peers and the trainer on one side and judge them on the other."""
    peers = {
        "most frequent class": DummyClassifier(strategy="most_frequent"),
        "TfidfVectorizer + MultinomialNB": make_pipeline(TfidfVectorizer(), MultinomialNB()),
        "TfidfVectorizer + LinearSVC": make_pipeline(
            TfidfVectorizer(), LinearSVC(random_state=SEED)
        ),
    }
    results = [_result(name, peer.fit, peer.predict, learn, judge) for name, peer in peers.items()]
    for name, used in {"this trainer": None, "this trainer + encoder": encoder}.items():
        if used is not None or name == "this trainer":
            own = Trainer(used)
            results.append(_result(name, own.fit, own.predict, learn, judge))
    return results


class Trainer:
    """The product's features and linear model, for one class of several."""

    def __init__(self, encoder: Encoder | None) -> None:
        """Add the vectors of `encoder` where there is one."""
        self._encoder = encoder

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        """Learn from texts with one class each."""
        self._classes = sorted(set(labels))
        self._features = unfitted_features().fit(_documents(texts))
        truth = np.array([[int(label == one) for one in self._classes] for label in labels])
        self._model = PerTagLogistic().fit(self._matrix(texts), truth)

    def predict(self, texts: Sequence[str]) -> list[str]:
        """Return the class with the highest score for each text."""
        scores = self._model.decision_function(self._matrix(texts))
        return [self._classes[column] for column in scores.argmax(axis=1)]

    def _matrix(self, texts: Sequence[str]) -> Any:
        matrix = feature_matrix(self._features, _documents(texts))
        if self._encoder is None:
            return matrix
        vectors = VECTOR_WEIGHT * self._encoder.encode(list(texts)).vectors
        return sparse.hstack([matrix, sparse.csr_matrix(vectors)], format="csr")


def _result(
    name: str,
    fit: Callable[[list[str], list[str]], object],
    predict: Callable[[list[str]], Sequence[str]],
    learn: Rows,
    judge: Rows,
) -> Result:
    began = time.perf_counter()
    fit(learn.texts, learn.labels)
    fitted = time.perf_counter()
    answers = predict(judge.texts)
    done = time.perf_counter()
    return Result(
        name=name,
        accuracy=float(accuracy_score(judge.labels, answers)),
        macro_f1=float(f1_score(judge.labels, answers, average="macro", zero_division=0)),
        train_s=fitted - began,
        per_text_ms=1000 * (done - fitted) / len(judge.texts),
    )


def _documents(texts: Sequence[str]) -> list[Document]:
    return [Document(text=text) for text in texts]


def _where(rows: Rows, chosen: Sequence[bool]) -> Rows:
    places = [index for index, yes in enumerate(chosen) if yes]
    return Rows(texts=[rows.texts[i] for i in places], labels=[rows.labels[i] for i in places])


def _decoded(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise CsvError(msg) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _column(
    path: Path, names: Sequence[str], given: str | None, usual: Sequence[str], option: str
) -> str:
    """Return the column asked for, else the one with the most usual name."""
    known = {name.strip().lower(): name for name in names}
    for name in [given.lower()] if given else usual:
        if name in known:
            return known[name]
    msg = f"{path}: name the column with {option}; there are {', '.join(names) or 'none'}"
    raise CsvError(msg)


def _as_text(learn: Rows, judge: Rows, results: Sequence[Result]) -> str:
    head = (
        f"{len(learn.texts)} texts to learn from, {len(judge.texts)} to judge on, "
        f"{len(set(learn.labels))} classes"
    )
    rows = [
        [
            one.name,
            f"{one.accuracy:.3f}",
            f"{one.macro_f1:.3f}",
            f"{one.train_s:.1f}",
            f"{one.per_text_ms:.2f}",
        ]
        for one in results
    ]
    return f"{head}\n\n{table(['', 'accuracy', 'macro F1', 'train s', 'ms a text'], rows)}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.public_csv",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("train", type=Path, help="labelled CSV, with a header")
    parser.add_argument("test", type=Path, nargs="?", help="labelled CSV to judge on")
    parser.add_argument("--text", help="column of the text; else the usual names are tried")
    parser.add_argument("--label", help="column of the class; else the usual names are tried")
    parser.add_argument("--no-encoder", action="store_true", help="leave the sentence encoder out")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    given = parser.parse_args(arguments)
    try:
        test = read_rows(given.test, given.text, given.label) if given.test else None
        learn, judge = split(read_rows(given.train, given.text, given.label), test)
    except CsvError as problem:
        print(f"bench.public_csv: {problem}", file=sys.stderr)
        return 2
    folder = resource("models") / "encoder"
    encoder = None if given.no_encoder else Encoder(folder, pins_of(folder))
    results = measure(learn, judge, encoder)
    if given.json:
        sizes = {"learn": len(learn.texts), "judge": len(judge.texts)}
        print(json.dumps({**sizes, "results": [asdict(one) for one in results]}, indent=2))
    else:
        print(_as_text(learn, judge, results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
