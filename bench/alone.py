"""One benchmark by itself, from the command line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
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
    parser = Parsed(name, about)
    parser.add_argument(option, dest="size", type=int, default=default, help=meaning)
    parser.add_argument(
        "--stand-in", action="store_true", help="take verdicts from the labels, without a model"
    )
    given = parser.parse_args()
    machine = describe()
    tell(name, machine, measure(given.size, stand_in=given.stand_in), given)


def run_sizes(
    name: str,
    about: str | None,
    sizes: tuple[str, tuple[int, ...], str],
    measure: Callable[[tuple[int, ...]], Result],
) -> None:
    """The same for a benchmark over several sizes, separated by commas."""
    option, default, meaning = sizes
    parser = Parsed(name, about)
    words = ",".join(map(str, default))
    parser.add_argument(option, dest="sizes", default=words, help=f"{meaning} (default: {words})")
    given = parser.parse_args()
    machine = describe()
    tell(name, machine, measure(tuple(int(each) for each in given.sizes.split(","))), given)


def tell(name: str, machine: dict[str, str], result: Result, given: argparse.Namespace) -> None:
    """Print what was found, and keep it where that was asked for."""
    found = json.dumps({"machine": machine, name: result.as_json()}, indent=2)
    text = f"{', '.join(machine.values())}\n\n{result.as_text()}"
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / f"{name}.json").write_text(f"{found}\n", encoding="utf-8")
        (given.out / f"{name}.txt").write_text(f"{text}\n", encoding="utf-8")
        as_svg = getattr(result, "as_svg", None)
        if as_svg is not None:
            (given.out / f"{name}.svg").write_text(as_svg(), encoding="utf-8")
    print(found if given.json else text)


class Parsed(argparse.ArgumentParser):
    """The options that every benchmark has."""

    def __init__(self, name: str, about: str | None) -> None:
        """`about`: the benchmark's own words."""
        super().__init__(prog=f"python -m bench.{name}", description=about)
        self.add_argument("--json", action="store_true", help="one JSON object on standard output")
        self.add_argument(
            "--out", type=Path, help="keep the table, the figures and a picture in this folder"
        )
