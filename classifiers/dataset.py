"""Labelled examples: read, validate, deduplicate, split by thread.

Rules: a mistake never passes silently and never comes alone: all problems are listed, each with
file and line. Mails that belong together (a thread, a contrast pair, near-duplicates) share a
group, and a group is never split between training and judging, else the judgement lies.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from classifiers.api import ROLES, DataError, Document
from classifiers.tags import TAG_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

NEAR_DUPLICATE = 0.8  # Jaccard similarity of word 3-grams
_COMMON_GRAM = 50  # a 3-gram in more mails than this is boilerplate, useless for finding pairs
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One labelled mail.

    Attributes:
        group: mails of one group stay on one side of every split.
        evidence: the exact sentences behind each tag; None when nobody marked them.
        agreed: false where two readers disagreed; such a row is unfit for judging a model.
        place: file and line, for messages.
    """

    document: Document
    tags: frozenset[str]
    group: str
    hard: bool = False
    evidence: Mapping[str, tuple[str, ...]] | None = None
    agreed: bool = True
    place: str = field(default="", compare=False)

    @property
    def digest(self) -> str:
        """A short name for the text itself, by which a model knows what it was trained on."""
        doc = self.document
        whole = f"{doc.from_role}\x00{doc.subject}\x00{doc.text}"
        return sha256(whole.encode("utf-8", "replace")).hexdigest()[:16]


def read_examples(paths: Sequence[Path]) -> list[Example]:
    """Read every .jsonl file in `paths` (files and folders), in a stable order.

    Raises:
        DataError: with every problem of every file, as `file:line: what is wrong`.
    """
    examples: list[Example] = []
    problems: list[str] = []
    for file in _files(paths, problems):
        for place, line in _lines(file, problems):
            row = _parse(line, place, problems)
            if row is not None:
                examples.append(_example(row, place))
    problems += _repeated_ids(examples) + _contradictions(examples)
    if not examples and not problems:
        problems.append(f"{', '.join(map(str, paths))}: no rows; expected .jsonl files")
    if problems:
        raise DataError("The labelled examples cannot be used as they are:", problems)
    return examples


def row_problems(row: object) -> list[str]:
    """Say everything that is wrong with one row; empty when nothing is. Unknown keys are fine."""
    if not isinstance(row, dict):
        return ["must be a JSON object with subject, body and tags"]
    problems = [
        f"{key} must be text, not {row[key]!r}"
        for key in ("id", "subject", "body", "group")
        if key in row and not isinstance(row[key], str)
    ]
    if not any(str(row.get(key) or "").strip() for key in ("subject", "body")):
        problems.append("has neither subject nor body")
    if row.get("from_role", "other") not in ROLES:
        problems.append(f"from_role is {row['from_role']!r}; use one of {', '.join(ROLES)}")
    problems += [
        f"{key} must be true or false"
        for key in ("hard", "agree")
        if not isinstance(row.get(key, False), bool)
    ]
    return problems + _tag_problems(row) + _evidence_problems(row)


def deduplicate(examples: Sequence[Example]) -> list[Example]:
    """Drop near-duplicates that say the same, and group those that say different things.

    Two mails that read almost alike with other labels are a contrast pair: worth keeping, but
    never on two sides of a split.
    """
    kept: list[Example] = []
    groups = _Groups()
    pairs = near_duplicates([f"{e.document.subject}\n{e.document.text}" for e in examples])
    for index, example in enumerate(examples):
        twins = [examples[other] for other in pairs.get(index, ()) if other < index]
        if not any(twin.tags == example.tags for twin in twins):
            kept.append(example)
        for twin in twins:
            groups.join(twin.group, example.group)
    return [replace(example, group=groups.name(example.group)) for example in kept]


