"""A fitted model is followed by fitted ones, else a training would undo `triage adapt`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from classifiers.model import Model
from tests.steps import Bench, make_bench
from tests.trained import small_model
from triage.cli.fitted import stay_fitted
from triage.cli.memory import Memory
from triage.config import Alerts
from triage.learning import judged_mails

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = make_bench(tmp_path)
    for number in range(52):
        bench.judge(f"Mail {number}.")
    return bench


def memory(bench: Bench) -> Memory:
    return Memory(store=bench.store, firm=bench.decider.firm, alerts=Alerts(budget=7))


def model(background: int) -> Model:
    small = small_model()
    data = {**small.card.data, "background": background}
    return Model(small.parts, replace(small.card, data=data))


def test_the_newest_classified_mails_of_the_store_are_the_inbox(bench: Bench) -> None:
    found = judged_mails(bench.store, bench.decider.firm, 10)
    assert len(found) == 10
    assert "Mail 51." in found[0].text


def test_after_a_fitted_model_the_next_is_fitted_within_the_budget_of_the_settings(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox = stay_fitted(memory(bench), model(background=100))
    assert inbox
    assert (len(inbox.mails), inbox.budget) == (52, 7)
    assert "fitting to the newest 52 mails" in capsys.readouterr().err
    assert stay_fitted(memory(bench), model(background=0)) is None
    assert stay_fitted(memory(bench), None) is None


def test_with_too_few_mails_in_the_store_it_is_said_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stay_fitted(memory(make_bench(tmp_path)), model(background=100)) is None
    assert "run `triage adapt`" in capsys.readouterr().err
    assert stay_fitted(None, model(background=100)) is None
