"""Documents that name the tests which show what they say, and whether those tests are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[1]
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")

Named = tuple[str, str]


def named_in(text: str) -> tuple[Named, ...]:
    """The tests that a text names, as file and function."""
    return tuple((file, name) for file, name in _NAMED.findall(text))


def missing(named: Iterable[Named]) -> list[str]:
    """Those of them that there are not."""
    return [f"{file}::{name}" for file, name in named if name not in _names_in(file)]


@cache
def _names_in(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.exists():
        return frozenset()
    found = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return frozenset(node.name for node in found if isinstance(node, ast.FunctionDef))
