"""`triage digest` and `triage verify` over a store as the pipeline leaves it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.office import run, settle
from tests.steps import Bench, make_bench

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    settle(tmp_path, zone="Asia/Kolkata")
    bench = make_bench(tmp_path)
    bench.clock.now = time.time() - 3600
    bench.judge("We are stuck.", subject="Login \x1b[31m\u202e")
    return bench


def test_it_prints_what_would_be_sent(bench: Bench, tmp_path: Path) -> None:
    done = run(tmp_path, "digest")
    assert done.exit_code == 0
    assert "1 open case" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert len(bench.queued()) == 2  # the briefs, and no digest


def test_each_person_sees_their_own(bench: Bench, tmp_path: Path) -> None:
    assert bench.queued()
    assert "Login" in run(tmp_path, "digest", "--person", "ben").stdout
    assert "Login" not in run(tmp_path, "digest", "--person", "priya").stdout


def test_the_json_is_json_and_the_page_a_page(bench: Bench, tmp_path: Path) -> None:
    assert bench.queued()
    page = tmp_path / "digest.html"
    done = run(tmp_path, "digest", "--json", "--period", "day", "--html", str(page))
    assert json.loads(done.stdout)["period"] == "day"
    assert "<!DOCTYPE html>" in page.read_text()


def test_since_names_a_day_in_the_zone_of_the_hours(bench: Bench, tmp_path: Path) -> None:
    assert bench.queued()
    found = json.loads(run(tmp_path, "digest", "--json", "--since", "2026-03-02").stdout)
    assert found["since"] == "2026-03-02T00:00:00+00:00"


def test_it_can_be_sent_by_hand_to_one_person(bench: Bench, tmp_path: Path) -> None:
    done = run(tmp_path, "digest", "--person", "ben", "--send")
    assert "queued for Ben West" in done.stdout
    assert ("ben@radial.example", "digest") in bench.queued()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--send"], "--send needs --person"),
        (["--person", "nobody"], "it can be ben, marshall, nora, priya"),
        (["--period", "month"], "neither day nor week"),
        (["--since", "yesterday"], "write it as 2026-11-01"),
        (["--html", "/no/such/folder/digest.html"], "name another place"),
    ],
)
def test_wrong_use_is_told(bench: Bench, tmp_path: Path, arguments: list[str], says: str) -> None:
    assert bench.queued()
    done = run(tmp_path, "digest", *arguments)
    assert done.exit_code in {1, 2}
    assert says in done.stderr


def test_verify_counts_files_too_and_says_what_is_to_come(bench: Bench, tmp_path: Path) -> None:
    assert bench.queued()
    done = run(tmp_path, "verify")
    assert done.exit_code == 0
    assert "was never read; reading begins with the next `triage run`" in done.stdout
