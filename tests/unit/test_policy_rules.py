"""The table of rules: every row says where its rule is carried out, and which test shows it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.named_tests import ROOT, Named, missing, named_in

PAGE = ROOT / "docs" / "policy-rules.md"
_HEAD = ("rule", "---")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One rule, as the page has it."""

    rule: str
    where: str
    tests: tuple[Named, ...]


def rows() -> list[Row]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    for each in cells:
        assert len(each) == 3, f"a row has three cells, and this one has not: {each}"
    return [
        Row(rule=rule, where=where, tests=named_in(tests))
        for rule, where, tests in cells
        if rule not in _HEAD
    ]


def test_both_documents_are_gone_through() -> None:
    page = PAGE.read_text(encoding="utf-8")
    policy, advice = page.split("## Advice on escalation mails")
    assert policy.count("\n| ") > 30
    assert advice.count("\n| ") > 100


def test_no_rule_stands_there_twice() -> None:
    rules = [row.rule for row in rows()]
    assert sorted(set(rules)) == sorted(rules)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.rule[:60])
def test_every_rule_says_where_it_is_carried_out_and_names_tests_that_there_are(row: Row) -> None:
    assert len(row.where) > 4
    assert row.tests, f"no test shows this rule: {row.rule}"
    lost = missing(row.tests)
    assert not lost, f"{row.rule}: there is no {', '.join(lost)}; name the test that shows it"
