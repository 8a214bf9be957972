"""`triage resolve`, `merge` and `show`: how cases end and become one, at the command line."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.office import run, settle
from tests.steps import Bench, make_bench
from triage.errors import NotFoundError
from triage.store import cases

if TYPE_CHECKING:
    from triage.store.cases import Case


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    settle(tmp_path)
    opened = make_bench(tmp_path)
    opened.judge("We are stuck.")
    return opened


def shown(folder: Path, case: int = 1) -> dict[str, object]:
    found: dict[str, object] = json.loads(run(folder, "show", str(case), "--json").stdout)
    return found


def case_of(bench: Bench, case: int = 1) -> Case:
    with bench.store.read() as tx:
        return cases.get(tx, case)


def test_resolve_keeps_the_outcome_and_whether_it_could_happen_again(
    bench: Bench, tmp_path: Path
) -> None:
    done = run(tmp_path, "resolve", "1", "--outcome", "credited two hours", "--recurs", "yes")
    assert done.stdout == "case 1 is resolved\n"
    assert done.stderr == ""
    text = run(tmp_path, "show", "1").stdout
    assert "  outcome: credited two hours (could happen again), says " in text
    case = shown(tmp_path)["case"]
    assert isinstance(case, dict)
    assert (case["outcome"], case["recurs"]) == ("credited two hours", True)
    assert case["outcome_at"] == case["resolved_at"]
    assert case["outcome_by"] == case_of(bench).outcome_by != ""


def test_resolve_says_how_to_add_what_was_not_said(bench: Bench, tmp_path: Path) -> None:
    done = run(tmp_path, "resolve", "1")
    assert done.exit_code == 0
    assert 'triage resolve 1 --outcome "..." --recurs yes|no' in done.stderr
    later = run(tmp_path, "resolve", "1", "--outcome", "printer replaced", "--recurs", "no")
    assert later.stdout == (
        "case 1 was resolved before\nkept how it ended: printer replaced (will not happen again)\n"
    )
    assert (case_of(bench).outcome, case_of(bench).recurs) == ("printer replaced", False)


def test_resolve_changes_nothing_that_was_said_before(bench: Bench, tmp_path: Path) -> None:
    run(tmp_path, "resolve", "1", "--outcome", "credited", "--recurs", "no")
    again = run(tmp_path, "resolve", "1", "--outcome", "other", "--recurs", "yes")
    assert again.stdout == "case 1 was resolved before\n"
    assert (case_of(bench).outcome, case_of(bench).recurs) == ("credited", False)


def test_resolve_takes_yes_or_no_and_nothing_else(bench: Bench, tmp_path: Path) -> None:
    assert run(tmp_path, "resolve", "1", "--recurs", "perhaps").exit_code == 2
    assert case_of(bench).status == "open"


def test_merge_makes_cases_one_and_show_says_so(bench: Bench, tmp_path: Path) -> None:
    for name in ("Bill", "Call"):
        bench.judge("We are stuck.", subject=name, sender=f"{name} <{name}@other.example>")
    done = run(tmp_path, "merge", "1", "2", "3")
    assert done.stdout == "case 2 is part of case 1\ncase 3 is part of case 1\n"
    assert "  part of case 1: `triage show 1`" in run(tmp_path, "show", "2").stdout
    mails = shown(tmp_path)["mails"]
    assert isinstance(mails, list)
    assert [mail["subject"] for mail in mails] == ["Portal", "Bill", "Call"]
    case = shown(tmp_path, 3)["case"]
    assert isinstance(case, dict)
    assert case["merged_into"] == 1
    again = run(tmp_path, "merge", "2", "3")
    assert again.stdout == "case 3 and case 2 are one case already\n"


def test_merge_keeps_an_open_case_in_sight(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.", subject="Bill", sender="Omar <omar@other.example>")
    run(tmp_path, "resolve", "1", "--outcome", "reset")
    assert run(tmp_path, "merge", "1", "2").stdout == "case 1 is part of case 2\n"
    assert case_of(bench, 2).open


def test_merge_with_a_case_that_is_not_there_changes_nothing(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.", subject="Bill", sender="Omar <omar@other.example>")
    with pytest.raises(NotFoundError, match="there is no case 9"):
        run(tmp_path, "merge", "1", "2", "9")
    assert case_of(bench, 2).merged_into is None


def test_status_tells_what_comes_up_again_and_again(bench: Bench, tmp_path: Path) -> None:
    bench.clock.now = time.time() - 3600
    for name in ("Bill", "Call", "Door", "Exit"):
        bench.judge("We are stuck.", subject=name)
    text = run(tmp_path, "status").stdout
    assert "Worth a change in how you work: 1\n" in text
    assert "  4 cases about " in text
    assert "from Client in 60 days\n      cases 2, 3, 4, 5\n" in text
    [found] = json.loads(run(tmp_path, "status", "--json").stdout)["repeated"]
    assert (found["matter"], found["cases"]) == ("client:client.example", [2, 3, 4, 5])


def test_status_says_nothing_of_it_where_nothing_repeats(bench: Bench, tmp_path: Path) -> None:
    assert bench.queued() != []
    assert "Worth a change" not in run(tmp_path, "status").stdout


def test_a_case_is_handed_to_a_person_of_the_policy_who_hears(bench: Bench, tmp_path: Path) -> None:
    before = len(bench.queued())
    assert "is Priya Shah's" in run(tmp_path, "hand", "1", "priya").stdout
    assert (case_of(bench).owner, case_of(bench).status) == ("priya@radial.example", "open")
    assert len(bench.queued()) == before + 1
    assert run(tmp_path, "hand", "1", "nobody").exit_code == 2
