"""Matters that come up again and again: raised once, where it helps, and not with each mail."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from tests.desk import make_desk
from tests.steps import POLICY, Bench, make_bench, make_route
from tests.unit.test_issues import SAM, kinds_policy
from triage.errors import ConfigError
from triage.pipeline.repeats import repeated_matters
from triage.policy import DAY_S, Kind, Policy, Repeats
from triage.policy_file import load_policy, parse_policy
from triage.repeats import repeated
from triage.store import audit, cases, issues, outbox
from triage.store.repeats import OpenedCase
from triage.store.uniting import unite

if TYPE_CHECKING:
    from pathlib import Path

    from triage.repeats import Repeated

RULES = Repeats(client=3, kind=5, welcome=("upsell",))
POLICY_3 = replace(POLICY, repeats=RULES)
HR = Kind(
    id="hr",
    title="HR",
    routes={"blocker": make_route("blocker", "ben"), "upsell": make_route("upsell", "ben")},
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path, POLICY_3)


def matter(number: int, client: str = "dana@client.example", **changes: object) -> OpenedCase:
    fields: dict[str, object] = {
        "id": number,
        "client": client,
        "tags": ("blocker",),
        "kinds": {},
        "opened_at": float(number),
    }
    return OpenedCase(**{**fields, **changes})  # type: ignore[arg-type]


def of_many(count: int, **changes: object) -> list[OpenedCase]:
    return [matter(n, f"x@c{n}.example", **changes) for n in range(1, count + 1)]


def found(*matters: OpenedCase, policy: Policy = POLICY_3) -> list[tuple[str, tuple[int, ...]]]:
    return [(each.key, each.cases) for each in repeated(matters, policy)]


# ------------------------------------------------------------------------------------ the rule


def test_so_many_of_one_client_whoever_of_them_writes() -> None:
    two = [matter(1), matter(2, "omar@client.example")]
    assert found(*two) == []
    three = found(*two, matter(3, tags=("dissatisfaction",)))
    assert three == [("client:client.example", (1, 2, 3))]


def test_at_a_public_provider_each_address_is_a_client_of_its_own() -> None:
    assert found(*(matter(n, f"p{n}@gmail.com") for n in range(1, 5))) == []


def test_so_many_of_one_kind_over_all_clients() -> None:
    assert found(*of_many(4)) == []
    assert found(*of_many(5)) == [("tag:blocker", (1, 2, 3, 4, 5))]


def test_a_kind_of_issue_is_a_kind_of_its_own_beside_its_tag() -> None:
    known = replace(POLICY_3, kinds={"hr": HR})
    some = of_many(5, kinds={"blocker": "hr"})
    assert found(*some, *[matter(9, "y@d.example")], policy=known) == [("kind:hr", (1, 2, 3, 4, 5))]
    assert found(*some) == [("tag:blocker", (1, 2, 3, 4, 5))]  # a kind that no policy knows


def test_what_could_happen_again_counts_double() -> None:
    assert found(matter(1, recurs=True), matter(2)) == [("client:client.example", (1, 2))]
    assert found(matter(1, recurs=False), matter(2)) == []
    assert found(matter(1, recurs=True)) == []
    assert found(*of_many(3, recurs=True)) == [("tag:blocker", (1, 2, 3))]


def test_welcome_matters_are_none() -> None:
    assert found(*(matter(n, tags=("upsell",)) for n in range(1, 9))) == []
    mixed = [matter(n, tags=("upsell", "blocker")) for n in range(1, 4)]
    [group] = repeated(mixed, POLICY_3)
    assert group.about == '"Blocker"'
    welcome = replace(POLICY_3, kinds={"hr": HR}, repeats=replace(RULES, welcome=("hr",)))
    assert found(*of_many(5, kinds={"blocker": "hr"}), policy=welcome) == []


def test_our_own_people_are_no_client() -> None:
    assert found(*(matter(n, "nora@firm.example") for n in range(1, 5))) == []


def test_zero_looks_at_none() -> None:
    none = replace(POLICY, repeats=Repeats(client=0, kind=0))
    assert found(*(matter(n) for n in range(1, 30)), policy=none) == []


def test_the_words() -> None:
    same = [matter(1, recurs=True), matter(2), matter(3)]
    [group] = repeated(same, POLICY_3)
    assert group.suggestion == (
        '3 cases about "Blocker" from this client in 60 days, 1 of which could happen again, '
        "with this one: worth a change in how we work?"
    )
    assert group.line.startswith('3 cases about "Blocker" from Client in 60 days')
    different = [matter(1), matter(2), matter(3, tags=("dissatisfaction",))]
    assert repeated(different, POLICY_3)[0].line == "3 cases from Client in 60 days"
    [kind] = repeated(of_many(5), POLICY_3)
    assert kind.line == '5 cases about "Blocker" from 5 clients in 60 days'


# ------------------------------------------------------------------------------ in the pipeline


def open_cases(bench: Bench, count: int, day_s: float = DAY_S) -> None:
    """Cases of one client, a day apart."""
    for _ in range(count):
        bench.clock.now += day_s
        outcome = bench.judge("We are stuck.", subject=f"Portal {bench.uid}")
        assert outcome.action == "escalated"


def matters(bench: Bench) -> list[Repeated]:
    with bench.store.read() as tx:
        return repeated_matters(tx, bench.clock(), POLICY_3)


def texts(bench: Bench, case: int, kind: str = "plain") -> list[str]:
    with bench.store.read() as tx:
        rows = outbox.briefs_of_case(tx, case)
        mails = [
            message_from_bytes(outbox.notice(tx, row.id).content, policy=policy.default)
            for row in rows
        ]
    bodies = [mail.get_body((kind,)) for mail in mails]
    return [" ".join(str(body.get_content()).split()) for body in bodies if body]


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_the_brief_of_the_case_that_makes_it_so_says_it_once(bench: Bench, kind: str) -> None:
    open_cases(bench, 4)
    said = ["worth a change in how we work?" in texts(bench, n, kind)[0] for n in (1, 2, 3, 4)]
    assert said == [False, False, True, False]


def said_in(bench: Bench, cases_: int) -> list[int]:
    """The cases whose first brief speaks of their like."""
    return [n for n in range(1, cases_ + 1) if "worth a change" in texts(bench, n)[0]]


def test_a_tag_of_many_clients_is_said_once_however_often_it_comes_beside_others(
    bench: Bench,
) -> None:
    for number in range(1, 13):
        bench.clock.now += DAY_S
        text = "We are stuck." if number % 2 else "We are disappointed."
        bench.judge(text, subject=f"Portal {number}", sender=f"Di <di@client{number}.example>")
    assert said_in(bench, 12) == [9, 10]  # the fifth of each


def test_a_kind_of_issue_is_said_once_in_the_brief_that_makes_it_so(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, kinds_policy(repeats=RULES))
    for number in range(1, 8):
        bench.clock.now += DAY_S
        late = "I am stuck: I am waiting for the client to approve the design."
        mail = late if number != 3 else "We are disappointed."
        bench.judge(mail, subject=f"Portal {number}", sender=SAM)  # who is no client
    with bench.store.read() as tx:
        kinds = issues.kinds_of(tx, range(1, 8))
    assert [n for n, found in kinds.items() if found == {"blocker": "story"}] == [1, 2, 4, 5, 6, 7]
    assert said_in(bench, 7) == [6]


def test_it_is_said_again_when_the_time_has_passed(bench: Bench) -> None:
    open_cases(bench, 3)
    bench.clock.now += 61 * DAY_S
    open_cases(bench, 3)
    said = ["worth a change" in texts(bench, n)[0] for n in range(1, 7)]
    assert said == [False, False, True, False, False, True]


def test_a_further_mail_of_a_case_says_nothing_of_it(bench: Bench) -> None:
    open_cases(bench, 2)
    bench.judge("I am disappointed.", subject="Re: Portal 2")
    assert all("worth a change" not in text for n in (1, 2) for text in texts(bench, n))


def test_two_cases_that_are_one_matter_count_once(bench: Bench) -> None:
    open_cases(bench, 3)
    assert matters(bench) != []
    with bench.store.write() as tx:
        unite(tx, 1, 2, by="ben", now=bench.clock())
    assert matters(bench) == []


def test_old_cases_and_nothings_do_not_count(bench: Bench) -> None:
    open_cases(bench, 1)
    bench.clock.now += 60 * DAY_S
    open_cases(bench, 2)
    assert matters(bench) == []
    open_cases(bench, 1)
    assert [each.cases for each in matters(bench)] == [(2, 3, 4)]
    with bench.store.write() as tx:
        cases.retag(tx, 2, tags=(), urgency=cases.get(tx, 2).urgency)  # "none"
    assert matters(bench) == []


def test_reports_know_since_when_it_has_been_said(bench: Bench) -> None:
    open_cases(bench, 3)
    [group] = matters(bench)
    assert group.suggested_at == bench.clock()
    with bench.store.read() as tx:
        last = [entry for entry in audit.of_case(tx, 3) if entry.action == "suggested"]
    assert [entry.detail for entry in last] == ['3 cases about "Blocker" from Client in 60 days']


def test_an_outcome_that_could_happen_again_makes_it_so_with_the_next_case(bench: Bench) -> None:
    open_cases(bench, 1)
    with bench.store.write() as tx:
        cases.resolve(tx, 1, "", bench.clock(), by="ben", recurs=True)
    open_cases(bench, 1)
    assert "1 of which could happen again" in texts(bench, 2)[0]


def test_a_brief_counts_no_case_that_is_kept_from_somebody(bench: Bench) -> None:
    open_cases(bench, 2)
    with bench.store.write() as tx:
        issues.spare(tx, 1, {"ben"}, bench.clock())
    open_cases(bench, 1)
    assert "worth a change" not in texts(bench, 3)[0]
    assert [each.cases for each in matters(bench)] == [(1, 2, 3)]


def test_the_digest_of_management_lists_it_once_with_its_cases(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    open_cases(desk.bench, 4, day_s=3600)
    said = '4 cases about "Blocker" from Client in 60 days: cases 1, 2, 3, 4.'
    assert f"WORTH A CHANGE IN HOW WE WORK? - {said}" in desk.text("ben")
    assert said.replace('"', "&#34;") in desk.letters.write(desk.gather("ben")).html
    assert desk.gather("nora").repeated == ()
    desk.bench.clock.now += 8 * DAY_S
    open_cases(desk.bench, 1, day_s=3600)
    assert "WORTH A CHANGE" not in desk.text("ben")


# ---------------------------------------------------------------------------------- the setting

FILE = """
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


