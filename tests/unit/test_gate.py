"""The gate: what stands between a new model and the mail, and what it lets pass."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from classifiers import bootstrap, gate, pinned
from classifiers.api import DataError, Document
from classifiers.dataset import Example, deduplicate, read_examples
from classifiers.gate_report import ALARMS, AP, F1, OWN, STARTER
from classifiers.measures import Interval
from classifiers.model import Model
from classifiers.thresholds import Threshold
from tests.trained import examples, small_model
from triage.resources import resource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from classifiers.gate_report import Figure, Judgement

KEPT = deduplicate(examples())
SHIPPED = resource("data") / "pinned"


def case(text: str, *tags: str, name: str = "") -> Example:
    return Example(
        document=Document(text=text, id=name or text), tags=frozenset(tags), group=name or text
    )


def changed(model: Model, tag: str, *, version: str = "new", shift: float = 0.0) -> Model:
    """The model with its held-out scores of one tag in the opposite order, or shifted."""
    column = model.parts.tags.index(tag)

    def other(scores: Sequence[float]) -> tuple[float, ...]:
        return tuple(
            (score + shift if shift else -score) if at == column else score
            for at, score in enumerate(scores)
        )

    held_out = {digest: other(scores) for digest, scores in model.parts.held_out.items()}
    parts = replace(model.parts, held_out=held_out)
    return Model(parts, replace(model.card, version=version))


def judged(candidate: Model, in_use: Model | None = None, **more: object) -> Judgement:
    return gate.judge(candidate, in_use or small_model("old"), KEPT, **more)  # type: ignore[arg-type]


def test_an_equal_model_passes_and_every_figure_is_unchanged() -> None:
    found = judged(small_model("new"))
    assert found.passed
    assert {figure.difference.change for figure in found.figures} == {0.0}
    assert [figure.difference.interval for figure in found.figures if figure.judged] == [
        Interval(low=0.0, high=0.0)
    ] * 9


def test_one_tag_that_ranks_worse_is_enough_and_is_named() -> None:
    found = judged(changed(small_model(), "blocker"))
    assert not found.passed
    assert re.search(
        r"on starter mails average precision of blocker fell from 0\.\d+ to 0\.\d+ "
        r"\(tolerance 0\.03; more than chance\)",
        "\n".join(found.objections),
    )
    assert not any("upsell" in objection for objection in found.objections)


def test_more_alarms_at_the_same_ranking_are_refused() -> None:
    found = judged(changed(small_model(), "blocker", shift=1.0))
    assert [f.worse for f in found.figures if (f.kind, f.tag) == (AP, "blocker")] == [False]
    assert any(re.match("on starter mails false alarms .* rose", o) for o in found.objections)


def shared_budget(upsell_cut: float) -> Judgement:
    """Three tags get a threshold at which they fit better, one that is stricter."""
    model = small_model("old")
    poor = dict.fromkeys(model.card.thresholds, Threshold(give=0.9, unsure=0.9))
    fine = dict.fromkeys(model.card.thresholds, Threshold(give=0.5, unsure=0.5))
    before = poor | {"upsell": fine["upsell"]}
    after = fine | {"upsell": Threshold(give=upsell_cut, unsure=upsell_cut)}
    return judged(
        Model(model.parts, replace(model.card, version="new", thresholds=after)),
        Model(model.parts, replace(model.card, thresholds=before)),
    )


def f1_of(found: Judgement, tag: str) -> Figure:
    [figure] = [each for each in found.figures if (each.kind, each.tag) == (F1, tag)]
    return figure


def test_a_tag_that_only_gets_less_of_the_noise_that_all_tags_share_holds_nothing_up() -> None:
    mild = f1_of(shared_budget(0.58), "upsell")
    assert 0.05 < mild.loss < 0.15
    assert mild.difference.real
    assert mild.shared
    assert not mild.worse


def test_a_tag_that_is_silenced_is_refused_whatever_the_others_gain() -> None:
    gross = f1_of(shared_budget(0.99), "upsell")
    assert gross.shared
    assert gross.worse


def test_decisions_on_starter_mails_do_not_count_for_a_model_fitted_to_an_inbox() -> None:
    alarms = changed(small_model(), "blocker", shift=1.0)
    assert judged(alarms, fitted=True).passed
    assert not judged(alarms).passed
    assert not judged(alarms, fitted=True, own={e.digest for e in KEPT}).passed
    assert not judged(changed(small_model(), "blocker"), fitted=True).passed  # ranking does


def test_a_tag_that_is_lost_is_refused_and_a_new_one_is_only_told() -> None:
    model = small_model()
    tags = tuple(info for info in model.card.tags if info.name != "blocker")
    without = Model(
        replace(
            model.parts,
            tags=model.parts.tags[:3],
            held_out={digest: scores[:3] for digest, scores in model.parts.held_out.items()},
        ),
        replace(model.card, version="new", tags=tags),
    )
    assert judged(without).objections == ("it no longer knows blocker",)
    back = judged(small_model("new"), Model(without.parts, replace(without.card, version="old")))
    assert (back.passed, back.gained) == (True, ("blocker",))


def test_labels_of_people_and_starter_mails_are_judged_apart() -> None:
    own = {e.digest for e in KEPT[:150]}
    found = judged(small_model("new"), own=own)
    assert [(part.name, part.mails) for part in found.parts] == [
        (OWN, 150),
        (STARTER, len(KEPT) - 150),
    ]
    assert {f.set for f in found.figures if f.kind in {F1, ALARMS}} == {OWN}
    few = judged(small_model("new"), own={e.digest for e in KEPT[:99]})
    assert {f.set for f in few.figures if f.kind in {F1, ALARMS}} == {STARTER}


def test_a_loss_among_a_few_labels_of_people_is_not_hidden_by_many_starter_mails() -> None:
    own = {e.digest for e in KEPT if "blocker" in e.tags} | {e.digest for e in KEPT[:60]}
    column = small_model().parts.tags.index("blocker")
    parts = small_model().parts
    held_out = {
        digest: tuple(-s if digest in own and at == column else s for at, s in enumerate(scores))
        for digest, scores in parts.held_out.items()
    }
    candidate = Model(replace(parts, held_out=held_out), small_model("new").card)
    found = judged(candidate, own=own)
    assert any(f"on {OWN} average precision of blocker fell" in o for o in found.objections)


def test_too_few_mails_of_a_tag_decide_nothing() -> None:
    few = [e for e in KEPT if "blocker" not in e.tags] + [e for e in KEPT if "blocker" in e.tags][
        : gate.MIN_MAILS - 1
    ]
    found = gate.judge(changed(small_model(), "blocker"), small_model("old"), few)
    assert [f.judged for f in found.figures if (f.kind, f.tag) == (AP, "blocker")] == [False]
    assert not any("precision of blocker" in objection for objection in found.objections)


def test_a_mail_whose_thread_one_model_learnt_from_is_left_out() -> None:
    known = KEPT[0]
    mate = replace(known, document=replace(known.document, text="And one more thing: thanks."))
    stranger = replace(mate, group="elsewhere")
    fair = gate.fair_examples([*KEPT, mate, stranger], small_model())
    assert mate not in fair
    assert {known.digest, stranger.digest} <= {e.digest for e in fair}


def test_mails_that_an_encoder_was_tuned_on_are_left_out_and_counted() -> None:
    parts = replace(small_model().parts, flattered=frozenset(e.digest for e in KEPT))
    found = judged(Model(parts, small_model("new").card))
    assert found.objections == ("no labelled mail is left that neither model was trained on",)
    assert [part.left_out for part in found.parts] == [0, len(KEPT)]


def test_labels_that_nothing_else_supports_are_shown_and_decide_nothing() -> None:
    sure = next(e for e in KEPT if e.tags == {"blocker"})
    wrong = replace(sure, tags=frozenset(), place="mail 118")
    parts = small_model().parts
    scores = tuple(20.0 if tag == "blocker" else -20.0 for tag in parts.tags)
    known = Model(
        replace(parts, held_out={**parts.held_out, sure.digest: scores}), small_model().card
    )
    rows = [wrong if e is sure else e for e in KEPT]
    found = gate.judge(known, known, rows, own={e.digest for e in KEPT})
    assert found.passed
    assert ("mail 118", "blocker", False) in {(d.id, d.tag, d.labelled) for d in found.doubts}


class Giver(Model):
    """Gives the tags whose names stand in the mail."""

    def __init__(self, version: str, *deaf_to: str) -> None:
        super().__init__(small_model().parts, replace(small_model().card, version=version))
        self.deaf_to = deaf_to

    def classify(self, documents):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        answers = super().classify(documents)
        return [
            replace(a, tags=tuple(t for t in self.tags if t in d.text and t not in self.deaf_to))
            for a, d in zip(answers, documents, strict=True)
        ]


def test_a_pinned_case_that_breaks_is_refused_and_one_that_was_broken_before_is_listed() -> None:
    cases = [case("a blocker", "blocker"), case("an upsell", "upsell"), case("upsell, no tag")]
    found = judged(Giver("new", "blocker"), Giver("old"), cases=cases)
    assert found.objections == (
        "pinned case a blocker is broken: it must get blocker, and gets none",
    )
    listed = {entry["id"]: (entry["held"], entry["holds"]) for entry in found.to_json()["pinned"]}
    assert listed == {"a blocker": (True, False), "upsell, no tag": (False, False)}
    assert judged(Giver("new"), Giver("old", "blocker"), cases=cases).passed


@pytest.mark.parametrize(
    ("wanted", "given", "does"),
    [
        (["blocker"], ["blocker"], True),
        (["blocker"], ["blocker", "upsell"], True),
        (["blocker", "upsell"], ["blocker"], False),
        ([], [], True),
        ([], ["upsell"], False),
    ],
)
def test_a_case_holds_when_its_tags_are_given_and_without_tags_when_none_is(
    wanted: list[str], given: list[str], *, does: bool
) -> None:
    assert pinned.holds(wanted, given) is does


def test_the_report_says_everything_as_json_and_no_word_of_a_mail() -> None:
    secret = case("Zanzibar is stuck", "blocker", name="mail-7")
    found = judged(changed(small_model(), "blocker"), cases=[secret])
    record = json.loads(json.dumps(found.to_json()))
    assert record["passed"] is False
    assert record["objections"] == list(found.objections)
    assert {"before", "after", "change_interval", "worse"} <= record["figures"][0].keys()
    assert "Zanzibar" not in json.dumps(record)


def test_a_paired_bootstrap_sees_a_small_steady_gain_that_single_intervals_would_hide() -> None:
    rng = np.random.default_rng(3)
    truths = [frozenset({"t"}) if rng.random() < 0.3 else frozenset() for _ in range(400)]
    scores = [float(rng.normal() + (1.0 if truth else 0.0)) for truth in truths]
    better = [s + (0.3 if t else 0.0) for s, t in zip(scores, truths, strict=True)]
    old, new = ([{"t": s} for s in some] for some in (scores, better))
    groups = [str(n) for n in range(400)]
    pairs = {
        "gain": tuple(bootstrap.average_precision_of("t", truths, p) for p in (old, new)),
        "none": tuple(bootstrap.average_precision_of("t", truths, p) for p in (old, old)),
    }
    found = bootstrap.differences(groups, pairs)  # type: ignore[arg-type]
    assert found["gain"].real
    assert found["gain"].change > 0.05
    assert not found["none"].real
    one = bootstrap.differences(["same"] * 400, pairs)  # type: ignore[arg-type]
    assert one["gain"].interval is not None
    assert one["gain"].interval.low == one["gain"].interval.high  # one thread: nothing to draw


def test_f1_and_alarms_count_what_the_thresholds_give() -> None:
    truths = [frozenset({"t"}), frozenset({"t"}), frozenset(), frozenset()]
    scores = [{"t": 0.9}, {"t": 0.2}, {"t": 0.8}, {"t": 0.1}]
    cut = Threshold(give=0.5, unsure=0.1)
    whole = np.ones((1, 4))
    assert bootstrap.f1_of("t", truths, scores, cut)(whole).tolist() == [0.5]
    assert bootstrap.false_alarms_of(truths, scores, {"t": cut})(whole).tolist() == [50.0]
    assert np.isnan(bootstrap.false_alarms_of(truths[:2], scores[:2], {"t": cut})(whole[:, :2]))


def test_there_are_ten_pinned_mails_a_tag_and_twenty_ordinary_ones() -> None:
    cases = read_examples([SHIPPED])
    assert sorted(sum(tag in c.tags for c in cases) for tag in small_model().tags) == [10] * 4
    assert sum(not c.tags for c in cases) == 20


def test_no_pinned_mail_is_trained_on() -> None:
    def words(example: Example) -> str:
        return " ".join(re.findall(r"\w+", example.document.text.lower()))

    learned = {words(example) for example in read_examples([resource("data") / "starter"])}
    assert [c.document.id for c in read_examples([SHIPPED]) if words(c) in learned] == []


def test_own_cases_are_added_replaced_and_taken_out_again(tmp_path: Path) -> None:
    own = tmp_path / "models" / pinned.FILE
    assert pinned.add(own, [case("one", "blocker"), case("two")]) == 2
    assert pinned.add(own, [case("one", "upsell")]) == 0
    found = {c.document.id: c.tags for c in read_examples([own])}
    assert found == {"one": {"upsell"}, "two": frozenset()}
    assert own.stat().st_mode & 0o777 == 0o600
    with pytest.raises(DataError, match="another case named one"):
        pinned.add(own, [case("other words", name="one")])
    assert pinned.remove(own, ["two", "three"]) == ["two"]
    assert [c.document.id for c in pinned.read_pinned(SHIPPED, own)][-1] == "one"
    assert pinned.remove(own, ["one"]) == ["one"]
    assert len(pinned.read_pinned(SHIPPED, own)) == 60


def test_a_broken_row_among_own_cases_is_told_with_its_place(tmp_path: Path) -> None:
    own = tmp_path / pinned.FILE
    own.write_text('{"body": "x", "tags": []}\n{"body": 3}\nnothing\n')
    with pytest.raises(DataError, match=r"pinned\.jsonl:2: body must be text"):
        pinned.read_pinned(SHIPPED, own)
    with pytest.raises(DataError, match=r"pinned\.jsonl:3: is not JSON"):
        pinned.add(own, [case("one")])
    assert own.read_text().count("\n") == 3
