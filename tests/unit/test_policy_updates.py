"""`update_within` and resolutions in `policy.toml`: words become values, and reach the brief."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.factories import make_escalation, make_reason
from tests.gallery import make_brief
from tests.unit.test_rendering import body, rendered
from triage.errors import ConfigError
from triage.followup import routes_of, update_window
from triage.policy_file import parse_policy
from triage.routing import route

if TYPE_CHECKING:
    from triage.messages import Reason
    from triage.policy import Policy

HOUR = 3600
BASE = """
fallback = "ben"
[people.ben]
name = "Ben"
address = "ben@radial.example"
"""
HOURS = '[hours]\nwork = "09:00-17:00"\n'
ROUTES = """
[routes.blocker]
title = "Blocked"
to = ["ben"]
clause = "C."
next_step = "N."
resolution = "Put it right."
[routes.upsell]
title = "Sales"
to = ["ben"]
clause = "C."
next_step = "N."
update_within = "2d"
[kinds.hr]
tags = ["blocker"]
title = "HR"
update_within = "never"
no_resolution = "speak with them first."
"""


def read(top: str = "", hours: str = HOURS, routes: str = ROUTES) -> Policy:
    return parse_policy(top + BASE + hours + routes, Path("policy.toml"))


def window(policy: Policy, *tags: str, kind: str = "") -> int | None:
    return update_window(policy, routes_of(policy, tags, kind))


def test_a_client_hears_within_a_working_day_unless_the_policy_says_otherwise() -> None:
    assert window(read(), "blocker") == 8 * HOUR
    assert window(read('update_within = "3h"\n'), "blocker") == 3 * HOUR
    assert window(read('update_within = "never"\n'), "blocker") is None


def test_without_working_time_nobody_is_reminded_until_the_policy_asks_for_it() -> None:
    assert window(read(hours=""), "blocker") is None
    assert window(read('update_within = "1d"\n', hours=""), "blocker") == 24 * HOUR


def test_a_route_goes_before_the_top_a_kind_before_its_route_and_the_shortest_counts() -> None:
    policy = read()
    assert window(policy, "upsell") == 16 * HOUR
    assert window(policy, "upsell", "blocker") == 8 * HOUR
    assert window(policy, "blocker", kind="blocker:hr") is None
    assert window(read('update_within = "never"\n'), "upsell", "blocker") == 16 * HOUR


WRONG = 'update_within = "soon"\n'


@pytest.mark.parametrize(
    ("top", "routes", "place"),
    [
        (WRONG, ROUTES, "update_within"),
        ("", ROUTES.replace('update_within = "2d"\n', WRONG), "routes.upsell.update_within"),
    ],
)
def test_a_word_that_is_no_time_is_told_with_its_place(top: str, routes: str, place: str) -> None:
    with pytest.raises(ConfigError, match=f'{place}: must be a time such as "4h", "1d", or "nev'):
        read(top, routes=routes)


def test_the_resolution_of_the_policy_reaches_the_reason_and_a_kind_may_say_why_not() -> None:
    policy = read()
    [plain] = found_reasons(policy)
    assert (plain.resolution, plain.no_resolution) == ("Put it right.", "")
    [of_kind] = found_reasons(policy, kind="blocker:hr")
    assert (of_kind.resolution, of_kind.no_resolution) == ("", "speak with them first.")


def found_reasons(policy: Policy, kind: str = "") -> tuple[Reason, ...]:
    found = route(["blocker"], text="", policy=policy, kind=kind)
    assert found is not None
    return found.reasons


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"resolution": "Credit before refund."}, "Resolution: Credit before refund."),
        ({"no_resolution": "hear them."}, "Resolution: none recommended: hear them."),
    ],
)
def test_the_brief_shows_the_resolution_or_why_there_is_none(
    given: dict[str, str], words: str
) -> None:
    brief = make_brief(escalation=make_escalation(reasons=(make_reason(**given),)))
    assert words in " ".join(body(rendered(brief), "plain").split())
    assert words.partition(": ")[2] in body(rendered(brief), "html")


def test_a_policy_that_says_nothing_of_it_shows_nothing() -> None:
    assert "Resolution" not in body(rendered(make_brief()), "plain")
