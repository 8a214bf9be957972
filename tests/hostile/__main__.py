"""Time and memory of each kind, each in a process of its own: `python -m tests.hostile`."""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from classifiers import registry
from classifiers.api import Classifier, Document
from tests.hostile import KINDS
from tests.hostile.running import make_hardened, run
from tests.hostile.shape import mail
from triage.resources import resource as shipped

_KILO = 1024
_SHIPPED: list[Classifier] = []  # the model, loaded before forking


def _measure(number: int, bench_folder: str) -> tuple[float, float, float, str]:
    from triage.parsing import parse  # noqa: PLC0415 - in the child

    bench = make_hardened(Path(tempfile.mkdtemp(dir=bench_folder)))
    if _SHIPPED:
        bench = replace(bench, decider=replace(bench.decider, classifier=_SHIPPED[0]))
    content = next(kind for kind in KINDS if kind.number == number).build()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    parse(content)
    parse_s = time.process_time() - began
    ran = run(bench, content)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    ended = ",".join(outcome.action for outcome in ran.outcomes)
    return parse_s, ran.cpu_s, grown / _KILO, ended


def main() -> int:
    """Print a line for each kind, the slowest last; 1 when one ended otherwise than it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=int, nargs="*", default=[], help="numbers of kinds")
    parser.add_argument("--model", action="store_true", help="judge by the shipped model")
    given = parser.parse_args()
    only = given.only
    if given.model:
        _SHIPPED.append(registry.load(shipped("models")))
        _SHIPPED[0].classify([Document(subject="x", text="y", from_role="client")])
    chosen = [kind for kind in KINDS if not only or kind.number in only]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        make_hardened(Path(folder))
        run(make_hardened(Path(tempfile.mkdtemp(dir=folder))), mail())  # imports, before forking
        for kind in chosen:
            with multiprocessing.get_context("fork").Pool(1) as pool:
                rows.append((*pool.apply(_measure, (kind.number, folder)), kind))
    wrong = [row[-1] for row in rows if not given.model and row[3] not in row[-1].ends]
    for parse_s, whole_s, grown_mb, ended, kind in sorted(rows, key=lambda row: row[1]):
        line = f"{parse_s:6.2f} s  {whole_s:6.2f} s  {grown_mb:5.0f} MB  {ended:12}  {kind.id}"
        sys.stdout.write(line + "\n")
    for kind in wrong:
        sys.stdout.write(f"WRONG: {kind.id}\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
