"""Real mails, damaged at random, from bytes to brief: nothing may raise, hang or leak.

    python -m tests.mutations --count 50000 --seed 0 [--jobs 2]

Needs the folder of hard messages beside the checkout; says so and ends well where it is absent.
Each mail is read and a brief written; every tenth goes through the whole decide step, with its
store. Mail number N of a seed is always the same: `--only N --save FILE` writes it down.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from tests.corpus.scoring import CORPUS
from tests.damage import damaged
from tests.factories import make_raw, make_ref
from tests.hostile.emitted import UNSAFE, original_of, troubles
from tests.hostile.running import TagsAll, fresh, make_hardened, run
from tests.steps import FIRM, POLICY
from triage.messages import MailKind, Urgency
from triage.parsing import parse
from triage.pipeline.people import document
from triage.policy import Storms
from triage.routing import route, to_fallback
from triage.store.cases import Case
from triage.store.inbox import Stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.steps import Bench
    from triage.messages import Email, Notice

WHOLE_EVERY = 10
LONGEST_S = 10.0
MOST_MB = 1024
LARGEST_BYTES = 300_000  # larger mails of the corpus are left out: they cost time and show no more
NOW = 1_800_000_000.0
_SLOWEST = 5
_TELL_EVERY = 1_000


@dataclass
class Tally:
    """What happened so far."""

    failures: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    caught: Counter[str] = field(default_factory=Counter)  # by the last net of `parse`
    outcomes: Counter[str] = field(default_factory=Counter)
    times: list[tuple[float, int, int]] = field(default_factory=list)  # seconds, number, bytes
    peak_mb: float = 0.0

    def fail(self, number: int, what: str) -> None:
        """Note a failure; the number brings the mail back."""
        self.failures.append(f"mail {number}: {what}")

    def add(self, other: Tally) -> None:
        """Count what another process did too."""
        self.failures += other.failures
        self.times += other.times
        for mine, theirs in (
            (self.kinds, other.kinds),
            (self.caught, other.caught),
            (self.outcomes, other.outcomes),
        ):
            mine.update(theirs)
        self.peak_mb = max(self.peak_mb, other.peak_mb)


class Mutations:
    """Draws mails and puts them through."""

    def __init__(self, mails: Sequence[bytes], seed: int, folder: Path) -> None:
        self._mails, self._seed, self._folder = mails, seed, folder
        bench = make_hardened(folder)
        policy = replace(POLICY, storms=Storms(mails=0))
        self.bench = replace(bench, decider=replace(bench.decider, policy=policy))
        bench.store.close()
        self._tags = TagsAll()
        self.tally = Tally()

    def mail(self, number: int) -> bytes:
        """The mail of that number."""
        return damaged(random.Random(f"{self._seed}:{number}"), self._mails)

    def put_through(self, number: int) -> None:
        """Read it, write a brief, look at it; all of it for every tenth."""
        content = self.mail(number)
        began = time.process_time()
        try:
            email = parse(content)
            notices = self._briefs(number, content, email)
        except Exception:  # noqa: BLE001 - what this program looks for
            self.tally.fail(number, traceback.format_exc(limit=-4))
            return
        self.tally.times.append((time.process_time() - began, number, len(content)))
        self._note(number, email)
        for notice in notices:
            self._inspect(number, notice, content, thorough=number % WHOLE_EVERY == 0)
        if number % WHOLE_EVERY == 0:
            self._whole(number, content)

    def _briefs(self, number: int, content: bytes, email: Email) -> list[Notice]:
        [verdict] = self._tags.classify([document(email, FIRM)])
        words = f"{email.subject}\n{email.new_text}"
        escalation = route(verdict.tags, text=words, policy=POLICY) or to_fallback(POLICY, "odd")
        raw = make_raw(content, ref=make_ref(uid=number + 1))
        return self.bench.decider.writer.write(
            stored=Stored(id=number + 1, raw=raw, sha256=f"{number:064x}"),
            email=email,
            verdict=verdict,
            escalation=escalation,
            case=_case(number),
            earlier=(),
            earlier_tags=(),
            sent=(),
            now=NOW,
        )

    def _note(self, number: int, email: Email) -> None:
        self.tally.kinds[email.kind.value] += 1
        for problem in email.problems:
            if problem.startswith("could not be read (") or "second parser" in problem:
                self.tally.caught[problem] += 1
        shown = [email.subject, email.sender.display, *(a.name for a in email.attachments)]
        if any(UNSAFE.search(line) for line in (*shown, *email.problems)):
            self.tally.fail(number, f"control or bidi characters in {shown}")
        if email.kind is MailKind.UNREADABLE and not email.problems:
            self.tally.fail(number, "unreadable, and nobody is told why")

    def _inspect(self, number: int, notice: Notice, content: bytes, *, thorough: bool) -> None:
        head = notice.content.partition(b"\r\n\r\n")[0]
        if not head.isascii() or b"\0" in head or head.count(b"\nFrom:") + head.count(b"\nBcc:"):
            self.tally.fail(number, "a header that is none of ours")
        if not thorough:
            return
        for trouble in troubles(notice):
            self.tally.fail(number, trouble)
        carried = original_of(notice) or b""
        if carried not in (content, content.replace(b"\n", b"\r\n")):
            self.tally.fail(number, "the original is not attached as it came")

    def _whole(self, number: int, content: bytes) -> None:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            bench: Bench = fresh(self.bench, self._folder / "triage.db", Path(folder))
            ran = run(bench, content)
            bench.store.close()
        if len(ran.outcomes) != 1 or any(mail.error for mail in ran.mails):
            errors = [mail.error for mail in ran.mails]
            self.tally.fail(number, f"outcomes {len(ran.outcomes)}, errors {errors}")
        self.tally.outcomes.update(outcome.action for outcome in ran.outcomes)


def _case(number: int) -> Case:
    return Case(
        id=number + 1,
        status="open",
        tags=(),
        urgency=Urgency.NORMAL,
        client="",
        subject="",
        recipients=(),
        opened_at=NOW,
        updated_at=NOW,
        acknowledged_at=None,
        acknowledged_by="",
        resolved_at=None,
        outcome="",
    )


def corpus() -> list[bytes]:
    """The real mails; empty where they are not there."""
    files = sorted(path for path in (CORPUS / "messages").rglob("*") if path.is_file())
    return [path.read_bytes() for path in files if path.stat().st_size <= LARGEST_BYTES]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _report(tally: Tally, spent_s: float) -> None:
    times = sorted(tally.times)
    _say(f"read as: {dict(tally.kinds.most_common())}; whole runs: {dict(tally.outcomes)}")
    _say(f"caught by the last net of parse: {dict(tally.caught) or 'nothing'}")
    if times:
        middle, p99 = times[len(times) // 2][0], times[len(times) * 99 // 100][0]
        _say(f"read and brief: median {middle * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms of processor")
    for took, number, size in reversed(times[-_SLOWEST:]):
        _say(f"slowest: {took:.2f} s, mail {number}, {size:,} bytes")
    _say(f"{len(times)} mails in {spent_s:.0f} s, peak memory of a process {tally.peak_mb:.0f} MB")


def _most_mb() -> float:
    """The most memory that this process has ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def put_all_through(mails: Sequence[bytes], seed: int, numbers: Sequence[int]) -> Tally:
    """Those mails of a seed, one after the other, in this process."""
    began, most_before_mb = time.monotonic(), _most_mb()
    with tempfile.TemporaryDirectory(prefix="triage-mutations-") as folder:
        mutations = Mutations(mails, seed, Path(folder))
        for done, number in enumerate(numbers, start=1):
            mutations.put_through(number)
            if done % _TELL_EVERY == 0:
                failed = len(mutations.tally.failures)
                _say(f"up to mail {number}: {failed} failures, {time.monotonic() - began:.0f} s")
    tally = mutations.tally
    for took, number, _ in tally.times:
        if took > LONGEST_S:
            tally.fail(number, f"took {took:.1f} s")
    tally.peak_mb = _most_mb()
    if tally.peak_mb > max(MOST_MB, most_before_mb):  # a peak of before is none of theirs
        tally.fail(numbers[-1], f"or one before took {tally.peak_mb:.0f} MB of memory")
    return tally


