"""Kill the program at every step, between servers that misbehave, and balance the books.

A real Dovecot holds the watched inbox, the folder to which escalated mail is moved, and the one
where what was sent can be found again. A proxy before it and an SMTP server do everything wrong
that the schedule says; the program is killed at each boundary between two steps in turn. At the
end every mail must have one outcome and every notice must have arrived once. Run by `make soak`.
A seed repeats the schedule, though not the timing to the millisecond; --plan prints it.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.soak.books import rows
from tests.soak.driving import Soak
from tests.soak.plan import BOUNDARIES, Uncertain, schedule

# Of all lives, so many in five go to each policy for lost answers.
_SHARES: dict[Uncertain, int] = {"probe": 3, "resend": 1, "hold": 1}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _shares(kills: int, uncertain: str) -> dict[Uncertain, int]:
    """How many lives each policy gets."""
    if uncertain != "all":
        return {policy: kills for policy in _SHARES if policy == uncertain}
    shares = {policy: kills * share // 5 for policy, share in _SHARES.items()}
    shares["probe"] += kills - sum(shares.values())
    return shares


def _report(soak: Soak, uncertain: Uncertain) -> None:
    books = soak.books
    outcomes = dict(rows(books.store, "SELECT action, count(*) FROM messages GROUP BY action"))
    outbox = dict(rows(books.store, "SELECT state, count(*) FROM outbox GROUP BY state"))
    lost = sum(not mail.known for mail in books.arrived)
    _say(f"-- {uncertain}: died at (reached, and not reached in time)")
    for name in [*BOUNDARIES, *(soak.reached.keys() - BOUNDARIES.keys())]:
        number = soak.reached[name] + soak.missed[name]
        if number:
            each = soak.spent_s[name] / number / 1000
            _say(f"   {name:28}{soak.reached[name]:5}{soak.missed[name]:5}   {each:.1f} s each")
    _say(f"   open then: {dict(soak.states.most_common())}; renumbered {soak.renumbered} times")
    _say(f"-- faults: {', '.join(f'{k} {n}' for k, n in sorted(soak.faults.items()))}")
    _say(f"-- mails delivered: {len(soak.delivered)}, outcomes: {outcomes}")
    _say(
        f"-- outbox: {outbox}; arrived: {len(books.arrived)}, of which {lost} with an answer that "
        f"may have been lost; came once more: {books.doubled()}"
    )


def _judge(soak: Soak, *, drained: bool) -> list[str]:
    found = [f"the program broke: {crash}" for crash in soak.crashes]
    if not drained:
        found.append("not everything came to its end in time, without faults")
    found += soak.books.violations()
    if not rows(soak.books.store, "SELECT 1 FROM outbox WHERE state = 'sent' LIMIT 1"):
        found.append("nothing was ever sent, so nothing was shown")
    never = soak.missed.keys() - soak.reached.keys()
    found += [f"never reached: {name}" for name in sorted(never) if soak.missed[name] >= 5]
    return found


def soak(folder: Path, *, lives: int, seed: int, uncertain: Uncertain, faults: float) -> list[str]:
    """One soak in `folder`; what was violated, with evidence."""
    with Soak(folder, seed=seed, uncertain=uncertain) as run:
        run.run(lives, faults, _say)
        drained = run.drain()
        wrong: list[str] = []
        if uncertain == "hold":
            held, wrong = run.settle_held()
            _say(f"-- held and settled by one command each: {held}")
            drained = run.drain() and drained
            if not held:
                wrong.append("nothing was ever held, so nothing was shown")
        _report(run, uncertain)
        return [f"{uncertain}: {line}" for line in (*wrong, *_judge(run, drained=drained))]


def main() -> int:
    """Parse the command line, soak, and say how it went; 0 when the books balance."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="repeat the schedule of a soak")
    parser.add_argument("--faults", type=float, default=0.5, help="share of lives, 0 to 1")
    parser.add_argument(
        "--uncertain", choices=["all", *_SHARES], default="all", help="policy for lost answers"
    )
    parser.add_argument("--plan", action="store_true", help="print the schedule and do nothing")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(10**6)
    shares = _shares(given.kills, given.uncertain)
    if given.plan:
        for policy, lives in shares.items():
            for life in schedule(seed, lives, policy, given.faults):
                _say(f"{policy} {life}")
        return 0
    return _all(shares, seed, given.faults)


def _all(shares: dict[Uncertain, int], seed: int, faults: float) -> int:
    folder = Path(tempfile.mkdtemp(prefix="triage-soak-"))
    began = time.monotonic()
    kills = sum(shares.values())
    _say(f"seed {seed}, {kills} kills, faults in {faults:.0%} of lives, in {folder}")
    found: list[str] = []
    for policy, lives in shares.items():
        found += soak(folder / policy, lives=lives, seed=seed, uncertain=policy, faults=faults)
    for line in found:
        _say(f"VIOLATION: {line}")
    spent = time.monotonic() - began
    if found:
        _say(f"FAILED: {len(found)} violations in {spent:.0f} s; all is kept in {folder}")
        _say(f"again: make soak KILLS={kills} SEED={seed}")
        return 1
    shutil.rmtree(folder)
    shown = Counter(shares)
    _say(f"PASSED: 0 lost, none doubled beyond its policy, {dict(shown)} kills in {spent:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
