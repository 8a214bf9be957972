"""How fast mail is read, on one core: `python -m bench.parsing [--rounds N] [--json]`.

Needs the folder of hard messages beside the checkout. Ordinary mails (no bounces, lists, robots)
give the rate and the percentiles; the slowest mail and the most memory are of all of them, and of
every kind of hostile mail that the tests know. Processor time counts: the machine may do other
things beside. Of each mail the quickest round counts, since every other one was disturbed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from bench.machine import describe, say
from bench.tables import percentile, table
from tests.corpus.scoring import CORPUS
from tests.hostile import KINDS
from triage.messages import MailKind
from triage.parsing import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS = 5
_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured. Times of one mail in milliseconds of processor time, memory in MiB.

    `mails_per_s` counts by processor time, `mails_per_user_s` by the part of it outside the kernel.
    """

    ordinary: int
    mails: int
    hostile: int
    mails_per_s: float
    mails_per_user_s: float
    p50_ms: float
    p99_ms: float
    slowest_ordinary_ms: float
    slowest_ms: float
    peak_mib: float

    def as_text(self) -> str:
        """A table for people."""
        rows = [
            ("ordinary mails", f"{self.ordinary:,}"),
            ("mails/s on one core", f"{self.mails_per_s:,.0f}"),
            ("mails/s by user time", f"{self.mails_per_user_s:,.0f}"),
            ("median, ms", f"{self.p50_ms:.1f}"),
            ("p99, ms", f"{self.p99_ms:.1f}"),
            ("slowest ordinary one, ms", f"{self.slowest_ordinary_ms:.0f}"),
            (f"slowest of {self.mails:,} and {self.hostile} hostile, ms", f"{self.slowest_ms:.0f}"),
            ("most memory, MiB", f"{self.peak_mib:.0f}"),
        ]
        return table(("reading mail", ""), rows)


def measure(
    ordinary: Sequence[bytes],
    others: Sequence[bytes],
    hostile: Sequence[bytes],
    *,
    rounds: int = ROUNDS,
) -> Figures:
    """Read the ordinary mails `rounds` times, all others once."""
    before_mib = _peak_mib()
    times = [_round(ordinary) for _ in range(rounds)]
    quickest = [min(each) for each in zip(*(spent for spent, _ in times), strict=True)]
    other_times, _ = _round([*others, *hostile])
    user_s = min(user for _, user in times)
    return Figures(
        ordinary=len(ordinary),
        mails=len(ordinary) + len(others),
        hostile=len(hostile),
        mails_per_s=len(ordinary) / sum(quickest),
        mails_per_user_s=len(ordinary) / user_s if user_s else 0.0,
        p50_ms=_MS * percentile(quickest, 0.5),
        p99_ms=_MS * percentile(quickest, 0.99),
        slowest_ordinary_ms=_MS * max(quickest),
        slowest_ms=_MS * max((*quickest, *other_times)),
        peak_mib=max(before_mib, _peak_mib()),
    )


def _round(mails: Sequence[bytes]) -> tuple[list[float], float]:
    """Seconds of processor time of each mail, and of user time of all."""
    spent = []
    user = os.times().user
    for content in mails:
        began = time.process_time()
        parse(content)
        spent.append(time.process_time() - began)
    return spent, os.times().user - user


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read_corpus() -> tuple[list[bytes], list[bytes]]:
    """The ordinary mails, and the others."""
    files = sorted(f for f in (CORPUS / "messages").rglob("*") if f.is_file())
    ordinary: list[bytes] = []
    others: list[bytes] = []
    for content in (f.read_bytes() for f in files):
        sort = ordinary if parse(content).kind is MailKind.ORDINARY else others
        sort.append(content)
    return ordinary, others


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.parsing", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="the quickest one counts")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    given = parser.parse_args()
    if not CORPUS.is_dir():
        parser.exit(0, f"{CORPUS} is not there, so nothing was measured\n")
    machine = describe()
    say("reading the mails once, to sort them ...")
    hostile = [kind.build() for kind in KINDS]
    found = measure(*read_corpus(), hostile, rounds=given.rounds)
    if given.json:
        print(json.dumps({"machine": machine, "parsing": asdict(found)}, indent=2))
    else:
        print("\n\n".join([", ".join(machine.values()), found.as_text()]))


if __name__ == "__main__":
    main()
