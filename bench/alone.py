"""One benchmark by itself, from the command line."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any, Protocol

from bench.machine import describe

if TYPE_CHECKING:
    from collections.abc import Callable


class Result(Protocol):
    """What a benchmark found, for people and for programs."""

    def as_json(self) -> dict[str, Any]:
        """For programs."""

    def as_text(self) -> str:
        """For people."""


def run_alone(
    name: str, about: str | None, size: tuple[str, int, str], measure: Callable[..., Result]
) -> None:
    """Measure and print. `size` is the option for how much: its name, default and help."""
    option, default, meaning = size
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=about)
    parser.add_argument(option, dest="size", type=int, default=default, help=meaning)
    parser.add_argument(
        "--stand-in", action="store_true", help="take verdicts from the labels, without a model"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    given = parser.parse_args()
    machine = describe()
    result = measure(given.size, stand_in=given.stand_in)
    if given.json:
        print(json.dumps({"machine": machine, name: result.as_json()}, indent=2))
    else:
        print(f"{', '.join(machine.values())}\n\n{result.as_text()}")
