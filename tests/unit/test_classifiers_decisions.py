"""Inside a training: what is chosen rests on held-out scores, and runs in use as it was learned."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from classifiers import decisions, general, local, training
from classifiers.api import Document
from classifiers.calibration import AS_IT_IS
from classifiers.dataset import Example
from classifiers.encoder import Encoder, pins_of
from classifiers.local import Scored, _View
from classifiers.material import Material, prepare
from classifiers.offset_logistic import Fitted
from classifiers.opinion import Opinion
from classifiers.thresholds import decide
from tests.trained import QUICK, examples
from triage.resources import resource

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def nonsense(count: int, tag: str) -> list[Example]:
    """Own mails of random words, every other one tagged: there is nothing to be learned."""
    draw = random.Random(3)
    texts = [" ".join("".join(draw.choices(LETTERS, k=7)) for _ in range(12)) for _ in range(count)]
    return [
        Example(
            document=Document(text=text, id=f"own {n}"),
            tags=frozenset([tag] if n % 2 else []),
            group=f"own {n}",
            local=True,
        )
        for n, text in enumerate(texts)
    ]


def material_of(own: list[Example]) -> Material:
    return prepare([*examples(), *own], {}, QUICK, None, lambda _: None)


@pytest.fixture(scope="module")
def material() -> Material:
    return material_of(nonsense(120, "blocker"))


@pytest.fixture(scope="module")
def scored(material: Material) -> Scored:
    linear = general.learn(material, QUICK, say=lambda _: None)
    return local.adapt(material, linear, QUICK)


def as_they_are(scored: Scored) -> Scored:
    """The same scores taken for log-odds, as a calibration on nonsense flattens them."""
    return replace(scored, calibration=dict.fromkeys(scored.calibration, AS_IT_IS))


@pytest.mark.parametrize("tag", ["blocker", "brandnew"])
def test_labels_that_cannot_be_learned_get_held_out_scores_that_say_so(tag: str) -> None:
    material = material_of(nonsense(120, tag))
    column, own = material.tags.index(tag), material.local
    scored = local.adapt(material, general.learn(material, QUICK, say=lambda _: None), QUICK)
    truth = material.truth[own, column]
    fitted = material.features[own] @ scored.linear.coef[column]
    assert average_precision_score(truth, fitted) > 0.95
    assert average_precision_score(truth, scored.linear.scores[own, column]) < 0.7
    [one] = {round(p, 1) for p in decisions.probabilities(scored, material.tags, own)[tag][:1]}
    assert 0.2 < one < 0.8


def test_thresholds_keep_own_untagged_mail_within_the_budget(
    material: Material, scored: Scored
) -> None:
    """The scores of the firm's mail are set high, as if all of it looked like a blocker."""
    column = material.tags.index("blocker")
    scores = scored.linear.scores.copy()
    scores[material.local, column] = np.linspace(2, 6, int(material.local.sum()))
    noisy = as_they_are(replace(scored, linear=replace(scored.linear, scores=scores)))
    found = decisions.thresholds(material, noisy, QUICK)
    quiet = material.local & material.untagged
    chances = decisions.probabilities(noisy, material.tags, quiet)
    rows = [dict(zip(chances, row, strict=True)) for row in zip(*chances.values(), strict=True)]
    given = sum(bool(decide(row, found)[0]) for row in rows)
    assert given <= QUICK.budget.false_forwards / 100 * len(rows)


def test_a_role_that_is_noisier_than_the_others_keeps_the_budget_too(
    material: Material, scored: Scored
) -> None:
    quiet = np.flatnonzero(material.untagged & ~material.local)
    assert len(quiet) == 200
    roles = dict.fromkeys(quiet[:100], "staff")
    mails = [
        replace(each, document=replace(each.document, from_role=roles.get(n, "client")))
        for n, each in enumerate(material.examples)
    ]
    scores = np.full(scored.linear.scores.shape, -4.0)
    scores[quiet[:5], 0] = scores[quiet[5:10], 1] = 3.0  # 10 of 100 from staff, 5 of all
    linear = replace(scored.linear, scores=scores)
    loud = as_they_are(replace(scored, linear=linear, own=frozenset()))
    starter = replace(material, examples=mails, local=np.zeros(len(mails), dtype=bool))
    found = decisions.thresholds(starter, loud, QUICK)
    assert max(threshold.give for threshold in found.values()) > 1 / (1 + np.exp(-3))


def test_a_labelled_mail_in_the_inbox_counts_by_its_held_out_score(
    material: Material, scored: Scored
) -> None:
    own = [example.document for example in material.where(material.local)]
    unknown = Document(text="Something else entirely, about ferries.")
    mails = [*own, unknown]
    plain = as_they_are(scored)
    found = training._inbox(material, plain, mails)
    held_out = decisions.probabilities(plain, material.tags, material.local)
    assert {tag: chances[:-1] for tag, chances in found.items()} == held_out


def test_what_was_learned_on_centred_and_scaled_features_is_used_on_plain_ones(
    material: Material,
) -> None:
    draw = np.random.default_rng(1)
    count, width = material.features.shape
    vectors = draw.normal(size=(count, 6))
    shipped = resource("models") / "encoder"
    whole = replace(
        material,
        encoder=Encoder(shipped, pins_of(shipped)),
        opinion=Opinion(logits=np.zeros(material.truth.shape), vectors=vectors),
    )
    view = _View.of(whole, 10.0, 2.0)
    fitted = Fitted(coef=draw.normal(size=width + 6), intercept=0.3)
    plain = whole.features @ view.words(fitted) + vectors @ view.vectors(fitted)
    assert plain + view.intercept(fitted) == pytest.approx(fitted(view.matrix), rel=1e-4, abs=1e-3)