def test_without_a_table_the_usual_rules_hold(tmp_path: Path) -> None:
    assert parse_policy(FILE, tmp_path / "policy.toml").repeats == Repeats()
    path = tmp_path / "policy.toml"
    path.write_text(FILE)
    assert load_policy(path).repeats.welcome == ("upsell",)


def test_the_table_is_read(tmp_path: Path) -> None:
    table = (
        '[repeats]\nsame_within = "2d"\nwithin = "90d"\nclient = 6\nkind = 0\n'
        'welcome = ["blocker"]\n'
    )
    assert parse_policy(FILE + table, tmp_path / "policy.toml").repeats == Repeats(
        same_within_s=2 * DAY_S, within_s=90 * DAY_S, client=6, kind=0, welcome=("blocker",)
    )


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("repeats = 3", "must be a table"),
        ('[repeats]\nwithin = "soon"', "must be a time"),
        ("[repeats]\nclient = 1", "must be 2 or more"),
        ('[repeats]\nwelcome = ["blockers"]', 'there is no tag or kind "blockers"'),
        ("[repeats]\nwithin_s = 3", "within_s"),
        ("[repeats]\nclients = 3", "clients"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, table: str, says: str) -> None:
    text = f"{table}\n{FILE}" if table.startswith("repeats") else FILE + table
    with pytest.raises(ConfigError, match=says):
        parse_policy(text, tmp_path / "policy.toml")
