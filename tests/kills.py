"""Kill -9 in every phase of training and promotion: the old or the new model, whole, each time.

`python -m tests.kills [--kills 100]` (or `make kills`) forks one process for each kill, which runs
the real `triage train` on a small set of mails. Half of them are killed from outside at a random
moment; the others kill themselves before one of the lines that write models and their registry,
which are counted first, so that the kills are spread evenly over them. After each kill the folder
of models and the store must be as if the training had not begun, or as if it had ended.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifiers import files, registry
from classifiers.api import Document
from classifiers.dataset import read_examples
from classifiers.ledger import read_ledger
from classifiers.tags import read_tag_infos
from classifiers.training import train
from tests.steps import make_bench
from triage import retraining
from triage.cli import main as main_of_triage
from triage.resources import resource
from triage.retraining import is_training
from triage.store import labels, trainings
from triage.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

DATA = resource("data") / "starter" / "t-plainest.jsonl"
MAIL = Document(text="We cannot log in, the whole team is stuck.", from_role="client")
CONFIG = """
[firm]
name = "Firm"
domains = ["firm.example"]
[[accounts]]
name = "inbox"
type = "eml"
path = "mail"
[outgoing]
host = "127.0.0.1"
sender = "triage@firm.example"
"""
WRITERS = {module.__file__ for module in (files, registry, retraining)}
READERS = {"entries", "_entry", "<listcomp>", "<setcomp>", "<genexpr>"}  # a line for every model


@dataclass
class Yard:
    """A folder with settings, a store with labelled mail, and a first model in use."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "models"

    @property
    def talk(self) -> Path:
        return self.folder / "talk"

    def prepare(self) -> None:
        (self.folder / "triage.toml").write_text(CONFIG)
        policy = resource("data") / "demo" / "policy.toml"
        shutil.copy(policy, self.folder / "policy.toml")
        bench = make_bench(self.folder)
        for number in range(6):
            bench.clock.now = time.time()
            bench.judge(f"Thanks for letting us know, number {number}.")
            with bench.store.write() as tx:
                labels.put(tx, number + 1, tags=[], previous=[], by="b", how="reply", now=1.0)
        bench.store.close()
        rows, infos = read_examples([DATA]), read_tag_infos([DATA])
        model = train(rows, infos, version="first", now=datetime.now(UTC))
        registry.save(self.root, model)
        registry.promote(self.root, "first", now=datetime.now(UTC))

    def train(self) -> None:
        """`triage train`, in this process; raises SystemExit."""
        config = str(self.folder / "triage.toml")
        options = ["--config", config, "--starter", str(DATA), "--no-encoder"]
        sys.argv = ["triage", "train", *options]
        main_of_triage()

    def in_use(self) -> str:
        """Load the model in use, judge a mail by it, and name it."""
        model = registry.load(self.root)
        assert len(model.classify([MAIL])) == 1
        return model.version

    def check(self, before: str) -> str:
        """Hold everything against what a kill may leave; returns the model in use."""
        now = self.in_use()
        events = read_ledger(self.root).history
        assert events[-1]["version"] == now or events[-1]["action"] == "keep"
        assert now == before or (events[-1]["action"], events[-1]["version"]) == ("promote", now)
        for entry in registry.entries(self.root):
            assert not entry.problem or "no pin" in entry.problem, entry.problem
        assert not is_training(self.root), "the lock outlived its process"
        store = Store.open(self.folder / "triage.db", create=False)
        with store.read() as tx:
            last, new = trainings.last(tx), trainings.new_labels(tx)
        store.close()
        assert last is None or last.outcome != "kept", last
        assert not (last and last.outcome == "promoted" and new), "learnt, and yet new"
        return now


