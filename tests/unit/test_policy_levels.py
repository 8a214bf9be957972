"""Levels, hours, roles and absences in `policy.toml`: words become values, mistakes are told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from triage.errors import ConfigError
from triage.messages import Urgency
from triage.policy import Absence, Level, Policy, Skip
from triage.policy_file import parse_policy

GOOD = """
version = "2026-12"
fallback = "priya"

[roles]
management = ["ben", "marshall"]
sales = ["marshall", "ben"]

[people.ben]
name = "Ben West"
address = "ben@radial.example"
deputy = "marshall"
absent = [
  { from = 2026-12-21, to = 2027-01-02 },
  { from = 2027-03-01, to = 2027-03-01, deputy = "priya", because = "Training" },
]

[people.marshall]
name = "Marshall Smith"
address = "marshall@radial.example"
deputy = "ben"

[people.priya]
name = "Priya Shah"
address = "priya@radial.example"

[hours]
timezone = "Europe/Berlin"
days = ["mon", "tue", "wed", "thursday", "Fri"]
work = "9:00-17:30"
lunch = "12:30-13:30"
holidays = ["DE-BE", "GB"]
closed = [2026-12-24]

[levels.colleague]
title = "A colleague"
to = ["next", "priya"]
within = "1d"

[levels.all_of_management]
to = ["management"]
clause = "Include all of management."

[[skip]]
to = "all_of_management"
urgency = "urgent"
tags = 2
of = ["blocker"]
because = "Two troubles at once."

[routes.blocker]
title = "Work is blocked"
to = ["management"]
acknowledge_within = "1d"
remind_after = "6h"
levels = ["all_of_management"]
clause = "Mark it."
next_step = "Mark it."

