"""Who gets a digest and when: working days, clock changes, and what `policy.toml` may say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps import make_policy, make_route
from triage.calendars import calendar_of
from triage.digest.schedule import may_go, newest_due, periods_of
from triage.errors import ConfigError
from triage.policy import Digests, Hours
from triage.policy_file import parse_policy

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600
HOURS = Hours(work=(9 * HOUR, 17 * HOUR), lunch=(12 * HOUR, 13 * HOUR), holidays=("DE-BE",))
CALENDAR = calendar_of(HOURS, "Europe/Berlin")
USUAL = Digests()
FILE = """
version = "1"
fallback = "ben"
[people.ben]
name = "Ben"
address = "ben@firm.example"
[routes.blocker]
title = "Blocked"
to = ["ben"]
clause = "C."
next_step = "N."
"""


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def local(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, BERLIN):%Y-%m-%dT%H:%M}"


def due(period: str, now: str, rules: Digests = USUAL) -> tuple[str, str]:
    found = newest_due(CALENDAR, rules, period, at(now))  # type: ignore[arg-type]
    assert found is not None
    return found.key, local(found.at)


@pytest.mark.parametrize(
    ("period", "now", "key", "moment"),
    [
        ("day", "2026-03-04T09:00", "2026-03-04", "2026-03-04T09:00"),
        ("day", "2026-03-04T08:59", "2026-03-03", "2026-03-03T09:00"),
        ("day", "2026-03-08T12:00", "2026-03-06", "2026-03-06T09:00"),  # a Sunday
        ("week", "2026-03-04T12:00", "2026-W10", "2026-03-02T09:00"),
        ("week", "2026-03-08T23:00", "2026-W10", "2026-03-02T09:00"),
        ("week", "2026-04-06T12:00", "2026-W14", "2026-03-30T09:00"),  # Easter Monday
        ("week", "2026-04-07T09:00", "2026-W15", "2026-04-07T09:00"),
        ("week", "2027-01-01T12:00", "2026-W53", "2026-12-28T09:00"),
    ],
)
def test_the_newest_digest_is_that_of_the_last_working_day_or_week(
    period: str, now: str, key: str, moment: str
) -> None:
    assert due(period, now) == (key, moment)


def test_a_set_time_that_is_no_working_time_is_the_next_one_that_is() -> None:
    assert due("day", "2026-03-04T13:00", Digests(at_s=12 * HOUR))[1] == "2026-03-04T12:00"
    assert due("day", "2026-03-04T13:00", Digests(at_s=12 * HOUR + 60))[1] == "2026-03-04T13:00"
    assert due("day", "2026-03-04T10:00", Digests(at_s=6 * HOUR))[1] == "2026-03-04T09:00"


def test_the_clock_change_moves_no_digest() -> None:
    assert due("day", "2026-03-30T09:00") == ("2026-03-30", "2026-03-30T09:00")
    assert due("week", "2026-10-26T09:00") == ("2026-W44", "2026-10-26T09:00")


def test_without_hours_it_is_nine_on_monday_to_friday() -> None:
    clock = calendar_of(None, "Europe/Berlin")
    found = newest_due(clock, USUAL, "day", at("2026-03-08T12:00"))
    assert found is not None
    assert local(found.at) == "2026-03-06T09:00"
    assert not may_go(clock, at("2026-03-08T12:00"))


def test_what_was_missed_waits_for_working_time() -> None:
    assert not may_go(CALENDAR, at("2026-03-04T22:00"))
    assert not may_go(CALENDAR, at("2026-03-08T12:00"))
    assert may_go(CALENDAR, at("2026-03-09T09:00"))


@given(
    start=st.integers(int(at("2026-01-01T00:00")), int(at("2026-12-01T00:00"))),
    steps=st.lists(st.integers(60, 3 * 86400), max_size=20),
    period=st.sampled_from(["day", "week"]),
)
def test_a_digest_falls_due_once_and_never_before_its_time(
    start: int, steps: list[int], period: str
) -> None:
    now, last = float(start), ("", 0.0)
    for step in steps:
        found = newest_due(CALENDAR, USUAL, period, now)  # type: ignore[arg-type]
        assert found is not None
        assert found.at <= now
        assert (found.key == last[0]) == (found.at == last[1])
        assert found.at >= last[1]
        last = (found.key, found.at)
        now += step


def test_management_gets_a_weekly_one_and_others_none_unless_somebody_says_so() -> None:
    policy = replace(
        make_policy(blocker=make_route("blocker")), roles={"management": ("ben", "marshall")}
    )
    ben = replace(policy.people["ben"], digest="both")
    quiet = replace(policy.people["marshall"], digest="none")
    nora = replace(policy.people["nora"], digest="daily")
    assert periods_of(policy, policy.people["ben"]) == ("week",)
    assert periods_of(policy, policy.people["nora"]) == ()
    assert periods_of(policy, ben) == ("day", "week")
    assert periods_of(policy, quiet) == ()
    assert periods_of(policy, nora) == ("day",)
    others = replace(policy, digests=Digests(management="none", others="daily"))
    assert periods_of(others, policy.people["ben"]) == ()
    assert periods_of(others, policy.people["nora"]) == ("day",)


def test_the_file_says_who_gets_which_and_when() -> None:
    text = FILE.replace('example"', 'example"\ndigest = "both"', 1)
    text += '[digest]\nat = "08:30"\nothers = "daily"\n'
    policy = parse_policy(text, Path("policy.toml"))
    assert policy.people["ben"].digest == "both"
    assert policy.digests == Digests(at_s=8 * HOUR + 1800, others="daily")
    assert parse_policy(FILE, Path("policy.toml")).digests == USUAL


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('[digest]\nat = "25:00"', "digest.at: must be a time of day"),
        ('[digest]\nat = "8.30"', "digest.at: must be a time of day"),
        ("[digest]\nat_s = 5", "digest.at_s: is not a setting here"),
        ('[digest]\nothers = "hourly"', 'digest.others: cannot be "hourly"'),
        ('[digest]\nother = "daily"', 'did you mean "others"?'),
        ('[people.nora]\nname = "N"\naddress = "n@f.example"\ndigest = "dayly"', '"daily"?'),
    ],
)
def test_a_mistake_is_told_with_its_place(table: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_policy(f"{FILE}\n{table}\n", Path("policy.toml"))
    assert says in str(caught.value)
