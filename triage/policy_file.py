"""Reads `policy.toml` into the values of `triage.policy`.

Rules: every mistake is reported at once; the file is written by people who never saw this code,
so words (`urgent`, `4h`) stand where the program has numbers.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from triage.messages import Urgency
from triage.policy import Person, Policy, Route
from triage.policy_kinds import read_kinds
from triage.policy_rules import check_policy_rules
from triage.resources import resource
from triage.tables import build, file_keys, one_of, refuse_control_characters, unknown_key
from triage.toml_file import Mistakes, Place, parse_toml, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Table = dict[str, Any]

# What a field is called in the file where that differs; no name: the loader fills it in.
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "acknowledge_within_s": ("acknowledge_within",),
    "raises": ("raise",),
    "id": (),
    "tag": (),
}
_URGENCIES = {urgency.label: urgency for urgency in Urgency}
_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?")
_NEVER = "none"


def load_policy(path: Path) -> Policy:
    """The whole policy, validated.

    Raises:
        ConfigError: with one sentence for every mistake in the file.
    """
    path = path.expanduser().absolute()
    hint = "write one with `triage init`, or name another under `policy`"
    return with_shipped_words(parse_policy(read_text(path, if_missing=hint), path))


def with_shipped_words(policy: Policy) -> Policy:
    """The policy, with the words that ship with the program for tags whose route says none."""
    words = _shipped_words()
    routes = {
        tag: route if route.words else replace(route, words=words.get(tag, ()))
        for tag, route in policy.routes.items()
    }
    return replace(policy, routes=routes)


def _shipped_words() -> dict[str, tuple[str, ...]]:
    """What people call the shipped tags when they answer a brief: `words` in `tags.toml`."""
    path = resource("data") / "starter" / "tags.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {tag: tuple(table.get("words", ())) for tag, table in tables.items()}


def parse_policy(text: str, path: Path) -> Policy:
    """As `load_policy`, with the text of the file at hand; `path` is only for the errors."""
    tables = parse_toml(text, path)
    mistakes = Mistakes(path.name, text)
    refuse_control_characters(tables, place=(), mistakes=mistakes, breaks_allowed=True)
    tables = _one_line(tables)
    check_policy_rules(tables, mistakes)
    empty: Table = {"people": {}, "routes": {}, "kinds": {}}
    policy = build(Policy, tables | empty, place=(), mistakes=mistakes)
    people = _people(tables, mistakes)
    routes = _routes(tables, mistakes)
    make_route = partial(_route, mistakes)
    sound = [tag for tag in routes if not mistakes.has_within(("routes", tag))]
    kinds = read_kinds(tables, make_route, mistakes, sound=sound, keys=_KNOWN)
    mistakes.raise_any()
    assert policy is not None
    return replace(policy, people=people, routes=routes, kinds=kinds)


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
        _refuse_fields(Person, table, place, mistakes)
        person = build(Person, table | {"id": key}, place=place, mistakes=mistakes, known=_KNOWN)
        if person:
            people[key] = person
    return people


def _routes(tables: Table, mistakes: Mistakes) -> dict[str, Route]:
    routes = {}
    for tag, table in _tables_of(tables, "routes", mistakes):
        place = ("routes", tag)
        _refuse_fields(Route, table, place, mistakes)
        route = _route(mistakes, tag, table, place)
        if route:
            routes[tag] = route
    return routes


def _route(mistakes: Mistakes, tag: str, table: Table, place: Place) -> Route | None:
    values = _route_values(table, place, mistakes) | {"tag": tag}
    return build(Route, values, place=place, mistakes=mistakes, known=_KNOWN)


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


def _refuse_fields(cls: type, table: Table, place: Place, mistakes: Mistakes) -> None:
    """The program's own field names are no settings, where the file has other words for them."""
    for field in _KNOWN:
        if field in table:
            mistakes.add((*place, field), unknown_key(field, file_keys(cls, _KNOWN)))
            del table[field]


def _route_values(table: Table, place: Place, mistakes: Mistakes) -> Table:
    """A route's table with the file's words turned into the program's values."""
    values = dict(table)
    if "urgency" in values:
        values["urgency"] = _urgency(values["urgency"], (*place, "urgency"), mistakes)
    if "acknowledge_within" in values:
        given = values.pop("acknowledge_within")
        at = (*place, "acknowledge_within")
        values["acknowledge_within_s"] = _duration_s(given, at, mistakes)
    if "raise" in values:
        values["raises"] = _raise_values(values.pop("raise"), (*place, "raise"), mistakes)
    return values


def _raise_values(given: object, place: Place, mistakes: Mistakes) -> list[Table]:
    if not isinstance(given, list) or not all(isinstance(r, dict) for r in given):
        mistakes.add(place, f"must be written [[{'.'.join(map(str, place))}]], with two brackets")
        return []
    return [
        rule | ({"to": _urgency(rule["to"], (*place, i, "to"), mistakes)} if "to" in rule else {})
        for i, rule in enumerate(given)
    ]


def _urgency(word: object, place: Place, mistakes: Mistakes) -> Urgency:
    """The urgency behind a word; any one when the word is a mistake, which is noted."""
    if isinstance(word, str) and word in _URGENCIES:
        return _URGENCIES[word]
    mistakes.add(place, one_of(word, _URGENCIES))
    return Urgency.NORMAL


def _duration_s(given: object, place: Place, mistakes: Mistakes) -> int | None:
    """Seconds in `30m`, `4h`, `2d` or `1d12h`; None for `none`."""
    if given == _NEVER:
        return None
    found = _DURATION.fullmatch(given.replace(" ", "").lower()) if isinstance(given, str) else None
    days, hours, minutes = (int(n or 0) for n in found.groups()) if found else (0, 0, 0)
    seconds = days * 86400 + hours * 3600 + minutes * 60
    if not seconds:
        says = 'must be a time such as "30m", "4h", "2d", or "none" when nobody is reminded'
        mistakes.add(place, says)
    return seconds
