"""Kill -9 in every phase of training and promotion: the old or the new model, whole, each time.

`python -m tests.kills [--kills 100]` (or `make kills`) forks one process for each kill, which runs
the real `triage train` on a small set of mails. Half of them are killed from outside at a random
moment; the others kill themselves at one of their file operations, which are counted first, so that
every one of them gets its turn. After each kill the folder of models and the store must be as if
the training had not begun, or as if it had ended.
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
from typing import TYPE_CHECKING

from classifiers import registry
from classifiers.api import Document
from classifiers.dataset import read_examples
from classifiers.ledger import read_ledger
from classifiers.tags import read_tag_infos
from classifiers.training import train
from tests.steps import make_bench
from triage.cli import main as main_of_triage
from triage.resources import resource
from triage.retraining import is_training
from triage.store import labels, trainings
from triage.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Callable

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
# What the interpreter tells of before it changes a file (see "Audit events" in its manual).
_OPERATIONS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod"}


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
        options = ["--config", config, "--starter", str(DATA), "--no-encoder", "--background"]
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


def operations_below(root: Path, on_each: Callable[[int, str], None]) -> None:
    """Tell `on_each` the number and kind of each file operation of this process below `root`."""
    count = 0
    prefix = str(root)

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event in _OPERATIONS and _touches(arguments, prefix):
            count += 1
            on_each(count, event)

    sys.addaudithook(hear)


def _touches(arguments: tuple[object, ...], prefix: str) -> bool:
    return any(isinstance(a, str | os.PathLike) and str(a).startswith(prefix) for a in arguments)


def count_operations(yard: Yard) -> int:
    """How many file operations one training needs, and not one killed."""
    tally = yard.folder / "operations"

    def work() -> None:
        handle = os.open(tally, os.O_CREAT | os.O_WRONLY)

        def on_each(_number: int, _event: str) -> None:
            os.write(handle, b"x")

        operations_below(yard.root, on_each)
        yard.train()

    status = forked(work, yard.talk)
    assert status == 0, yard.talk.read_text()
    return tally.stat().st_size


def kill_at_operation(yard: Yard, number: int) -> bool:
    """Kill a training before its n-th file operation; whether it came that far."""

    def work() -> None:
        def on_each(count: int, _event: str) -> None:
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

        operations_below(yard.root, on_each)
        yard.train()

    return os.WIFSIGNALED(forked(work, yard.talk))


def run(folder: Path, kills: int, seed: int, say: Callable[[str], None]) -> dict[str, int]:
    """Do it; raises AssertionError at the first thing that is not whole."""
    yard, rng = Yard(folder), random.Random(seed)
    yard.prepare()
    assert forked(yard.train, yard.talk) == 0, yard.talk.read_text()
    made = max(entry.version for entry in registry.entries(yard.root) if not entry.current)
    registry.promote(yard.root, made, now=datetime.now(UTC))  # from now on all learn the same
    operations = count_operations(yard)
    started = time.monotonic()
    assert forked(yard.train, yard.talk) == 0, "an undisturbed training failed"
    whole_s = time.monotonic() - started
    say(f"one training: {whole_s:.1f} s, {operations} file operations in the folder of models")
    counts = {"old": 0, "new": 0, "at an operation": 0, "at a moment": 0}
    current = yard.check(yard.in_use())
    tries = 0
    while (dead := counts["at an operation"] + counts["at a moment"]) < kills:
        tries += 1
        assert tries <= 5 * kills, "trainings end before they can be killed"
        if dead % 2:
            died = kill_at_operation(yard, 1 + (dead // 2) * operations // max(1, kills // 2))
            counts["at an operation"] += died
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