[routes.upsell]
title = "Sales"
to = ["sales", "priya"]
need = "any"
acknowledge_within = "1d2h"
clause = "One will do."
next_step = "Call."
"""


def parse(text: str) -> Policy:
    return parse_policy(text, Path("/etc/triage/policy.toml"))


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return list(caught.value.problems)


def test_hours_become_values() -> None:
    hours = parse(GOOD).hours
    assert hours is not None
    assert hours.work == (9 * 3600, 17 * 3600 + 1800)
    assert hours.lunch == (12 * 3600 + 1800, 13 * 3600 + 1800)
    assert hours.days == (0, 1, 2, 3, 4)
    assert hours.holidays == ("DE-BE", "GB")
    assert hours.closed == (date(2026, 12, 24),)
    assert hours.timezone == "Europe/Berlin"
    assert hours.day_s == 7.5 * 3600


def test_a_day_is_a_working_day_where_there_are_hours() -> None:
    assert parse(GOOD).routes["blocker"].acknowledge_within_s == 7.5 * 3600
    assert parse(GOOD).routes["upsell"].acknowledge_within_s == 9.5 * 3600
    without = GOOD[: GOOD.index("[hours]")] + GOOD[GOOD.index("[levels.colleague]") :]
    assert parse(without).hours is None
    assert parse(without).routes["blocker"].acknowledge_within_s == 24 * 3600


def test_levels_become_values_in_the_file_s_order() -> None:
    policy = parse(GOOD)
    assert list(policy.levels.values()) == [
        Level(
            id="colleague",
            title="A colleague",
            to=("priya",),
            next=True,
            within_s=27000,
        ),
        Level(
            id="all_of_management",
            title="All of management",
            to=("ben", "marshall"),
            clause="Include all of management.",
        ),
    ]
    assert policy.routes["blocker"].levels == ("all_of_management",)
    assert policy.routes["blocker"].remind_after_s == 6 * 3600
    assert policy.routes["upsell"].levels is None
    assert policy.skips == (
        Skip(
            to="all_of_management",
            urgency=Urgency.URGENT,
            tags=2,
            of=("blocker",),
            because="Two troubles at once.",
        ),
    )


def test_roles_stand_for_their_people_wherever_people_are_named() -> None:
    policy = parse(GOOD)
    assert policy.management == ("ben", "marshall")
    assert policy.routes["blocker"].to == ("ben", "marshall")
    assert policy.routes["upsell"].to == ("marshall", "ben", "priya")


def test_absences_and_deputies_become_values() -> None:
    ben = parse(GOOD).people["ben"]
    assert ben.deputy == "marshall"
    assert ben.absent == (
        Absence(first=date(2026, 12, 21), last=date(2027, 1, 2)),
        Absence(first=date(2027, 3, 1), last=date(2027, 3, 1), deputy="priya", because="Training"),
    )


WRONG = [
    ('"2026-12"', '"2026-12"\ndigest = "x"', "digest: must be a table"),
    ('"2026-12"', '"2026-12"\nskips = []', 'skips: is not a setting here; did you mean "skip"?'),
    ('management = ["ben", ', 'management = ["bne", ', 'roles.management[1]: there is no person "'),
    ('["ben", "marshall"]', '["ben", "ben"]', 'roles.management[2]: "ben" stands there twice'),
    ('["ben", "marshall"]', '"ben"', "roles.management: must be a list of people"),
    ('["ben", "marshall"]', "[]", "roles.management: is empty"),
    ("[roles]\n", '[roles]\nben = ["priya"]\n', "roles.ben: is a person's name too"),
    ("[roles]\n", '[roles]\nnext = ["priya"]\n', "roles.next: means something else already"),
    ("[roles]\n", '[roles]\nBoss = ["priya"]\n', "roles.Boss: use small letters"),
    ("[roles]", "[rolls]", 'rolls: is not a setting here; did you mean "roles"?'),
    ('deputy = "marshall"', 'deputy = "nobody"', 'people.ben.deputy: there is no person "nobody"'),
    ('deputy = "marshall"', 'deputy = "ben"', "people.ben.deputy: nobody can stand in for them"),
    ('deputy = "priya"', 'deputy = "x"', 'people.ben.absent[2].deputy: there is no person "x"'),
    ('deputy = "priya"', 'deputy = "ben"', "people.ben.absent[2].deputy: nobody can stand in"),
    ("to = 2027-01-02", "to = 2026-12-20", "people.ben.absent[1].to: lies before the first day"),
    ("to = 2027-01-02", 'to = "soon"', "people.ben.absent[1].to: must be a date"),
    ("to = 2027-01-02", "until = 2027-01-02", "people.ben.absent[1].until: is not a setting"),
    ("to = 2027-01-02", "last = 2027-01-02", "people.ben.absent[1].last: is not a setting"),
    (", to = 2027-01-02", "", "people.ben.absent[1].to: is missing; write to = 2026-01-31"),
    ('"Europe/Berlin"', '"Europe/Berln"', 'hours.timezone: there is no time zone "Europe/Berln"'),
    ('"Europe/Berlin"', '"CET+1"', "hours.timezone: there is no time zone"),
    ('"thursday"', '"someday"', 'hours.days[4]: cannot be "someday"; it can be "mon", "tue"'),
    ('["mon", "tue", "wed", "thursday", "Fri"]', "[]", "hours.days: is empty"),
    ('"9:00-17:30"', '"9-17"', 'hours.work: must be from and to, such as "09:00-17:30"'),
    ('"9:00-17:30"', '"17:30-9:00"', "hours.work: must be two times of one day"),
    ('"9:00-17:30"', '"09:00-24:30"', "hours.work: must be two times of one day"),
    ('"9:00-17:30"', '"09:75-17:30"', "hours.work: must be two times of one day"),
    ('work = "9:00-17:30"\n', "", "hours.work: is missing; write work ="),
    ('"12:30-13:30"', '"08:30-09:30"', "hours.lunch: must lie within the working time"),
    ('"12:30-13:30"', '"09:00-12:00"', "hours.lunch: must lie within the working time"),
    ('"DE-BE", ', '"DE-XX", ', 'hours.holidays[1]: "DE-XX" is no region of DE; it can be "BB"'),
    ('"DE-BE", ', '"Germany", ', 'hours.holidays[1]: "Germany" is no country whose holidays'),
    ("[2026-12-24]", '["24.12."]', "hours.closed[1]: must be a date"),
    ("lunch = ", "break = ", "hours.break: is not a setting here"),
    ('["next", "priya"]', '["next", "pria"]', 'levels.colleague.to[2]: there is no person "pria"'),
    ('["next", "priya"]', "[]", "levels.colleague.to: is empty"),
    ('to = ["next", "priya"]\n', "", "levels.colleague.to: is missing"),
    ('within = "1d"', 'within = "none"', "levels.colleague.within: must be a time such as"),
    ('within = "1d"', "next = true", "levels.colleague.next: is not a setting here"),
    ('to = "all_of_management"', 'to = "boss"', 'skip[1].to: there is no level "boss"'),
    ('to = "all_of_management"\n', "", "skip[1].to: is missing"),
    ('urgency = "urgent"', 'urgency = "dire"', 'skip[1].urgency: cannot be "dire"'),
    ("tags = 2", "tags = 0", "skip[1].tags: must be 1 or more"),
    ("tags = 2", 'tags = "two"', "skip[1].tags: must be a whole number"),
    ('of = ["blocker"]', 'of = ["blockr"]', 'skip[1].of[1]: there is no tag or kind "blockr"; did'),
    ("[[skip]]", "[skip]", "skip: must be written [[skip]]"),
    (
        'urgency = "urgent"\ntags = 2\nof = ["blocker"]\n',
        "",
        "skip[1]: says nothing of when it holds",
    ),
    ('levels = ["all_of', 'levels = ["al_of', 'routes.blocker.levels[1]: there is no level "al_of'),
    ('"6h"', '"8h"', "routes.blocker.remind_after: is longer than acknowledge_within"),
    ('"6h"', '"none"', "routes.blocker.remind_after: must be a time such as"),
    ('acknowledge_within = "1d"\n', "", "routes.blocker.remind_after: has no acknowledge_within"),
    ('to = ["sales", ', 'to = ["sale", ', 'routes.upsell.to[1]: there is no person "sale"; did yo'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), WRONG)
def test_each_mistake_is_told_with_place_and_line(old: str, new: str, says: str) -> None:
    assert old in GOOD
    found = problems(GOOD.replace(old, new, 1))
    assert any(problem.startswith(says) for problem in found), found
    assert all("(policy.toml" in problem for problem in found)


def test_all_mistakes_are_told_at_once() -> None:
    text = GOOD.replace('"9:00-17:30"', '"never"').replace('"DE-BE"', '"X"')
    text = text.replace('to = "all_of_management"', 'to = "boss"').replace('"1d2h"', '"soon"')
    text = text.replace('deputy = "ben"', 'deputy = "marshall"')
    assert [problem.partition(":")[0] for problem in problems(text)] == [
        "people.marshall.deputy",
        "hours.work",
        "hours.holidays[1]",
        "skip[1].to",
        "routes.upsell.acknowledge_within",
    ]


def test_a_file_without_any_of_it_has_none_of_it() -> None:
    start = GOOD.index("[people.priya]"), GOOD.index("[hours]")
    people = GOOD[start[0] : start[1]]
    route = GOOD[GOOD.index("[routes.upsell]") :].replace('"sales", ', "")
    policy = parse(f'version = "1"\nfallback = "priya"\n{people}{route}')
    assert (policy.hours, policy.levels, policy.skips, policy.roles) == (None, {}, (), {})
