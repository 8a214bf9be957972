"""Reads `[storms]` of `policy.toml`: when many mails make one case.

Rule: a file that says nothing has the usual rules; to have none, it says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.policy import Storms
from triage.policy_words import duration_s
from triage.tables import build, file_keys, unknown_key

if TYPE_CHECKING:
    from triage.toml_file import Mistakes, Place

Table = dict[str, Any]
_KEYS = {"within_s": ("within",)}
_DAY_S = 86400


def read_storms(tables: Table, mistakes: Mistakes) -> Storms:
    """When many mails of one matter make one case; the usual rules where the file says nothing."""
    place: Place = ("storms",)
    values = _table(tables, place, mistakes)
    if "within_s" in values:
        mistakes.add((*place, "within_s"), unknown_key("within_s", file_keys(Storms, _KEYS)))
        del values["within_s"]
    if "within" in values:
        at = (*place, "within")
        values["within_s"] = duration_s(values.pop("within"), at, mistakes, never=False)
        if (values["within_s"] or 0) > _DAY_S:
            mistakes.add(
                at, 'is longer than a day, in which matters change; write one such as "1h"'
            )
    mails = values.get("mails", 1)
    if isinstance(mails, int) and mails < 0:
        says = "must be 1 or more, or 0 to have each mail told"
        mistakes.add((*place, "mails"), says)
    return build(Storms, values, place=place, mistakes=mistakes, known=_KEYS) or Storms()


def _table(tables: Table, place: Place, mistakes: Mistakes) -> Table:
    """The settings of a table; none where it is missing, or no table."""
    key = str(place[0])
    given = tables.get(key, {})
    if isinstance(given, dict):
        return dict(given)
    mistakes.add(place, f"must be a table: a line [{key}] with its settings below it")
    return {}
