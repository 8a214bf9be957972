"""Thresholds: raising one never adds a tag, budgets are kept, costs say what is enough."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.thresholds import (
    NEVER,
    Budget,
    Costs,
    Pool,
    Sigmoid,
    Threshold,
    choose,
    decide,
    expected_recall,
    within_budget,
)

probability = st.floats(0.001, 0.999)
many = st.lists(probability, min_size=1, max_size=120)
extreme = st.one_of(probability, st.sampled_from([9.4e-14, 1e-9, 1 - 1e-9, 1 - 1e-12, 1 - 9.4e-14]))
pairs = st.lists(st.tuples(extreme, extreme), min_size=1, max_size=120)
costs = st.builds(Costs, miss=st.floats(0.1, 20), false_alarm=st.floats(0.1, 20))


@given(many, st.tuples(probability, probability), st.floats(0, 0.9))
def test_raising_a_threshold_never_adds_a_tag(
    scores: list[float], pair: tuple[float, float], unsure_share: float
) -> None:
    low, high = sorted(pair)
    probabilities = {f"t{n}": p for n, p in enumerate(scores)}
    lax, strict = (
        dict.fromkeys(probabilities, Threshold(give=give, unsure=low * unsure_share))
        for give in (low, high)
    )
    assert set(decide(probabilities, strict)[0]) <= set(decide(probabilities, lax)[0])
    given_, unsure = decide(probabilities, strict)
    assert not set(given_) & set(unsure)


@given(many, st.floats(0, 100))
def test_a_budget_is_kept_and_used(untagged: list[float], per_hundred: float) -> None:
    threshold = within_budget(untagged, per_hundred)
    assert sum(p >= threshold for p in untagged) <= len(untagged) * per_hundred / 100
    if threshold > 0:
        lower = math.nextafter(threshold, 0)
        assert sum(p >= lower for p in untagged) > len(untagged) * per_hundred / 100 - 1


@given(
    st.tuples(pairs, pairs),
    st.tuples(costs, costs),
    st.tuples(st.floats(0, 20), st.floats(0, 30)),
    st.floats(0.1, 1),
)
def test_both_budgets_hold_for_all_tags_together_in_every_pool(
    parts: tuple[list[tuple[float, float]], list[tuple[float, float]]],
    costs_of_both: tuple[Costs, Costs],
    budgets: tuple[float, float],
    recall: float,
) -> None:
    forwards, reviews = budgets
    pools = [
        Pool(
            probabilities={"a": [p for p, _ in rows], "b": [p for _, p in rows]},
            forwards=forwards,
            reviews=reviews,
        )
        for rows in parts
    ]
    costs_of = dict(zip("ab", costs_of_both, strict=True))
    chosen = choose(pools[0].probabilities, pools, costs_of, recall=recall)
    for rows in parts:
        decided = [decide({"a": a, "b": b}, chosen) for a, b in rows]
        hundredth = len(rows) / 100
        assert sum(bool(given) for given, _ in decided) <= forwards * hundredth
        assert sum(bool(given or unsure) for given, unsure in decided) <= (
            (forwards + reviews) * hundredth
        )
    for tag, cost in costs_of.items():
        assert chosen[tag].give >= cost.break_even


def test_a_dear_miss_lowers_the_threshold_of_its_tag_alone() -> None:
    scores = [n / 200 for n in range(1, 200)]
    quiet = Pool(probabilities={"a": [0.05] * 100, "b": [0.05] * 100}, forwards=5, reviews=5)
    usual = {"a": Costs(), "b": Costs()}
    dear = {**usual, "a": Costs(miss=9)}
    before, after = (
        choose({"a": scores, "b": scores}, [quiet], c, recall=0.9) for c in (usual, dear)
    )
    assert after["a"].give == pytest.approx(0.1, abs=1e-6)
    assert after["b"].give == before["b"].give == pytest.approx(1 / 3)


def test_a_tag_that_is_hard_to_tell_does_not_silence_the_others() -> None:
    noisy = Pool(
        probabilities={"clear": [0.01] * 100, "noisy": [0.99] * 50 + [0.01] * 50},
        forwards=4,
        reviews=0,
    )
    costs_of = {"clear": Costs(), "noisy": Costs()}
    chosen = choose(noisy.probabilities, [noisy], costs_of, recall=0.9)
    assert chosen["noisy"].give > 0.99
    assert chosen["clear"].give < 0.4


def test_without_any_mail_to_measure_noise_on_only_costs_count() -> None:
    chosen = choose({"a": [0.9, 0.1]}, [], {"a": Costs(miss=1)}, recall=0.5)
    assert chosen["a"].give == pytest.approx(0.5)


def test_expected_recall_takes_as_many_as_are_needed() -> None:
    assert expected_recall([0.9, 0.5, 0.5, 0.1], 0.7) == 0.5
    assert expected_recall([], 0.9) == 0.0


@given(st.floats(-1e9, 1e9), st.floats(0.1, 10), st.floats(-10, 10))
def test_a_sigmoid_stays_between_zero_and_one(score: float, slope: float, shift: float) -> None:
    assert 0 < Sigmoid(slope=slope, intercept=shift)(score) < NEVER


def test_a_band_upside_down_is_refused() -> None:
    with pytest.raises(ValueError, match="unsure <= give"):
        Threshold(give=0.2, unsure=0.3)


def test_costs_and_shares_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Costs(miss=0)
    with pytest.raises(ValueError, match="mails of a hundred"):
        Budget(forwards=120)


def test_a_tag_may_be_louder_than_its_part_in_few_mails_by_what_chance_does_never_by_more() -> None:
    few, many = (
        Pool(probabilities={"a": [0.5] * mails}, forwards=8, reviews=8, slack=1.0)
        for mails in (100, 10_000)
    )
    assert few.bearable(1 / 2) == pytest.approx(4 + 100 * (0.04 * 0.96 / 100) ** 0.5)
    assert many.bearable(1 / 2) == pytest.approx(4, abs=0.2)
    assert Pool(probabilities={"a": [0.5] * 9}, forwards=8, reviews=8, slack=3).bearable(1 / 2) == 8
    assert Pool(probabilities={"a": [0.5] * 100}, forwards=8, reviews=8).bearable(1 / 2) == 4


def test_few_loud_mails_do_not_silence_a_tag() -> None:
    scores = [*[0.9] * 5, *[0.6] * 40, *[0.05] * 55]
    untagged = [*[0.9] * 5, *[0.05] * 95]
    strict, lax = (
        choose(
            {"a": scores},
            [Pool(probabilities={"a": untagged}, forwards=8, reviews=8, slack=slack)],
            {"a": Costs()},
            recall=0.9,
        )["a"].give
        for slack in (0.0, 1.0)
    )
    assert strict > 0.9
    assert lax < 0.6
