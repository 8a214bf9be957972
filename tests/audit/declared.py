"""What the code imports against what `pyproject.toml` declares, both ways."""

from __future__ import annotations

import ast
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.audit.pins import Pin

PROGRAM, TOOLS = ("triage", "classifiers"), ("tests", "bench")
# Declared, though nothing imports them by name.
NOT_IMPORTED = {
    "editables": "builds the editable install",
    "hatchling": "builds the package",
    "import-linter": "a command",
    "mypy": "a command",
    "procrastinate": "carries the steps where the store is PostgreSQL",
    "psycopg": "found by SQLAlchemy, by the name of the database",
    "pytest-socket": "a plugin of pytest",
    "pytest-timeout": "a plugin of pytest",
    "python-multipart": "found by Starlette when a form comes",
    "ruff": "a command",
    "tzdata": "data that zoneinfo finds",
}
# Imported by the name of a package that is not installed everywhere.
_DISTRIBUTIONS = {"onnx": "onnx", "torch": "torch", "transformers": "transformers"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """Requirements of `pyproject.toml` by canonical name: the program's own, and by group."""

    program: dict[str, Requirement]
    groups: dict[str, dict[str, Requirement]]

    @property
    def everything(self) -> dict[str, Requirement]:
        """All of them."""
        return {k: v for part in (self.program, *self.groups.values()) for k, v in part.items()}


def read_declared(path: Path) -> Declared:
    """What `pyproject.toml` declares."""
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    groups = said.get("dependency-groups", {})
    return Declared(
        program=_by_name(said["project"]["dependencies"]),
        groups={name: _by_name(lines) for name, lines in groups.items()},
    )


def _by_name(lines: list[str]) -> dict[str, Requirement]:
    return {canonicalize_name((made := Requirement(line)).name): made for line in lines}


def imported(root: Path, trees: tuple[str, ...]) -> dict[str, str]:
    """Distributions that the code of these folders imports, each with one file that does."""
    known = {**{k: v[0] for k, v in packages_distributions().items()}, **_DISTRIBUTIONS}
    own = {*PROGRAM, *TOOLS, *sys.stdlib_module_names}
    found: dict[str, str] = {}
    for path in (p for tree in trees for p in sorted((root / tree).rglob("*.py"))):
        for module in _modules(ast.parse(path.read_text(encoding="utf-8"))):
            if module not in own:
                name = canonicalize_name(known.get(module, module))
                found.setdefault(name, str(path.relative_to(root)))
    return found


def _modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            # `from google.auth ...`: several distributions share such a first name.
            parts = node.module.split(".")
            yield "google.auth" if parts[0] == "google" else parts[0]


def declaration_problems(root: Path, declared: Declared) -> Iterator[str]:
    """Imported and not declared, or declared and not imported."""
    program, tools = imported(root, PROGRAM), imported(root, TOOLS)
    for name, where in program.items():
        if name not in declared.program and name not in declared.groups.get("encoder", {}):
            yield f"{where} imports {name}, which [project] dependencies do not name; add it"
    for name, where in tools.items():
        if name not in declared.everything:
            yield f"{where} imports {name}, which pyproject.toml does not name; add it to a group"
    for name in sorted(declared.everything.keys() - program.keys() - tools.keys()):
        if name not in NOT_IMPORTED and name not in declared.groups.get("encoder", {}):
            yield f"pyproject.toml names {name}, which nothing imports; take it out"


def lock_problems(declared: dict[str, Requirement], pins: list[Pin], file: str) -> Iterator[str]:
    """A lock that lacks what is declared, or has another version than is asked for."""
    versions: dict[str, list[str]] = {}
    for pin in pins:
        versions.setdefault(pin.name, []).append(pin.version)
    for name, wanted in declared.items():
        if name not in versions:
            yield f"{file}: {name} is declared and not in it; make it anew"
        for version in versions.get(name, ()):
            if not wanted.specifier.contains(version, prereleases=True):
                yield f"{file}: {name} {version} is not {wanted.specifier}; make it anew"
