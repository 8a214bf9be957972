"""Labelled examples: read, validate, split by thread.

Rules: a mistake never passes silently and never comes alone: all problems are listed, each with
file and line. Mails that belong together (a thread, a contrast pair, near-duplicates) share a
group, and a group is never split between training and judging, else the judgement lies.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from classifiers.api import DataError, Document
from classifiers.duplicates import deduplicate, near_duplicates
from classifiers.rows import SUFFIXES, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "Example",
    "contradictions",
    "data_digest",
    "deduplicate",
    "digest_of",
    "folds",
    "gather",
    "near_duplicates",
    "read_examples",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One labelled mail.

    Attributes:
        group: mails of one group stay on one side of every split.
        evidence: the exact sentences behind each tag; None when nobody marked them.
        agreed: false where two readers disagreed; such a row is unfit for judging a model.
        local: true for a label of the firm's own, false for mail that came with the program.
        sender: address of who wrote, where it is known; only to warn when all are one person's.
        place: file and line, for messages.
    """

    document: Document
    tags: frozenset[str]
    group: str
    hard: bool = False
    evidence: Mapping[str, tuple[str, ...]] | None = None
    agreed: bool = True
    local: bool = False
    sender: str = field(default="", compare=False)
    place: str = field(default="", compare=False)

    @property
    def digest(self) -> str:
        """A short name for the text itself, by which a model knows what it was trained on."""
        return digest_of(self.document)


def digest_of(document: Document) -> str:
    """Return a short name for a mail's role and text."""
    whole = f"{document.from_role}\x00{document.subject}\x00{document.text}"
    return sha256(whole.encode("utf-8", "replace")).hexdigest()[:16]


def read_examples(paths: Sequence[Path]) -> list[Example]:
    """Read every JSONL and CSV file in `paths` (files and folders), in a stable order.

    Raises:
        DataError: with every problem of every file, as `file:line: what is wrong`.
    """
    examples, problems = gather(paths)
    if not examples and not problems:
        expected = ", ".join(SUFFIXES)
        problems.append(f"{', '.join(map(str, paths))}: no rows; expected files with {expected}")
    if problems:
        raise DataError("The labelled examples cannot be used as they are:", problems)
    return examples


def gather(paths: Sequence[Path]) -> tuple[list[Example], list[str]]:
    """Return the same, and the problems, to be reported together with those of other sources."""
    problems: list[str] = []
    examples = [_example(row, place) for place, row in read_rows(paths, problems)]
    return examples, problems + _repeated_ids(examples)


def contradictions(examples: Sequence[Example]) -> list[tuple[Example, Example]]:
    """Return pairs of the very same mail with different tags, the later one second."""
    first: dict[str, Example] = {}
    return [
        (first[example.digest], example)
        for example in examples
        if first.setdefault(example.digest, example).tags != example.tags
    ]


def folds(examples: Sequence[Example], count: int, seed: int) -> list[int]:
    """Give each example a fold number in [0, count), whole groups at a time, tags spread evenly.

    Raises:
        DataError: there are fewer groups than folds.
    """
    members: dict[str, list[int]] = {}
    for index, example in enumerate(examples):
        members.setdefault(example.group, []).append(index)
    if len(members) < count:
        msg = f"{len(members)} groups of mails are too few for {count} folds; add labelled mails"
        raise DataError(msg)
    order = sorted(members, key=lambda name: (-len(members[name]), _shuffled(name, seed)))
    totals = Counter(label for example in examples for label in _labels(example))
    loads: list[Counter[str]] = [Counter() for _ in range(count)]
    fold_of = [0] * len(examples)
    for name in order:
        labels = Counter(label for i in members[name] for label in _labels(examples[i]))
        fold = min(range(count), key=lambda f: (_crowding(loads[f], labels, totals), f))
        loads[fold].update(labels)
        for index in members[name]:
            fold_of[index] = fold
    return fold_of


def data_digest(examples: Iterable[Example]) -> str:
    """Name a set of examples by its content: texts, roles and labels, whatever their order."""
    lines = sorted(f"{e.digest} {' '.join(sorted(e.tags))}" for e in examples)
    return sha256("\n".join(lines).encode()).hexdigest()


def _example(row: dict[str, Any], place: str) -> Example:
    name = row.get("id") or place
    marked = row.get("evidence")
    return Example(
        document=Document(
            id=name,
            subject=row.get("subject", ""),
            text=row.get("body", ""),
            from_role=row.get("from_role", "other"),
        ),
        tags=frozenset(row["tags"]),
        group=row.get("group") or name,
        hard=row.get("hard", False),
        evidence=None if marked is None else {t: tuple(s) for t, s in marked.items()},
        agreed=row.get("agree", True),
        sender=row.get("sender", ""),
        place=place,
    )


def _repeated_ids(examples: Sequence[Example]) -> list[str]:
    first: dict[str, str] = {}
    problems = []
    for example in examples:
        other = first.setdefault(example.document.id, example.place)
        if other != example.place:
            problems.append(f"{example.place}: id {example.document.id!r} is taken by {other}")
    return problems


def _labels(example: Example) -> tuple[str, ...]:
    return tuple(sorted(example.tags)) or ("",)


def _crowding(load: Counter[str], labels: Counter[str], totals: Counter[str]) -> float:
    """Share of each label already in this fold, weighted by what the group would add."""
    return sum(count * load[label] / totals[label] for label, count in labels.items())


def _shuffled(name: str, seed: int) -> str:
    return sha256(f"{seed}:{name}".encode()).hexdigest()
