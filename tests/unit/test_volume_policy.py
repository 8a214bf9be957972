"""`[volume]`, `[storms]` and `deliver` in `policy.toml`: read, linted, and told of."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.steps import Bench, make_bench, make_policy, make_route
from triage.check.volume_lint import volume_findings
from triage.cli import case_report
from triage.cli.policy_report import as_record, lines
from triage.errors import ConfigError
from triage.messages import Urgency
from triage.pipeline.explain import explain
from triage.policy import Digests, Kind, Policy, Storms, Volume
from triage.policy_file import parse_policy
from triage.store import outbox, storms

TODAY = date(2026, 11, 27)
HEAD = """
fallback = "ben"
[people.ben]
name = "Ben"
address = "ben@firm.example"
{person}
[routes.upsell]
title = "Sales"
to = ["ben"]
clause = "C."
next_step = "N."
urgency = "low"
{route}
"""

URGENT_BY_DIGEST = """
[routes.blocker]
title = "Blocked"
to = ["ben"]
clause = "C."
next_step = "N."
urgency = "high"
deliver = "digest"
"""


def policy_of(more: str = "", *, person: str = "", route: str = "") -> Policy:
    return parse_policy(HEAD.format(person=person, route=route) + more, Path("policy.toml"))


# ---- The file ------------------------------------------------------------------------------------


def test_without_the_tables_storms_have_the_usual_rules_and_nothing_waits() -> None:
    policy = policy_of()
    assert policy.storms == Storms(mails=3, within_s=3600)
    assert policy.volume == Volume(daily=0, digest_below=None)
    assert policy.routes["upsell"].deliver == "brief"


def test_every_setting_is_read() -> None:
    policy = policy_of(
        '[storms]\nmails = 5\nwithin = "30m"\n[volume]\ndaily = 20\ndigest_below = "normal"\n',
        person="daily = 8",
        route='deliver = "digest"\nacknowledge_within = "2d"',
    )
    assert policy.storms == Storms(mails=5, within_s=1800)
    assert policy.volume == Volume(daily=20, digest_below=Urgency.NORMAL)
    assert policy.people["ben"].daily == 8
    assert policy.routes["upsell"].deliver == "digest"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("[storms]\nmails = -1", "storms.mails"),
        ('[storms]\nwithin = "2d"', "storms.within"),
        ('[storms]\nwithin = "soon"', "storms.within"),
        ("[storms]\nwithin_s = 3", "storms.within_s"),
        ("storms = 3", "storms"),
        ("[volume]\ndaily = -2", "volume.daily"),
        ('[volume]\ndigest_below = "urgent"', "volume.digest_below"),
        ('[volume]\ndigest_below = "soon"', "volume.digest_below"),
        ("[volume]\nweekly = 2", "volume.weekly"),
    ],
)
def test_a_mistake_is_told_with_its_place(more: str, says: str) -> None:
    whole = more if more.startswith("[") else ""
    top = "" if whole else more
    text = top + HEAD.format(person="", route="") + whole
    with pytest.raises(ConfigError) as error:
        parse_policy(text, Path("policy.toml"))
    assert says in str(error.value)


@pytest.mark.parametrize(
    "route",
    [
        'deliver = "digest"\nacknowledge_within = "23h"',
        URGENT_BY_DIGEST,
        'deliver = "letter"',
    ],
)
def test_a_route_may_not_delay_what_cannot_wait(route: str) -> None:
    with pytest.raises(ConfigError, match="deliver"):
        policy_of(route=route)


def test_a_person_cannot_have_less_than_no_brief() -> None:
    with pytest.raises(ConfigError, match=r"people\.ben\.daily"):
        policy_of(person="daily = -1")


# ---- The lint ------------------------------------------------------------------------------------


def lint(policy: Policy) -> dict[str, str]:
    return {each.where: each.what for each in volume_findings(policy)}


SOUND = make_policy(
    upsell=make_route("upsell", "ben", "nora", urgency=Urgency.LOW),
    blocker=make_route("blocker", "ben", urgency=Urgency.HIGH, acknowledge_within_s=3600),
)
DAILY = Digests(management="daily", others="daily")


def test_who_gets_no_daily_digest_is_named_at_each_rule_that_would_hold_back() -> None:
    ben = replace(SOUND.people["ben"], digest="daily")
    upsell = replace(SOUND.routes["upsell"], deliver="digest")
    policy = replace(
        SOUND,
        people=SOUND.people | {"ben": ben},
        routes=SOUND.routes | {"upsell": upsell},
        volume=Volume(daily=20, digest_below=Urgency.NORMAL),
    )
    found = lint(policy)
    assert set(found) == {"volume.daily", "volume.digest_below", "routes.upsell.deliver"}
    for what in found.values():
        assert what.startswith("nothing is held back for Nora, who gets no daily digest")


def test_a_budget_of_ones_own_without_a_digest_is_named() -> None:
    nora = replace(SOUND.people["nora"], daily=5)
    assert set(lint(replace(SOUND, people=SOUND.people | {"nora": nora}))) == {"people.nora.daily"}


def test_with_daily_digests_there_is_nothing_to_find() -> None:
    policy = replace(SOUND, digests=DAILY, volume=Volume(daily=9, digest_below=Urgency.NORMAL))
    assert lint(policy) == {}
    assert lint(SOUND) == {}


def test_a_limit_below_which_nothing_can_wait_is_named() -> None:
    routes = {"blocker": SOUND.routes["blocker"]}
    volume = Volume(digest_below=Urgency.HIGH)
    found = lint(replace(SOUND, routes=routes, digests=DAILY, volume=volume))
    assert "nothing ever waits for it" in found["volume.digest_below"]


@pytest.mark.parametrize(
    ("to", "need", "says"),
    [
        (("ben",), "all", "leaves out Marshall"),
        (("ben", "marshall"), "any", "leaves out all but one"),
        (("ben", "marshall"), "all", ""),
    ],
)
def test_trouble_with_the_process_must_reach_all_of_management(
    to: tuple[str, ...], need: str, says: str
) -> None:
    route = make_route("blocker", *to, need=need)
    kind = Kind(id="process", title="Process", routes={"blocker": route})
    roles: dict[str, tuple[str, ...]] = {"management": ("ben", "marshall")}
    found = lint(replace(SOUND, kinds={"process": kind}, roles=roles))
    assert says in found.get("kinds.process.to", "")
    assert bool(found) is bool(says)


# ---- What is told of it --------------------------------------------------------------------------


def held_bench(folder: Path) -> Bench:
    upsell = replace(SOUND.routes["upsell"], deliver="digest", title="Sales")
    policy = replace(SOUND, routes=SOUND.routes | {"upsell": upsell}, digests=DAILY)
    return make_bench(folder, replace(policy, storms=Storms(mails=1)))


def explained(bench: Bench, case: int = 1) -> tuple[str, dict[str, object]]:
    clock = bench.follow_up.rewriter.clock
    with bench.store.read() as tx:
        found = explain(tx, case, clock, bench.decider.firm)
    said = " ".join(" ".join(lines(found, bench.decider.policy, "UTC")).split())
    return said, as_record(found)


def test_an_explanation_says_that_a_brief_waits_and_why(tmp_path: Path) -> None:
    bench = held_bench(tmp_path)
    bench.judge("Send a quote.")
    said, record = explained(bench)
    waits = 'waits for their digest: low urgency: "Sales" goes to the digest'
    assert f"Ben <ben@firm.example> first brief, {waits}" in said
    people = record["people"]
    assert isinstance(people, list)
    assert {person["held_for"] for person in people} == {"low"}


def test_status_says_which_briefs_wait_for_a_digest_and_until_when(tmp_path: Path) -> None:
    bench = held_bench(tmp_path)
    bench.judge("Send a quote.")
    with bench.store.read() as tx:
        said = " ".join(case_report.outbox_lines(outbox.unfinished(tx), "UTC"))
    assert "digest: waits for their digest, or until" in said
    assert 'low urgency: "Sales" goes to the digest' in said


def test_an_explanation_says_what_joined_and_when_it_will_be_told(tmp_path: Path) -> None:
    bench = held_bench(tmp_path)
    for number in range(3):
        bench.judge(f"We are stuck with the {'x' * (number + 4)}.", subject=f"S{number}")
    said, record = explained(bench)
    assert "Not told one by one: 2 mails" in said
    assert "they are all from client.example; 2 of them are to be told" in said
    assert "one brief about the mails that joined, unless more of them come" in said
    found = record["storms"]
    assert isinstance(found, list)
    assert [(each["mails"], each["told"]) for each in found] == [(2, 0)]
    with bench.store.read() as tx:
        assert len(storms.unresolved(tx)) == 1
