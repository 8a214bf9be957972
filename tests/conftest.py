"""What all tests share: a rule for programs that a machine may lack."""

from __future__ import annotations

import os

import pytest


def need(what: str, *, present: bool) -> None:
    """Skip a test for want of a program; where CI is set, fail, so that nothing passes unseen."""
    if present:
        return
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{what} is not installed, and under CI its tests must run")
    pytest.skip(f"{what} is not installed")
