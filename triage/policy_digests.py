"""Reads `[digest]` of `policy.toml`: who gets a digest of the cases, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.policy import Digests
from triage.policy_words import time_of
from triage.tables import build, file_keys, unknown_key

if TYPE_CHECKING:
    from triage.toml_file import Mistakes, Place

_KEYS = {"at_s": ("at",)}


def read_digests(tables: dict[str, Any], mistakes: Mistakes) -> Digests:
    """The rules for digests; the usual ones where the file says nothing."""
    given = tables.get("digest", {})
    place: Place = ("digest",)
    if not isinstance(given, dict):
        mistakes.add(place, "must be a table: a line [digest] with its settings below it")
        return Digests()
    values = dict(given)
    if "at_s" in values:
        mistakes.add((*place, "at_s"), unknown_key("at_s", file_keys(Digests, _KEYS)))
        del values["at_s"]
    if "at" in values:
        values["at_s"] = time_of(values.pop("at"), (*place, "at"), mistakes)
    return build(Digests, values, place=place, mistakes=mistakes, known=_KEYS) or Digests()
