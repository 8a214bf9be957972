"""The lock files: every line one version, and the digests of its files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DIGEST = re.compile(r"--hash=sha256:([0-9a-f]{64})(?=\s|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One line of a lock file. `here`: its marker holds in this environment."""

    name: str
    version: str
    digests: frozenset[str]
    here: bool


def read_pins(path: Path) -> tuple[list[Pin], list[str]]:
    """The pins of a lock file, and what is wrong with its lines."""
    pins, wrong = [], []
    for line in _lines(path.read_text(encoding="utf-8")):
        head = line.partition("--hash")[0].strip()
        digests = frozenset(_DIGEST.findall(line))
        try:
            wanted = Requirement(head)
        except InvalidRequirement:
            wrong.append(f"{path.name}: {head}: not a plain requirement; write name==version")
            continue
        exact = [each.version for each in wanted.specifier if each.operator == "=="]
        if len(exact) != 1 or len(wanted.specifier) != 1 or exact[0].endswith("*"):
            wrong.append(f"{path.name}: {head}: no single version; pin it with ==")
        elif not digests:
            wrong.append(f"{path.name}: {head}: no digest; make the file anew with hashes")
        else:
            pins.append(
                Pin(
                    name=canonicalize_name(wanted.name),
                    version=exact[0],
                    digests=digests,
                    here=wanted.marker is None or wanted.marker.evaluate(),
                )
            )
    return pins, wrong


def _lines(text: str) -> Iterator[str]:
    """Requirements with their continuation lines joined; without comments."""
    for line in text.replace("\\\n", " ").splitlines():
        if (bare := line.strip()) and not bare.startswith("#"):
            yield bare
