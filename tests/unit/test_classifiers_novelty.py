from __future__ import annotations

import time
import unicodedata
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers import novelty
from classifiers.api import Document
from classifiers.model import Model
from classifiers.novelty import MOST, Novelty, words
from tests.trained import examples, small_model

ENGLISH = "please send the report to the team before the call on monday"
GERMAN = "bitte schicken sie den bericht noch heute vor dem termin"


def mails(text: str, count: int) -> list[Document]:
    return [Document(text=f"{text} {number}") for number in range(count)]


@cache
def learned() -> Novelty:
    return novelty.fit(mails(ENGLISH, 200), [number % 5 for number in range(200)])


def test_a_mail_of_unknown_words_is_novel_and_one_of_known_words_is_not() -> None:
    assert learned().is_novel(Document(text=GERMAN))
    assert not learned().is_novel(Document(text="Send the team the report on Monday, please."))


def test_the_subject_counts_with_the_text() -> None:
    assert learned().is_novel(Document(subject=GERMAN, text="the call"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12.30, 14.00?",
        "TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5IGhpcyByZWFzb24s+9a/",
        "anna@kunde.example https://kunde.example/neu/angebot www.kunde.example",
        "to com.acme.billing.Rechnung.summe(Rechnung.java:118)\n" * 9,
        "Kowalczyk, the report",
    ],
)
def test_numbers_addresses_code_and_single_names_are_no_foreign_language(text: str) -> None:
    assert not learned().is_novel(Document(text=text))


def test_the_beginning_tells_the_language_whatever_stands_below() -> None:
    assert learned().is_novel(Document(text=f"{GERMAN * 3}\n{ENGLISH * 9}"))
    assert not learned().is_novel(Document(text=f"{ENGLISH * 3}\n{GERMAN * 9}"))


def test_words_are_letters_alone_in_any_script() -> None:
    text = "don\u2019t e-mail x2 a.b snake_case (f\u00fcr!) \u03b4\u03b5\u03bd"
    assert words(text) == ["don't", "e-mail", "f\u00fcr", "\u03b4\u03b5\u03bd"]
    assert words("\u62a5\u4ef7\uff0c\u8c22\u8c22") == ["\u62a5", "\u4ef7", "\u8c22", "\u8c22"]
    assert len(words("\u0939\u093f\u0928\u094d\u0926\u0940 \u092e\u0947\u0902")) == 2  # Hindi


def test_names_and_abbreviations_are_no_words_but_what_is_shouted_is() -> None:
    assert words("Canon PowerShot, WTI, Gdansk and URGENT") == ["and", "urgent"]


@given(st.text(alphabet="aOu\u00e9\u00d6\u00fc\u00e7\u00f1\u0142\u1ebf '-.1"))
def test_composed_and_decomposed_letters_are_the_same_words(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    decomposed = unicodedata.normalize("NFD", text)
    assert words(composed) == words(decomposed)


def test_no_text_takes_long() -> None:
    hostile = ["-" * 10**6, "a-" * 10**6, "(" * 10**6 + "a1", "\u62a5" * 10**6, "a\u0301" * 10**6]
    started = time.perf_counter()
    for text in hostile:
        learned().familiarity(Document(text=text))
    assert time.perf_counter() - started < 1


def test_a_mail_is_measured_by_the_words_of_other_groups_only() -> None:
    """Were it measured by its own, every mail would be familiar, and the threshold at its most."""
    strangers = mails(GERMAN, 20)
    found = novelty.fit(
        mails(ENGLISH, 80) + strangers, [number % 4 for number in range(80)] + [4] * 20
    )
    assert found.threshold < 0.3
    spread = novelty.fit(mails(ENGLISH, 80) + strangers, [number % 4 for number in range(100)])
    assert spread.threshold == MOST


def test_once_a_language_is_learned_from_its_mails_are_not_novel() -> None:
    both = mails(ENGLISH, 200) + mails(GERMAN, 20)
    found = novelty.fit(both, [number % 5 for number in range(220)])
    assert not found.is_novel(Document(text=GERMAN))
    assert found.is_novel(Document(text="nous ne pouvons plus ouvrir la session depuis ce matin"))


def test_few_mails_that_hardly_vary_do_not_make_everything_novel() -> None:
    found = novelty.fit(mails(ENGLISH, 10), [number % 2 for number in range(10)])
    assert found.threshold == MOST
    assert novelty.fit([], []).threshold == MOST


def test_the_familiar_part_is_what_can_be_read() -> None:
    mail = Document(
        id="7", from_role="client", subject=GERMAN, text=f"{GERMAN}. {ENGLISH}.\n\nGruss\n123"
    )
    part = learned().familiar_part(mail)
    assert (part.subject, part.text) == ("", f"{ENGLISH}.")
    assert (part.id, part.from_role) == ("7", "client")


def test_a_subject_counts_beside_a_sentence_that_can_be_read_only() -> None:
    part = learned().familiar_part
    assert part(Document(subject="the report", text=f"{GERMAN}.")).subject == ""
    assert part(Document(subject="the report", text=f"{ENGLISH}.")).subject == "the report"


BLOCKED = "We cannot log in and the whole team is stuck until you send the password."
FOREIGN = (
    "Hallo Tom, kurz auf Englisch, damit Priya mitlesen kann, und vielen Dank schon einmal für die "
    "schnelle Hilfe heute Morgen beim Einrichten der neuen Konten. Leider haben wir inzwischen "
    "bemerkt, dass es so noch nicht ganz reicht und wir deshalb um etwas bitten."
)


def guarded(known_by: Novelty | None) -> Model:
    model = small_model()
    return Model(replace(model.parts, novelty=known_by), model.card)


def test_a_trained_model_knows_what_is_unlike_its_mails() -> None:
    [verdict] = small_model().classify([Document(text=FOREIGN, from_role="client")])
    assert verdict.novel
    assert verdict.unsure
    assert verdict.tags == ()
    seen = small_model().classify([example.document for example in examples()])
    assert sum(verdict.novel for verdict in seen) <= len(seen) / 100


def test_what_speaks_for_a_tag_must_be_readable_in_a_novel_mail() -> None:
    """A model that knows no word at all holds back every tag, as unsure; evidence stays."""
    blind = Novelty(known=frozenset(), threshold=MOST)
    mail = Document(text=BLOCKED, from_role="client")
    [free], [held_back] = guarded(None).classify([mail]), guarded(blind).classify([mail])
    assert not free.novel
    assert free.tags == ("blocker",)
    assert (held_back.novel, held_back.tags) == (True, ())
    assert "blocker" in held_back.unsure_tags
    assert held_back.scores == free.scores
    assert {e.tag for e in held_back.evidence} == set(held_back.unsure_tags)


def test_plain_sentences_in_a_foreign_mail_still_get_their_tag() -> None:
    mail = Document(text=f"{FOREIGN}\n\n{BLOCKED}\n\nViele Grüße, Jens", from_role="client")
    [verdict] = small_model().classify([mail])
    assert verdict.novel
    assert verdict.tags == ("blocker",)
