from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps import make_policy, make_route
from triage.messages import Occasion, Urgency
from triage.policy import Kind, Policy, Raise
from triage.routing import KnownCase, route, to_fallback

POLICY = make_policy(
    blocker=make_route("blocker", "ben", "marshall", urgency=Urgency.HIGH, acknowledge_within_s=60),
    upsell=make_route("upsell", "marshall", "nora", need="any", urgency=Urgency.LOW),
    dissatisfaction=make_route(
        "dissatisfaction",
        "ben",
        urgency=Urgency.HIGH,
        acknowledge_within_s=30,
        raises=(
            Raise(when=("cancel the contract", "won't pay"), to=Urgency.URGENT, because="Leaving."),
        ),
    ),
)


def names(**arguments: object) -> list[str]:
    found = route(policy=POLICY, text="", **arguments)  # type: ignore[arg-type]
    return [person.id for person in found.recipients] if found else []


def test_no_tag_means_no_escalation() -> None:
    assert route([], text="anything", policy=POLICY) is None


def test_a_tag_without_a_route_is_no_escalation() -> None:
    assert route(["praise"], text="", policy=POLICY) is None


def test_all_of_a_route_hear() -> None:
    assert names(tags=["blocker"]) == ["ben", "marshall"]


def test_one_of_an_any_route_hears_taking_turns() -> None:
    assert [names(tags=["upsell"], turn=t) for t in range(3)] == [
        ["marshall"],
        ["nora"],
        ["marshall"],
    ]


def test_several_tags_take_the_union_the_worst_urgency_and_the_shortest_window() -> None:
    found = route(["upsell", "blocker", "dissatisfaction"], text="", policy=POLICY, turn=1)
    assert found is not None
    assert {person.id: person.tags for person in found.recipients} == {
        "nora": ("upsell",),
        "ben": ("blocker", "dissatisfaction"),
        "marshall": ("blocker",),
    }
    assert found.urgency is Urgency.HIGH
    assert found.acknowledge_within_s == 30
    assert found.tags[-1] == "upsell"


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        ("We will cancel the contract.", Urgency.URGENT),
        ("We will CANCEL\n the   contract!", Urgency.URGENT),
        ("cancel the contractor's visit", Urgency.HIGH),
        ("We won\u2019t pay.", Urgency.URGENT),
        ("nothing of the kind", Urgency.HIGH),
    ],
)
def test_words_raise_the_urgency_as_whole_words(text: str, urgency: Urgency) -> None:
    found = route(["dissatisfaction"], text=text, policy=POLICY)
    assert found is not None
    assert found.urgency is urgency
    assert found.reasons[0].because == ("Leaving." if urgency is Urgency.URGENT else "")


def test_a_mail_that_brings_nothing_new_to_its_case_is_not_forwarded() -> None:
    case = KnownCase(tags=("blocker",), urgency=Urgency.HIGH, recipients=("ben", "marshall"))
    assert route(["blocker"], text="", policy=POLICY, case=case) is None


def test_a_new_tag_is_forwarded_to_those_who_were_told_and_those_who_must_be() -> None:
    case = KnownCase(tags=("upsell",), urgency=Urgency.LOW, recipients=("nora",))
    found = route(["upsell", "blocker"], text="", policy=POLICY, case=case, turn=0)
    assert found is not None
    assert found.occasion is Occasion.NEW_TAG
    assert {person.id for person in found.recipients} == {"nora", "ben", "marshall"}


def test_a_worse_mail_is_forwarded_again() -> None:
    case = KnownCase(tags=("dissatisfaction",), urgency=Urgency.HIGH, recipients=("ben",))
    found = route(["dissatisfaction"], text="we cancel the contract", policy=POLICY, case=case)
    assert found is not None
    assert found.occasion is Occasion.WORSE


def test_nobody_in_the_mail_from_outside_gets_a_brief() -> None:
    assert names(tags=["blocker"], excluded={"ben@firm.example"}) == ["marshall"]


def test_when_everybody_is_excluded_the_fallback_person_hears() -> None:
    assert names(tags=["dissatisfaction"], excluded={"ben@firm.example"}) == ["priya"]


def test_when_everybody_told_so_far_is_excluded_now_the_fallback_person_hears() -> None:
    case = KnownCase(tags=("upsell",), urgency=Urgency.LOW, recipients=("ben",))
    assert names(tags=["dissatisfaction"], case=case, excluded={"ben@firm.example"}) == ["priya"]


