"""`python -m tests.audit`: status 0 when all is in order, 1 when something is to be done."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.audit.declared import declaration_problems, lock_problems, read_declared
from tests.audit.licences import licence_problems
from tests.audit.pins import read_pins
from tests.audit.registry import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.audit.pins import Pin
    from tests.audit.registry import Answer

ROOT = Path(__file__).parents[2]
INDEX = "https://pypi.org"
_SHOWN = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the audit and print what it found."""
    parser = argparse.ArgumentParser(prog="python -m tests.audit", description=main.__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout")
    parser.add_argument(
        "--index",
        default=os.environ.get("AUDIT_INDEX", INDEX),
        help="the registry; '' asks none (AUDIT_INDEX)",
    )
    parser.add_argument("--strict", action="store_true", help="a silent registry is a failure")
    given = parser.parse_args(arguments)
    pins, problems = in_the_repository(given.root)
    say(f"{len(pins)} pins, each with digests; declarations and licences looked through")
    told, silent = of_the_registry(pins, given.index) if given.index else ([], True)
    problems += told
    for problem in problems:
        say(f"PROBLEM  {problem}")
    say(f"{len(problems)} problems" if problems else "no problem")
    return int(bool(problems) or (silent and given.strict))


def in_the_repository(root: Path) -> tuple[list[Pin], list[str]]:
    """All pins once, and what is wrong without asking anybody."""
    declared = read_declared(root / "pyproject.toml")
    dev = declared.program | declared.groups["dev"]
    found: dict[tuple[str, str], Pin] = {}
    problems = list(declaration_problems(root, declared))
    for file, wanted in (
        ("requirements.txt", declared.program),
        ("requirements-dev.txt", dev),
        ("requirements-encoder.txt", declared.groups["encoder"]),
    ):
        pins, wrong = read_pins(root / file)
        problems += [*wrong, *lock_problems(wanted, pins, file)]
        if file != "requirements-encoder.txt":  # which nobody gets with the program
            problems += licence_problems(pins)
        found |= {(pin.name, pin.version): pin for pin in pins}
    return list(found.values()), list(dict.fromkeys(problems))


def of_the_registry(pins: list[Pin], index: str) -> tuple[list[str], bool]:
    """What it says, and whether it left anything unsaid."""
    answers = ask(pins, index)
    silent = [answer for answer in answers if answer.silent]
    if silent:
        say(
            f"NOTICE   {index} did not answer for {len(silent)} of {len(pins)} pins "
            f"({silent[0].silent}): whether these were exchanged, yanked or are known to be flawed "
            "was not looked up. This is the network's trouble, not this change's; run it again."
        )
    unknown = [answer for answer in answers if not answer.flaws_known and not answer.silent]
    if unknown:
        say(
            f"NOTICE   known flaws of {_named(unknown)} could not be looked up: {index} tells "
            "them only of newest releases. Where it can be reached: pip-audit (docs/security.md)."
        )
    asked = len(pins) - len(silent)
    say(f"{index}: {asked} asked, of {asked - len(unknown)} known flaws too")
    return [said for answer in answers for said in answer.problems], bool(silent or unknown)


def _named(answers: list[Answer]) -> str:
    names = [f"{each.pin.name} {each.pin.version}" for each in answers]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
