"""The rule for programs that a machine lacks: skip at home, fail under CI."""

from __future__ import annotations

import pytest

from tests.conftest import need


def test_a_missing_program_fails_under_ci_and_skips_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="Dovecot is not installed"):
        need("Dovecot", present=False)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception):
        need("Dovecot", present=False)


def test_a_program_that_is_there_is_no_reason_to_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    need("Dovecot", present=True)
