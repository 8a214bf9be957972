"""What users of `policy.toml` rely on: words become values, and every mistake is told at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from triage.errors import ConfigError
from triage.messages import Urgency
from triage.policy_file import load_policy, parse_policy

if TYPE_CHECKING:
    from triage.policy import Policy

ROOT = Path(__file__).parents[2]
GOOD = """
version = "2026-11"
fallback = "priya"

[people.marshall]
name = "Marshall Smith"
address = "marshall@radial.example"
role = "Management"

[people.priya]
name = "Priya Shah"
address = "priya@radial.example"

[routes.blocker]
title = "Work is blocked"
to = ["marshall", "priya"]
need = "any"
urgency = "high"
acknowledge_within = "4h"
clause = \"\"\"
If a story is blocked,
mark it.\"\"\"
next_step = "Mark it blocked."

[[routes.blocker.raise]]
when = ["production is  down", "outage"]
to = "urgent"
because = "It is down."
"""


def parse(text: str) -> Policy:
    return parse_policy(text, Path("/etc/triage/policy.toml"))


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return list(caught.value.problems)


def test_the_file_s_words_become_values() -> None:
    policy = parse(GOOD)
    route = policy.routes["blocker"]
    assert policy.people["marshall"].id == "marshall"
    assert policy.fallback == "priya"
    assert (route.tag, route.to, route.need) == ("blocker", ("marshall", "priya"), "any")
    assert route.urgency is Urgency.HIGH
    assert route.acknowledge_within_s == 4 * 3600
    assert route.clause == "If a story is blocked, mark it."
    (rule,) = route.raises
    assert rule.to is Urgency.URGENT
    assert rule.when == ("production is down", "outage")


def test_what_may_be_left_out_has_a_default() -> None:
    text = GOOD.replace('need = "any"\nurgency = "high"\nacknowledge_within = "4h"\n', "")
    route = parse(text).routes["blocker"]
    assert (route.need, route.urgency, route.acknowledge_within_s) == ("all", Urgency.NORMAL, None)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("30m", 1800), ("4h", 14400), ("2d", 172800), ("1d12h", 129600), ("4 H", 14400)],
)
def test_times_are_written_with_units(words: str, seconds: int) -> None:
    route = parse(GOOD.replace('"4h"', f'"{words}"')).routes["blocker"]
    assert route.acknowledge_within_s == seconds


def test_without_a_version_the_policy_is_named_by_what_it_says() -> None:
    bare = GOOD.replace('version = "2026-11"', "")
    policy = parse(bare)
    assert policy.version == policy.digest == policy.stamp
    assert parse(f"# a remark\n{bare}").version == policy.version
    assert parse(bare.replace('"4h"', '"5h"')).version != policy.version


def test_a_change_without_a_new_version_is_told_apart() -> None:
    first, second = parse(GOOD), parse(GOOD.replace('"4h"', '"5h"'))
    assert first.version == second.version == "2026-11"
    assert first.stamp.startswith("2026-11 (")
    assert first.stamp != second.stamp


def test_none_means_that_nobody_is_reminded() -> None:
    assert parse(GOOD.replace('"4h"', '"none"')).routes["blocker"].acknowledge_within_s is None


WRONG = [
    ('version = "2026-11"', 'version = ""', "version: is empty"),
    ('version = "2026-11"', "version = 3", "version: must be text in quotes"),
    ('fallback = "priya"', 'fallback = "pria"', 'fallback: there is no person "pria"; did you'),
    ('fallback = "priya"', "", "fallback: is missing"),
    ('fallback = "priya"', 'fallback = "priya"\ncolour = 1', "colour: is not a setting here"),
    ('address = "priya@radial.example"', "", "people.priya.address: is missing"),
    ("priya@radial.example", "", "people.priya.address: is empty, so nobody would be told"),
    ("priya@radial.example", "priya", 'people.priya.address: "priya" is no email address'),
    ("priya@radial.example", "Marshall@radial.example", "people.priya.address: is also that of"),
    ("priya@radial.example", "p@x.example\\nBcc: q@x.example", "people.priya.address: "),
    ("[people.priya]", "[people.Priya]", "people.Priya: use small letters"),
    ('name = "Priya Shah"', "nmae = 1", 'people.priya.nmae: is not a setting here; did you mean "'),
    ('name = "Priya Shah"', 'name = " "', "people.priya.name: is empty"),
    ('name = "Priya Shah"', 'id = "x"\nname = "P"', "people.priya.id: is not a setting here"),
    ('"marshall", "priya"', '"marshal"', 'routes.blocker.to[1]: there is no person "marshal"'),
    ('"marshall", "priya"', '"priya", "priya"', 'routes.blocker.to[2]: "priya" stands there twice'),
    ('"marshall", "priya"', "", "routes.blocker.to: is empty, so nobody would be told"),
    ('need = "any"', 'need = "both"', 'routes.blocker.need: cannot be "both"; it can be "all"'),
    ('urgency = "high"', 'urgency = "hihg"', 'routes.blocker.urgency: cannot be "hihg"; did you'),
    ('urgency = "high"', "urgency = 2", "routes.blocker.urgency: must be one of"),
    ('"4h"', '"soon"', "routes.blocker.acknowledge_within: must be a time such as"),
    ('"4h"', '"0h"', "routes.blocker.acknowledge_within: must be a time such as"),
    ('"4h"', "4", "routes.blocker.acknowledge_within: must be a time such as"),
    ("acknowledge_within", "acknowledge_within_s", "routes.blocker.acknowledge_within_s: is not"),
    ('title = "Work is blocked"', 'title = ""', "routes.blocker.title: is empty"),
    ('next_step = "Mark it blocked."', "", "routes.blocker.next_step: is missing"),
    ('to = "urgent"', 'to = "high"', 'routes.blocker.raise[1].to: is "high", no more urgent'),
    ('to = "urgent"', 'to = "low"', 'routes.blocker.raise[1].to: is "low", no more urgent'),
    ('to = "urgent"', 'to = "now"', 'routes.blocker.raise[1].to: cannot be "now"'),
    ('["production is  down", "outage"]', "[]", "routes.blocker.raise[1].when: is empty"),
    ('["production is  down", "outage"]', '["a", " "]', "routes.blocker.raise[1].when[2]: is em"),
    ('["production is  down", "outage"]', '"outage"', "routes.blocker.raise[1].when: must be a"),
    ("[[routes.blocker.raise]]", "[routes.blocker.raise]", "routes.blocker.raise: must be written"),
    ("[routes.blocker]", "[rotues.blocker]", 'rotues: is not a setting here; did you mean "routes'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), WRONG)
def test_each_mistake_is_told_with_place_and_line(old: str, new: str, says: str) -> None:
    assert old in GOOD
    found = problems(GOOD.replace(old, new, 1))
    assert any(problem.startswith(says) for problem in found), found
    assert all("(policy.toml" in problem for problem in found)


def test_a_policy_without_people_or_routes_says_so() -> None:
    found = problems('version = "1"\nfallback = "x"\n')
    assert [problem.partition(":")[0] for problem in found] == ["people", "routes", "fallback"]


def test_all_mistakes_are_told_at_once() -> None:
    text = GOOD.replace("priya@radial.example", "priya").replace('"4h"', '"soon"')
    text = text.replace('fallback = "priya"', 'fallback = "x"').replace("next_step", "nextstep")
    assert len(problems(text)) == 5  # nextstep is unknown, and next_step missing


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="triage init"):
        load_policy(tmp_path / "policy.toml")


def test_the_demo_policy_follows_the_written_one() -> None:
    policy = load_policy(ROOT / "data" / "demo" / "policy.toml")
    routes = policy.routes
    assert set(routes) == {"dissatisfaction", "scope_mismatch", "blocker", "upsell"}
    # Sales: one or the other will do. Recovery and blockers: management as a whole.
    assert {tag for tag, route in routes.items() if route.need == "any"} == {
        "scope_mismatch",
        "upsell",
    }
    for route in routes.values():
        assert set(route.to) == {"ben", "marshall"}
        assert all(person in policy.people for person in route.to)
