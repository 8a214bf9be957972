"""Who hears while somebody is away, and who next when nobody answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps import make_policy, make_route
from triage.followup import course_of, levels_of, next_step, skip_for
from triage.messages import Escalation, Urgency
from triage.policy import Absence, Level, Person, Policy, Skip
from triage.presence import all_present, present
from triage.routing import KnownCase, route, to_fallback

DAY = date(2026, 12, 23)
AWAY = Absence(first=date(2026, 12, 21), last=date(2027, 1, 2))
LEVELS = {
    "colleague": Level(id="colleague", title="A colleague", next=True),
    "lead": Level(id="lead", title="Lead", to=("nora",), within_s=30),
    "management": Level(id="management", title="Management", to=("ben", "marshall")),
}


def away(policy: Policy, *ids: str, **deputies: str) -> Policy:
    people = {
        key: replace(
            person,
            absent=(AWAY,) if key in ids else (),
            deputy=deputies.get(key, ""),
        )
        for key, person in policy.people.items()
    }
    return replace(policy, people=people)


def policy_with(**changes: object) -> Policy:
    base = make_policy(
        blocker=make_route("blocker", "ben", "marshall", acknowledge_within_s=60),
        upsell=make_route("upsell", "ben", "marshall", need="any", acknowledge_within_s=100),
        scope_mismatch=make_route("scope_mismatch", "nora"),
    )
    return replace(base, levels=LEVELS, **changes)  # type: ignore[arg-type]


def names(found: Escalation | None) -> list[str]:
    assert found is not None
    return [person.id for person in found.recipients]


def routed(policy: Policy, *tags: str, day: date | None = DAY, **more: object) -> Escalation | None:
    return route(tags, text="", policy=policy, day=day, **more)  # type: ignore[arg-type]


# ---- Absences and deputies -----------------------------------------------------------------------


def test_a_deputy_hears_from_the_first_to_the_last_day() -> None:
    policy = away(policy_with(), "nora", nora="priya")
    heard = [names(routed(policy, "scope_mismatch", day=day)) for day in _around(AWAY)]
    assert heard == [["nora"], ["priya"], ["priya"], ["nora"]]


def _around(absence: Absence) -> list[date]:
    one = timedelta(days=1)
    return [absence.first - one, absence.first, absence.last, absence.last + one]


def test_the_brief_of_a_deputy_says_in_whose_place_it_comes() -> None:
    found = routed(away(policy_with(), "nora", nora="priya"), "scope_mismatch")
    assert found is not None
    [person] = found.recipients
    assert person.standing_in == "In place of Nora, who is away until 2 January 2027."
    assert person.standing_in in person.why


def test_a_deputy_who_is_away_has_a_deputy_too() -> None:
    policy = away(policy_with(), "nora", "priya", nora="priya", priya="ben")
    found = routed(policy, "scope_mismatch")
    assert names(found) == ["ben"]
    assert found is not None
    assert found.recipients[0].standing_in.endswith("2 January 2027, as Priya is.")


def test_an_absence_may_name_a_deputy_of_its_own() -> None:
    policy = away(policy_with(), nora="priya")
    nora = replace(policy.people["nora"], absent=(replace(AWAY, deputy="ben"),))
    policy = replace(policy, people=policy.people | {"nora": nora})
    assert names(routed(policy, "scope_mismatch")) == ["ben"]


def test_two_who_stand_in_for_each_other_and_are_both_away_leave_nobody() -> None:
    policy = away(policy_with(), "ben", "marshall", ben="marshall", marshall="ben")
    assert present(policy, "ben", DAY) is None


def test_a_deputy_who_hears_anyway_hears_once_and_for_themselves() -> None:
    found = routed(away(policy_with(), "ben", ben="marshall"), "blocker")
    assert names(found) == ["marshall"]
    assert found is not None
    assert found.recipients[0].standing_in == ""


def test_of_one_in_turn_those_who_are_there_come_before_deputies() -> None:
    policy = away(policy_with(), "ben", ben="priya")
    for turn in range(4):
        assert names(routed(policy, "upsell", turn=turn)) == ["marshall"]
    both = away(policy_with(), "ben", "marshall", ben="priya", marshall="nora")
    assert names(routed(both, "upsell", turn=0)) == ["priya"]
    assert names(routed(both, "upsell", turn=1)) == ["nora"]


def test_when_all_of_a_route_are_away_the_next_level_hears_at_once() -> None:
    found = routed(away(policy_with(), "ben", "marshall"), "blocker")
    assert names(found) == ["nora"]
    assert found is not None
    assert found.level == 2  # the colleague's level had nobody either
    assert "everybody named for it is away" in found.recipients[0].why[0]


def test_when_everybody_is_away_the_fallback_person_hears() -> None:
    everybody = away(policy_with(), "ben", "marshall", "nora", "priya")
    assert names(routed(everybody, "blocker")) == ["priya"]
    assert names(to_fallback(everybody, "odd", DAY)) == ["priya"]


def test_where_nobody_of_a_route_may_hear_the_deputy_of_the_fallback_person_does() -> None:
    policy = away(policy_with(), "priya", priya="nora")  # nora comes last of all people
    policy = replace(policy, people=dict(sorted(policy.people.items())))
    barred = {"ben@firm.example"}
    alone = replace(policy.routes["blocker"], to=("ben",))
    policy = replace(policy, routes={"blocker": alone})
    assert names(routed(policy, "blocker", excluded=barred)) == ["nora"]


def test_unreadable_mail_goes_to_the_fallback_person_s_deputy() -> None:
    assert names(to_fallback(away(policy_with(), "priya", priya="nora"), "odd", DAY)) == ["nora"]


def test_somebody_of_the_mail_itself_is_no_deputy() -> None:
    policy = away(policy_with(), "nora", nora="ben")
    found = routed(policy, "scope_mismatch", excluded={"ben@firm.example"})
    assert names(found) == ["priya"]


def test_whoever_heard_of_a_case_and_is_away_now_is_replaced() -> None:
    policy = away(policy_with(), "ben", ben="priya")
    case = KnownCase(tags=("upsell",), urgency=Urgency.LOW, recipients=("ben",))
    assert names(routed(policy, "upsell", "scope_mismatch", case=case)) == ["priya", "nora"]


def test_without_a_day_everybody_is_there() -> None:
    assert names(routed(away(policy_with(), "nora"), "scope_mismatch", day=None)) == ["nora"]


absences = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 12)).map(
        lambda pair: Absence(
            first=DAY + timedelta(days=pair[0]), last=DAY + timedelta(days=sum(pair))
        )
    ),
    max_size=3,
)
ids = st.sampled_from(["a", "b", "c", "d", "e", "nobody", ""])


@given(st.lists(st.tuples(absences, ids), min_size=5, max_size=5), st.integers(0, 50))
def test_asking_for_deputies_always_ends_with_somebody_who_is_there(
    rows: list[tuple[list[Absence], str]], after: int
) -> None:
    people = {
        key: Person(
            id=key, name=key, address=f"{key}@firm.example", deputy=deputy, absent=tuple(absent)
        )
        for key, (absent, deputy) in zip("abcde", rows, strict=True)
    }
    policy = Policy(version="1", people=people, routes={}, fallback="a")
    day = DAY + timedelta(days=after)
    for key in people:
        found = present(policy, key, day)
        if found:
            assert not any(a.first <= day <= a.last for a in found.person.absent)
            assert (found.person.id == key) == (not found.absent)
    there = all_present(policy, people, day)
    assert len({each.person.id for each in there}) == len(there)


# ---- Levels --------------------------------------------------------------------------------------


def following(
    policy: Policy, tag: str, step: int, *told: str, day: date | None = None
) -> tuple[int, list[str]] | None:
    routes = [policy.routes[tag]]
    found = next_step(policy, levels_of(policy, routes), routes, step, told=told, day=day)
    return (found.step, [there.person.id for there in found.people]) if found else None


def test_the_other_one_of_a_route_for_one_is_next() -> None:
    assert following(policy_with(), "upsell", 0, "marshall") == (1, ["ben"])


def test_a_level_that_reaches_nobody_new_is_passed_over() -> None:
    assert following(policy_with(), "blocker", 0, "ben", "marshall") == (2, ["nora"])


def test_the_last_level_hears_even_of_what_it_knows() -> None:
    told = ("ben", "marshall", "nora")
    assert following(policy_with(), "blocker", 2, *told) == (3, ["ben", "marshall"])


def test_after_the_last_level_nobody_is_left() -> None:
    assert following(policy_with(), "blocker", 3, "ben", "marshall", "nora") is None


def test_a_level_whose_people_are_away_is_passed_over() -> None:
    policy = away(policy_with(), "nora")
    assert following(policy, "blocker", 0, "ben", "marshall", day=DAY) == (3, ["ben", "marshall"])


def test_when_all_of_the_last_level_are_away_the_fallback_person_hears() -> None:
    policy = away(policy_with(), "ben", "marshall")
    assert following(policy, "blocker", 2, "nora", day=DAY) == (3, ["priya"])


def test_a_route_may_choose_its_levels() -> None:
    policy = policy_with()
    short = replace(policy.routes["blocker"], levels=("management",))
    assert [level.id for level in levels_of(policy, [short])] == ["management"]
    none = replace(policy.routes["blocker"], levels=())
    assert levels_of(policy, [none]) == ()
    both = [short, replace(policy.routes["upsell"], levels=("lead",))]
    assert [level.id for level in levels_of(policy, both)] == ["lead", "management"]


def test_several_tags_take_the_strictest_times() -> None:
    policy = policy_with()
    course = course_of(policy, list(policy.routes.values()))
    assert course is not None
    assert course.window_s == 60
    assert course.remind_after(0) == 45  # three quarters, as somebody else follows
    assert course.window(2, opening=False) == 30  # the level's own
    assert course.window(2) == 60  # a grave case that begins there has its route's window
    assert course.remind_after(3) == 60  # nobody follows the last one


def test_routes_that_want_no_answer_have_no_course() -> None:
    policy = policy_with()
    assert course_of(policy, [policy.routes["scope_mismatch"]]) is None


@pytest.mark.parametrize(
    ("rule", "tags", "urgency", "step"),
    [
        (Skip(to="colleague", urgency=Urgency.URGENT), 1, Urgency.URGENT, 1),
        (Skip(to="management", urgency=Urgency.URGENT), 1, Urgency.URGENT, 2),  # it hears again
        (Skip(to="management", urgency=Urgency.URGENT), 1, Urgency.HIGH, 0),
        (Skip(to="lead", tags=2), 2, Urgency.LOW, 2),
        (Skip(to="lead", tags=2), 1, Urgency.LOW, 0),
        (Skip(to="lead", tags=2, urgency=Urgency.HIGH), 2, Urgency.NORMAL, 0),
        (Skip(to="lead", of=("blocker",)), 1, Urgency.LOW, 2),
        (Skip(to="lead", of=("upsell", "hr")), 1, Urgency.LOW, 0),
    ],
)
def test_a_grave_case_skips_levels_by_a_rule(
    rule: Skip, tags: int, urgency: Urgency, step: int
) -> None:
    policy = policy_with(skips=(rule,))
    routes = [policy.routes[tag] for tag in ("blocker", "scope_mismatch")[:tags]]
    found = skip_for(policy, routes, urgency)
    assert (found.step if found else 0) == step


def test_the_level_that_a_grave_case_goes_to_hears_with_the_first_brief() -> None:
    rule = Skip(to="management", tags=2, because="Several troubles at once.")
    policy = policy_with(skips=(rule,))
    found = routed(policy, "scope_mismatch", "blocker")
    assert names(found) == ["nora", "ben", "marshall"]
    assert found is not None
    assert found.level == 2
    assert "Management, at once. Several troubles at once." in found.recipients[1].why
    assert names(routed(policy, "scope_mismatch")) == ["nora"]


def test_a_second_trouble_in_an_open_case_counts_with_the_first() -> None:
    policy = policy_with(skips=(Skip(to="management", tags=2),))
    case = KnownCase(tags=("scope_mismatch",), urgency=Urgency.LOW, recipients=("nora",))
    found = routed(policy, "upsell", case=case)
    assert set(names(found)) == {"nora", "ben", "marshall"}


def test_every_recipient_has_a_rule_that_leads_to_them() -> None:
    policy = away(policy_with(skips=(Skip(to="lead", tags=2),)), "marshall", marshall="priya")
    found = routed(policy, "blocker", "upsell")
    assert found is not None
    why = {person.id: person.why for person in found.recipients}
    assert why["ben"] == (
        "Blocker: named for it.",
        "Upsell: one person is enough, and only they are there.",
    )
    assert why["priya"] == (
        "Blocker: named for it.",
        "In place of Marshall, who is away until 2 January 2027.",
    )
    assert why["nora"] == ("Lead, at once.",)
