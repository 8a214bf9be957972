"""Hours' worth of traffic at speed, with memory, file handles and threads sampled all the while.

`triage run` stays up between a real Dovecot and an SMTP server, both with faults now and then;
mails come in as fast as they are worked off. After a time of warming up the program may not grow:
the line through the samples of its memory must be flat, and it may hold no more handles than
before. Run by `make endurance`.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import linear_regression, median
from typing import TYPE_CHECKING

from tests.smtp_faults import RandomFaults
from tests.soak.books import is_drained, rows
from tests.soak.driving import Soak
from tests.soak.plan import IMAP_FAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

_BACKLOG = 40  # mails that wait at most
_SAMPLE_EVERY_S = 2.0
_ARCHIVE_EVERY = 200  # mails
_WARM_SHARE = 0.3  # of all samples, from the start
_MAX_GROWTH = 0.05  # of the memory, over the rest
_MAX_MORE_HANDLES = 4
_MAX_MORE_THREADS = 2
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the program held at a time; seconds since the start, and bytes."""

    at_s: float
    memory: int
    handles: int
    threads: int
    mails: int


def sample(pid: int, at_s: float, mails: int) -> Sample:
    """Look at a process. Raises FileNotFoundError when it is gone."""
    proc = Path("/proc") / str(pid)
    resident_pages = int((proc / "statm").read_text().split()[1])
    return Sample(
        at_s=at_s,
        memory=resident_pages * _PAGE,
        handles=len(list((proc / "fd").iterdir())),
        threads=len(list((proc / "task").iterdir())),
        mails=mails,
    )


def growth(samples: Sequence[Sample]) -> list[str]:
    """What grew after warming up; empty when all is flat."""
    settled = samples[int(len(samples) * _WARM_SHARE) :]
    half = len(settled) // 2
    found = []
    slope, start = linear_regression([s.at_s for s in settled], [s.memory for s in settled])
    began, ended = (start + slope * settled[place].at_s for place in (0, -1))
    if ended > began * (1 + _MAX_GROWTH):
        found.append(f"memory grew from {_mib(began):.0f} to {_mib(ended):.0f} MiB")
    for name, most in (("handles", _MAX_MORE_HANDLES), ("threads", _MAX_MORE_THREADS)):
        before, after = (
            median(getattr(s, name) for s in part) for part in (settled[:half], settled[half:])
        )
        if after > before + most:
            found.append(f"{name} grew from {before:.0f} to {after:.0f}")
    return found


def _mib(size: float) -> float:
    return size / (1 << 20)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Endurance(Soak):
    """A program that is never ended, with traffic at speed."""

    def flow(self, seconds: float, seed: int, faults: float) -> list[Sample]:
        """Keep a backlog for so long, then let it be worked off; the samples."""
        rng = random.Random(seed)
        self._sink.faults = RandomFaults(seed, faults)
        self._program.start()
        began = told_at = time.monotonic()
        samples: list[Sample] = []
        archived = 0
        while (at_s := time.monotonic() - began) < seconds and self._program.running():
            decided = self._decided()
            if len(self.delivered) - decided < _BACKLOG:
                self._deliver(rng.randint(1, 10))
            if rng.random() < faults / 10:
                _, fault = rng.choice(IMAP_FAULTS)
                self._proxy.inject(replace(fault))
            if decided - archived > _ARCHIVE_EVERY:
                archived = decided
                self._archive()
            if not samples or at_s - samples[-1].at_s >= _SAMPLE_EVERY_S:
                samples.append(sample(self._program.pid, at_s, decided))
            if time.monotonic() - told_at >= 60:
                told_at = time.monotonic()
                _say(_line(samples[-1]))
            time.sleep(0.05)
        return samples

    def _decided(self) -> int:
        query = "SELECT count(*) FROM messages WHERE state = 'decided'"
        return int((rows(self._space.store, query) or [(0,)])[0][0])

    def finish(self) -> bool:
        """Whether the rest was worked off, in the same life."""
        self._sink.faults = RandomFaults(0, 0.0)
        self._proxy.forgive()
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline and self._program.running():
            if is_drained(self._space.store, self.delivered):
                return True
            time.sleep(0.5)
        return False


def _line(at: Sample) -> str:
    return (
        f"{at.at_s:6.0f} s {at.mails:7} mails {_mib(at.memory):6.0f} MiB "
        f"{at.handles:4} handles {at.threads:3} threads"
    )


def main() -> int:
    """Parse the command line, run, and say how it went; 0 when nothing grew or got lost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--faults", type=float, default=0.05, help="share of sends, 0 to 1")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="triage-endurance-"))
    _say(f"seed {given.seed}, {given.minutes:g} minutes, in {folder}")
    with Endurance(folder, seed=given.seed, uncertain="probe") as run:
        samples = run.flow(60 * given.minutes, given.seed, given.faults)
        drained = run.finish()
        found = [] if drained else ["not everything came to its end"]
        run.stop()
        found += [f"the program broke: {crash}" for crash in run.crashes]
        found += run.books.violations()
        found += growth(samples)
        struck = sum(run.faults.values())
    for each in (samples[0], samples[int(len(samples) * _WARM_SHARE)], samples[-1]):
        _say(_line(each))
    rate = samples[-1].mails / samples[-1].at_s
    _say(f"{len(run.delivered)} mails, {rate:.1f} a second, {struck} faults")
    for line in found:
        _say(f"VIOLATION: {line}")
    if found:
        _say(f"FAILED; everything is kept in {folder}")
        return 1
    shutil.rmtree(folder)
    _say("PASSED: memory, handles and threads are flat; 0 lost, 0 doubled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
