"""Suggest a change in how we work when a matter comes up again and again.

Rule: said once for each matter and time, in the brief of the case that makes it so; a suggestion
that came with each mail would be noise.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from triage.repeats import keys_of, repeated
from triage.store import audit, repeats
from triage.store.repeats import Like

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from triage.policy import Policy
    from triage.repeats import Repeated


def repeated_matters(tx: Connection, now: float, policy: Policy) -> list[Repeated]:
    """What has come up again and again by now: of one client first, then of one kind.

    For reports. `suggested_at` tells when a brief said so, if one has within the policy's time.
    """
    since = now - policy.repeats.within_s
    told = repeats.suggested(tx, since)
    found = repeated(repeats.opened_since(tx, since, now), policy)
    return [replace(each, suggested_at=told.get(each.key)) for each in found]


def suggestion_for(
    tx: Connection, case_id: int, kinds: Mapping[str, str], now: float, policy: Policy
) -> str:
    """What the first brief of a case says of its like; empty: nothing, or it was said before.

    Cases that are kept from somebody do not count here, since any of its readers may be them.
    `kinds`: by tag, what its mail is taken for.
    """
    since = now - policy.repeats.within_s
    new_case = repeats.opened(tx, case_id)
    if new_case is None:
        return ""
    known = repeats.suggested(tx, since)
    this = replace(new_case, kinds=dict(kinds))
    keys = keys_of(this, policy)
    open_keys = [key for key in keys if key not in known]
    if not open_keys:  # all of it was said before, so nothing is counted
        return ""
    hidden = repeats.private(tx)
    if case_id in hidden:
        return ""
    opened = repeats.opened_since(tx, since, now, _like(open_keys))
    others = [each for each in opened if each.id not in hidden and each.id != case_id]
    found = repeated([*others, this], policy)
    new = [each for each in found if case_id in each.cases and each.key not in known]
    if not new:
        return ""
    repeats.suggest(tx, new[0].key, case_id, len(new[0].cases), now)
    audit.note(tx, "suggested", now=now, case_id=case_id, detail=new[0].line)
    return new[0].suggestion


def _like(keys: Sequence[str]) -> Like:
    """The cases that can count in one of these groups."""

    def named(sort: str) -> tuple[str, ...]:
        return tuple(key.removeprefix(sort) for key in keys if key.startswith(sort))

    return Like(clients=named("client:"), tags=named("tag:"), kinds=named("kind:"))
