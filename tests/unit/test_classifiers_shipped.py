"""The model that ships: complete, trained on the data beside it, and right on the plainest mail."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from classifiers import registry
from classifiers.api import Document
from classifiers.dataset import data_digest, deduplicate, read_examples
from tests.trained import STARTER
from triage.resources import resource

if TYPE_CHECKING:
    from classifiers.api import Verdict
    from classifiers.model import Model


@cache
def shipped() -> Model:
    return registry.load(resource("models"))


def judged(text: str, role: str = "client") -> Verdict:
    return shipped().classify([Document(text=text, from_role=role)])[0]


def test_it_was_trained_on_the_data_that_ships_with_it() -> None:
    rows = deduplicate(read_examples([STARTER]))
    assert shipped().card.data["sha256"] == data_digest(rows)


def test_every_tag_has_a_meaning_rows_thresholds_and_a_line_in_the_manual() -> None:
    card = shipped().card
    manual = (resource("data").parent / "docs" / "classifier.md").read_text(encoding="utf-8")
    for info in card.tags:
        assert info.means
        assert info.not_when
        assert card.data["positives"][info.name] >= 500
        assert 0 < card.thresholds[info.name].unsure < card.thresholds[info.name].give < 1
        assert f"`{info.name}`" in manual


def test_it_beats_a_mail_filter_by_far_on_mail_it_has_not_seen() -> None:
    held_out = shipped().card.metrics["held_out"]
    assert held_out["mean_average_precision"] > 0.75
    assert held_out["false_alarms_per_100_untagged"] < 9
    assert shipped().card.metrics["evidence"]["first"] > 0.8


def test_it_is_small_enough_to_ship() -> None:
    folder = resource("models") / shipped().version
    assert sum(file.stat().st_size for file in folder.iterdir()) < 12_000_000


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Could you send us a quote for a second website?", {"upsell"}),
        ("We would like to renew and add ten seats, what would that cost?", {"upsell"}),
        ("We are very disappointed with this delivery, we want a refund.", {"dissatisfaction"}),
        ("This was included in the price we agreed. Why is it extra now?", {"scope_mismatch"}),
        ("We cannot log in and the whole team is stuck until you reset the password.", {"blocker"}),
        ("Thanks, see you on Monday.", set()),
        ("Please find the signed minutes attached.", set()),
        ("It is working again, thank you.", set()),
        ("", set()),
    ],
)
def test_the_plainest_mail_is_right(text: str, tags: set[str]) -> None:
    assert set(judged(text).tags) == tags


def test_without_its_evidence_a_mail_loses_its_tag() -> None:
    decisive = "Nobody can log in and the whole team is stuck until you send the password."
    rest = "Hi Tom, thank you for the minutes. The next call is on Tuesday at ten."
    verdict = judged(f"{rest} {decisive}")
    assert verdict.tags == ("blocker",)
    assert verdict.evidence[0].sentence == decisive
    without = judged(rest)
    assert without.tags == without.unsure_tags == ()
    assert without.scores["blocker"] < verdict.scores["blocker"] / 2


def test_its_curves_and_worst_mistakes_come_along_and_agree_with_its_card() -> None:
    found = registry.read_measured(resource("models"), shipped().version)
    assert found is not None
    report = found["parts"]["all"]["report"]
    assert report["mails"] == shipped().card.metrics["held_out"]["mails"]
    for tag in shipped().tags:
        card = shipped().card.metrics["held_out"]["tags"][tag]
        assert report["tags"][tag]["average_precision"] == card["average_precision"]
        assert found["parts"]["all"]["tags"][tag]["misses"]


def test_two_models_of_one_root_hold_one_encoder() -> None:
    first, second = (registry.load(resource("models")) for _ in range(2))
    assert first.encoder is not None
    assert first.encoder is second.encoder