def test_a_tag_without_a_route_is_nothing_new() -> None:
    case = KnownCase(tags=("blocker",), urgency=Urgency.HIGH, recipients=("ben",))
    assert route(["blocker", "unknown"], text="", policy=POLICY, case=case) is None


def test_unreadable_mail_goes_to_the_fallback_person_with_the_reason() -> None:
    found = to_fallback(POLICY, "no readable text")
    assert [person.id for person in found.recipients] == ["priya"]
    assert found.reasons[0].clause == "no readable text"


@given(
    st.lists(st.sampled_from(["blocker", "upsell", "dissatisfaction"]), unique=True),
    st.integers(0, 100),
    st.text(max_size=50),
)
def test_recipients_always_come_from_the_policy(tags: list[str], turn: int, text: str) -> None:
    found = route(tags, text=text, policy=POLICY, turn=turn)
    assert (found is None) is (not tags)
    if found:
        assert found.recipients
        assert {p.address for p in found.recipients} <= {p.address for p in POLICY.people.values()}


def test_every_rule_that_raised_says_why_the_most_urgent_first() -> None:
    rules = (
        Raise(when=("today",), to=Urgency.HIGH, because="It is due today."),
        Raise(when=("lawyer",), to=Urgency.URGENT, because="Legal steps."),
        Raise(when=("court",), to=Urgency.URGENT, because="Legal steps."),
        Raise(when=("refund",), to=Urgency.URGENT),
        Raise(when=("lawyer",), to=Urgency.LOW, because="Not more urgent."),
    )
    policy = make_policy(upsell=make_route("upsell", "ben", raises=rules))
    found = route(["upsell"], text="Today our lawyer goes to court", policy=policy)
    assert found is not None
    assert found.reasons[0].because == "Legal steps. It is due today."
    assert found.reasons[0].urgency is Urgency.URGENT


def kinds_policy() -> Policy:
    blocker = make_route("blocker", "ben", "marshall", title="Blocked", acknowledge_within_s=60)
    hr = replace(blocker, to=("priya",), title="HR", urgency=Urgency.URGENT)
    kinds = {
        "hr": Kind(id="hr", title="HR", routes={"blocker": hr}),
        "lead": Kind(
            id="lead", title="Lead", routes={"upsell": make_route("upsell", "nora", title="Lead")}
        ),
    }
    routes = {"blocker": blocker, "upsell": make_route("upsell", "marshall")}
    return replace(make_policy(**routes), kinds=kinds)


def test_each_tag_takes_the_route_of_its_own_kind() -> None:
    found = route(
        ["upsell", "blocker"], text="", policy=kinds_policy(), kind="blocker:hr upsell:lead"
    )
    assert found is not None
    assert {person.id for person in found.recipients} == {"priya", "nora"}
    assert [(r.tag, r.kind, r.title) for r in found.reasons] == [
        ("blocker", "hr", "HR"),
        ("upsell", "lead", "Lead"),
    ]


def test_a_tag_without_a_kind_takes_its_plain_route() -> None:
    found = route(["upsell", "blocker"], text="", policy=kinds_policy(), kind="upsell:lead")
    assert found is not None
    assert {person.id for person in found.recipients} == {"ben", "marshall", "nora"}


def test_a_kind_that_the_policy_no_longer_knows_changes_nothing() -> None:
    policy = kinds_policy()
    plain = route(["blocker"], text="", policy=policy)
    assert route(["blocker"], text="", policy=policy, kind="blocker:gone") == plain


def test_when_everybody_named_for_it_must_not_hear_another_person_does() -> None:
    policy = kinds_policy()  # the fallback is priya
    everybody = [policy.people[each].address for each in ("ben", "marshall", "priya")]
    found = route(["blocker"], text="", policy=policy, excluded=everybody)
    assert found is not None
    assert [person.id for person in found.recipients] == ["nora"]


def test_when_nobody_at_all_may_hear_the_fallback_person_does() -> None:
    policy = kinds_policy()
    everybody = [person.address for person in policy.people.values()]
    found = route(["blocker"], text="", policy=policy, excluded=everybody)
    assert found is not None
    assert [person.id for person in found.recipients] == ["priya"]
