"""The model on the page: figures or that there are none, and the version in use by a click."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from classifiers import record, registry
from classifiers.ledger import read_ledger
from tests.trained import NOW, examples, saved, small_model
from tests.web_client import make_client
from tests.web_mails import MAILS, fill
from triage import retraining
from triage.drift import Week
from triage.store import audit
from triage.web import model_view

if TYPE_CHECKING:
    from tests.web_client import Client

OLD, MEASURED, REFUSED = "2026-10-01.1", "2026-11-01.1", "2026-11-20.1"
WORSE = "on starter mails average precision of blocker fell from 0.910 to 0.840"


@pytest.fixture
def root(tmp_path: Path, shelf: Path) -> Path:
    """A copy of the shelf, to be changed."""
    return Path(shutil.copytree(shelf, tmp_path / "models"))


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three versions: one from before figures were kept, the one in use, one the gate refused."""
    root = saved(tmp_path_factory.mktemp("shelf"), OLD)
    model = small_model(MEASURED)
    registry.save(root, model)
    registry.promote(root, MEASURED, now=NOW, note="by ben")
    own = [
        replace(each, local=index % 2 == 0, place=f"mail {index}" if index % 2 == 0 else "")
        for index, each in enumerate(examples())
    ]
    registry.write_measured(root, MEASURED, record.measured(model, own, now=NOW))
    registry.save(root, small_model(REFUSED))
    judgement = retraining.judged(
        small_model(REFUSED), model, list(examples())[:60], own=frozenset(), cases=[]
    )
    report = judgement.to_json() | {"passed": False, "objections": [WORSE]}
    registry.write_report(root, REFUSED, report)
    registry.keep(root, REFUSED, now=NOW, note=WORSE)
    return root


@pytest.fixture
def client(tmp_path: Path, root: Path) -> Client:
    client = make_client(tmp_path)
    fill(client.site.settings, MAILS, start=client.clock.now - 3600)
    client.log_in("run")
    client.get("/models")
    return client


def test_the_list_says_which_is_in_use_and_what_the_gate_said(client: Client) -> None:
    page = client.get("/models")
    assert page.status == 200
    listed = page.words.partition("Versions")[2]
    assert listed.index(REFUSED) < listed.index(f"{MEASURED} in use") < listed.index(OLD)
    assert WORSE in page.words
    assert f"Go back to {OLD}" in page.words
    assert "the last 7 days" in page.words


def test_shares_are_drawn_from_two_weeks_on_and_versions_where_labels_differ() -> None:
    weeks = [Week(ago=n, mails=100, forwarded=10 + n, unsure=5, corrected=n) for n in range(9)]
    drawn = str(model_view.drift_chart(weeks))
    assert "8 weeks before: 100 mails, 18 forwarded, 5 for review, 8 corrected" in drawn
    assert drawn.count('class="curve') == 3
    assert model_view.drift_chart(weeks[:1]) is None
    steps = [
        model_view.Step(version=f"v{n}", own=50 * n, mails=900, quality=0.5 + n / 10, on_own=True)
        for n in range(3)
    ]
    assert "v2, 100 labels: 0.70" in str(model_view.learning_curve(steps))
    assert model_view.learning_curve([replace(each, own=7) for each in steps]) is None


def test_a_version_shows_curves_calibration_confusion_and_its_worst_mistakes(
    client: Client,
) -> None:
    page = client.get(f"/models/{MEASURED}")
    assert page.status == 200
    for tag in small_model().tags:
        for chart in ("Precision and recall of", "Calibration of", "Probabilities of"):
            assert page.text.count(f"<title>{chart} {tag}</title>") == 2  # own mail, and all
    assert "What is taken for what" in page.words
    assert "On your own mail" in page.words
    assert "Missed" in page.words


def test_what_was_never_recorded_is_said_and_not_made_up(client: Client, root: Path) -> None:
    page = client.get(f"/models/{OLD}")
    assert "are not recorded for this version" in page.words
    assert "Not recorded for this version: it came with the program" in page.words
    assert "<svg" not in page.text
    (root / MEASURED / registry.MEASURED_FILE).write_text('{"schema": 1, "parts": {"all": 3}}')
    assert "are not recorded for this version" in client.get(f"/models/{MEASURED}").words


def test_promote_and_roll_back_by_a_click_do_what_the_command_line_does(
    client: Client, root: Path
) -> None:
    assert "Use it all the same" in client.get(f"/models/{REFUSED}").words
    said = client.follow(client.post(f"/models/{REFUSED}/promote"))
    assert f"{REFUSED} is in use" in said.words
    ledger = read_ledger(root)
    assert ledger.current == REFUSED
    assert ledger.history[-1]["note"] == "by nora@firm.example"
    with client.site.store.read() as tx:
        noted = audit.last(tx, "promoted")
    assert noted is not None
    assert noted.detail == f"{REFUSED}, by nora@firm.example"
    said = client.follow(client.post("/models/rollback"))
    assert f"{MEASURED} is in use again" in said.words
    assert read_ledger(root).current == MEASURED


def test_a_model_that_was_tampered_with_is_not_taken(client: Client, root: Path) -> None:
    path = root / OLD / "card.json"
    path.write_text(path.read_text().replace("small", "smaII") + " ")
    assert "is not what was pinned" in client.get("/models").words
    answer = client.post("/models/rollback")
    assert answer.status == 422
    assert "Nothing was changed" in answer.words
    assert read_ledger(root).current == MEASURED


def test_what_it_would_change_is_told_on_stored_mail(client: Client) -> None:
    page = client.get(f"/models/{REFUSED}/replay")
    assert page.status == 200
    assert f"What {REFUSED} would change" in page.words
    assert "Would be forwarded, and was not" in page.words


def test_only_who_may_run_the_program_chooses_a_model(client: Client, root: Path) -> None:
    client.log_in("correct")
    page = client.get(f"/models/{REFUSED}")
    assert "Use it" not in page.words
    for path in (f"/models/{REFUSED}/promote", "/models/rollback"):
        assert client.post(path).status == 403
    assert client.get(f"/models/{REFUSED}/replay").status == 403
    assert read_ledger(root).current == MEASURED


def test_a_version_that_is_not_there_and_a_damaged_registry_are_said(
    client: Client, root: Path
) -> None:
    assert client.get("/models/2020-01-01.1").status == 404
    registry_file = root / "registry.json"
    registry_file.write_text(json.dumps({"schema": 7}))
    assert client.get("/models").status == 503
