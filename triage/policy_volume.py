"""Reads `[storms]` and `[volume]` of `policy.toml`: when many mails make one case, and what waits.

Rules: a file that says nothing has the usual rules for storms; to have none, it says so. Nobody's
briefs are limited, and nothing waits for a digest, unless the file says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.messages import Urgency
from triage.policy import DAY_S, Storms, Volume
from triage.policy_words import duration_s, urgency_of
from triage.tables import build, file_keys, unknown_key

if TYPE_CHECKING:
    from triage.policy import Route
    from triage.toml_file import Mistakes, Place

Table = dict[str, Any]
_KEYS = {"within_s": ("within",)}


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
        if (values["within_s"] or 0) > DAY_S:
            mistakes.add(
                at, 'is longer than a day, in which matters change; write one such as "1h"'
            )
    mails = values.get("mails", 1)
    if isinstance(mails, int) and mails < 0:
        says = "must be 1 or more, or 0 to have each mail told"
        mistakes.add((*place, "mails"), says)
    return build(Storms, values, place=place, mistakes=mistakes, known=_KEYS) or Storms()


def read_volume(tables: Table, mistakes: Mistakes) -> Volume:
    """How many briefs a person gets, and what waits for their digest."""
    place: Place = ("volume",)
    values = _table(tables, place, mistakes)
    if "digest_below" in values:
        at = (*place, "digest_below")
        values["digest_below"] = urgency_of(values["digest_below"], at, mistakes)
        if values["digest_below"] > Urgency.HIGH:
            says = 'would have what is "high" wait, which never does; write "high" or less'
            mistakes.add(at, says)
    check_daily(values.get("daily"), (*place, "daily"), mistakes)
    return build(Volume, values, place=place, mistakes=mistakes) or Volume()


def check_daily(found: object, place: Place, mistakes: Mistakes) -> None:
    """Note a number of briefs a day that cannot be one."""
    if isinstance(found, int) and found < 0:
        mistakes.add(place, "must be 1 or more, or 0 for as many as there are")


def check_delivery(route: Route, place: Place, mistakes: Mistakes, *, day_s: int) -> None:
    """Note a route whose briefs are to wait for a digest, and cannot."""
    if route.deliver != "digest":
        return
    window = route.acknowledge_within_s
    if window is not None and window < day_s:
        says = (
            "cannot wait for a digest, since somebody is to answer within less than a working day; "
            'write a longer acknowledge_within, or deliver = "brief"'
        )
        mistakes.add(place, says)
    elif route.urgency >= Urgency.HIGH:
        says = (
            f'cannot wait for a digest, since it is "{route.urgency.label}"; write a lower urgency'
        )
        mistakes.add(place, says)


def _table(tables: Table, place: Place, mistakes: Mistakes) -> Table:
    """The settings of a table; none where it is missing, or no table."""
    key = str(place[0])
    given = tables.get(key, {})
    if isinstance(given, dict):
        return dict(given)
    mistakes.add(place, f"must be a table: a line [{key}] with its settings below it")
    return {}
