"""What the first mail would wait for is loaded before it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.steps import Bench, make_bench
from tests.unit.test_runner import make_runner
from triage.pipeline.rehearsal import rehearse
from triage.store import inbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from classifiers.api import Document, Verdict


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def test_a_program_that_watches_judges_a_mail_of_its_own_and_keeps_nothing_of_it(
    bench: Bench,
) -> None:
    judged: list[str] = []
    runner = make_runner(bench)
    plain = bench.classifier.classify

    def classify(documents: Sequence[Document]) -> list[Verdict]:
        judged.extend(each.subject for each in documents)
        runner.request_stop()
        return plain(documents)

    bench.classifier.classify = classify  # type: ignore[method-assign]
    runner.run()
    assert judged == ["Before the first mail"]
    assert bench.channel.delivered == []
    with bench.store.read() as tx:
        assert inbox.count_pending(tx) == 0


def test_a_classifier_that_fails_then_is_no_reason_to_stop(bench: Bench) -> None:
    bench.classifier.fails_on = "Nothing needs to be done"
    rehearse(bench.decider)
