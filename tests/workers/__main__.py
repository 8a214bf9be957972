"""Strike programs that share one PostgreSQL store, and balance the books of all servers.

Four times `triage run` on six mailboxes of a real Dovecot, an SMTP server, and a real PostgreSQL:
programs are killed and frozen in turn, and the database is restarted in the middle. In the end
every mail must have one outcome and every notice must have arrived once, and what a program held
must have been taken over within 15 seconds. Run by `make workers`; a seed repeats the blows.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.soak.books import rows
from tests.workers.driving import Workers

TAKE_OVER_S = 15.0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def blows(kills: int, freezes: int, seed: int) -> list[str]:
    """Kills and freezes in an order by chance, with a restart of the database in the middle."""
    mixed = ["kill"] * kills + ["freeze"] * freezes
    random.Random(seed).shuffle(mixed)
    mixed.insert(len(mixed) // 2, "restart")
    return mixed


def soak(folder: Path, *, kills: int, freezes: int, programs: int, seed: int) -> list[str]:
    """The whole of it; what was violated, with evidence."""
    with Workers(folder, seed=seed, programs=programs) as workers:
        workers.start()
        workers.strike(blows(kills, freezes, seed), _say)
        drained = workers.drain()
        books = workers.books()
        outcomes = dict(rows(books.store, "SELECT action, count(*) FROM messages GROUP BY action"))
        outbox = dict(rows(books.store, "SELECT state, count(*) FROM outbox GROUP BY state"))
        _say(f"struck: {dict(workers.struck)}; rescued jobs: {workers.counted('rescued a job')}")
        _say(f"mails delivered: {len(workers.delivered)}, outcomes: {outcomes}")
        _say(f"outbox: {outbox}; arrived: {len(books.arrived)}, doubled: {books.doubled()}")
        took = sorted(workers.take_overs_s)
        _say(f"take-over: median {took[len(took) // 2]:.1f} s, worst {took[-1]:.1f} s")
        found = [f"a program broke: {crash}" for crash in workers.crashes()]
        if not drained:
            found.append("not everything came to its end in time")
        if took[-1] > TAKE_OVER_S:
            found.append(f"a take-over lasted {took[-1]:.1f} s")
        found += books.violations()
        if not outbox.get("sent"):
            found.append("nothing was ever sent, so nothing was shown")
        return found


def main() -> int:
    """Parse the command line, strike, and say how it went; 0 when the books balance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--freezes", type=int, default=5)
    parser.add_argument("--programs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(10**6)
    folder = Path(tempfile.mkdtemp(prefix="triage-workers-"))
    began = time.monotonic()
    _say(f"seed {seed}, {given.programs} programs, in {folder}")
    found = soak(
        folder, kills=given.kills, freezes=given.freezes, programs=given.programs, seed=seed
    )
    for line in found:
        _say(f"VIOLATION: {line}")
    spent = time.monotonic() - began
    if found:
        _say(f"FAILED: {len(found)} violations in {spent:.0f} s; all is kept in {folder}")
        return 1
    shutil.rmtree(folder)
    _say(f"PASSED: 0 lost, 0 doubled, {given.kills} kills, {given.freezes} freezes, {spent:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
