"""Pinned cases: mails that nobody would excuse a model for, checked before it is taken into use.

Rules: a case holds when every tag of it is given, and, where it has none, when none is given; what
is merely unsure counts as not given. Cases are labelled rows as in the starter set. A person's own
cases lie beside the models; the later row of the same mail counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classifiers.api import DataError
from classifiers.dataset import Example, read_examples
from classifiers.files import locked, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from classifiers.api import Verdict
    from classifiers.model import Model

FILE = "pinned.jsonl"  # a person's own, in the folder of their models


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One case under two models. `before` and `after` are the tags they give."""

    id: str
    tags: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def held(self) -> bool:
        """Whether the model in use does what the case asks."""
        return holds(self.tags, self.before)

    @property
    def holds(self) -> bool:
        """Whether the new model does."""
        return holds(self.tags, self.after)


def holds(wanted: Iterable[str], given: Iterable[str]) -> bool:
    """Whether a case is satisfied: all of its tags are given; none, where it has none."""
    wanted, given = set(wanted), set(given)
    return wanted <= given if wanted else not given


def read_pinned(shipped: Path, own: Path) -> list[Example]:
    """Read the cases that came along and a person's own (a file that need not exist).

    Raises:
        DataError: with every problem of every row.
    """
    cases = read_examples([shipped]) + _own(own)
    return list({case.digest: case for case in cases}.values())


def outcomes(cases: Sequence[Example], before: Model, after: Model) -> list[Outcome]:
    """Ask both models about every case."""
    old, new = _given(before, cases), _given(after, cases)
    return [
        Outcome(
            id=case.document.id,
            tags=tuple(sorted(case.tags)),
            before=old[case.digest],
            after=new[case.digest],
        )
        for case in cases
    ]


def add(own: Path, cases: Sequence[Example]) -> int:
    """Add cases to a person's own file, made when needed; how many were not there before.

    A case whose mail is there already replaces it.

    Raises:
        DataError: the file as it is has broken rows.
        OSError: it cannot be written.
    """
    own.parent.mkdir(parents=True, exist_ok=True)
    with locked(own.parent):
        known = {case.digest: case for case in _own(own)}
        names = {case.document.id for case in known.values()}
        new = {case.digest: case for case in cases}
        taken = [c.document.id for d, c in new.items() if d not in known and c.document.id in names]
        if taken:
            msg = f"{own} has another case named {', '.join(taken)}; `triage models unpin` it first"
            raise DataError(msg)
        _write(own, (known | new).values())
    return len(new.keys() - known.keys())


def remove(own: Path, names: Iterable[str]) -> list[str]:
    """Take cases out of a person's own file; returns the names that were there.

    Raises:
        DataError: the file as it is has broken rows.
        OSError: it cannot be written.
    """
    wanted = set(names)
    if not own.is_file():
        return []
    with locked(own.parent):
        cases = _own(own)
        _write(own, [case for case in cases if case.document.id not in wanted])
    return [case.document.id for case in cases if case.document.id in wanted]


def _own(path: Path) -> list[Example]:
    return read_examples([path]) if path.is_file() and path.stat().st_size else []


def _write(path: Path, cases: Iterable[Example]) -> None:
    lines = [json.dumps(_row(case), ensure_ascii=False) for case in cases]
    write_whole(path, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
    path.chmod(0o600)  # they are mails


def _row(case: Example) -> dict[str, object]:
    document = case.document
    return {
        "id": document.id,
        "from_role": document.from_role,
        "subject": document.subject,
        "body": document.text,
        "tags": sorted(case.tags),
    }


def _given(model: Model, cases: Sequence[Example]) -> dict[str, tuple[str, ...]]:
    verdicts: list[Verdict] = model.classify([case.document for case in cases])
    return {case.digest: v.tags for case, v in zip(cases, verdicts, strict=True)}
