"""classify, train, evaluate, models: what scripts rely on, and one plain sentence for a mistake."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from tests.trained import NOW, SLICE, saved
from triage.cli import models as verbs
from triage.resources import resource

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

MAIL = b"From: a@b.example\nSubject: help\n\nWe cannot log in, the whole team is stuck.\n"
ROW = {"id": "r1", "subject": "Quote", "body": "Please send a quote.", "from_role": "client"}


def run(*arguments: object, stdin: bytes | None = None) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    verbs.register(app)
    return CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("models"))


def test_importing_the_verbs_loads_no_scikit_learn() -> None:
    heavy = "{'sklearn', 'numpy', 'scipy', 'joblib'}"
    code = f"import sys, triage.cli.models, classifiers.api; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_classify_prints_one_json_object_a_line_with_the_promised_keys(
    tmp_path: Path, root: Path
) -> None:
    (tmp_path / "one.eml").write_bytes(MAIL)
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROW) + "\n")
    done = run(
        "classify", "--json", "--models", root, tmp_path / "one.eml", tmp_path / "rows.jsonl"
    )
    mail, row = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert done.stderr == ""
    assert (mail["id"], row["id"]) == (str(tmp_path / "one.eml"), "r1")
    assert mail.keys() >= {"id", "tags", "scores", "evidence", "unsure", "novel", "model"}
    assert list(mail["scores"]) == ["upsell", "dissatisfaction", "scope_mismatch", "blocker"]
    assert all(0 < score < 1 for score in mail["scores"].values())
    assert all({"tag", "sentence"} <= set(e) for e in mail["evidence"])
    assert "blocker" in mail["tags"] + mail["unsure_tags"]
    assert mail["model"] == "small"


@pytest.mark.parametrize(("stdin", "label"), [(MAIL, "stdin"), (json.dumps(ROW).encode(), "r1")])
def test_classify_reads_standard_input(root: Path, stdin: bytes, label: str) -> None:
    done = run("classify", "--json", "--models", root, "-", stdin=stdin)
    assert json.loads(done.stdout)["id"] == label


def test_classify_takes_the_mails_of_a_folder_and_else_its_rows(tmp_path: Path, root: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROW) + "\n")
    assert "r1: " in run("classify", "--models", root, tmp_path).stdout
    (tmp_path / "one.eml").write_bytes(MAIL)
    assert "r1: " not in run("classify", "--models", root, tmp_path).stdout


def test_a_bad_row_is_named_and_the_others_are_still_classified(tmp_path: Path, root: Path) -> None:
    rows = ["{", json.dumps({**ROW, "from_role": "boss"}), json.dumps(ROW)]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    done = run("classify", "--json", "--models", root, tmp_path / "rows.jsonl")
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 1
    assert "rows.jsonl:1: is not JSON" in done.stderr
    assert "rows.jsonl:2: from_role is 'boss'" in done.stderr


def test_odd_text_is_classified_and_printed(tmp_path: Path, root: Path) -> None:
    body = "We are stuck \ud800 \x00 without the password, nobody can work."
    rows = [{"body": body, "subject": None}, {"subject": ""}]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    for flags in ((), ("--json",)):
        done = run("classify", *flags, "--models", root, tmp_path / "rows.jsonl")
        assert done.exit_code == 0, done.stderr
        assert "rows.jsonl:2" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("classify", "/no/such/file"), 2, "/no/such/file does not exist"),
        (("classify", "--role", "boss", "-"), 2, "--role is 'boss'"),
        (("classify", "--model", "/no/such/model", "-"), 1, "/no/such/model is no folder"),
        (("classify", "--models", "/no/such/root", "-"), 1, "registry.json is missing"),
        (("evaluate", "--data", "/no/such/file"), 2, "does not exist"),
        (("models", "promote", "none"), 1, "has no pin for 'none'"),
        (("models", "rollback"), 1, "no earlier model"),
    ],
)
def test_a_mistake_is_one_sentence_and_a_status(
    root: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    extra = () if "--models" in arguments else ("--models", str(root))
    done = run(*arguments, *extra, stdin=MAIL)
    assert done.exit_code == code
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_tampered_model_is_refused(tmp_path: Path) -> None:
    (saved(tmp_path) / "small" / "model.joblib").write_bytes(b"x")
    done = run("classify", "--model", tmp_path / "small", "-", stdin=MAIL)
    assert done.exit_code == 1
    assert "model.joblib is not what was pinned" in done.stderr


def test_evaluate_leaves_disputed_rows_out_and_says_so(tmp_path: Path, root: Path) -> None:
    rows = [
        {"id": "1", "body": "We are stuck without the password.", "tags": ["blocker"]},
        {"id": "2", "body": "See you on Monday.", "tags": []},
        {"id": "3", "body": "Hm, maybe.", "tags": ["upsell"], "agree": False, "set": "web"},
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    done = run("evaluate", "--json", "--models", root, "--data", tmp_path / "rows.jsonl")
    report = json.loads(done.stdout)
    assert "1 of 3 rows are left out" in done.stderr
    assert (report["mails"], report["left_out"], report["untagged"]) == (2, 1, 1)
    assert report["tags"]["blocker"]["average_precision"] == 1
    assert report["tags"]["upsell"]["average_precision"] is None
    assert report["tags"]["blocker"].keys() >= {"precision", "recall", "f1", "calibration_error"}
    assert "false_alarms_per_100_untagged" in report
    assert report["baselines"].keys() == {"majority", "keywords", "words"}
    assert "keywords" in run("evaluate", "--models", root, "--data", tmp_path / "rows.jsonl").stdout


def test_train_compares_and_promotes_and_with_output_does_not(tmp_path: Path) -> None:
    root, out = tmp_path / "models", tmp_path / "out" / "candidate"
    first = run("train", "--only", "--data", SLICE, "--models", root)
    assert first.exit_code == 0, first.stderr
    assert "is in use: there was no other model" in first.stdout
    second = run("train", "--only", "--data", SLICE, "--models", root)
    assert "is in use; a running `triage run` takes it at once" in second.stdout
    listed = json.loads(run("models", "list", "--json", "--models", root).stdout)
    assert [entry["current"] for entry in listed] == [False, True]
    assert run("models", "rollback", "--models", root).exit_code == 0
    listed = json.loads(run("models", "list", "--json", "--models", root).stdout)
    assert [entry["current"] for entry in listed] == [True, False]
    third = run("train", "--only", "--data", SLICE, "--models", root, "--output", out)
    assert third.exit_code == 0, third.stderr
    assert sorted(p.name for p in out.iterdir()) == ["card.json", "measured.json", "model.joblib"]
    assert json.loads((out.parent / "registry.json").read_text())["current"] is None
    done = run("classify", "--json", "--model", out, "-", stdin=MAIL)
    assert json.loads(done.stdout)["model"] == "candidate"


def test_train_lists_every_mistake_of_the_data(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"body": "x"}\n{"tags": []}\n')
    done = run("train", "--only", "--data", tmp_path, "--models", tmp_path / "models")
    assert done.exit_code == 1
    assert "rows.jsonl:1: tags must be a list" in done.stderr
    assert "rows.jsonl:2: has neither subject nor body" in done.stderr
    assert not (tmp_path / "models").exists()


def test_own_models_beside_the_configuration_come_before_the_shipped_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRIAGE_MODELS", raising=False)

    def answered_by() -> str:
        done = run("classify", "--json", "-", stdin=MAIL)
        return str(json.loads(done.stdout)["model"])

    shipped = answered_by()
    (tmp_path / "triage.toml").write_text('models = "own"\n')
    assert answered_by() == shipped != "small"
    saved(tmp_path / "own")
    assert answered_by() == "small"
    (tmp_path / "triage.toml").unlink()
    assert answered_by() == shipped
    monkeypatch.setenv("TRIAGE_MODELS", str(tmp_path / "own"))
    assert answered_by() == "small"
    assert NOW.isoformat() in run("models", "list", "--json").stdout


def test_only_without_data_is_wrong_usage() -> None:
    done = run("train", "--only")
    assert done.exit_code == 2
    assert "--data" in done.stderr


def test_the_first_own_model_can_be_rolled_back_to_the_one_that_came_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("triage.toml", "policy.toml"):
        shutil.copy(resource("data") / "demo" / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    done = run("train", "--only", "--data", SLICE)
    assert done.exit_code == 0, done.stderr
    before = json.loads(run("models", "list", "--json").stdout)
    ledger = json.loads((resource("models") / "registry.json").read_text(encoding="utf-8"))
    shipped = ledger["current"]
    [own] = [each["version"] for each in before if each["version"] != shipped]
    assert run("models", "promote", own).exit_code == 0
    assert run("models", "rollback").exit_code == 0
    [current] = [
        m["version"] for m in json.loads(run("models", "list", "--json").stdout) if m["current"]
    ]
    assert current == shipped


def test_classify_says_that_a_mail_is_unlike_what_the_model_learned_from(root: Path) -> None:
    row = {"id": "r2", "body": "Leider kann sich hier seit heute Morgen niemand mehr anmelden."}
    stdin = json.dumps(row).encode()
    said = json.loads(run("classify", "--json", "--models", root, "-", stdin=stdin).stdout)
    assert (said["novel"], said["unsure"], said["tags"]) == (True, True, [])
    assert "unlike the mails" in run("classify", "--models", root, "-", stdin=stdin).stdout
