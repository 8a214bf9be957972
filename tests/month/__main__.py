"""Lets simulated months pass and prints what happened in them.

python -m tests.month --seed 7            # one month, told line by line
python -m tests.month --seeds 0-24 -q     # many, only what differs
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path

from tests.month import run_month
from tests.month.timeline import summary, timeline


def main() -> int:
    """Parse the command line, run; 0 when every month was as expected."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", help="a range such as 0-24, in place of --seed")
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--quiet", "-q", action="store_true", help="no timeline")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)  # what the program logs is in its own time
    first, _, last = (given.seeds or str(given.seed)).partition("-")
    wrong = 0
    for seed in range(int(first), int(last or first) + 1):
        wrong += _one(seed, given.mails, quiet=given.quiet)
    return 1 if wrong else 0


def _one(seed: int, mails: int, *, quiet: bool) -> bool:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="triage-month-") as folder:
        month = run_month(Path(folder), seed=seed, mails=mails)
    if not quiet:
        sys.stdout.writelines(f"{line}\n" for line in timeline(month))
    sys.stdout.write(f"\nseed {seed}, {mails} mails, {time.monotonic() - began:.0f} s\n")
    sys.stdout.writelines(f"{line}\n" for line in summary(month))
    sys.stdout.flush()
    return bool(month.differences)


if __name__ == "__main__":
    sys.exit(main())
