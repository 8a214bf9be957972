"""Simulated months through the whole program, against what an independent oracle expects.

`make month` lets a whole month of 2,000 mails pass; here they are shorter.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.month import Month, run_month
from tests.month.judging import differences
from tests.month.timeline import timeline

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = (0, 1)
MAILS = 200
pytestmark = pytest.mark.timeout(900)  # the first test of each month waits for it to pass


@pytest.fixture(scope="module", params=SEEDS)
def month(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Month:
    folder: Path = tmp_path_factory.mktemp(f"month-{request.param}")
    return run_month(folder, seed=request.param, mails=MAILS)


def test_everybody_hears_what_the_policy_says_to_the_minute_and_nothing_else(month: Month) -> None:
    assert month.differences == []


def test_the_month_has_everything_in_it_that_it_should(month: Month) -> None:
    """A month in which nothing happens would be as expected too."""
    occasions = Counter(sent.occasion for sent in month.seen.sent)
    assert {"first", "reminder", "level", "corrected", "update", "confirmation"} <= set(occasions)
    actions = {action for found in month.seen.actions.values() for action in found}
    assert actions >= {"escalated", "left", "not-triaged", "acknowledged", "asked"}
    assert month.seen.restarts > 10
    assert any(month.world.away.values())


def test_the_judge_sees_what_is_missing_what_is_too_much_and_what_is_late(month: Month) -> None:
    sent = list(month.seen.sent)
    late = replace(sent[5], at=sent[5].at + 1)
    seen = replace(month.seen, sent=[*sent[:5], late, *sent[6:], sent[0]])
    found = "\n".join(differences(month.world, month.oracle, seen))
    assert f"missing: {sent[5].occasion}" in found
    assert f"not expected: {sent[5].occasion}" in found
    assert f"not expected: {sent[0].occasion}" in found


def test_the_timeline_tells_of_every_brief(month: Month) -> None:
    told = "\n".join(timeline(month))
    assert told.count("    first to ") == len(
        {sent.mail for sent in month.seen.sent if sent.occasion == "first"}
    )
    assert "the program is stopped" in told
