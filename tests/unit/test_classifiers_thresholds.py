"""Thresholds: raising one never adds a tag, and budgets are kept."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.thresholds import (
    Budget,
    Sigmoid,
    Threshold,
    best_expected_f1,
    choose,
    decide,
    expected_recall,
    within_budget,
)

probability = st.floats(0.001, 0.999)
many = st.lists(probability, min_size=1, max_size=120)


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


@given(many, many, st.floats(0, 20), st.floats(0, 30), st.floats(0.1, 1))
def test_chosen_thresholds_keep_both_budgets(
    scores: list[float], untagged: list[float], alerts: float, more: float, recall: float
) -> None:
    budget = Budget(alerts=alerts, reviews=alerts + more, recall=recall)
    chosen = choose(scores, untagged, budget)
    hundredth = len(untagged) / 100
    assert sum(p >= chosen.give for p in untagged) <= alerts * hundredth
    assert sum(p >= chosen.unsure for p in untagged) <= (alerts + more) * hundredth


def test_expected_f1_takes_the_likely_ones() -> None:
    assert best_expected_f1([0.9, 0.8, 0.1, 0.05]) == 0.8
    assert best_expected_f1([]) == 1.0


def test_expected_recall_takes_as_many_as_are_needed() -> None:
    assert expected_recall([0.9, 0.5, 0.5, 0.1], 0.7) == 0.5
    assert expected_recall([], 0.9) == 0.0


@given(st.floats(-1e9, 1e9), st.floats(0.1, 10), st.floats(-10, 10))
def test_a_sigmoid_stays_between_zero_and_one(score: float, slope: float, shift: float) -> None:
    assert 0 < Sigmoid(slope=slope, intercept=shift)(score) < 1


def test_a_band_upside_down_is_refused() -> None:
    with pytest.raises(ValueError, match="unsure <= give"):
        Threshold(give=0.2, unsure=0.3)
