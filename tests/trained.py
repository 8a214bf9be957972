"""A small model, trained once for all tests that need one, and ways to keep it on disk."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from classifiers import registry
from classifiers.dataset import Example, read_examples
from classifiers.model import Model
from classifiers.tags import read_tag_infos
from classifiers.training import Settings, train
from triage.resources import resource

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
STARTER = resource("data") / "starter"
SLICE = STARTER / "q-short-and-explicit.jsonl"
QUICK = Settings(folds=2)


@cache
def examples() -> tuple[Example, ...]:
    return tuple(read_examples([SLICE]))


@cache
def _trained() -> Model:
    return train(examples(), read_tag_infos([SLICE]), version="small", now=NOW, settings=QUICK)


def small_model(version: str = "small") -> Model:
    model = _trained()
    return Model(model.parts, replace(model.card, version=version))


def saved(root: Path, *versions: str) -> Path:
    """Save a model under each version, promoted in turn."""
    for version in versions or ("small",):
        registry.save(root, small_model(version))
        registry.promote(root, version, now=NOW)
    return root
