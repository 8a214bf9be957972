"""The sample for newcomers: it touches nothing but its own folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifiers import registry
from classifiers.ledger import read_ledger
from tests.trained import NOW
from triage import app_models, app_sample
from triage.resources import resource

if TYPE_CHECKING:
    from pathlib import Path


def test_its_models_are_copies_of_which_another_can_be_chosen(tmp_path: Path) -> None:
    shipped = (resource("models") / "registry.json").read_bytes()
    settings = app_sample.lay_out(tmp_path)
    model = app_sample.lay_out_models(settings, NOW)
    root = app_models.managed_root(settings.config)
    assert root == tmp_path / "models"
    [first, second] = registry.entries(root)
    assert (first.current, first.problem, second.problem) == (True, "", "")
    assert second.card is not None
    assert all(
        second.card.thresholds[tag].give > model.card.thresholds[tag].give for tag in model.tags
    )
    report = registry.read_report(root, second.version)
    assert report is not None
    assert not report["passed"], "the gate sees that it misses too much"
    registry.promote(root, second.version, now=NOW)
    assert registry.load(root).version == second.version
    registry.rollback(root, now=NOW)
    assert read_ledger(root).current == first.version
    assert (resource("models") / "registry.json").read_bytes() == shipped
