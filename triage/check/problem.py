"""One thing that is wrong, or may be, in the words of somebody who can mend it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from triage.errors import ConfigError

Severity = Literal["error", "warning"]
Area = Literal[
    "config",
    "policy",
    "agreement",
    "people",
    "disk",
    "secret",
    "model",
    "templates",
    "server",
    # What only `triage doctor` looks at:
    "program",
    "mail",
    "brief",
    "timer",
    "clock",
    "store",
    "certificate",
    "login",
    "backup",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What `triage check` or `triage doctor` found.

    Attributes:
        severity: with an error triage cannot do its work; a warning is for a person to weigh.
        area: what sort of thing is wrong, for programs.
        where: the path in the file, the file, or the server.
        what: what is wrong, and why that matters.
        advice: what to do; empty where `what` says it already.
    """

    severity: Severity
    area: Area
    where: str
    what: str
    advice: str = ""


def in_file(name: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    """The same problems with the file's name before each place."""
    return (replace(problem, where=f"{name}, {problem.where}") for problem in problems)


def from_config_error(error: ConfigError, area: Area, path: Path) -> list[Problem]:
    """Each mistake of a file as a problem of its own."""
    return [_from_sentence(says, area, path) for says in error.problems]


def _from_sentence(says: str, area: Area, path: Path) -> Problem:
    """`place: sentence (file, line n)` taken apart; anything else is told whole."""
    where, what = str(path), says.removeprefix(f"{path}: ")
    if found := re.fullmatch(rf"(.+?): (.+) \({re.escape(path.name)}(?:, (line \d+))?\)", says):
        where = f"{path.name}, {found[1]}"
        what = f"{found[2]} ({found[3]})" if found[3] else found[2]
    return Problem(severity="error", area=area, where=where, what=what)
