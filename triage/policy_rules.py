"""What the types of `policy.toml` cannot say: people who exist, routes that lead somewhere.

Rules: every check reads the raw tables, so that a mistake in one place hides none in another, and
skips values of a wrong type, which the types report.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from triage.addresses import address_problem
from triage.messages import Urgency
from triage.tables import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from triage.toml_file import Mistakes, Place

Table = dict[str, Any]
_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")
_MAX_WORD = 40
_LABELS = [urgency.label for urgency in Urgency]
NEXT = "next"  # in a level: whoever comes next in the route's own list


def check_policy_rules(tables: Table, mistakes: Mistakes) -> None:
    """Note every broken rule of the whole file."""
    people = dict(tables_in(tables.get("people")))
    _check_version(tables, mistakes)
    _check_people(people, mistakes)
    fallback = tables.get("fallback")
    if isinstance(fallback, str) and fallback not in people:
        mistakes.add(("fallback",), _nobody(fallback, people))
    for tag, route in tables_in(tables.get("routes")):
        check_id(tag, ("routes", tag), mistakes)
        check_route_table(route, ("routes", tag), tables, mistakes)


def tables_in(found: object) -> Iterator[tuple[str, Table]]:
    """The named tables inside a table."""
    if isinstance(found, dict):
        yield from ((name, table) for name, table in found.items() if isinstance(table, dict))


def names_in(tables: Table) -> dict[str, Any]:
    """Everything that may stand where people are named: people and roles."""
    roles = tables.get("roles")
    return dict(tables_in(tables.get("people"))) | (roles if isinstance(roles, dict) else {})


def _nobody(person: str, people: Iterable[str]) -> str:
    return f'there is no person "{person}"; {did_you_mean(person, people)}'


def _check_version(tables: Table, mistakes: Mistakes) -> None:
    if tables.get("version") == "":
        says = 'is empty; write any text that you change with the policy, such as "2026-11"'
        mistakes.add(("version",), says)


def _check_people(people: dict[str, Table], mistakes: Mistakes) -> None:
    seen: dict[str, str] = {}
    for key, person in people.items():
        place = ("people", key)
        check_id(key, place, mistakes)
        if person.get("name") == "":
            mistakes.add((*place, "name"), "is empty; write the person's name")
        _check_absences(key, person, people, mistakes)
        address = person.get("address")
        if not isinstance(address, str):
            continue
        if says := _address_sentence(address):
            mistakes.add((*place, "address"), says)
        elif earlier := seen.get(address.lower()):
            says = f'is also that of "{earlier}", who would get every brief twice; keep one of them'
            mistakes.add((*place, "address"), says)
        seen.setdefault(address.lower(), key)


def _check_absences(key: str, person: Table, people: dict[str, Table], mistakes: Mistakes) -> None:
    place: Place = ("people", key)
    _check_deputy(key, person.get("deputy"), (*place, "deputy"), people, mistakes)
    absences = person.get("absent")
    for i, absence in enumerate(absences if isinstance(absences, list) else ()):
        if not isinstance(absence, dict):
            continue
        at: Place = (*place, "absent", i)
        _check_deputy(key, absence.get("deputy"), (*at, "deputy"), people, mistakes)
        first, last = absence.get("from"), absence.get("to")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            mistakes.add((*at, "to"), "lies before the first day; write the last day of absence")


def _check_deputy(
    key: str, deputy: object, place: Place, people: dict[str, Table], mistakes: Mistakes
) -> None:
    if deputy == key:
        mistakes.add(place, "nobody can stand in for themselves; name somebody else")
    elif isinstance(deputy, str) and deputy not in people:
        mistakes.add(place, _nobody(deputy, people))


def _address_sentence(address: str) -> str:
    if not address:
        return "is empty, so nobody would be told; write the person's email address"
    return address_problem(address)


def check_id(key: str, place: Place, mistakes: Mistakes) -> None:
    """Note a name of a table that is hard to write in other places of the file."""
    if not _ID.fullmatch(key):
        says = "use small letters, digits, _ and - only in the name of this table"
        mistakes.add(place, says)


def check_route_table(route: Table, place: Place, tables: Table, mistakes: Mistakes) -> None:
    """Note what is wrong in a table that says where mail leads; `tables` is the whole file."""
    for key in ("title", "clause", "next_step"):
        if route.get(key) == "":
            mistakes.add((*place, key), "is empty; the brief shows it to its reader, so write it")
    check_recipients(route.get("to"), (*place, "to"), names_in(tables), mistakes)
    _check_levels(route.get("levels"), (*place, "levels"), tables, mistakes)
    _check_words(route.get("words"), (*place, "words"), mistakes)
    rules = route.get("raise")
    for i, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, dict):
            _check_raise(rule, route.get("urgency"), (*place, "raise", i), mistakes)


def _check_words(words: object, place: Place, mistakes: Mistakes) -> None:
    for i, word in enumerate(words if isinstance(words, list) else ()):
        if isinstance(word, str) and not 1 <= len(word.strip()) <= _MAX_WORD:
            says = f"is no word to answer with; write one of at most {_MAX_WORD} characters"
            mistakes.add((*place, i), says)


def _check_levels(found: object, place: Place, tables: Table, mistakes: Mistakes) -> None:
    levels = [name for name, _ in tables_in(tables.get("levels"))]
    for i, name in enumerate(found if isinstance(found, list) else ()):
        if isinstance(name, str) and name not in levels:
            mistakes.add((*place, i), f'there is no level "{name}"; {did_you_mean(name, levels)}')


def check_recipients(to: object, place: Place, people: dict[str, Any], mistakes: Mistakes) -> None:
    """Note what is wrong in a list of people; `people` are all who may stand there."""
    if not isinstance(to, list):
        return
    if not to:
        says = f"is empty, so nobody would be told; name at least one of {quoted(people)}"
        mistakes.add(place, says)
    for i, person in enumerate(to):
        if isinstance(person, str) and person not in people:
            mistakes.add((*place, i), _nobody(person, people))
        elif person in to[:i]:
            mistakes.add((*place, i), f'"{person}" stands there twice; take one out')


def _check_raise(rule: Table, urgency: object, place: Place, mistakes: Mistakes) -> None:
    """Words must be there, and must make the mail more urgent than it is without them."""
    when = rule.get("when")
    if when == []:
        mistakes.add((*place, "when"), "is empty; write the words to look for, or take it out")
    for i, phrase in enumerate(when if isinstance(when, list) else ()):
        if phrase == "":
            mistakes.add((*place, "when", i), "is empty; write the words to look for")
    base, to = (urgency if urgency is not None else Urgency.NORMAL.label), rule.get("to")
    if base in _LABELS and to in _LABELS and _LABELS.index(to) <= _LABELS.index(base):
        says = f'is "{to}", no more urgent than the route itself ("{base}"); write a higher one'
        mistakes.add((*place, "to"), says)
