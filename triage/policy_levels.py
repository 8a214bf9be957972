"""Reads `[roles]`, `[levels.<name>]`, `[[skip]]` and `[hours]` of `policy.toml`.

Rule: as in the rest of the file, every mistake is noted at its place, and none hides another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from triage.holiday_dates import holiday_problem
from triage.policy import Hours, Kind, Level, Policy, Route, Skip
from triage.policy_rules import NEXT, check_id, check_recipients, names_in, tables_in
from triage.policy_words import duration_s, span_of, urgency_of, weekday_of
from triage.tables import build, did_you_mean, file_keys, unknown_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from triage.toml_file import Mistakes, Place

Table = dict[str, Any]

_LEVEL_KEYS: Mapping[str, tuple[str, ...]] = {"within_s": ("within",), "next": (), "id": ()}


def read_hours(tables: Table, mistakes: Mistakes) -> Hours | None:
    """When people work; None where the file does not say."""
    given = tables.get("hours")
    if given is None:
        return None
    place: Place = ("hours",)
    if not isinstance(given, dict):
        mistakes.add(place, "must be a table: a line [hours] with its settings below it")
        return None
    values = dict(given)
    for key in ("work", "lunch"):
        if key in values:
            values[key] = list(span_of(values[key], (*place, key), mistakes))
    if isinstance(values.get("days"), list):
        days = [
            weekday_of(word, (*place, "days", i), mistakes) for i, word in enumerate(values["days"])
        ]
        values["days"] = sorted(set(days))
    hours = build(Hours, values, place=place, mistakes=mistakes)
    if hours:
        _check_hours(hours, place, mistakes)
    return hours


def _check_hours(hours: Hours, place: Place, mistakes: Mistakes) -> None:
    if not hours.days:
        mistakes.add((*place, "days"), 'is empty; name the working days, such as ["mon", "tue"]')
    if hours.lunch and not (hours.work[0] < hours.lunch[0] and hours.lunch[1] < hours.work[1]):
        mistakes.add((*place, "lunch"), "must lie within the working time")
    if hours.timezone and hours.timezone not in available_timezones():
        says = did_you_mean(hours.timezone, available_timezones()).removeprefix("it can be")
        near = says if says.startswith("did") else 'write one such as "Europe/Berlin"'
        mistakes.add((*place, "timezone"), f'there is no time zone "{hours.timezone}"; {near}')
    for i, code in enumerate(hours.holidays):
        if says := holiday_problem(code):
            mistakes.add((*place, "holidays", i), says)


def read_roles(tables: Table, mistakes: Mistakes) -> dict[str, tuple[str, ...]]:
    """People by what they do."""
    given = tables.get("roles", {})
    if not isinstance(given, dict):
        mistakes.add(("roles",), "must be a table: a line [roles] with its settings below it")
        return {}
    people = dict(tables_in(tables.get("people")))
    roles = {}
    for name, members in given.items():
        place: Place = ("roles", name)
        check_id(name, place, mistakes)
        if name in people or name == NEXT:
            says = "means something else already" if name == NEXT else "is a person's name too"
            mistakes.add(place, f"{says}; give the role another name")
        if not isinstance(members, list) or not all(isinstance(each, str) for each in members):
            mistakes.add(place, f'must be a list of people, such as {name} = ["...", "..."]')
            continue
        check_recipients(members, place, people, mistakes)
        roles[name] = tuple(members)
    return roles


def read_levels(tables: Table, mistakes: Mistakes, *, day_s: int) -> dict[str, Level]:
    """Who hears when nobody answers, in the order of the file."""
    if not isinstance(tables.get("levels", {}), dict):
        mistakes.add(("levels",), "must be tables: a line [levels.<name>] for each level")
    levels = {}
    for name, table in tables_in(tables.get("levels")):
        place: Place = ("levels", name)
        check_id(name, place, mistakes)
        for key in _LEVEL_KEYS:
            if key in table:
                mistakes.add((*place, key), unknown_key(key, file_keys(Level, _LEVEL_KEYS)))
        values = {"title": name.replace("_", " ").capitalize(), **table, "id": name}
        if "within" in values:
            at = (*place, "within")
            values["within_s"] = duration_s(
                values.pop("within"), at, mistakes, day_s=day_s, never=False
            )
        to = values.get("to")
        if "to" not in values:
            mistakes.add((*place, "to"), 'is missing; write to = ["..."]')
        if isinstance(to, list):
            check_recipients(to, (*place, "to"), {**names_in(tables), NEXT: {}}, mistakes)
            values |= {"to": [each for each in to if each != NEXT], "next": NEXT in to}
        level = build(Level, values, place=place, mistakes=mistakes, known=_LEVEL_KEYS)
        if level:
            levels[name] = level
    return levels


def read_skips(tables: Table, mistakes: Mistakes) -> tuple[Skip, ...]:
    """When levels are passed over."""
    given = tables.get("skip", [])
    if not isinstance(given, list) or not all(isinstance(rule, dict) for rule in given):
        mistakes.add(("skip",), "must be written [[skip]], with two brackets")
        return ()
    levels = [name for name, _ in tables_in(tables.get("levels"))]
    known = [name for key in ("routes", "kinds") for name, _ in tables_in(tables.get(key))]
    skips = [_skip(rule, ("skip", i), mistakes, levels, known) for i, rule in enumerate(given)]
    return tuple(skip for skip in skips if skip)


def _skip(
    rule: Table, place: Place, mistakes: Mistakes, levels: Iterable[str], known: Iterable[str]
) -> Skip | None:
    values = dict(rule)
    if "urgency" in values:
        values["urgency"] = urgency_of(values["urgency"], (*place, "urgency"), mistakes)
    if not {"urgency", "tags", "of"} & values.keys():
        says = "says nothing of when it holds; write urgency, tags or of"
        mistakes.add(place, says)
    to, tags = values.get("to"), values.get("tags", 1)
    if isinstance(to, str) and to not in levels:
        mistakes.add((*place, "to"), f'there is no level "{to}"; {did_you_mean(to, levels)}')
    if isinstance(tags, int) and tags < 1:
        mistakes.add((*place, "tags"), "must be 1 or more")
    of = values.get("of", [])
    for i, name in enumerate(of if isinstance(of, list) else ()):
        if isinstance(name, str) and name not in known:
            says = f'there is no tag or kind "{name}"; {did_you_mean(name, known)}'
            mistakes.add((*place, "of", i), says)
    return build(Skip, values, place=place, mistakes=mistakes)


def with_people_for_roles(policy: Policy) -> Policy:
    """The policy with its roles, wherever people are named, turned into the people they are."""

    def people(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(each for name in names for each in policy.roles.get(name, (name,)))
        )

    def routes(found: Mapping[str, Route]) -> dict[str, Route]:
        return {tag: replace(route, to=people(route.to)) for tag, route in found.items()}

    kinds: dict[str, Kind] = {
        name: replace(kind, routes=routes(kind.routes)) for name, kind in policy.kinds.items()
    }
    levels = {name: replace(level, to=people(level.to)) for name, level in policy.levels.items()}
    return replace(policy, routes=routes(policy.routes), kinds=kinds, levels=levels)
