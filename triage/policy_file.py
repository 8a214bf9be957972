"""Reads `policy.toml` into the values of `triage.policy`.

Rules: every mistake is reported at once; the file is written by people who never saw this code,
so words (`urgent`, `4h`) stand where the program has numbers.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from triage.policy import DAY_S, Absence, Person, Policy, Route
from triage.policy_digests import read_digests
from triage.policy_kinds import read_kinds
from triage.policy_levels import (
    read_hours,
    read_levels,
    read_roles,
    read_skips,
    with_people_for_roles,
)
from triage.policy_repeats import read_repeats
from triage.policy_rules import check_policy_rules
from triage.policy_volume import check_daily, check_delivery, read_storms, read_volume
from triage.policy_words import duration_s, update_within_s, urgency_of
from triage.resources import resource
from triage.tables import build, file_keys, refuse_control_characters, unknown_key
from triage.toml_file import Mistakes, Place, parse_toml, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Table = dict[str, Any]

# What a field is called in the file where that differs; no name: the loader fills it in.
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "acknowledge_within_s": ("acknowledge_within",),
    "remind_after_s": ("remind_after",),
    "update_within_s": ("update_within",),
    "raises": ("raise",),
    "first": ("from",),
    "last": ("to",),
    "skips": ("skip",),
    "digests": ("digest",),
    "digest": (),
    "id": (),
    "tag": (),
}
_OF_PERSON = {name: keys for name, keys in _KNOWN.items() if name != "digest"}
_READ_APART = (
    *("people", "routes", "kinds", "roles", "levels", "skip", "hours"),
    *("digest", "storms", "repeats", "volume"),
)
_UPDATES = "update_within"
_DIGEST_CHARS = 8


def load_policy(path: Path) -> Policy:
    """The whole policy, validated.

    Raises:
        ConfigError: with one sentence for every mistake in the file.
    """
    path = path.expanduser().absolute()
    hint = "write one with `triage init`, or name another under `policy`"
    return with_shipped_words(parse_policy(read_text(path, if_missing=hint), path))


def with_shipped_words(policy: Policy) -> Policy:
    """The policy, with what ships with the program of its tags where it says nothing itself.

    That is what people call them in answers, and which of them are welcome however often they come.
    """
    tags = _shipped_tags()
    routes = {
        tag: route
        if route.words
        else replace(route, words=tuple(tags.get(tag, {}).get("words", ())))
        for tag, route in policy.routes.items()
    }
    repeats = policy.repeats
    if repeats.welcome is None:
        repeats = replace(repeats, welcome=tuple(t for t in tags if tags[t].get("welcome")))
    return replace(policy, routes=routes, repeats=repeats)


def _shipped_tags() -> dict[str, Table]:
    """What is known of the shipped tags: `words` for answers to briefs, and which are `welcome`."""
    path = resource("data") / "starter" / "tags.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def parse_policy(text: str, path: Path) -> Policy:
    """As `load_policy`, with the text of the file at hand; `path` is only for the errors."""
    tables = parse_toml(text, path)
    mistakes = Mistakes(path.name, text)
    refuse_control_characters(tables, place=(), mistakes=mistakes, breaks_allowed=True)
    tables = _one_line(tables)
    check_policy_rules(tables, mistakes)
    hours = read_hours(tables, mistakes)
    day_s = hours.day_s if hours else DAY_S
    policy = _top(tables, mistakes, default_update_s=day_s if hours else 0, day_s=day_s)
    people = _people(tables, mistakes)
    routes = _routes(tables, mistakes, day_s)
    make_route = partial(_route, mistakes, day_s)
    sound = [tag for tag in routes if not mistakes.has_within(("routes", tag))]
    kinds = read_kinds(tables, make_route, mistakes, sound=sound, keys=_KNOWN)
    roles = read_roles(tables, mistakes)
    levels = read_levels(tables, mistakes, day_s=day_s)
    skips = read_skips(tables, mistakes)
    digests = read_digests(tables, mistakes)
    storms = read_storms(tables, mistakes)
    repeats = read_repeats(tables, mistakes)
    volume = read_volume(tables, mistakes)
    mistakes.raise_any()
    assert policy is not None
    return with_people_for_roles(
        replace(
            policy,
            people=people,
            routes=routes,
            kinds=kinds,
            roles=roles,
            levels=levels,
            skips=skips,
            hours=hours,
            digests=digests,
            storms=storms,
            repeats=repeats,
            volume=volume,
        )
    )


def _top(tables: Table, mistakes: Mistakes, *, default_update_s: int, day_s: int) -> Policy | None:
    """What stands above all tables. Without a version the policy is named by what it says.

    Clients hear within `default_update_s` where the file says nothing of it: in a working day, or
    whenever where the file does not know of working time.
    """
    top = {key: value for key, value in tables.items() if key not in _READ_APART}
    _refuse_fields(Policy, top, (), mistakes)
    said = json.dumps({k: v for k, v in tables.items() if k != "version"}, default=str)
    digest = hashlib.sha256(said.encode()).hexdigest()[:_DIGEST_CHARS]
    top["update_within_s"] = (
        update_within_s(top.pop(_UPDATES), (_UPDATES,), mistakes, day_s=day_s)
        if _UPDATES in top
        else default_update_s
    )
    values = {"version": digest, **top, "digest": digest, "people": {}, "routes": {}}
    return build(Policy, values, place=(), mistakes=mistakes, known=_KNOWN)


def _one_line(value: Any) -> Any:
    """Every text with its line breaks and runs of blanks made one blank."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, list):
        return [_one_line(v) for v in value]
    return {k: _one_line(v) for k, v in value.items()} if isinstance(value, dict) else value


