"""Reads `[repeats]` of `policy.toml`: the same matter again, and when that suggests a change.

Rule: days here are days of the calendar, since months pass whether anybody works or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.policy import Repeats
from triage.policy_rules import tables_in
from triage.policy_words import duration_s
from triage.tables import build, did_you_mean, file_keys, unknown_key

if TYPE_CHECKING:
    from triage.toml_file import Mistakes, Place

Table = dict[str, Any]
_KEYS = {"within_s": ("within",), "same_within_s": ("same_within",)}


def read_repeats(tables: Table, mistakes: Mistakes) -> Repeats:
    """What counts as the same matter again; the usual rules where the file says nothing."""
    place: Place = ("repeats",)
    given = tables.get("repeats", {})
    if not isinstance(given, dict):
        mistakes.add(place, "must be a table: a line [repeats] with its settings below it")
        return Repeats()
    values = dict(given)
    for key in _KEYS:
        if key in values:
            mistakes.add((*place, key), unknown_key(key, file_keys(Repeats, _KEYS)))
            del values[key]
    for key, (name,) in _KEYS.items():
        if name in values:
            values[key] = duration_s(values.pop(name), (*place, name), mistakes, never=False)
    for key in ("client", "kind"):
        number = values.get(key, 0)
        if isinstance(number, int) and (number < 0 or number == 1):
            mistakes.add((*place, key), "must be 2 or more, or 0 to look at none")
    _check_welcome(values.get("welcome"), (*place, "welcome"), tables, mistakes)
    return build(Repeats, values, place=place, mistakes=mistakes, known=_KEYS) or Repeats()


def _check_welcome(given: object, place: Place, tables: Table, mistakes: Mistakes) -> None:
    known = [name for key in ("routes", "kinds") for name, _ in tables_in(tables.get(key))]
    for i, name in enumerate(given if isinstance(given, list) else ()):
        if isinstance(name, str) and name not in known:
            says = f'there is no tag or kind "{name}"; {did_you_mean(name, known)}'
            mistakes.add((*place, i), says)
