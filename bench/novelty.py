"""How well the novelty guard tells what a model cannot read: `python -m bench.novelty --data FILE`.

Compares the share of known words with likelier-looking measures: the mean cosine to the five
nearest mails by the tuned encoder's vectors, by words and by pieces of words. The starter set is
judged while held out, a group at a time; `--data` are files of rows with `subject` and `body`, one
line of the table for each value of `--by`. `--catalogues /usr/share/locale` adds the messages of
installed programs in every language: two dozen kinds of real prose that nobody wrote for this.
"""

from __future__ import annotations

import argparse
import gettext
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import roc_auc_score

from bench.tables import table
from classifiers import novelty
from classifiers.api import Document
from classifiers.dataset import deduplicate, folds, read_examples
from classifiers.encoder import Encoder, encoder_text, pins_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Score = Callable[[Sequence[Document]], Any]

_NEAREST = 5
_CHUNK = 500
_SHORT, _LONG = (6, 12), (30, 60)  # words of a message, or of several together
_MOST = 300  # messages of a language
_PROGRAMS = 30  # whose messages are read; fewer make no fair sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The starter set with a fold number for each mail."""

    documents: list[Document]
    fold_of: Any


def main() -> None:
    """Print the table."""
    options = _options()
    examples = deduplicate(read_examples([options.starter]))
    learned = Learned(
        documents=[example.document for example in examples],
        fold_of=np.array(folds(examples, 5, 7)),
    )
    kinds = {**_kinds(options.data, options.by), **_catalogues(options.catalogues)}
    known = novelty.fit(learned.documents, learned.fold_of.tolist())
    print(f"{len(known.known)} known words, threshold {known.threshold:.3f}")
    held_out, rivals = _held_out(learned), _rivals(options, learned)
    rows = [["starter, held out", str(len(examples)), f"{np.mean(held_out < known.threshold):.2%}"]]
    for name, documents in kinds.items():
        scores = np.array([known.familiarity(document) for document in documents])
        auc = [_auroc(held_out, scores)]
        auc += [_auroc(own, score(documents)) for own, score in rivals.values()]
        share = f"{np.mean(scores < known.threshold):.1%}"
        rows.append([name, str(len(documents)), share, *(f"{value:.3f}" for value in auc)])
    width = len(rows[-1])
    heads = ["", "mails", "novel", "AUROC: words known", *rivals][:width]
    print(table(heads, [row + [""] * (width - len(row)) for row in rows]))


def _held_out(learned: Learned) -> Any:
    """Familiarity of each starter mail by the words of the other folds."""
    scores = np.zeros(len(learned.documents))
    for fold in np.unique(learned.fold_of):
        inside = np.flatnonzero(learned.fold_of != fold)
        known = novelty.fit(
            [learned.documents[i] for i in inside], learned.fold_of[inside].tolist()
        )
        for index in np.flatnonzero(learned.fold_of == fold):
            scores[index] = known.familiarity(learned.documents[index])
    return scores


def _rivals(options: argparse.Namespace, learned: Learned) -> dict[str, tuple[Any, Score]]:
    """Per measure: the starter mails' own scores while held out, and how to score others."""
    if not options.rivals:
        return {}
    encoder = Encoder(options.encoder, pins_of(options.encoder), threads=2)
    word = TfidfVectorizer(sublinear_tf=True, min_df=2, dtype=np.float32)
    piece = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True, min_df=2, dtype=np.float32
    )
    texts = [_text(document) for document in learned.documents]
    vectors: dict[str, Callable[[Sequence[Document]], Any]] = {
        "encoder": lambda mails: _unit(encoder.encode([encoder_text(m) for m in mails]).vectors),
        "words": lambda mails: word.transform([_text(m) for m in mails]),
        "pieces": lambda mails: piece.transform([_text(m) for m in mails]),
    }
    word.fit(texts)
    piece.fit(texts)
    return {name: _nearness(vectors_of, learned) for name, vectors_of in vectors.items()}


