"""Training and judging: deterministic, honest about what was held out, complete in its card."""

from __future__ import annotations

from dataclasses import replace

import pytest

from classifiers.api import DataError, Document
from classifiers.comparison import fair_probabilities
from classifiers.dataset import Example
from classifiers.evidence import best_sentences
from classifiers.sentence_labels import sentences_of
from classifiers.tags import TagInfo, read_tag_infos
from classifiers.training import tags_to_learn, train
from tests.trained import NOW, QUICK, SLICE, examples, small_model

TEXTS = [Document(text=t) for t in ("We are stuck.", "Send a quote please.", "Thanks!", "")]


def labelled(text: str, *tags: str, evidence: dict[str, tuple[str, ...]] | None = None) -> Example:
    return Example(
        document=Document(text=text, id=text), tags=frozenset(tags), group=text, evidence=evidence
    )


def test_the_same_data_gives_the_same_model() -> None:
    again = train(examples(), read_tag_infos([SLICE]), version="small", now=NOW, settings=QUICK)
    assert again.card == small_model().card
    assert again.classify(TEXTS) == small_model().classify(TEXTS)


def test_the_card_says_what_went_in_and_what_came_out() -> None:
    card = small_model().card
    assert card.names == ("upsell", "dissatisfaction", "scope_mismatch", "blocker")
    assert all(info.means and info.not_when and info.keywords for info in card.tags)
    assert card.data["read"] == len(examples())
    assert card.data["positives"]["blocker"] == sum("blocker" in e.tags for e in examples())
    assert set(card.metrics["held_out"]["tags"]) == set(card.names)
    assert card.metrics["evidence"]["cases"] > 0


def test_a_verdict_has_every_score_and_evidence_for_what_it_names_only() -> None:
    verdicts = small_model().classify([e.document for e in examples()[:60]])
    for verdict, example in zip(verdicts, examples(), strict=False):
        assert verdict.id == example.document.id
        assert tuple(verdict.scores) == small_model().tags
        named = {*verdict.tags, *verdict.unsure_tags}
        assert {e.tag for e in verdict.evidence} == named
        assert verdict.unsure == bool(verdict.unsure_tags)
        whole = (example.document.text, example.document.subject)
        assert all(any(e.sentence in text for text in whole) for e in verdict.evidence)
    assert any(verdict.tags for verdict in verdicts)
    assert small_model().classify([]) == []


def test_a_mail_is_judged_the_same_alone_and_among_others() -> None:
    together = small_model().classify(TEXTS * 80)
    assert together[: len(TEXTS)] == [small_model().classify([text])[0] for text in TEXTS]


def test_a_tag_with_too_few_mails_is_refused_with_its_place() -> None:
    rows = [labelled(f"mail {n}", "blocker") for n in range(40)]
    typo = replace(labelled("x", "bloker"), place="rows.jsonl:41")
    with pytest.raises(DataError, match=r"'bloker' has 1 mail, 7 more.*rows.jsonl:41.*spelling"):
        tags_to_learn([*rows, typo], {}, QUICK)
    with pytest.raises(DataError, match="of one thread"):
        tags_to_learn([replace(row, group="one") for row in rows], {}, QUICK)
    with pytest.raises(DataError, match="no mail has a tag"):
        tags_to_learn([labelled("x")], {}, QUICK)


def test_a_new_tag_needs_rows_only() -> None:
    rows = [
        replace(e, tags=e.tags | {"churn"}) if "dissatisfaction" in e.tags else e
        for e in examples()
    ]
    infos = {"blocker": TagInfo(name="blocker", means="Stuck.")}
    model = train(rows, infos, version="v", now=NOW, settings=QUICK)
    assert model.tags == ("blocker", "churn", "dissatisfaction", "scope_mismatch", "upsell")
    assert set(model.classify(TEXTS)[0].scores) == set(model.tags)


def test_sentences_are_labelled_by_what_a_person_marked() -> None:
    rows = [
        labelled("Hello there. It is down.", "blocker", evidence={"blocker": ("It is down.",)}),
        labelled("One thing. Another.", "blocker"),
        labelled("Just this.", "upsell"),
    ]
    found = sentences_of(rows, ("blocker", "upsell"))
    assert [d.text for d in found.documents] == [
        "Hello there.",
        "It is down.",
        "One thing.",
        "Another.",
        "Just this.",
    ]
    assert found.truth[:, 0].tolist() == [0, 1, 0, 0, 0]
    assert found.weight[:, 0].tolist() == [1, 1, 0, 0, 1]
    assert found.truth[:, 1].tolist() == [0, 0, 0, 0, 1]


def test_evidence_is_the_best_sentences_once_each() -> None:
    found = best_sentences("t", ["a", "b", "b", "c", "d"], [0.1, 0.8, 0.8, 0.5, 0.41])
    assert [(e.sentence, e.score) for e in found] == [("b", 0.8), ("c", 0.5), ("d", 0.41)]
    assert best_sentences("t", [], []) == []


def test_a_model_never_gains_by_having_seen_a_mail() -> None:
    known = examples()[:20]
    held_out = fair_probabilities(small_model(), known)
    fitted = small_model().probabilities([e.document for e in known])
    assert held_out != fitted
    assert [list(p) for p in held_out] == [list(p) for p in fitted]
