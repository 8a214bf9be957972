"""One mail through the whole pipeline, tagged whatever it says, and what came out of it."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from classifiers.api import Evidence, Verdict
from tests.steps import make_bench
from triage.pipeline.decide import RETRY_S
from triage.pipeline.reading import MAX_ATTEMPTS
from triage.store import inbox, outbox
from triage.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from classifiers.api import Document
    from tests.steps import Bench
    from triage.messages import Notice, Outcome
    from triage.store.inbox import Decided

_EVIDENCE = 5


class TagsAll:
    """Takes every mail that says anything for dissatisfaction, with its first sentences."""

    tags = ("blocker", "dissatisfaction", "scope_mismatch", "upsell")
    version = "all-1"

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """One verdict each."""
        return [self._judge(document) for document in documents]

    def _judge(self, document: Document) -> Verdict:
        lines = [line for line in document.text.split("\n") if line.strip()]
        found = ("dissatisfaction",) if document.subject.strip() or lines else ()
        return Verdict(
            tags=found,
            unsure_tags=(),
            scores={tag: 0.9 if tag in found else 0.1 for tag in self.tags},
            evidence=tuple(
                Evidence(tag=tag, sentence=line, score=0.9)
                for tag in found
                for line in lines[:_EVIDENCE]
            ),
            model=self.version,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of one mail. `cpu_s` is processor time in seconds of deciding it."""

    outcomes: list[Outcome]
    mails: list[Decided]
    notices: list[Notice]
    cpu_s: float


def make_hardened(folder: Path) -> Bench:
    """A bench where everything that can be judged makes a brief."""
    bench = make_bench(folder)
    return replace(bench, decider=replace(bench.decider, classifier=TagsAll()))


def run(bench: Bench, content: bytes) -> Ran:
    """Receive and decide one mail, with every attempt that the program would make."""
    bench.receive("", content=content)
    outcomes: list[Outcome] = []
    began = time.process_time()
    for _ in range(MAX_ATTEMPTS + 2):
        outcomes += bench.decide()
        bench.clock.now += RETRY_S * (MAX_ATTEMPTS + 1) ** 2
    spent = time.process_time() - began
    with bench.store.read() as tx:
        mails = list(inbox.latest(tx, 9))
        rows = outbox.unfinished(tx, 99)
        notices = [outbox.notice(tx, row.id) for row in rows]
    return Ran(outcomes=outcomes, mails=mails, notices=notices, cpu_s=spent)


def fresh(bench: Bench, template: Path, folder: Path) -> Bench:
    """The same bench over a copy of an empty store, which is quicker than a new one."""
    shutil.copy(template, folder / "triage.db")
    store = Store.open(folder / "triage.db")
    return replace(bench, store=store, uid=0, decider=replace(bench.decider, store=store))