def near_duplicates(texts: Sequence[str]) -> dict[int, list[int]]:
    """Map the index of each text to the indexes of texts that read almost the same."""
    grams = [_grams(text) for text in texts]
    where: dict[str, list[int]] = {}
    for index, own in enumerate(grams):
        for gram in own:
            where.setdefault(gram, []).append(index)
    found: dict[int, list[int]] = {}
    for index, own in enumerate(grams):
        seen = [where[gram] for gram in own if len(where[gram]) <= _COMMON_GRAM]
        for other in {i for places in seen for i in places} - {index}:
            if _alike(own, grams[other]):
                found.setdefault(index, []).append(other)
    return found


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


class _Groups:
    """Groups that turn out to be one (union-find over their names)."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def name(self, group: str) -> str:
        while self._parent.get(group, group) != group:
            group = self._parent[group]
        return group

    def join(self, first: str, second: str) -> None:
        kept, merged = self.name(first), self.name(second)
        if kept != merged:
            self._parent[merged] = kept


def _files(paths: Sequence[Path], problems: list[str]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.rglob("*.jsonl"))
        elif path.is_file():
            yield path
        else:
            problems.append(f"{path}: does not exist")


def _lines(file: Path, problems: list[str]) -> Iterator[tuple[str, str]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{file}: cannot be read as UTF-8 text: {error}")
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"{file}:{number}", line


def _parse(line: str, place: str, problems: list[str]) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        problems.append(f"{place}: is not JSON: {error}")
        return None
    found = row_problems(row)
    problems += [f"{place}: {problem}" for problem in found]
    return row if not found else None


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
        place=place,
    )


def _tag_problems(row: dict[str, Any]) -> list[str]:
    tags = row.get("tags")
    if not isinstance(tags, list):
        return ["tags must be a list of tag names; an empty list means none applies"]
    wrong = [tag for tag in tags if not (isinstance(tag, str) and TAG_NAME.fullmatch(tag))]
    return [f"{tag!r} is no tag name: use lower-case letters, digits and _" for tag in wrong]


def _evidence_problems(row: dict[str, Any]) -> list[str]:
    marked = row.get("evidence")
    if marked is None:
        return []
    if not isinstance(marked, dict):
        return ["evidence must map a tag to a list of sentences"]
    text = f"{row.get('subject', '')}\n{row.get('body', '')}"
    problems = []
    for tag, sentences in marked.items():
        if not isinstance(row.get("tags"), list) or tag not in row["tags"]:
            problems.append(f"evidence is given for {tag!r}, which is not among the tags")
        if not isinstance(sentences, list) or not all(isinstance(s, str) for s in sentences):
            problems.append(f"evidence for {tag!r} must be a list of sentences")
            continue
        problems += [f"evidence is not in the mail: {s!r}" for s in sentences if s not in text]
    return problems


def _repeated_ids(examples: Sequence[Example]) -> list[str]:
    first: dict[str, str] = {}
    problems = []
    for example in examples:
        other = first.setdefault(example.document.id, example.place)
        if other != example.place:
            problems.append(f"{example.place}: id {example.document.id!r} is taken by {other}")
    return problems


def _contradictions(examples: Sequence[Example]) -> list[str]:
    first: dict[str, Example] = {}
    problems = []
    for example in examples:
        other = first.setdefault(example.digest, example)
        if other.tags != example.tags:
            problems.append(f"{example.place}: the same mail has other tags at {other.place}")
    return problems


def _grams(text: str) -> frozenset[str]:
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) < 3:  # noqa: PLR2004  # three words make the first 3-gram
        return frozenset([" ".join(words)])
    return frozenset(" ".join(words[i : i + 3]) for i in range(len(words) - 2))


def _alike(first: frozenset[str], second: frozenset[str]) -> bool:
    shared = len(first & second)
    return shared >= NEAR_DUPLICATE * (len(first) + len(second) - shared)


def _labels(example: Example) -> tuple[str, ...]:
    return tuple(sorted(example.tags)) or ("",)


def _crowding(load: Counter[str], labels: Counter[str], totals: Counter[str]) -> float:
    """Share of each label already in this fold, weighted by what the group would add."""
    return sum(count * load[label] / totals[label] for label, count in labels.items())


def _shuffled(name: str, seed: int) -> str:
    return sha256(f"{seed}:{name}".encode()).hexdigest()
