"""The figures: checked against counting by hand and against scikit-learn, fair to every judge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from classifiers import baselines, judgement, measures, mistakes
from classifiers.api import Document
from classifiers.dataset import Example
from classifiers.evaluation import evaluate
from classifiers.tags import TagInfo
from classifiers.thresholds import Threshold
from tests.trained import examples, small_model

NONE: frozenset[str] = frozenset()
A, B = frozenset({"a"}), frozenset({"b"})
HALF = Threshold(give=0.5, unsure=0.25)


def labelled(text: str, *tags: str, group: str = "") -> Example:
    return Example(document=Document(text=text, id=text), tags=frozenset(tags), group=group or text)


def test_figures_are_what_counting_by_hand_gives() -> None:
    scores = [{"a": p} for p in (0.9, 0.3, 0.8, 0.1, 0.2)]
    report = evaluate([A, A, NONE, NONE, B], scores, {"a": HALF})
    tag = report.tags["a"]
    assert (tag.precision, tag.recall, tag.f1, tag.caught) == (0.5, 0.5, 0.5, 1.0)
    assert tag.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert (report.untagged, report.false_alarms_per_100_untagged) == (2, 50)
    assert report.unsure_per_100_untagged == 0
    assert tag.brier == pytest.approx((0.01 + 0.49 + 0.64 + 0.01 + 0.04) / 5)
    assert report.forwarded_per_100 == 40
    assert report.recall_of_tagged == pytest.approx(1 / 3)


def test_a_budget_counts_mails_not_tags_and_never_more_than_it_allows() -> None:
    """Of 20 untagged mails 5 in 100 are one: what ranks above the second is forwarded."""
    quiet = [{"a": 0.1, "b": 0.9}, {"a": 0.7, "b": 0.6}, *[{"a": 0.0, "b": 0.0}] * 18]
    tagged = [{"a": 0.8, "b": 0.0}, {"a": 0.0, "b": 0.75}, {"a": 0.65, "b": 0.0}]
    never = Threshold(give=1, unsure=1)
    report = evaluate([NONE] * 20 + [A, A, B], quiet + tagged, {"a": never, "b": never})
    assert report.recall_at_false_forwards == {
        "5": pytest.approx(2 / 3),
        "10": 1,
        "15": 1,
    }
    assert report.tags["a"].forwarded_at_false_forwards["5"] == 1
    assert report.tags["b"].forwarded_at_false_forwards["5"] == 0
    assert report.recall_of_tagged == 0
    assert report.recall_at_forwarded == {"15": pytest.approx(2 / 3)}
    assert report.possible_at_forwarded == {"15": 1}


def test_where_most_mail_is_tagged_a_budget_says_what_is_possible_at_all() -> None:
    report = evaluate([A] * 15 + [NONE] * 5, [{"a": 0.9}] * 15 + [{"a": 0.1}] * 5, {"a": HALF})
    assert report.possible_at_forwarded == {"15": pytest.approx(3 / 15)}


def test_no_mail_at_all_gives_no_figures_and_no_error() -> None:
    report = evaluate([], [], {"a": HALF})
    assert (report.mean_average_precision, report.recall_of_tagged) == (None, None)
    assert report.recall_at_false_forwards["5"] is None


few_scores = st.sampled_from([0.0, 0.1, 0.1, 0.5, 0.9, 1.0])


@given(st.lists(st.tuples(st.booleans(), few_scores), min_size=1, max_size=30))
def test_average_precision_is_scikit_learns_also_with_equal_scores(
    rows: list[tuple[bool, float]],
) -> None:
    truth, scores = np.array([t for t, _ in rows]), np.array([s for _, s in rows])
    found = measures.average_precision(truth, scores)
    assert (found is None) == (not truth.any())
    if found is not None:
        assert found == pytest.approx(average_precision_score(truth, scores))


@given(st.lists(st.tuples(st.booleans(), few_scores, st.integers(0, 3)), min_size=1, max_size=30))
def test_a_mail_drawn_twice_counts_twice(rows: list[tuple[bool, float, int]]) -> None:
    truth, scores, weight = (np.array(column) for column in zip(*rows, strict=True))
    [found] = measures.average_precisions(truth, scores, weight[None, :].astype(float))
    again = np.repeat(truth, weight), np.repeat(scores, weight)
    if again[0].any():
        assert found == pytest.approx(average_precision_score(*again))
    else:
        assert np.isnan(found)


def test_resampling_draws_whole_groups_and_is_the_same_every_time() -> None:
    [drawn] = measures.drawn_again(["x", "y", "x", "z"], resamples=50)
    [again] = measures.drawn_again(["x", "y", "x", "z"], resamples=50)
    assert (drawn == again).all()
    assert (drawn[:, 0] == drawn[:, 2]).all()
    assert (drawn[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_an_interval_holds_the_figure_and_few_positives_widen_it() -> None:
    rng = np.random.default_rng(1)

    def width(copies: int) -> float:
        truth = np.array([True, False, False, True, False] * copies)
        scores = truth * 0.3 + rng.random(len(truth))
        drawn = measures.drawn_again([str(i) for i in range(len(truth))])
        values = np.concatenate([measures.average_precisions(truth, scores, w) for w in drawn])
        found = measures.interval(values)
        assert found is not None
        assert found.low < (measures.average_precision(truth, scores) or 0) < found.high
        return found.high - found.low

    assert width(40) < width(4)


def test_calibration_bins_hold_equally_many_mails_and_never_split_equal_scores() -> None:
    scores = np.linspace(0, 1, 100) ** 4
    truth = scores > 0.5
    bins = measures.calibration_bins(truth, scores)
    assert [each.mails for each in bins] == [10] * 10
    [one] = measures.calibration_bins(truth, np.full(100, 0.2))
    assert (one.mails, one.observed) == (100, truth.mean())
    assert one.predicted == pytest.approx(0.2)
    assert measures.calibration_error([one]) == pytest.approx(0.2 - truth.mean())


def test_the_calibration_error_is_the_mean_gap_weighted_by_mails() -> None:
    truth = np.array([True] * 3 + [False] * 7)
    scores = np.array([0.8] * 3 + [0.1] * 7)
    assert measures.calibration_error(
        measures.calibration_bins(truth, scores, bins=2)
    ) == pytest.approx((3 * 0.2 + 7 * 0.1) / 10)
    assert measures.calibration_error(measures.calibration_bins(truth[:0], scores[:0])) == 0


@given(st.lists(st.tuples(st.booleans(), few_scores), min_size=1, max_size=30))
def test_a_curve_ends_with_everything_found_at_the_base_rate(
    rows: list[tuple[bool, float]],
) -> None:
    truth, scores = np.array([t for t, _ in rows]), np.array([s for _, s in rows])
    points = measures.precision_recall(truth, scores)
    if not truth.any():
        assert points == ()
        return
    assert [p.recall for p in points] == sorted(p.recall for p in points)
    assert points[-1].recall == 1
    assert points[-1].precision == pytest.approx(truth.mean())
    assert measures.precision_at(points, 0) == max(p.precision for p in points)


def test_wilson_intervals_are_those_of_the_books() -> None:
    found = measures.wilson(8, 10)
    assert found.low == pytest.approx(0.490, abs=1e-3)
    assert found.high == pytest.approx(0.943, abs=1e-3)
    assert measures.wilson(0, 0) == measures.Interval(low=0.0, high=1.0)


def test_the_simple_baselines_are_what_they_say() -> None:
    documents = [Document(text="It is LATE"), Document(text="hello")]
    late = frozenset({"late"})
    never = judgement.report_of([late, NONE], baselines.majority(2, ["late"]))
    filtered = judgement.report_of(
        [late, NONE], baselines.keywords(documents, [TagInfo(name="late", keywords=("late",))])
    )
    assert (never.tags["late"].recall, filtered.tags["late"].f1) == (0, 1)


def test_words_alone_learn_what_words_tell() -> None:
    judged = [
        labelled("The password fails and we are stuck.", "blocker"),
        labelled("Lunch at one?"),
    ]
    found = baselines.words(judged, examples(), ["blocker", "praise"])
    stuck, lunch = found.probabilities
    assert stuck["blocker"] > 0.5 > lunch["blocker"]
    assert (stuck["praise"], found.thresholds["praise"].give) == (0, 1)


def test_words_alone_never_learn_from_a_mail_they_are_judged_on_nor_from_its_group() -> None:
    """A made-up word that only one group carries would give it away."""
    texts = [example.document.text for example in examples() if not example.tags][:20]
    group = [labelled(f"zebrazebra! {text}", "blocker", group="z") for text in texts]
    learned = [*examples(), *group]
    stranger = labelled("Zebrazebra.")
    [told] = baselines.words([stranger], learned, ["blocker"]).probabilities
    [own] = baselines.words(group[:1], learned, ["blocker"]).probabilities
    assert told["blocker"] > 0.9
    [without] = baselines.words(group[:1], examples(), ["blocker"]).probabilities
    assert own["blocker"] == pytest.approx(without["blocker"], abs=0.05)


def test_a_judgement_prints_the_model_beside_what_it_has_to_beat() -> None:
    some = examples()[:60]
    found = judgement.judge(small_model(), some, examples())
    record = found.to_json()
    assert list(record["baselines"]) == ["majority", "keywords", "words"]
    for tag, report in found.report.tags.items():
        low, high = record["tags"][tag]["average_precision_interval"]
        assert low <= (report.average_precision or 0) <= high
    low, high = record["baselines"]["majority"]["model_is_better_by"]
    assert 0 < low < high


def test_without_a_single_tagged_mail_a_judgement_has_gaps_not_errors() -> None:
    record = judgement.judge(small_model(), [labelled("Hello.")], examples()).to_json()
    assert record["mean_average_precision"] is None
    assert record["mean_average_precision_interval"] is None
    assert record["tags"]["blocker"]["average_precision_interval"] is None


def test_the_worst_mistakes_come_first_with_the_sentences_behind_them() -> None:
    rows = [
        labelled("We are stuck without the password. Nobody can work. Please help."),
        labelled("See you on Monday. It was nice to meet you.", "blocker"),
        labelled("Could you send a quote for ten more seats? We have budget.", "blocker"),
        labelled("The site is down, we cannot work.", "blocker"),
    ]
    model = small_model()
    found = mistakes.worst(judgement.judge(model, rows, examples()), model.explain)["blocker"]
    assert found.all_false_alarms == len(found.false_alarms) == 1
    [alarm] = found.false_alarms
    assert alarm.document.text == rows[0].document.text
    assert (alarm.carries, alarm.given) == ((), ("blocker",))
    assert {e.sentence for e in alarm.sentences} <= {
        "We are stuck without the password.",
        "Nobody can work.",
        "Please help.",
    }
    assert alarm.sentences
    assert [m.probability for m in found.misses] == sorted(m.probability for m in found.misses)
    assert {m.document.text for m in found.misses} == {r.document.text for r in rows[1:3]}
    assert all(m.sentences and m.carries == ("blocker",) for m in found.misses)


def test_no_more_mistakes_are_told_than_asked_for_but_all_are_counted() -> None:
    rows = [labelled(f"Lunch number {n}?", "upsell") for n in range(5)]
    model = small_model()
    found = mistakes.worst(judgement.judge(model, rows, examples()), model.explain, most=2)
    assert (len(found["upsell"].misses), found["upsell"].all_misses) == (2, 5)


def test_the_surest_false_alarms_and_the_likeliest_misses_come_first() -> None:
    rows = [
        labelled("Lunch?"),
        labelled("Dinner?"),
        labelled("Tea?", "a"),
        labelled("Coffee?", "a"),
    ]
    chances = [{"a": 0.6}, {"a": 0.9}, {"a": 0.4}, {"a": 0.2}]
    model = small_model()
    judged = judgement.judge(model, rows, examples())
    opinion = baselines.Opinion(probabilities=chances, thresholds={"a": HALF})
    found = mistakes.worst(
        replace(judged, tags=("a",), model=opinion), lambda docs, _: [[]] * len(docs)
    )
    assert [m.probability for m in found["a"].false_alarms] == [0.9, 0.6]
    assert [(m.probability, m.unsure) for m in found["a"].misses] == [(0.2, False), (0.4, True)]
