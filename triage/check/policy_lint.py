"""What can never happen by a policy, and whom it forgets. Pure; nothing here keeps it from working.

Rule: each finding says what would happen instead, so that people can tell whether they mean it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.check.policy_people import people_findings
from triage.check.problem import Problem
from triage.check.volume_lint import volume_findings
from triage.followup import course_of, levels_of, next_step
from triage.phrases import find, normalise
from triage.summary.wording import duration, listed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from triage.messages import Urgency
    from triage.policy import Policy, Raise, Route, Skip


def policy_findings(policy: Policy, today: date) -> Iterator[Problem]:
    """Everything worth a second look, rules first, then levels, people and hours."""
    for place, route in _routes(policy):
        yield from _raise_findings(route, place, _inherited(policy, place, route.tag))
    yield from _skip_findings(policy)
    yield from _level_findings(policy)
    yield from _window_findings(policy)
    yield from people_findings(policy, today)
    yield from _hours_findings(policy)
    yield from volume_findings(policy)


def _finding(where: str, what: str, advice: str) -> Problem:
    return Problem(severity="warning", area="policy", where=where, what=what, advice=advice)


def _routes(policy: Policy) -> Iterator[tuple[str, Route]]:
    """Every route with its place in the file; one of several that a kind lays over tags alike."""
    for tag, route in policy.routes.items():
        yield f"routes.{tag}", route
    for name, kind in policy.kinds.items():
        for route in list(kind.routes.values())[:1]:
            yield f"kinds.{name}", route


def _inherited(policy: Policy, place: str, tag: str) -> frozenset[Raise]:
    """Rules that stand in the route of a tag, and are told of there."""
    return frozenset(policy.routes[tag].raises) if place.startswith("kinds.") else frozenset()


# ---- Rules that can never decide -----------------------------------------------------------------


def _raise_findings(route: Route, place: str, known: frozenset[Raise]) -> Iterator[Problem]:
    for number, rule in enumerate(route.raises):
        if rule in known:
            continue
        others = [r for i, r in enumerate(route.raises) if _comes_first(r, i, rule, number)]
        if rule.when and all(
            any(_finds(other, phrase) for other in others) for phrase in rule.when
        ):
            yield _finding(
                f"{place}.raise[{number + 1}]",
                f'it can never decide: wherever its words stand, another rule raises to "'
                f'{others[0].to.label}" already, or to more',
                "take it out, or give it words of its own",
            )
        elif rule.to <= route.urgency:
            yield _finding(
                f"{place}.raise[{number + 1}]",
                f'it can never decide, since the mail is "{route.urgency.label}" without it',
                "write a higher urgency, or take it out",
            )


def _comes_first(other: Raise, place: int, rule: Raise, number: int) -> bool:
    return place != number and (other.to > rule.to or (other.to == rule.to and place < number))


def _finds(rule: Raise, phrase: str) -> bool:
    """Whether a rule fires in every text that holds the phrase."""
    return any(find(own, normalise(phrase)) for own in rule.when)


def _skip_findings(policy: Policy) -> Iterator[Problem]:
    for number, rule in enumerate(policy.skips):
        if says := _never(policy, rule, number):
            where = f"skip[{number + 1}]"
            yield _finding(where, f"it can never decide: {says}", "change it, or take it out")


def _never(policy: Policy, rule: Skip, number: int) -> str:
    """Why a rule that skips levels can never decide; "" when it can."""
    routes = [route for _, route in _routes(policy)]
    concerned = [r for r in routes if not rule.of or r.tag in rule.of]
    concerned += [r for name in rule.of if name in policy.kinds for r in _of_kind(policy, name)]
    if not any(rule.to in {level.id for level in levels_of(policy, [r])} for r in concerned):
        return f'no mail that it concerns has the level "{rule.to}"'
    highest = max(max([r.urgency, *(each.to for each in r.raises)]) for r in concerned)
    if rule.urgency > highest:
        return f'no mail that it concerns is ever more urgent than "{highest.label}"'
    if rule.tags > len(policy.routes):
        return f"there are only {len(policy.routes)} tags"
    order = list(policy.levels)
    for index, other in enumerate(policy.skips):
        first = (order.index(other.to), -index) > (order.index(rule.to), -number)
        if index != number and first and _wider(other, rule):
            return f"skip[{index + 1}] holds whenever it does, and goes at least as far"
    return ""


def _of_kind(policy: Policy, name: str) -> list[Route]:
    return list(policy.kinds[name].routes.values())


def _wider(other: Skip, rule: Skip) -> bool:
    """Whether `other` holds in every case in which `rule` does."""
    of = not other.of or (bool(rule.of) and set(rule.of) <= set(other.of))
    return of and other.urgency <= rule.urgency and other.tags <= rule.tags


# ---- Levels --------------------------------------------------------------------------------------


def _level_findings(policy: Policy) -> Iterator[Problem]:
    wanting = [route for _, route in _routes(policy) if route.acknowledge_within_s is not None]
    if not policy.levels:
        if wanting:
            yield _finding(
                "levels",
                "there are no levels: when nobody answers a brief, one reminder goes out, and then "
                "nobody else hears",
                "write tables [levels.<name>]; docs/policy.md shows some",
            )
        return
    heard = {level for route in wanting for level in _reached(policy, route)}
    for name, level in policy.levels.items():
        users = [r for r in wanting if level in levels_of(policy, [r])]
        if not users:
            says = "no route comes to it: those that name it want no answer, or none names it"
            yield _finding(f"levels.{name}", says, "name it under levels of a route")
        elif name not in heard:
            says = "it is always passed over, since its people have heard by then"
            yield _finding(f"levels.{name}", says, "name other people, or take it out")
    yield from _management_findings(policy)
    for place, route in _routes(policy):
        if route.levels and route.acknowledge_within_s is None:
            says = "it names levels, but wants no answer, so that they never follow"
            yield _finding(f"{place}.levels", says, "write acknowledge_within, or take it out")


def _reached(policy: Policy, route: Route) -> set[str]:
    """The levels at which somebody hears of such a mail, whoever heard first."""
    firsts = [route.to] if route.need == "all" else [(person,) for person in route.to]
    levels = levels_of(policy, [route])
    found = set()
    for first in firsts:
        told, step = set(first), 0
        while following := next_step(policy, levels, [route], step, told=told, day=None):
            found.add(following.level.id)
            told |= {there.person.id for there in following.people}
            step = following.step
    return found


def _management_findings(policy: Policy) -> Iterator[Problem]:
    name, last = list(policy.levels.items())[-1]
    missing = [policy.people[each].name for each in policy.management if each not in last.to]
    if missing:
        yield _finding(
            f"levels.{name}.to",
            f"the last level leaves out {listed(missing)}, so that not all of management hears",
            'write to = ["management"]',
        )
    elif not policy.management:
        yield _finding(
            "roles",
            "nobody is named as management, so that nobody can tell whether all of it hears last",
            'write a line [roles] with management = ["...", "..."] below it',
        )


# ---- Times ---------------------------------------------------------------------------------------


def _window_findings(policy: Policy) -> Iterator[Problem]:
    for name, level in policy.levels.items():
        windows = [
            course.window_s
            for _, route in _routes(policy)
            if (course := course_of(policy, [route])) and level in course.levels
        ]
        if level.within_s and windows and level.within_s > max(windows):
            yield _finding(
                f"levels.{name}.within",
                f"it has longer ({duration(level.within_s)}) than any first brief that leads to it "
                f"({duration(max(windows))} at most)",
                "give it no more time than those who were silent had",
            )
    by_urgency: dict[Urgency, Route] = {}
    for tag, route in policy.routes.items():
        window = route.acknowledge_within_s
        for urgency, other in by_urgency.items():
            slower, quicker = (route, other) if route.urgency > urgency else (other, route)
            if slower.urgency != quicker.urgency and _longer(slower, quicker):
                yield _finding(
                    f"routes.{slower.tag}.acknowledge_within",
                    f'it is "{slower.urgency.label}", but has longer than {quicker.tag}, which is '
                    f'"{quicker.urgency.label}"',
                    "let what is more urgent wait less",
                )
        if window is not None:
            by_urgency.setdefault(route.urgency, route)
        if route.need == "any" and len(route.to) == 1 < len(policy.people):
            yield _finding(
                f"routes.{tag}.need",
                f"one of one: it is always {policy.people[route.to[0]].name}",
                "name another person who takes turns",
            )


def _longer(one: Route, other: Route) -> bool:
    mine, theirs = one.acknowledge_within_s, other.acknowledge_within_s
    return mine is not None and theirs is not None and mine > theirs


def _hours_findings(policy: Policy) -> Iterator[Problem]:
    wanting = any(route.acknowledge_within_s is not None for _, route in _routes(policy))
    if policy.hours is None and wanting:
        yield _finding(
            "hours",
            "there is no working time, so that windows run day and night, weekends included",
            "write a table [hours]; docs/policy.md shows one",
        )
    elif policy.hours and not (policy.hours.holidays or policy.hours.closed):
        yield _finding(
            "hours.holidays",
            "no holidays are known, so that windows run through them",
            'write your country or region, such as holidays = ["GB"] or ["DE-BE"]',
        )
