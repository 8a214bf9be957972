"""Where the time went, from the times that the program keeps in its own store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DECIDED = "SELECT count(*) FROM messages WHERE state = 'decided'"
_WAITING = "SELECT count(*) FROM outbox WHERE state <> 'sent'"
_LOOKED = "SELECT count(*) FROM mailboxes WHERE looked_at IS NOT NULL"
_TIMES = """
SELECT thread_ids.rfc_id, stored_at, min(created_at), min(claimed_at), min(finished_at)
FROM thread_ids JOIN messages ON messages.id = thread_ids.message_id
JOIN outbox ON outbox.message_id = messages.id
GROUP BY thread_ids.rfc_id
"""
_NAMES = (
    "delivery to mail in hand",
    "until the decision begins",
    "until the first brief awaits its dot",
    "until its acceptance is recorded",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One part of the way; seconds, one entry a mail."""

    name: str
    seconds: tuple[float, ...]


def is_finished(store: Path, number: int) -> bool:
    """Whether the first look is over, `number` mails are decided and every brief is sent."""
    try:
        with closing(_connect(store)) as db:
            looked, decided, waiting = (
                int(db.execute(query).fetchone()[0]) for query in (_LOOKED, _DECIDED, _WAITING)
            )
    except sqlite3.OperationalError:
        return False  # not made yet
    return bool(looked) and decided >= number and not waiting


def stages(store: Path, delivered_at: Mapping[str, float]) -> tuple[Stage, ...]:
    """The parts of the way of each mail, by its Message-ID."""
    with closing(_connect(store)) as db:
        times = {row[0]: row[1:] for row in db.execute(_TIMES) if row[0] in delivered_at}
    steps = [(delivered_at[name], *rest) for name, rest in times.items()]
    return tuple(
        Stage(name=name, seconds=tuple(step[n + 1] - step[n] for step in steps))
        for n, name in enumerate(_NAMES)
    )


def _connect(store: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10)
