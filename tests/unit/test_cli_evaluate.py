"""triage evaluate: the keys scripts rely on, the table, the page, honest words about the data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from tests.trained import SLICE, saved
from triage.cli import models as verbs

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

ROWS = [
    {"id": "1", "body": "We are stuck without the password.", "tags": ["blocker"]},
    {"id": "2", "body": "See you on Monday.", "tags": []},
    {"id": "3", "body": "The site is down, nobody can work.", "tags": ["blocker"]},
    {"id": "4", "body": "Thanks for lunch.", "tags": []},
    {"id": "5", "body": "Hm, maybe.", "tags": ["upsell"], "agree": False},
    {"id": "6", "body": "What <b>nonsense</b>.", "tags": ["odd"]},
]
TAG_KEYS = {
    "positives",
    "precision",
    "recall",
    "f1",
    "average_precision",
    "caught",
    "brier",
    "calibration_error",
}
WHOLE_KEYS = {
    "model",
    "mails",
    "untagged",
    "tags",
    "mean_average_precision",
    "mean_f1",
    "false_alarms_per_100_untagged",
    "unsure_per_100_untagged",
    "left_out",
    "seen_in_training",
    "baselines",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("models"))


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in ROWS))
    return path


def run(*arguments: object) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    verbs.register(app)
    return CliRunner().invoke(app, ["evaluate", *(str(a) for a in arguments)])


def test_the_keys_that_scripts_know_stay_and_new_ones_stand_beside_them(
    root: Path, rows: Path
) -> None:
    done = run("--json", "--models", root, "--data", rows)
    record = json.loads(done.stdout)
    assert done.exit_code == 0
    assert record.keys() >= WHOLE_KEYS
    assert record["tags"]["blocker"].keys() >= TAG_KEYS
    for baseline in record["baselines"].values():
        assert baseline.keys() >= {"mean_f1", "mean_average_precision", "tags"}
        assert {"model_is_better_by", "recall_at_false_forwards"} <= baseline.keys()
    assert record["tags"]["blocker"]["average_precision_interval"]
    assert record["recall_at_false_forwards"].keys() == {"5", "10", "15"}
    assert (record["mails"], record["left_out"], record["seen_in_training"]) == (5, 1, 0)


def test_the_table_fits_a_terminal_and_names_every_baseline(root: Path, rows: Path) -> None:
    done = run("--models", root, "--data", rows)
    assert max(map(len, done.stdout.splitlines())) <= 100
    for name in ("this model", "majority", "keywords", "words"):
        assert f"\n{name} " in done.stdout
    assert "1 of 6 rows are left out: two readers disagreed" in done.stderr
    assert "the data has the tag 'odd'" in done.stderr
    assert "at most 15 of 100 mails are forwarded: no figure, since 60 of 100" in done.stdout


def test_the_page_is_written_beside_the_table_or_the_json(
    root: Path, rows: Path, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    done = run("--json", "--models", root, "--data", rows, "--html", page)
    assert json.loads(done.stdout)["model"] == "small"
    html = page.read_text()
    assert html.startswith("<!doctype html>")
    assert "1 of 6 rows are left out: two readers disagreed" in html
    assert f"wrote {page}" in " ".join(done.stderr.split())
    assert page.stat().st_mode & 0o777 == 0o600


def test_a_page_that_cannot_be_written_is_said_before_the_work(
    root: Path, rows: Path, tmp_path: Path
) -> None:
    done = run("--models", root, "--data", rows, "--html", tmp_path / "none" / "report.html")
    assert done.exit_code == 2
    assert "there is no folder" in done.stderr
    assert done.stdout == ""
    assert run("--models", root, "--data", rows, "--html", tmp_path).exit_code == 2


def test_mails_the_model_learned_from_count_with_the_scores_they_got_while_held_out(
    root: Path,
) -> None:
    done = run("--json", "--models", root, "--data", SLICE)
    record = json.loads(done.stdout)
    assert record["seen_in_training"] > 400
    assert "scores count that they got while they were held out" in " ".join(done.stderr.split())
    assert record["mean_average_precision"] < 0.98
    assert record["baselines"]["words"]["mean_average_precision"] < 0.98


def test_nothing_left_to_judge_on_is_one_sentence(root: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROWS[4]))
    done = run("--models", root, "--data", tmp_path / "rows.jsonl")
    assert done.exit_code == 1
    assert "no mail is left to judge on" in done.stderr
