"""Shipped folders are found in a checkout and in an installed wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from triage.resources import resource

if TYPE_CHECKING:
    from pathlib import Path


def test_a_checkout_keeps_them_beside_the_package() -> None:
    assert (resource("data").parent / "pyproject.toml").is_file()


def test_a_wheel_keeps_them_inside_the_package(tmp_path: Path) -> None:
    (tmp_path / "triage" / "_share" / "models").mkdir(parents=True)
    (tmp_path / "models").mkdir()
    assert resource("models", tmp_path / "triage").parent.name == "_share"


def test_an_incomplete_installation_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="install the program again"):
        resource("models", tmp_path / "triage")
