"""What `triage check` found, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from triage.cli.options import FAILED, WRONG_USAGE
from triage.cli.tables import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.check.problem import Problem

_MOST_CHARS = 2000  # a server can say anything, also in the names of its folders
_OUTSIDE = {"server", "disk", "model"}


def as_json(problems: Sequence[Problem]) -> str:
    """One object: `errors`, `warnings` (counts) and `problems`."""
    counts = {f"{s}s": sum(p.severity == s for p in problems) for s in ("error", "warning")}
    listed = [asdict(problem) for problem in problems]
    return json.dumps(counts | {"problems": listed}, ensure_ascii=False, indent=2)


def as_text(problems: Sequence[Problem]) -> str:
    """Errors first, each as place, what, and what to do; a count at the end."""
    ordered = sorted(problems, key=lambda problem: problem.severity != "error")
    return "\n\n".join([*map(as_block, ordered), _summary(problems)])


def as_block(problem: Problem) -> str:
    """One problem in two or three lines."""
    where, what, advice = (
        plain(text, _MOST_CHARS) for text in (problem.where, problem.what, problem.advice)
    )
    to_do = f"\n  To do: {advice}" if problem.advice else ""
    return f"{problem.severity.upper()}  {where}\n  {what}{to_do}"


def exit_status(problems: Sequence[Problem]) -> int:
    """0 without errors, 1 when only outside trouble is among them, else 2.

    As in `triage run`: 2 means that something must be written otherwise, and that trying again
    will not help; 1 is for servers, disks and model files.
    """
    areas = {problem.area for problem in problems if problem.severity == "error"}
    if not areas:
        return 0
    return FAILED if areas <= _OUTSIDE else WRONG_USAGE


def _summary(problems: Sequence[Problem]) -> str:
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    if not problems:
        return "Everything is in order."
    return f"{_count(errors, 'error')}, {_count(warnings, 'warning')}."


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