def forked(work: Callable[[], None], talk: Path, kill_after_s: float | None = None) -> int:
    """Run `work` in a forked process that talks into a file; its wait status.

    `kill_after_s`: kill it so many seconds later.
    """
    child = os.fork()
    if child == 0:
        _be_child(work, talk)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _be_child(work: Callable[[], None], talk: Path) -> None:
    status = 70
    try:
        sys.stdout = sys.stderr = talk.open("w", buffering=1)
        work()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - told, as far as that can be told
        traceback.print_exc()
    finally:
        os._exit(status)  # a child must never return into its parent's code


def trace_writers(on_each: Callable[[int], None]) -> None:
    """Tell `on_each` the number of each line of `WRITERS` that this process is about to run."""
    count = 0

    def local(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        if event == "line":
            count += 1
            on_each(count)
        return local

    def trace(frame: FrameType, _event: str, _argument: object) -> Any:
        code = frame.f_code
        return local if code.co_filename in WRITERS and code.co_name not in READERS else None

    sys.settrace(trace)


def count_lines(yard: Yard) -> int:
    """How many of these lines one training runs."""
    tally = yard.folder / "lines"

    def work() -> None:
        last = 0

        def on_each(number: int) -> None:
            nonlocal last
            last = number

        trace_writers(on_each)
        try:
            yard.train()
        finally:
            tally.write_text(str(last))

    status = forked(work, yard.talk)
    assert status == 0, yard.talk.read_text()
    return int(tally.read_text())


def kill_at_line(yard: Yard, number: int) -> bool:
    """Kill a training before its n-th of these lines; whether it came that far."""

    def work() -> None:
        def on_each(count: int) -> None:
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

        trace_writers(on_each)
        yard.train()

    return os.WIFSIGNALED(forked(work, yard.talk))


def run(folder: Path, kills: int, seed: int, say: Callable[[str], None]) -> dict[str, int]:
    """Do it; raises AssertionError at the first thing that is not whole."""
    yard, rng = Yard(folder), random.Random(seed)
    yard.prepare()
    assert forked(yard.train, yard.talk) == 0, yard.talk.read_text()
    made = max(entry.version for entry in registry.entries(yard.root) if not entry.current)
    registry.promote(yard.root, made, now=datetime.now(UTC))  # from now on all learn the same
    lines = count_lines(yard)
    started = time.monotonic()
    assert forked(yard.train, yard.talk) == 0, "an undisturbed training failed"
    whole_s = time.monotonic() - started
    say(f"one training: {whole_s:.1f} s, {lines} lines run that write models")
    counts = {"old": 0, "new": 0, "at a line": 0, "at a moment": 0}
    current = yard.check(yard.in_use())
    tries = 0
    while (dead := counts["at a line"] + counts["at a moment"]) < kills:
        tries += 1
        assert tries <= 5 * kills, "trainings end before they can be killed"
        if dead % 2:
            lines = count_lines(yard)  # the more models lie there, the more are read
            current = yard.check(current)
            part = (dead // 2) / max(1, kills // 2 - 1)  # from 0 at the first to 1 at the last line
            died = kill_at_line(yard, 1 + int(part * (lines - 1)))
            counts["at a line"] += died
        else:
            started = time.monotonic()
            died = os.WIFSIGNALED(forked(yard.train, yard.talk, rng.uniform(0, 1.05 * whole_s)))
            counts["at a moment"] += died
            if not died:  # the machine is quicker or slower than it was
                whole_s = min(whole_s, time.monotonic() - started)
        after = yard.check(current)
        if died:
            counts["new" if after != current else "old"] += 1
        current = after
    assert forked(yard.train, yard.talk) == 0, "a training after all that failed"
    assert yard.check(current) != current
    left = [p.name for p in yard.root.rglob(".*") if p.name != ".training.lock"]
    assert left == [], f"left behind: {left}"
    return counts


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="triage-kills-") as folder:
        counts = run(Path(folder), chosen.kills, chosen.seed, lambda text: print(text, flush=True))  # noqa: T201
    print(counts)  # noqa: T201


if __name__ == "__main__":
    main()