def _people(tables: Table, mistakes: Mistakes) -> dict[str, Person]:
    people = {}
    for key, table in _tables_of(tables, "people", mistakes):
        place = ("people", key)
        _refuse_fields(Person, table, place, mistakes, _OF_PERSON)
        values = _person_values(table, place, mistakes) | {"id": key}
        check_daily(values.get("daily"), (*place, "daily"), mistakes)
        person = build(Person, values, place=place, mistakes=mistakes, known=_OF_PERSON)
        if person:
            people[key] = person
    return people


def _person_values(table: Table, place: Place, mistakes: Mistakes) -> Table:
    """A person's table with the days of their absences under the program's names."""
    absences = table.get("absent")
    if not isinstance(absences, list):
        return dict(table)
    renamed = []
    for i, absence in enumerate(absences):
        values = dict(absence) if isinstance(absence, dict) else absence
        if isinstance(values, dict):
            _refuse_fields(Absence, values, (*place, "absent", i), mistakes)
            names = {"from": "first", "to": "last"}
            values = {names.get(key, key): value for key, value in values.items()}
        renamed.append(values)
    return table | {"absent": renamed}


def _routes(tables: Table, mistakes: Mistakes, day_s: int) -> dict[str, Route]:
    routes = {}
    for tag, table in _tables_of(tables, "routes", mistakes):
        place = ("routes", tag)
        _refuse_fields(Route, table, place, mistakes)
        route = _route(mistakes, day_s, tag, table, place)
        if route:
            routes[tag] = route
    return routes


def _route(mistakes: Mistakes, day_s: int, tag: str, table: Table, place: Place) -> Route | None:
    values = _route_values(table, place, mistakes, day_s) | {"tag": tag}
    route = build(Route, values, place=place, mistakes=mistakes, known=_KNOWN)
    if route and route.remind_after_s is not None:
        _check_reminder(route, (*place, "remind_after"), mistakes)
    if route and place[0] == "routes":  # a kind may be too urgent for what its tag's route says
        check_delivery(route, (*place, "deliver"), mistakes, day_s=day_s)
    return route


def _check_reminder(route: Route, place: Place, mistakes: Mistakes) -> None:
    window = route.acknowledge_within_s
    if window is None:
        mistakes.add(place, "has no acknowledge_within to go with; write that too, or take it out")
    elif route.remind_after_s is not None and route.remind_after_s > window:
        mistakes.add(
            place, "is longer than acknowledge_within, so the reminder would come too late"
        )


def _tables_of(tables: Table, key: str, mistakes: Mistakes) -> list[tuple[str, Table]]:
    """The tables `[key.<name>]` in the order of the file."""
    found = tables.get(key)
    if not isinstance(found, dict) or not found:
        mistakes.add((key,), f"is missing; write a table [{key}.<name>] for each")
        return []
    for name, table in found.items():
        if not isinstance(table, dict):
            mistakes.add((key, name), f"must be a table: a line [{key}.{name}]")
    return [(name, table) for name, table in found.items() if isinstance(table, dict)]


def _refuse_fields(
    cls: type,
    table: Table,
    place: Place,
    mistakes: Mistakes,
    known: Mapping[str, tuple[str, ...]] = _KNOWN,
) -> None:
    """The program's own field names are no settings, where the file has other words for them."""
    for field in known:
        if field in table:
            mistakes.add((*place, field), unknown_key(field, file_keys(cls, known)))
            del table[field]


def _route_values(table: Table, place: Place, mistakes: Mistakes, day_s: int) -> Table:
    """A route's table with the file's words turned into the program's values."""
    values = dict(table)
    if "urgency" in values:
        values["urgency"] = urgency_of(values["urgency"], (*place, "urgency"), mistakes)
    for key in ("acknowledge_within", "remind_after"):
        if key in values:
            given, never = values.pop(key), key == "acknowledge_within"
            values[f"{key}_s"] = duration_s(
                given, (*place, key), mistakes, day_s=day_s, never=never
            )
    if _UPDATES in values:
        given = values.pop(_UPDATES)
        values["update_within_s"] = update_within_s(
            given, (*place, _UPDATES), mistakes, day_s=day_s
        )
    if "raise" in values:
        values["raises"] = _raise_values(values.pop("raise"), (*place, "raise"), mistakes)
    return values


def _raise_values(given: object, place: Place, mistakes: Mistakes) -> list[Table]:
    if not isinstance(given, list) or not all(isinstance(r, dict) for r in given):
        mistakes.add(place, f"must be written [[{'.'.join(map(str, place))}]], with two brackets")
        return []
    return [
        rule | ({"to": urgency_of(rule["to"], (*place, i, "to"), mistakes)} if "to" in rule else {})
        for i, rule in enumerate(given)
    ]