def _side_by_side(mails: Sequence[bytes], seed: int, numbers: Sequence[int], jobs: int) -> Tally:
    """The same with every so-manieth mail in a process of its own."""
    whole = Tally()
    shares = [numbers[first::jobs] for first in range(jobs)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        for tally in pool.map(partial(put_all_through, mails, seed), filter(None, shares)):
            whole.add(tally)
    return whole


def main() -> int:
    """Parse the command line, damage, and say how it went; 0 when nothing failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    cores = len(os.sched_getaffinity(0))
    parser.add_argument("--jobs", type=int, default=cores, help="processes; one a core")
    parser.add_argument("--only", type=int, default=None, help="the number of one mail")
    parser.add_argument("--save", type=Path, default=None, help="write that mail down")
    given = parser.parse_args()
    mails = corpus()
    if not mails:
        _say(f"skipped: {CORPUS} is not there, and there is nothing to damage")
        return 0
    if given.only is not None and given.save:
        given.save.write_bytes(damaged(random.Random(f"{given.seed}:{given.only}"), mails))
    numbers = range(given.count) if given.only is None else range(given.only, given.only + 1)
    _say(
        f"seed {given.seed}, {len(numbers)} mails out of {len(mails)}, {given.jobs} processes, "
        f"{datetime.now(UTC):%c}"
    )
    began = time.monotonic()
    tally = _side_by_side(mails, given.seed, numbers, given.jobs)
    _report(tally, time.monotonic() - began)
    for failure in tally.failures[:50]:
        _say(f"FAILED: {failure}")
    _say(f"{len(tally.failures)} failures, seed {given.seed}")
    return bool(tally.failures)


if __name__ == "__main__":
    sys.exit(main())
