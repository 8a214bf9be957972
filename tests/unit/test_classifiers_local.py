"""Own labels: few of them move little, many move much, and what they say rests on held-out mail."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import sparse

from classifiers import calibration, likeness, offset_logistic
from classifiers.api import DataError, Document
from classifiers.comparison import fair_probabilities
from classifiers.dataset import Example
from classifiers.encoder import Encoder, pins_of
from classifiers.tags import read_tag_infos
from classifiers.thresholds import Budget, Costs, decide
from classifiers.training import train
from tests.trained import NOW, QUICK, SLICE, examples, small_model
from triage.resources import resource

if TYPE_CHECKING:
    from classifiers.model import Model
    from classifiers.settings import Settings

ENCODER = resource("models") / "encoder"
# A firm that says it in its own way, which no starter mail knows.
STUCK = ["The flurbs are grobbled again, floor {n}.", "Grobbled flurbs on line {n}, no shipping."]
MAIL = "All flurbs are grobbled again, what now?"
FINE = ["The flurbs on line {n} were polished.", "Lunch on floor {n} is at noon, bring {n} forks."]


class Fresh(Encoder):
    """The shipped encoder as if it had been tuned on nothing of what the tests train on."""

    seen = frozenset()


def own(text: str, *tags: str, n: int = 0, **more: object) -> Example:
    document = Document(text=text, id=f"own {n}", from_role="client")
    found = Example(document=document, tags=frozenset(tags), group=f"own {n}", local=True)
    return replace(found, **more)  # type: ignore[arg-type]


def firm(tag: str, positives: int, others: int) -> list[Example]:
    texts = [
        *((STUCK[n % 2].format(n=n), (tag,)) for n in range(positives)),
        *((FINE[n % 2].format(n=n), ()) for n in range(others)),
    ]
    return [own(text, *tags, n=n) for n, (text, tags) in enumerate(texts)]


def trained(*added: Example, settings: Settings = QUICK, encoder: bool = False) -> Model:
    return train(
        [*examples(), *added],
        read_tag_infos([SLICE]),
        version="small",
        now=NOW,
        settings=settings,
        encoder=Fresh(ENCODER, pins_of(ENCODER)) if encoder else None,
    )


@cache
def with_forty() -> Model:
    return trained(*firm("blocker", 20, 60))


@cache
def with_a_new_tag() -> Model:
    return trained(*firm("grobble", 8, 60), encoder=True)


def chance(model: Model, text: str, tag: str) -> float:
    return model.probabilities([Document(text=text, from_role="client")])[0][tag]


def test_own_labels_teach_what_the_starter_mails_do_not_know() -> None:
    assert chance(small_model(), MAIL, "blocker") < 0.3
    assert chance(with_forty(), MAIL, "blocker") > 0.6
    given, _ = decide(
        with_forty().probabilities([Document(text=STUCK[0].format(n=77), from_role="client")])[0],
        with_forty().card.thresholds,
    )
    assert given == ("blocker",)


def test_what_the_starter_mails_taught_is_kept() -> None:
    mails = {
        "blocker": "We cannot log in and the whole team is stuck until you reset the password.",
        "upsell": "Could you send us a quote for a second website?",
    }
    for tag, mail in mails.items():
        before, after = (chance(model, mail, tag) for model in (small_model(), with_forty()))
        assert after > before / 2 > 0.1


def test_two_labels_change_nothing_and_more_change_more() -> None:
    none, two, six = (
        chance(trained(*firm("blocker", count, 10)), MAIL, "blocker") for count in (0, 2, 6)
    )
    assert two == pytest.approx(none, abs=0.02)
    assert none + 0.05 < six < chance(with_forty(), MAIL, "blocker")


def test_own_mail_is_judged_by_scores_from_when_it_was_held_out() -> None:
    mails = firm("blocker", 20, 60)
    held_out = fair_probabilities(with_forty(), mails)
    fitted = with_forty().probabilities([mail.document for mail in mails])
    assert held_out != fitted
    assert with_forty().card.metrics["own"]["mails"] == 80
    assert with_forty().card.data["own"] == 80


def test_the_calibration_rests_on_own_labels_once_there_are_ten_of_each() -> None:
    chances = [p["blocker"] for p in fair_probabilities(with_forty(), firm("blocker", 20, 60))]
    assert np.mean(chances) == pytest.approx(0.25, abs=0.06)


def test_a_mail_is_forwarded_less_when_own_untagged_mail_would_be() -> None:
    """Words that the starter mails take for a blocker are daily routine here."""
    daily = [own(f"Machine {n} is stuck, login {n} fails.", n=n) for n in range(60)]
    rare = [own(f"Flurb {n} is grobbled.", "blocker", n=100 + n) for n in range(12)]
    model = trained(*daily, *rare)
    given = [decide(p, model.card.thresholds)[0] for p in fair_probabilities(model, daily)]
    assert sum(bool(tags) for tags in given) <= QUICK.budget.false_forwards / 100 * len(daily)
    strict = small_model()
    assert sum(
        bool(decide(p, strict.card.thresholds)[0]) for p in fair_probabilities(strict, daily)
    ) > 0.5 * len(daily)


def test_a_new_tag_needs_eight_mails() -> None:
    with pytest.raises(DataError, match=r"'grobble' has 5 mails, 3 more are needed"):
        trained(*firm("grobble", 5, 30))
    assert "grobble" in with_a_new_tag().tags
    assert "grobble" not in with_a_new_tag().card.encoder["weights"]


def test_a_new_tag_is_told_apart_by_what_mails_mean() -> None:
    assert with_a_new_tag().parts.vectors is not None
    unlike = [example.document for example in examples() if not example.tags]
    others = [p["grobble"] for p in with_a_new_tag().probabilities(unlike)]
    assert chance(with_a_new_tag(), MAIL, "grobble") > np.quantile(others, 0.99)


def test_a_new_tag_with_few_mails_forwards_hardly_any_other_mail() -> None:
    model = with_a_new_tag()
    quiet = [example for example in examples() if not example.tags]
    given = [decide(p, model.card.thresholds)[0] for p in fair_probabilities(model, quiet)]
    assert sum("grobble" in tags for tags in given) <= 0.01 * len(quiet)


def test_a_model_with_vectors_comes_to_the_same_alone_and_among_others() -> None:
    mails = [Document(text=text.format(n=5), from_role="client") for text in (*STUCK, *FINE)]
    together = with_a_new_tag().probabilities(mails)
    for mail, scores in zip(mails, together, strict=True):
        [alone] = with_a_new_tag().probabilities([mail])
        assert alone["grobble"] == pytest.approx(scores["grobble"], abs=0.1)


def test_learning_own_labels_is_deterministic() -> None:
    again = trained(*firm("blocker", 20, 60))
    assert again.card == with_forty().card


def test_costs_are_in_the_card_and_a_dear_miss_lowers_the_threshold() -> None:
    lax = replace(
        QUICK,
        costs_of={"blocker": Costs(miss=20)},
        budget=Budget(false_forwards=60, false_reviews=40),
    )
    thresholds = trained(settings=lax).card.thresholds
    assert thresholds["blocker"].give < thresholds["upsell"].give == pytest.approx(1 / 3)
    card = small_model().card
    assert card.settings["costs"] == {"miss": 2.0, "false_alarm": 1.0}
    assert 0 < card.metrics["expected"]["forwarded_per_100"] < 30
    assert set(card.metrics["expected"]["recall"]) == set(card.names)


# The pieces


def test_a_fit_starts_from_what_is_known() -> None:
    nothing = sparse.csr_matrix((0, 3))
    empty = np.zeros(0)
    assert offset_logistic.fit(nothing, empty, empty, empty).coef.tolist() == [0, 0, 0]
    features = sparse.csr_matrix(np.eye(4))
    truth = np.array([1, 0, 1, 0])
    agreeing = offset_logistic.fit(features, truth, 20.0 * (2 * truth - 1), np.ones(4))
    assert np.abs(agreeing.coef).max() < 1e-3
    contradicting = offset_logistic.fit(features, truth, 20.0 * (1 - 2 * truth), np.ones(4))
    assert contradicting.coef.tolist() == pytest.approx([1, -1, 1, -1], abs=0.1)


@hypothesis_settings(deadline=None)  # a busy machine proves nothing
@given(st.lists(st.tuples(st.floats(-8, 8), st.booleans()), min_size=2, max_size=40))
def test_an_adjusted_calibration_never_turns_the_order_round(
    drawn: list[tuple[float, bool]],
) -> None:
    scores, truth = (np.array(column, dtype=float) for column in zip(*drawn, strict=True))
    sigmoid = calibration.adjusted(scores, truth)
    assert 0 <= sigmoid.slope < 20
    assert abs(sigmoid.intercept) < 20


def test_starter_mails_that_read_like_own_ones_count_more() -> None:
    starter = sparse.csr_matrix(np.repeat([[1.0, 0, 1], [0, 1, 1]], 50, axis=0))
    mine = sparse.csr_matrix(np.repeat([[1.0, 0, 0]], 30, axis=0))
    weights = likeness.weights(starter, mine)
    assert weights is not None
    assert weights.mean() == pytest.approx(1)
    assert weights[:50].min() > 1.5 * weights[50:].max()
    assert weights.min() > 0
    assert likeness.weights(starter, mine[:5]) is None
