"""What `triage policy lint` finds: rules that never decide, silent levels, people forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.steps import make_policy, make_route
from triage.check.policy_lint import policy_findings
from triage.config import Secret
from triage.messages import Address, Urgency
from triage.policy import Absence, Hours, Kind, Level, Policy, Raise, Route, Skip
from triage.policy_file import load_policy, parse_policy
from triage.providers import Server
from triage.setup_files import Answers, render_policy

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 27)
HOURS = Hours(work=(32400, 61200), holidays=("GB",))
LEVELS = {
    "colleague": Level(id="colleague", title="Colleague", next=True),
    "management": Level(id="management", title="Management", to=("ben", "marshall")),
}
RULE = Raise(when=("down", "outage"), to=Urgency.URGENT)


def sound() -> Policy:
    base = make_policy(
        blocker=make_route(
            "blocker",
            "ben",
            "nora",
            urgency=Urgency.HIGH,
            acknowledge_within_s=3600,
            raises=(RULE,),
        ),
        upsell=make_route("upsell", "ben", "marshall", need="any", acknowledge_within_s=7200),
    )
    deputies = {"ben": "marshall", "marshall": "ben", "nora": "priya", "priya": "nora"}
    people = {key: replace(p, deputy=deputies[key]) for key, p in base.people.items()}
    return replace(
        base,
        people=people,
        levels=LEVELS,
        hours=HOURS,
        roles={"management": ("ben", "marshall")},
        skips=(Skip(to="management", urgency=Urgency.URGENT),),
    )


def found(policy: Policy) -> list[tuple[str, str]]:
    return [(each.where, each.what) for each in policy_findings(policy, TODAY)]


def with_route(policy: Policy, tag: str, **changes: object) -> Policy:
    route: Route = replace(policy.routes[tag], **changes)  # type: ignore[arg-type]
    return replace(policy, routes=policy.routes | {tag: route})


def with_level(policy: Policy, name: str, **changes: object) -> Policy:
    level: Level = replace(policy.levels[name], **changes)  # type: ignore[arg-type]
    return replace(policy, levels=policy.levels | {name: level})


def with_skip(*skips: Skip) -> Policy:
    return replace(sound(), skips=skips)


def away(policy: Policy, *ids: str, first: date = date(2026, 12, 21)) -> Policy:
    absent = (Absence(first=first, last=date(2026, 12, 31)),)
    people = {k: replace(p, absent=absent if k in ids else ()) for k, p in policy.people.items()}
    return replace(policy, people=people)


def test_a_sound_policy_has_nothing_to_find() -> None:
    assert found(sound()) == []


def test_the_demo_s_policy_has_nothing_to_find() -> None:
    assert found(load_policy(ROOT / "data" / "demo" / "policy.toml")) == []


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_init_writes_has_nothing_to_find(count: int) -> None:
    server = Server(host="mail.firm.example", port=993, security="tls")
    answers = Answers(
        firm="Firm",
        domains=("firm.example",),
        staff=(),
        timezone="Europe/Berlin",
        managers=tuple(Address(address=f"m{i}@firm.example", name=f"M{i}") for i in range(count)),
        imap=server,
        username="hello@firm.example",
        imap_secret=Secret(env="X"),
        folders=("INBOX",),
        since=None,
        smtp=server,
        smtp_username="hello@firm.example",
        smtp_secret=Secret(env="X"),
        sender="hello@firm.example",
    )
    policy = parse_policy(render_policy(answers, TODAY), Path("policy.toml"))
    assert policy.hours is not None
    assert (policy.hours.timezone, policy.hours.holidays) == ("Europe/Berlin", ("DE",))
    assert found(policy) == []


def raising(*rules: Raise) -> Policy:
    return with_route(sound(), "blocker", raises=rules)


CASES = [
    # a rule whose words another one finds first
    (raising(RULE, Raise(when=("the OUTAGE goes on",), to=Urgency.URGENT)), "routes.blocker.rai"),
    (raising(Raise(when=("site down",), to=Urgency.URGENT), RULE), None),  # the wider one is later
    (raising(RULE, Raise(when=("shut down", "late"), to=Urgency.URGENT)), None),  # "late" is new
    (raising(RULE, Raise(when=("downtown",), to=Urgency.URGENT)), None),  # another word
    (raising(replace(RULE, to=Urgency.HIGH)), "routes.blocker.raise[1]"),  # no more urgent
    # rules that skip levels
    (with_skip(Skip(to="management", tags=3)), "skip[1]"),
    (with_skip(Skip(to="management", of=("upsell",), urgency=Urgency.HIGH)), "skip[1]"),
    (with_skip(Skip(to="management", tags=2), Skip(to="colleague", tags=2)), "skip[2]"),
    (with_skip(Skip(to="management"), Skip(to="management", of=("blocker",))), "skip[2]"),
    (with_skip(Skip(to="colleague", of=("blocker",)), Skip(to="management", tags=2)), None),
    (with_route(with_skip(Skip(to="colleague", of=("upsell",))), "upsell", levels=("management",)),
     "skip[1]"),
    # levels
    (replace(sound(), levels={}, skips=()), "levels"),
    (with_route(with_route(sound(), "upsell", levels=("management",)), "blocker",
                levels=("management",)), "levels.colleague"),
    (with_route(sound(), "upsell", levels=("management",)), "levels.colleague"),  # none is next
    (with_level(sound(), "management", to=("ben",)), "levels.management.to"),
    (replace(sound(), roles={}), "roles"),
    (with_route(sound(), "upsell", acknowledge_within_s=None, levels=("colleague",)),
     "routes.upsell.levels"),
    # times
    (with_level(sound(), "colleague", within_s=9000), "levels.colleague.within"),
    (with_level(sound(), "colleague", within_s=7200), None),
    (with_route(sound(), "blocker", acknowledge_within_s=8000),
     "routes.blocker.acknowledge_within"),
    (replace(sound(), hours=None), "hours"),
    (replace(sound(), hours=replace(HOURS, holidays=())), "hours.holidays"),
    (replace(sound(), hours=replace(HOURS, holidays=(), closed=(TODAY,))), None),
    # people
    (with_route(sound(), "upsell", to=("ben",)), "routes.upsell.need"),
    (replace(sound(), people=sound().people | {"zoe": replace(sound().people["ben"], id="zoe",
                                                              name="Zoe")}), "people.zoe"),
    (replace(sound(), people={k: replace(p, deputy="") for k, p in sound().people.items()}),
     "people"),
    (away(sound(), "ben", "marshall"), "routes.upsell.to"),
    (away(sound(), "ben", "marshall", first=date(2026, 1, 1)), "routes.upsell.to"),
    (away(sound(), "ben"), None),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "where"), CASES)
def test_each_oversight_is_found_at_its_place(policy: Policy, where: str | None) -> None:
    places = [place for place, _ in found(policy)]
    if where is None:
        assert places == []
    else:
        assert any(place.startswith(where) for place in places), places


def test_an_absence_that_is_over_is_none() -> None:
    past = (Absence(first=date(2026, 1, 1), last=date(2026, 1, 9)),)
    people = {k: replace(p, absent=past) for k, p in sound().people.items()}
    assert found(replace(sound(), people=people)) == []


def test_people_without_a_deputy_are_named_in_one_line() -> None:
    people = {k: replace(p, deputy="") for k, p in sound().people.items()}
    [(where, what)] = found(replace(sound(), people=people))
    assert where == "people"
    assert "Ben, Marshall, Nora and Priya" in what


def test_a_kind_s_own_rule_is_found_at_the_kind() -> None:
    base = sound().routes["blocker"]
    own = Raise(when=("total outage",), to=Urgency.URGENT)
    route = replace(base, raises=(RULE, own))
    kind = Kind(id="hr", title="HR", routes={"blocker": route})
    assert [where for where, _ in found(replace(sound(), kinds={"hr": kind}))] == [
        "kinds.hr.raise[2]"
    ]
