"""The program that damages mails: one seed gives the same mails, and failures are told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.hostile.shape import html, mail
from tests.mutations import Mutations, put_all_through

if TYPE_CHECKING:
    from pathlib import Path

MAILS = (mail(), html("<p>We are <b>disappointed</b>.</p>"))


@pytest.fixture
def mutations(tmp_path: Path) -> Mutations:
    return Mutations(MAILS, 7, tmp_path)


def test_the_same_seed_and_number_give_the_same_mail(mutations: Mutations) -> None:
    again = [mutations.mail(number) for number in range(30)]
    assert [mutations.mail(number) for number in range(30)] == again
    assert len(set(again)) > 20


def test_sound_mails_pass_and_are_counted(mutations: Mutations) -> None:
    for number in range(12):
        mutations.put_through(number)
    tally = mutations.tally
    assert tally.failures == []
    assert len(tally.times) == tally.kinds.total() == 12
    assert tally.outcomes.total() == 2


def test_mails_put_through_in_several_goes_are_counted_together() -> None:
    whole = put_all_through(MAILS, 7, range(6))
    parts = put_all_through(MAILS, 7, range(0, 6, 2))
    parts.add(put_all_through(MAILS, 7, range(1, 6, 2)))
    assert parts.kinds == whole.kinds
    assert sorted(number for _, number, _ in parts.times) == list(range(6))
    assert parts.failures == whole.failures == []
    assert whole.peak_mb > 10


def test_what_raises_is_told_with_the_number_of_its_mail(mutations: Mutations) -> None:
    decider = mutations.bench.decider
    broken = replace(decider, writer=replace(decider.writer, key="no bytes"))  # type: ignore[arg-type]
    mutations.bench = replace(mutations.bench, decider=broken)
    mutations.put_through(3)
    assert [line.startswith("mail 3: Traceback") for line in mutations.tally.failures] == [True]
