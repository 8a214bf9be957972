"""Mails crafted to be tagged or to avoid it: what a reader would not see does not count."""

from __future__ import annotations

import time

import pytest

from tests.hostile.shape import html, mail
from triage.parsing import charsets, parse


@pytest.mark.parametrize("joiner", ["\u200b", "\u200c", "\u200d", "\u00ad", "\u2060", "\ufe0f"])
def test_characters_that_nobody_sees_do_not_tear_words_apart(joiner: str) -> None:
    email = parse(mail(f"We are dis{joiner}appointed.".encode()))
    assert email.text.strip() == "We are disappointed."


def test_joiners_stay_where_writing_needs_them() -> None:
    persian, family = "\u0645\u06cc\u200c\u062e", "\U0001f469\u200d\U0001f467"
    assert parse(mail(f"{persian} {family}".encode())).text.strip() == f"{persian} {family}"


def test_stacked_accents_are_cut_to_what_unicode_calls_stream_safe() -> None:
    assert (
        charsets.clean_line("e\u0301 " + "Z" + "\u0335" * 500 + "y")
        == "e\u0301 Z" + "\u0335" * 30 + "y"
    )


def test_a_body_of_accents_takes_no_quadratic_time() -> None:
    began = time.process_time()
    parse(mail(("Z" + "\u0335\u0301" * 200_000).encode()))
    parse(html("<p>Z" + "&#821;&#769;" * 15_000))
    assert time.process_time() - began < 5
