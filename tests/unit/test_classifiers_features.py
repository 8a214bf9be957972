"""Feature transformers and sentences: the same short check list for each of them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from classifiers import features
from classifiers.api import Document
from classifiers.model import feature_matrix, unfitted_features
from classifiers.sentences import MAX_SENTENCE_CHARS, split_sentences

DOCUMENTS = [
    Document(text="We cannot log in. The team is STUCK!", subject="help", from_role="client"),
    Document(text="Could you send a quote for the second site?", from_role="client"),
    Document(text="Could you send the minutes of the second call?", from_role="staff"),
    Document(text=""),
]
EACH = [
    features.WordGrams(min_df=1),
    features.CharGrams(min_df=1),
    features.Role(),
    features.Surface(),
    features.Cues(),
    unfitted_features(),
]
NAMES = [type(one).__name__ for one in EACH]


@pytest.mark.parametrize("feature", EACH, ids=NAMES)
def test_one_row_a_document_finite_and_of_fixed_width(feature: features.Fixed) -> None:
    fitted = clone(feature).fit(DOCUMENTS)
    rows = fitted.transform(DOCUMENTS)
    assert rows.shape[0] == len(DOCUMENTS)
    assert np.isfinite(rows.toarray()).all()
    assert fitted.transform([]).shape == (0, rows.shape[1])
    assert fitted.transform([Document(text="\U0001f600 \x00 word " * 9)]).shape == (
        1,
        rows.shape[1],
    )


@pytest.mark.parametrize("feature", EACH, ids=NAMES)
def test_a_clone_is_unfitted_and_a_pickle_is_not(feature: features.Fixed) -> None:
    fitted = clone(feature).fit(DOCUMENTS)
    again = pickle.loads(pickle.dumps(fitted))
    assert (again.transform(DOCUMENTS) != fitted.transform(DOCUMENTS)).nnz == 0
    assert not any(name.endswith("_") for name in vars(clone(fitted)) if name[0] != "_")


@pytest.mark.parametrize("feature", EACH, ids=NAMES)
def test_learning_and_transforming_at_once_is_the_same(feature: features.Fixed) -> None:
    documents = DOCUMENTS * 3
    once, fitted = clone(feature), clone(feature).fit(documents)
    assert (once.fit_transform(documents) != fitted.transform(documents)).nnz == 0
    assert (once.transform(documents[:2]) != fitted.transform(documents[:2])).nnz == 0


def test_a_document_does_not_change_by_its_neighbours() -> None:
    fitted = unfitted_features().fit(DOCUMENTS)
    alone = fitted.transform(DOCUMENTS[:1]).toarray()
    assert np.array_equal(alone, fitted.transform(DOCUMENTS).toarray()[:1])


def test_the_quick_way_to_all_features_gives_the_same_numbers() -> None:
    fitted = unfitted_features().fit(DOCUMENTS)
    assert (feature_matrix(fitted, DOCUMENTS) != fitted.transform(DOCUMENTS)).nnz == 0


def test_cues_and_capitals_are_noticed() -> None:
    row = features.Cues().fit(DOCUMENTS).row(Document(text="I am disappointed"))
    assert row[list(features.CUES).index("displeasure")] > 0
    shouting, calm = (features.Surface().row(Document(text=t)) for t in ("HELP ME NOW!", "help me"))
    assert shouting > calm


def test_a_log_file_of_a_mail_is_read_in_bounded_time() -> None:
    fitted = unfitted_features().fit(DOCUMENTS)
    assert fitted.transform([Document(text="error can not " * 1_000_000)]).shape[0] == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? four", ["One.", "Two!", "Three?", "four"]),
        ("Dear Dr. Smith, it costs 3.50, e.g. for two.", 1),
        ("Hi Tom,\nall fine here", ["Hi Tom,", "all fine here"]),
        (
            "a hard-wrapped line that is long enough to go on and\non in the next one. Next",
            ["a hard-wrapped line that is long enough to go on and", "on in the next one.", "Next"],
        ),
        (
            "a hard-wrapped line that really is long enough to go on\nin the next one. Next",
            ["a hard-wrapped line that really is long enough to go on\nin the next one.", "Next"],
        ),
        ("- first\n- second\n2) third", ["- first", "- second", "2) third"]),
        ('He said "stop." Then left.', ['He said "stop."', "Then left."]),
        ("\n \n---\n...", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str] | int) -> None:
    found = split_sentences(text)
    assert (len(found) if isinstance(expected, int) else found) == expected


@given(st.text(alphabet=st.sampled_from("aB .!?\n-,\u2026\"'1)"), max_size=900))
def test_sentences_are_exact_pieces_in_order_and_lose_no_letter(text: str) -> None:
    position = 0
    for sentence in split_sentences(text):
        position = text.index(sentence, position) + len(sentence)
        assert 0 < len(sentence) <= MAX_SENTENCE_CHARS
    kept = "".join(split_sentences(text))
    assert [c for c in kept if c.isalnum()] == [c for c in text if c.isalnum()]
