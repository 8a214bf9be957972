"""What people rely on in working time: exact windows, never in closed hours, in any season."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.calendars import Calendar, calendar_of
from triage.policy import Hours

HOUR, DAY = 3600, 86400
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
OFFICE = Hours(work=(9 * HOUR, 17 * HOUR + 1800), lunch=(12 * HOUR, 13 * HOUR))
BERLIN = replace(OFFICE, timezone="Europe/Berlin", holidays=("DE-BE",))


def at(text: str, zone: str = "Europe/Berlin") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def local(when: float, zone: str = "Europe/Berlin") -> str:
    return f"{datetime.fromtimestamp(when, ZoneInfo(zone)):%a %Y-%m-%d %H:%M}"


def berlin() -> Calendar:
    return calendar_of(BERLIN, "UTC")


WINDOWS = [
    # start, hours of working time, end
    ("2026-03-02T09:00", 3, "Mon 2026-03-02 12:00"),  # ends as lunch begins
    ("2026-03-02T09:00", 4, "Mon 2026-03-02 14:00"),  # over lunch
    ("2026-03-02T12:30", 1, "Mon 2026-03-02 14:00"),  # from within lunch
    ("2026-03-02T16:30", 1, "Mon 2026-03-02 17:30"),  # ends as the day does
    ("2026-03-02T16:30", 2, "Tue 2026-03-03 10:00"),  # over night
    ("2026-03-02T03:00", 1, "Mon 2026-03-02 10:00"),  # from before the day
    ("2026-03-06T17:00", 1, "Mon 2026-03-09 09:30"),  # over the weekend
    ("2026-03-07T11:00", 7.5, "Mon 2026-03-09 17:30"),  # from the weekend
    ("2026-04-02T17:00", 1, "Tue 2026-04-07 09:30"),  # over Easter
    ("2026-12-24T17:00", 1, "Mon 2026-12-28 09:30"),  # over Christmas and a weekend
    ("2026-12-31T17:00", 1, "Mon 2027-01-04 09:30"),  # into another year
    ("2026-03-27T17:00", 1, "Mon 2026-03-30 09:30"),  # over the night without an hour
    ("2026-10-23T17:00", 1, "Mon 2026-10-26 09:30"),  # over the night with one more
]


@pytest.mark.parametrize(("start", "hours", "end"), WINDOWS)
def test_a_window_counts_only_while_people_work(start: str, hours: float, end: str) -> None:
    assert local(berlin().add(at(start), hours * HOUR)) == end


def test_own_days_are_closed_as_holidays_are() -> None:
    closed = replace(BERLIN, closed=(date(2026, 3, 3),))
    found = calendar_of(closed, "UTC").add(at("2026-03-02T17:00"), HOUR)
    assert local(found) == "Wed 2026-03-04 09:30"


def test_each_country_of_several_has_its_holidays() -> None:
    both = replace(BERLIN, holidays=("DE-BE", "PL"))
    found = calendar_of(both, "UTC").add(at("2026-11-10T17:00"), HOUR)  # 11 November: Poland's
    assert local(found) == "Thu 2026-11-12 09:30"


def test_hours_without_a_zone_are_those_of_the_firm() -> None:
    assert local(calendar_of(OFFICE, "Europe/Berlin").add(at("2026-03-02T03:00"), 0)) == (
        "Mon 2026-03-02 09:00"
    )


def test_without_hours_the_clock_counts_day_and_night() -> None:
    clock = calendar_of(None, "Europe/Berlin")
    start = at("2026-03-28T23:00")
    assert clock.add(start, 5 * HOUR) == start + 5 * HOUR
    assert clock.is_open(start)
    assert clock.between(start, start - 1) == 0
    assert clock.day_of(start) == date(2026, 3, 28)


def test_a_zone_that_nobody_knows_costs_no_escalation() -> None:
    hours = replace(OFFICE, timezone="Nowhere/At_All")
    assert calendar_of(hours, "UTC").add(at("2026-03-02T10:00", "UTC"), HOUR) == (
        at("2026-03-02T11:00", "UTC")
    )


def test_an_hour_that_spring_leaves_out_is_not_worked() -> None:
    night = Hours(work=(0, 6 * HOUR), days=(6,), timezone="Europe/Berlin")
    calendar = calendar_of(night, "UTC")
    assert calendar.between(at("2026-03-29T00:00"), at("2026-03-29T06:00")) == 5 * HOUR
    half = replace(night, work=(2 * HOUR + 1800, 4 * HOUR))  # opens at a time that is not there
    assert local(calendar_of(half, "UTC").add(at("2026-03-29T00:00"), 0)) == "Sun 2026-03-29 03:00"
    gone = replace(night, work=(2 * HOUR, 3 * HOUR))
    assert local(calendar_of(gone, "UTC").add(at("2026-03-29T00:00"), 60)) == (
        "Sun 2026-04-05 02:01"
    )


def test_an_hour_that_autumn_repeats_is_worked_twice() -> None:
    night = Hours(work=(0, 6 * HOUR), days=(6,), timezone="Europe/Berlin")
    calendar = calendar_of(night, "UTC")
    assert calendar.between(at("2026-10-25T00:00"), at("2026-10-25T06:00")) == 7 * HOUR


def test_a_day_may_end_at_midnight() -> None:
    late = Hours(work=(12 * HOUR, 24 * HOUR), days=(0, 1), timezone="Europe/Berlin")
    found = calendar_of(late, "UTC").add(at("2026-03-02T23:00"), 2 * HOUR)
    assert local(found) == "Tue 2026-03-03 13:00"


def test_a_window_beyond_all_reason_ends_all_the_same() -> None:
    far = berlin().add(at("2026-03-02T09:00"), 40_000 * 7 * HOUR)
    assert far > at("2026-03-02T09:00")


# ---- Properties, over two years around every change of the clocks, in zones that differ ----------

starts = st.integers(int(at("2025-12-01T00:00")), int(at("2027-12-01T00:00")))
spans = st.integers(0, 12 * 7 * HOUR)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    begin = draw(st.integers(0, 22 * 60)) * 60
    end = draw(st.integers(begin // 60 + 30, 24 * 60)) * 60
    lunch = None
    if end - begin > 2 * HOUR and draw(st.booleans()):
        noon = draw(st.integers(begin // 60 + 15, end // 60 - 75)) * 60
        lunch = (noon, noon + draw(st.integers(15, 60)) * 60)
    days = tuple(sorted(draw(st.sets(st.integers(0, 6), min_size=1))))
    hours = Hours(
        work=(begin, end),
        lunch=lunch,
        days=days,
        timezone=draw(st.sampled_from(ZONES)),
        holidays=draw(st.sampled_from([(), ("DE-BE",), ("US", "GB-ENG")])),
    )
    return calendar_of(hours, "UTC")


free = settings(deadline=None)


@free
@given(calendars(), starts, spans)
def test_a_window_is_exactly_as_long_as_it_says(
    calendar: Calendar, start: int, seconds: int
) -> None:
    assert calendar.between(start, calendar.add(start, seconds)) == seconds


@free
@given(calendars(), starts, spans)
def test_a_window_never_ends_in_closed_hours(calendar: Calendar, start: int, seconds: int) -> None:
    end = calendar.add(start, seconds)
    assert end >= start
    assert calendar.is_open(end)


@free
@given(calendars(), starts, st.integers(0, 3 * DAY), spans, st.integers(0, 5 * HOUR))
def test_later_or_longer_never_ends_sooner(
    calendar: Calendar, start: int, later: int, seconds: int, longer: int
) -> None:
    end = calendar.add(start, seconds)
    assert calendar.add(start + later, seconds) >= end
    assert calendar.add(start, seconds + longer) >= end


@free
@given(calendars(), starts, spans, spans)
def test_two_windows_in_a_row_are_one(
    calendar: Calendar, start: int, first: int, second: int
) -> None:
    assert calendar.add(calendar.add(start, first), second) == calendar.add(start, first + second)


@free
@given(calendars(), starts)
def test_the_next_opening_is_found_once_and_for_all(calendar: Calendar, start: int) -> None:
    opening = calendar.add(start, 0)
    assert calendar.add(opening, 0) == opening
    assert calendar.between(start, opening) == 0


@free
@given(calendars(), starts, st.lists(st.integers(0, 2 * DAY), min_size=2, max_size=6))
def test_working_time_adds_up(calendar: Calendar, start: int, steps: list[int]) -> None:
    moments = [start + sum(steps[:i]) for i in range(len(steps) + 1)]
    parts = sum(calendar.between(a, b) for a, b in pairwise(moments))
    assert parts == calendar.between(moments[0], moments[-1])


def minutes_by_looking(hours: Hours, start: datetime, end: datetime) -> int:
    """Count working minutes one at a time by what the clock on the wall shows."""
    zone, found, moment = ZoneInfo(hours.timezone), 0, start
    while moment < end:
        wall = moment.astimezone(zone)
        second = wall.hour * HOUR + wall.minute * 60
        working = any(a <= second < b for a, b in hours.spans)
        found += working and wall.weekday() in hours.days
        moment += timedelta(minutes=1)
    return found


CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 28, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 24, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 10, 31, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),  # by half an hour
    ("Australia/Lord_Howe", datetime(2026, 10, 3, tzinfo=UTC)),
]


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(CHANGES),
    st.sampled_from([(0, 86400), (9 * HOUR, 17 * HOUR), (0, 5 * HOUR)]),
    st.integers(0, 36 * 60),
    st.integers(0, 36 * 60),
)
def test_working_time_is_what_the_clock_on_the_wall_shows(
    change: tuple[str, datetime], work: tuple[int, int], after: int, length: int
) -> None:
    zone, day = change
    hours = Hours(work=work, days=tuple(range(7)), timezone=zone)
    start = day + timedelta(minutes=after)
    end = start + timedelta(minutes=length)
    found = calendar_of(hours, "UTC").between(start.timestamp(), end.timestamp())
    assert found == minutes_by_looking(hours, start, end) * 60
