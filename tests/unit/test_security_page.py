"""The page on security: every line names a module and a test that there are."""

from __future__ import annotations

import re

import pytest

from tests.named_tests import ROOT, missing, named_in

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
THREATS = [line for line in PAGE.splitlines() if line.startswith("| ") and line.count("|") == 5]
_MODULE = re.compile(r"`((?:triage|classifiers|tests)/[\w/]+\.py)`")


def rows() -> list[list[str]]:
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in THREATS]
    return [row for row in cells if row[0] not in ("threat", "---")]


def test_the_page_goes_through_all_parts() -> None:
    assert len(rows()) >= 30
    for heading in ("## Who may do what", "## What is not defended"):
        assert heading in PAGE


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:60])
def test_every_threat_names_a_module_and_a_test_that_there_are(row: list[str]) -> None:
    _, done, where, tests = row
    assert done
    modules = _MODULE.findall(where)
    assert modules
    assert [module for module in modules if not (ROOT / module).is_file()] == []
    assert named_in(tests), f"no test shows this: {row[0]}"
    assert missing(named_in(tests)) == []
