"""The reckoning after the soak: what was delivered, what was decided, what was sent, what came."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

from triage.messages import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.smtp_sink import Accepted

_MAX_EVIDENCE = 20  # lines of one kind


def rows(store: Path, query: str) -> list[Any]:
    """What the store answers; nothing when it does not exist yet."""
    if not store.exists():
        return []
    with closing(sqlite3.connect(store, timeout=30)) as db:
        try:
            return db.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise


def state_of(store: Path) -> str:
    """In the midst of what the program is, for the histogram of kills."""
    counts = dict(rows(store, "SELECT state, count(*) FROM outbox GROUP BY state"))
    undecided = rows(store, "SELECT count(*) FROM messages WHERE state = 'received'")
    words = [word for word in ("sending", "queued") if counts.get(word)]
    if undecided and undecided[0][0]:
        words.append("undecided")
    return "+".join(words) or "nothing open"


def is_drained(store: Path, delivered: int) -> bool:
    """Whether every mail is decided and every notice has come to its end."""
    known = rows(store, "SELECT count(*) FROM messages WHERE state = 'decided'")
    open_rows = rows(store, "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')")
    return bool(known) and known[0][0] >= delivered and open_rows[0][0] == 0


def violations(store: Path, delivered: Sequence[bytes], arrived: Sequence[Accepted]) -> list[str]:
    """Every broken promise, with its evidence; empty when the books balance."""
    found = [*_messages(store, delivered), *_notices(store, arrived), *_decisions(store)]
    return found[: 5 * _MAX_EVIDENCE]


def _messages(store: Path, delivered: Sequence[bytes]) -> Iterator[str]:
    """Every mail has exactly one durable outcome, and nothing else has one."""
    known = rows(store, "SELECT sha256, state, action, uid FROM messages ORDER BY id")
    wanted = {hashlib.sha256(content).hexdigest(): n for n, content in enumerate(delivered, 1)}
    times = Counter(sha256 for sha256, *_ in known)
    for sha256, number in wanted.items():
        if times[sha256] != 1:
            yield f"mail {number} has {times[sha256]} outcomes instead of one ({sha256[:12]})"
    for sha256, state, action, uid in known:
        if sha256 not in wanted:
            yield f"UID {uid} is in the store but was never delivered ({sha256[:12]}, {action})"
        if state != "decided" or action not in OUTCOMES:
            yield f"UID {uid} ended as {state!r} with action {action!r}"


def _notices(store: Path, arrived: Sequence[Accepted]) -> Iterator[str]:
    """What is sent arrived once, what is not never did, and nothing came from nowhere."""
    query = "SELECT rfc_id, recipient, state, content, detail, attempts FROM outbox ORDER BY id"
    known = {(row[0], row[1]): row[2:] for row in rows(store, query)}
    came = Counter((mail.message_id, mail.recipient) for mail in arrived)
    for key, (state, _, detail, attempts) in known.items():
        wanted = 1 if state == "sent" else 0
        if came[key] != wanted:
            word = "LOST" if came[key] < wanted else "DOUBLED" if came[key] > 1 else "STRAY"
            yield (
                f"{word}: {key[0]} to {key[1]} is {state!r} after {attempts} attempts "
                f"and arrived {came[key]} times ({detail})"
            )
        if state not in {"sent", "failed"}:
            yield f"{key[0]} to {key[1]} never ended: {state!r} ({detail})"
    for mail in arrived:
        key = (mail.message_id, mail.recipient)
        if key not in known:
            yield f"{key[0]} to {key[1]} arrived but no outbox row names it"
        elif known[key][1] != mail.content:
            yield f"{key[0]} to {key[1]} arrived with other bytes than were frozen"


def _decisions(store: Path) -> Iterator[str]:
    """One notice for each message, person and occasion; none missing where one was decided."""
    query = (
        "SELECT message_id, recipient, occasion, count(*) FROM outbox "
        "GROUP BY message_id, recipient, occasion HAVING count(*) > 1"
    )
    for message_id, recipient, occasion, number in rows(store, query):
        yield f"message {message_id} has {number} notices ({occasion}) to {recipient}"
    query = (
        "SELECT id, action FROM messages WHERE action IN ('escalated', 'unreadable') "
        "AND id NOT IN (SELECT message_id FROM outbox)"
    )
    for message_id, action in rows(store, query):
        yield f"message {message_id} is {action} but has no notice"
