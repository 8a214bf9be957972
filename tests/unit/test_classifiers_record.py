"""What is kept of a model's measuring: honest scores, and no word of anybody's own mail."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from classifiers import comparison, record, registry
from classifiers.learning_curve import ENOUGH
from classifiers.measures import Point, thinned
from classifiers.tags import read_tag_infos
from classifiers.training import train
from tests.trained import NOW, QUICK, SLICE, examples, saved, small_model

if TYPE_CHECKING:
    from pathlib import Path

    from classifiers.model import Model


def test_the_figures_are_those_of_scores_from_held_out_mails() -> None:
    model = small_model()
    kept = comparison.judgeable(examples(), model)
    found = record.measured(model, examples(), now=NOW)
    [part] = found["parts"].values()
    report = comparison.report_on(model, kept, model.tags).to_json()
    for tag, figures in report["tags"].items():
        assert part["report"]["tags"][tag]["average_precision"] == figures["average_precision"]
        bins = part["tags"][tag]["bins"]
        assert sum(each["mails"] for each in bins) == len(kept)
        assert part["tags"][tag]["curve"][-1]["recall"] == 1


def test_own_mail_is_named_and_not_quoted_while_mail_that_came_along_is() -> None:
    own = [
        replace(each, local=index % 2 == 0, place=f"mail {index}" if index % 2 == 0 else "")
        for index, each in enumerate(examples())
    ]
    found = record.measured(small_model(), own, now=NOW)
    assert set(found["parts"]) == {record.ALL, record.OWN}
    theirs = json.dumps(found["parts"][record.OWN])
    assert '"text"' not in theirs
    assert '"subject"' not in theirs
    wrong = found["parts"][record.ALL]["tags"].values()
    kept = [each for tag in wrong for each in (*tag["misses"], *tag["false_alarms"])]
    assert any("text" in each for each in kept)
    assert all(each["place"].startswith("mail ") for each in kept if "place" in each)


def test_few_own_mails_get_no_curves_of_their_own() -> None:
    some = [replace(each, local=index < 5) for index, each in enumerate(examples())]
    assert set(record.measured(small_model(), some, now=NOW)["parts"]) == {record.ALL}


def test_it_lies_beside_the_model_and_moves_with_it(tmp_path: Path) -> None:
    shelf, own = saved(tmp_path / "shelf"), tmp_path / "own"
    found = record.measured(small_model(), examples(), now=NOW)
    registry.write_measured(shelf, "small", found)
    registry.adopt(shelf, own, now=NOW)
    assert registry.read_measured(own, "small") == json.loads(json.dumps(found))
    assert registry.load(own).version == "small"  # no pin is broken by it


def test_a_damaged_record_counts_as_none(tmp_path: Path) -> None:
    saved(tmp_path)
    assert registry.read_measured(tmp_path, "small") is None
    (tmp_path / "small" / registry.MEASURED_FILE).write_text("{")
    assert registry.read_measured(tmp_path, "small") is None


@pytest.mark.parametrize("number", [0, 1, 2, 79, 80, 81, 1000])
def test_thinning_keeps_the_ends_and_bounds_the_rest(number: int) -> None:
    points = [
        Point(threshold=1 - n / 1001, recall=(n + 1) / number, precision=0.5) for n in range(number)
    ]
    kept = thinned(points, 80)
    assert len(kept) <= 81
    assert kept[:1] == points[:1]
    assert kept[-1:] == points[-1:]


def test_a_training_keeps_what_its_own_labels_were_worth(own_trained: Model) -> None:
    curve = own_trained.card.metrics["learning"]
    assert [step["labels"] for step in curve] == [0, 70, 140]
    assert all(0 < step["mean_average_precision"] < 1 for step in curve)
    # The last step is the model itself, judged as its card judges it, where enough can be judged.
    own = own_trained.card.metrics["own"]["tags"]
    enough = {tag: each for tag, each in own.items() if each["positives"] >= ENOUGH}
    assert curve[-1]["average_precision"] == {
        tag: each["average_precision"] for tag, each in enough.items()
    }


def test_few_own_labels_make_no_learning_curve() -> None:
    assert small_model().card.metrics["learning"] == []


@pytest.fixture(scope="module")
def own_trained() -> Model:
    """Trained on a slice of the starter mails, every third of which counts as a firm's own."""
    some = list(examples())[:420]
    labelled = [replace(each, local=n % 3 == 0) for n, each in enumerate(some)]
    infos = read_tag_infos([SLICE])
    return train(labelled, infos, version="own", now=NOW, settings=QUICK)
