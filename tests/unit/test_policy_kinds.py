"""`[kinds.<name>]` in policy.toml: laid over a tag's route, every mistake told with its place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from triage.errors import ConfigError
from triage.messages import Urgency
from triage.policy_file import parse_policy

if TYPE_CHECKING:
    from triage.policy import Policy

BASE = """
version = "1"
fallback = "ben"

[people.ben]
name = "Ben West"
address = "ben@radial.example"

[people.marshall]
name = "Marshall Smith"
address = "marshall@radial.example"

[routes.blocker]
title = "Blocked"
to = ["ben"]
urgency = "high"
acknowledge_within = "1d"
clause = "Blocked work goes to Ben."
next_step = "Look."

[[routes.blocker.raise]]
to = "urgent"
when = ["outage"]

[routes.upsell]
title = "Sales"
to = ["marshall"]
clause = "Sales go to Marshall."
next_step = "Call."
"""
KIND = """
[kinds.parking]
tags = ["blocker"]
title = "Parking"
situations = ["There is no space left."]
"""


def read(text: str) -> Policy:
    return parse_policy(BASE + text, Path("policy.toml"))


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return caught.value.problems


def test_a_policy_without_kinds_is_as_it_was() -> None:
    assert read("").kinds == {}


def test_what_a_kind_leaves_out_is_as_the_tags_route_says() -> None:
    policy = read(KIND)
    route = policy.route_of("blocker", "parking")
    assert route is not None
    assert route.title == "Parking"
    assert route.to == ("ben",)
    assert route.acknowledge_within_s == 86_400
    assert route.raises == policy.routes["blocker"].raises


def test_a_kind_may_say_all_that_a_route_may() -> None:
    text = KIND + 'to = ["marshall"]\nneed = "any"\nurgency = "low"\nacknowledge_within = "none"\n'
    text += 'clause = "Own."\nnext_step = "Park."\n'
    route = read(text).route_of("blocker", "parking")
    assert route is not None
    assert (route.to, route.need, route.urgency) == (("marshall",), "any", Urgency.LOW)
    assert route.acknowledge_within_s is None
    assert (route.clause, route.next_step) == ("Own.", "Park.")


def test_what_makes_a_kind_urgent_comes_on_top_of_what_makes_its_tag_urgent() -> None:
    text = KIND + '[[kinds.parking.raise]]\nto = "urgent"\nwhen = ["towed"]\n'
    route = read(text).route_of("blocker", "parking")
    assert route is not None
    assert [rule.when for rule in route.raises] == [("towed",), ("outage",)]


def test_a_kind_beneath_two_tags_has_a_route_for_each() -> None:
    policy = read(KIND.replace('["blocker"]', '["blocker", "upsell"]'))
    assert {tag: r.to for tag, r in policy.kinds["parking"].routes.items()} == {
        "blocker": ("ben",),
        "upsell": ("marshall",),
    }


def test_a_tag_that_a_kind_does_not_refine_keeps_its_route() -> None:
    policy = read(KIND)
    assert policy.route_of("upsell", "parking") == policy.routes["upsell"]
    assert policy.route_of("upsell", "unheard-of") == policy.routes["upsell"]
    assert policy.route_of("unheard-of") is None


def test_a_kind_that_ships_is_found_without_examples_of_ones_own() -> None:
    kind = read(KIND.replace("parking", "hr").replace("situations", "cues")).kinds["hr"]
    assert "There is no space left." in kind.cues
    assert any("salary" in situation for situation in kind.situations)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[kinds]\nparking = 1\n", "kinds: must be tables: a line [kinds.<name>]"),
        (KIND.replace('tags = ["blocker"]\n', ""), "kinds.parking.tags: is missing"),
        (KIND.replace('["blocker"]', "[]"), "kinds.parking.tags: is empty"),
        (
            KIND.replace("blocker", "bloker"),
            'kinds.parking.tags[1]: there is no route for "bloker"; did you mean "blocker"?',
        ),
        (KIND.replace('title = "Parking"\n', ""), "kinds.parking.title: is missing"),
        (KIND.replace('"Parking"', '""'), "kinds.parking.title: is empty"),
        (KIND.replace("situations", "situation"), "kinds.parking.situation: is not a setting"),
        (KIND.replace("[kinds.parking]", '[kinds."Parking!"]'), "use small letters"),
        (KIND.replace('"There is no space left."', '" "'), "kinds.parking.situations[1]: is empty"),
        (KIND + 'cues = [""]\n', "kinds.parking.cues[1]: is empty"),
        (KIND.replace("situations", "words"), "has nothing to be found by"),
        (KIND + 'to = ["nobody"]\n', 'kinds.parking.to[1]: there is no person "nobody"'),
        (KIND + 'writers = ["boss"]\n', "kinds.parking.writers[1]: "),
        (KIND + 'spares_named = "yes"\n', "kinds.parking.spares_named: must be true or false"),
        (KIND + 'acknowledge_within = "soon"\n', "kinds.parking.acknowledge_within: must be"),
        (KIND + "acknowledge_within_s = 5\n", "is not a setting here"),
        (
            KIND + '[[kinds.parking.raise]]\nto = "normal"\nwhen = ["towed"]\n',
            'kinds.parking.raise[1].to: is "normal", no more urgent',
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_line(text: str, complaint: str) -> None:
    found = problems(text)
    assert any(complaint in problem for problem in found), found
    assert all("policy.toml, line" in problem for problem in found)


def test_a_mistake_in_a_route_is_told_once_and_not_again_for_each_kind() -> None:
    text = (BASE + KIND).replace('urgency = "high"', 'urgency = "hasty"')
    with pytest.raises(ConfigError) as caught:
        parse_policy(text, Path("policy.toml"))
    [problem] = caught.value.problems
    assert problem.startswith("routes.blocker.urgency")
