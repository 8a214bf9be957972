"""Properties of waiting: working time against plain counting, levels, answers and restarts.

The counting stands in tests/month/minutes.py: it looks at the clock on the wall minute by minute
and shares no code with the program.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.month.minutes import Wall
from tests.steps import Bench, make_bench, make_policy, make_route
from tests.unit.test_levels import FIRM, restarted
from triage.calendars import calendar_of
from triage.followup import course_of, next_step, step_of
from triage.messages import Urgency
from triage.policy import Hours, Level, Policy
from triage.store import outbox, timers

HOUR = 60
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
CLOSED = (date(2026, 3, 27), date(2026, 4, 3), date(2026, 4, 6), date(2026, 10, 26))
AROUND = {  # a week around a change of the clocks in each zone, in UTC
    "Europe/Berlin": ["2026-03-26T00:00", "2026-10-22T00:00"],
    "America/New_York": ["2026-03-05T00:00", "2026-10-29T00:00"],
    "Australia/Lord_Howe": ["2026-04-01T00:00", "2026-10-01T00:00"],
    "Asia/Kolkata": ["2026-03-26T00:00"],
    "UTC": ["2026-03-26T00:00"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Hours of a firm, and a minute near a change of its clocks."""

    hours: Hours
    start: int

    @property
    def wall(self) -> Wall:
        spans = tuple((begin // 60, end // 60) for begin, end in self.hours.spans)
        return Wall(
            zone=self.hours.timezone, spans=spans, days=self.hours.days, closed=self.hours.closed
        )


@st.composite
def weeks(draw: st.DrawFn) -> Week:
    begin = draw(st.integers(4 * HOUR, 22 * HOUR))  # an hour that comes twice: test_calendars.py
    end = draw(st.integers(begin + 60, 24 * HOUR))
    lunch = None
    if end - begin > 3 * HOUR and draw(st.booleans()):
        noon = draw(st.integers(begin + 30, end - 90))
        lunch = (noon * 60, (noon + draw(st.integers(15, 60))) * 60)
    zone = draw(st.sampled_from(ZONES))
    hours = Hours(
        work=(begin * 60, end * 60),
        lunch=lunch,
        days=tuple(sorted(draw(st.sets(st.integers(0, 6), min_size=2)))),
        timezone=zone,
        closed=draw(st.sampled_from([(), CLOSED])),
    )
    first = datetime.fromisoformat(draw(st.sampled_from(AROUND[zone]))).replace(
        tzinfo=ZoneInfo("UTC")
    )
    return Week(hours=hours, start=int(first.timestamp()) // 60 + draw(st.integers(0, 6 * 24 * 60)))


slow = settings(deadline=None, max_examples=120)


@slow
@given(weeks(), st.integers(0, 20 * HOUR))
def test_a_window_ends_when_plain_counting_says(week: Week, minutes: int) -> None:
    found = calendar_of(week.hours, "UTC").add(week.start * 60.0, minutes * 60)
    assert found == week.wall.after(week.start, minutes) * 60


@slow
@given(weeks(), st.integers(0, 6 * 24 * HOUR))
def test_working_time_between_is_what_plain_counting_finds(week: Week, length: int) -> None:
    found = calendar_of(week.hours, "UTC").between(week.start * 60, (week.start + length) * 60)
    assert found == week.wall.worked(week.start, week.start + length) * 60


@slow
@given(weeks())
def test_people_work_when_plain_counting_says_so(week: Week) -> None:
    assert calendar_of(week.hours, "UTC").is_open(week.start * 60) == week.wall.is_open(week.start)


# ---- Levels: in order, nobody twice, and always an end -------------------------------------------

PEOPLE = ("ben", "marshall", "nora", "priya")
people = st.sampled_from([(), *[(one,) for one in PEOPLE], ("ben", "nora"), ("marshall", "ben")])
somebody = st.sampled_from([("ben",), ("ben", "marshall"), ("nora", "priya"), ("priya", "ben")])


@st.composite
def ladders(draw: st.DrawFn) -> Policy:
    """A policy with up to four levels and two routes that name some of them."""
    levels = {}
    for number in range(draw(st.integers(0, 4))):
        to, following = draw(people), draw(st.booleans())
        if to or following:
            within = draw(st.sampled_from([None, 32, 92, 200]))
            name = f"l{number}"
            levels[name] = Level(
                id=name, title=name, to=to, next=following, within_s=within and within * 60
            )
    chosen = st.none() | st.sets(st.sampled_from(sorted(levels) or ["-"])).map(
        lambda ids: tuple(sorted(ids & set(levels)))
    )
    base = make_policy(
        blocker=make_route(
            "blocker",
            *draw(somebody),
            urgency=Urgency.HIGH,
            acknowledge_within_s=draw(st.sampled_from([40, 120, 400])) * 60,
            levels=draw(chosen),
        ),
        upsell=make_route(
            "upsell", *draw(somebody), acknowledge_within_s=3600, levels=draw(chosen)
        ),
    )
    return replace(base, levels=levels, version="1")


@settings(deadline=None)
@given(ladders(), st.sets(st.sampled_from(["blocker", "upsell"]), min_size=1))
def test_levels_follow_in_order_tell_nobody_twice_and_end(policy: Policy, tags: set[str]) -> None:
    routes = [policy.routes[tag] for tag in sorted(tags)]
    course = course_of(policy, routes)
    assert course is not None
    told = {each for route in routes for each in route.to}
    step, steps = 0, [0]
    while following := next_step(policy, course.levels, routes, step, told=told, day=None):
        assert following.level in course.levels
        assert following.step == step_of(policy, following.level)
        fresh = {there.person.id for there in following.people}
        assert fresh
        assert following.is_last or not fresh & told
        told |= fresh
        step = following.step
        steps.append(step)
        if following.is_last:
            break
    assert all(one < other for one, other in pairwise(steps))
    assert next_step(policy, course.levels, routes, len(policy.levels), told=(), day=None) is None


@settings(deadline=None)
@given(ladders(), st.integers(0, 4))
def test_a_reminder_comes_within_the_window_and_before_the_level(policy: Policy, at: int) -> None:
    course = course_of(policy, [policy.routes["blocker"]])
    assert course is not None
    assert 0 < course.remind_after(at) <= course.window(at)
    if course.goes_on(at):
        assert course.remind_after(at) < course.window(at)


# ---- The whole course through the real steps: answers stop it, restarts do not change it --------

Event = tuple[int, str, str]  # minutes since the mail, person, occasion


def expected(policy: Policy, wall: Wall | None, start: int, answered: int | None) -> list[Event]:
    """What an unanswered case brings, worked out plainly; nothing from the answer on."""

    def after(begin: int, minutes: int) -> int:
        return wall.after(begin, minutes) if wall else begin + minutes

    route = policy.routes["blocker"]
    assert route.acknowledge_within_s
    names = policy.levels if route.levels is None else route.levels
    levels = [each for each in policy.levels.values() if each.id in names]
    events = [(start, person, "first") for person in route.to]
    told, asked, began = list(route.to), list(route.to), start
    window = route.acknowledge_within_s // 60
    for number in range(len(levels) + 1):
        left = levels[number:]
        share = window * 3 // 4
        share = (share - share % 15 if share > 60 else share) if left else window
        events += [(after(began, share), person, "reminder") for person in asked]
        end = after(began, window)
        level = next((each for each in left if _fresh(each, route.to, told, left)), None)
        if level is None:
            break
        asked = _fresh(level, route.to, told, left)
        events += [(end, person, "level") for person in asked]
        if level is left[-1]:
            break
        told += [person for person in asked if person not in told]
        window = (level.within_s or route.acknowledge_within_s) // 60
        began = end
        levels = levels[levels.index(level) - number :]
    until = float("inf") if answered is None else start + answered
    return sorted((at - start, who, what) for at, who, what in events if at < until or at == start)


def _fresh(level: Level, first: tuple[str, ...], told: list[str], left: list[Level]) -> list[str]:
    """Who hears at a level: who has not heard yet; at the last one everybody of it."""
    following = [person for person in first if person not in told][:1] if level.next else []
    everybody = list(dict.fromkeys([*following, *level.to]))
    return [p for p in everybody if p not in told or level is left[-1]]


def seen(
    bench: Bench, start: int, minutes: int, restarts: list[int], answered: int | None
) -> list[Event]:
    """The same through the real steps, from due time to due time."""
    found: list[Event] = []
    now, last = start, start + minutes
    stops = sorted(
        {start + each for each in restarts} | ({start + answered} if answered else set())
    )
    while now <= last:
        bench.clock.now = now * 60.0
        if now in {start + each for each in restarts}:
            bench = restarted(bench, bench.decider.policy)
        if answered and now == start + answered:
            _answer(bench)
        before = len(bench.channel.delivered)
        bench.decide()
        bench.follow_up.run_due(bench.clock())
        bench.sender.send_due()
        for notice in bench.channel.delivered[before:]:
            with bench.store.read() as tx:
                [row] = outbox.by_rfc_ids(tx, [notice.message_id])
            if row.occasion != "confirmation":
                found.append((now - start, row.recipient.partition("@")[0], row.occasion))
        with bench.store.read() as tx:
            due = timers.next_due_at(tx)
        wanted = [each for each in stops if each > now]
        wanted += [] if due is None else [max(now + 1, -int(-due // 60))]
        if not wanted:
            break
        now = min(wanted)
    return sorted(found)


def _answer(bench: Bench) -> None:
    notice = bench.channel.delivered[0]
    bench.receive(
        "ok",
        subject="Re: Portal",
        sender=notice.recipient,
        headers=f"In-Reply-To: {notice.message_id}\r\n",
    )


@settings(
    deadline=None,
    max_examples=20,
    derandomize=True,
    phases=[Phase.generate],  # making an example smaller takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    ladders(),
    weeks() | st.none(),
    st.lists(st.integers(1, 3000), max_size=4),
    st.none() | st.integers(1, 2000),
)
def test_a_case_runs_its_course_whatever_is_restarted_and_ends_with_an_answer(
    policy: Policy, week: Week | None, restarts: list[int], answered: int | None
) -> None:
    hours = week.hours if week else None
    start = week.start if week else 29_600_000
    policy = replace(policy, hours=hours)
    with tempfile.TemporaryDirectory() as folder:
        bench = make_bench(Path(folder), policy, FIRM)
        bench.clock.now = start * 60.0
        bench.receive("We are stuck.")
        found = seen(bench, start, 40 * 24 * HOUR, restarts, answered)
        bench.store.close()
    assert found == expected(policy, week.wall if week else None, start, answered)