def _nearness(
    vectors_of: Callable[[Sequence[Document]], Any], learned: Learned
) -> tuple[Any, Score]:
    own = vectors_of(learned.documents)
    scores = np.zeros(len(learned.documents))
    for fold in np.unique(learned.fold_of):
        outside = np.flatnonzero(learned.fold_of == fold)
        scores[outside] = _nearest(own[outside], own[np.flatnonzero(learned.fold_of != fold)])
    return scores, lambda mails: _nearest(vectors_of(mails), own)


def _nearest(mails: Any, others: Any) -> Any:
    """Mean cosine of each mail to its nearest others; the rows have length 1."""
    means = []
    for start in range(0, mails.shape[0], _CHUNK):
        cosines = mails[start : start + _CHUNK] @ others.T
        dense = cosines if isinstance(cosines, np.ndarray) else cosines.toarray()
        means.append(np.sort(dense, axis=1)[:, -_NEAREST:].mean(axis=1))
    return np.concatenate(means)


def _kinds(files: Sequence[Path], by: str) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {}
    for file in files:
        for line in file.read_text("utf-8").splitlines():
            row = json.loads(line)
            document = Document(
                subject=row.get("subject") or "",
                text=row.get("body") or "",
                from_role=row.get("from_role", "other"),
            )
            found.setdefault(str(row.get(by, file.stem)), []).append(document)
    return found


def _catalogues(folder: Path | None) -> dict[str, list[Document]]:
    """Per language the messages of all programs, one alone and several together."""
    if folder is None:
        return {}
    found: dict[str, list[Document]] = {}
    for place in sorted(folder.iterdir()):
        if sum(1 for _ in (place / "LC_MESSAGES").glob("*.mo")) < _PROGRAMS:
            continue
        texts = list(_messages(place))
        short = [text for text in texts if _SHORT[0] <= len(text.split()) <= _SHORT[1]]
        if len(short) >= _MOST:
            found[f"{place.name}, {_SHORT[0]} to {_SHORT[1]} words"] = _mails(short[:_MOST])
            found[f"{place.name}, some {_LONG[0]} words"] = _mails(_together(texts)[:_MOST])
    return found


def _messages(place: Path) -> Iterator[str]:
    """Translated messages without placeholders, in an order that mixes programs."""
    texts: dict[str, None] = {}
    for file in sorted((place / "LC_MESSAGES").glob("*.mo"))[:_PROGRAMS]:
        try:
            with file.open("rb") as stream:
                read = gettext.GNUTranslations(stream)
        except (OSError, ValueError, IndexError):  # some are malformed
            continue
        catalogue: dict[Any, Any] = vars(read)["_catalog"]  # no public way leads to all messages
        texts |= {v: None for k, v in catalogue.items() if k and isinstance(v, str) and v != k}
    kept = [text for text in texts if not any(mark in text for mark in ("%", "--", "{"))]
    for start in range(97):
        yield from kept[start::97]


def _together(texts: Sequence[str]) -> list[str]:
    found, words = [], list[str]()
    for text in texts:
        words += text.split()
        if len(words) >= _LONG[0]:
            found.append(" ".join(words[: _LONG[1]]))
            words = []
    return found


def _mails(texts: Sequence[str]) -> list[Document]:
    return [Document(text=text) for text in texts]


def _auroc(familiar: Any, foreign: Any) -> float:
    truth = np.r_[np.ones(len(familiar)), np.zeros(len(foreign))]
    return float(roc_auc_score(truth, np.r_[familiar, foreign]))


def _unit(vectors: Any) -> Any:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _text(document: Document) -> str:
    return f"{document.subject}\n{document.text}"


def _options() -> argparse.Namespace:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, action="append", default=[])
    parser.add_argument("--by", default="kind", help="a key of the rows; one line for each value")
    parser.add_argument("--catalogues", type=Path, metavar="FOLDER")
    parser.add_argument("--rivals", action="store_true", help="compare with nearest mails (slow)")
    parser.add_argument("--starter", type=Path, default=Path("data/starter"))
    parser.add_argument("--encoder", type=Path, default=Path("models/encoder"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
