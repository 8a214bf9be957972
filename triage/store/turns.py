"""Who took their turn when, among people of whom one hears at a time."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from triage.store.tables import turns
from triage.store.upserts import upsert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection


_NEXT_S = 0.001


def last(tx: Connection) -> Mapping[str, Mapping[str, float]]:
    """By the people who take turns, and by person: when they last did, in epoch seconds."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for row in tx.execute(select(turns.c.people, turns.c.person, turns.c.at)):
        found[row.people][row.person] = row.at
    return found


def take(tx: Connection, taken: Iterable[tuple[str, str]], now: float) -> None:
    """Write down turns: (the people who take them, whose it was).

    Each is later than all before it, also where many are taken at one moment.
    """
    for people, person in taken:
        newest = tx.execute(select(func.max(turns.c.at))).scalar() or 0.0
        at = max(now, newest + _NEXT_S)
        row = upsert(tx.dialect.name, turns).values(people=people[:800], person=person, at=at)
        again = {"at": row.excluded.at}
        tx.execute(row.on_conflict_do_update(index_elements=["people", "person"], set_=again))
