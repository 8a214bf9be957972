"""The reckoning after the soak: what was delivered, what was decided, what was sent, what came.

The servers' own books are held against the store: what lies in the mailbox, and what the SMTP
server accepted, each with whether its answer is known to have been read.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triage.messages import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.smtp_ledger import Accepted
    from tests.soak.plan import Uncertain

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


def is_drained(store: Path, delivered: Sequence[bytes]) -> bool:
    """Whether every mail is decided and every notice has come to its end."""
    known = {row[0] for row in rows(store, "SELECT sha256 FROM messages WHERE state = 'decided'")}
    open_rows = rows(
        store,
        "SELECT 1 FROM outbox WHERE state IN ('queued', 'sending') "
        "UNION ALL SELECT 1 FROM messages WHERE state = 'received' LIMIT 1",
    )
    return not open_rows and all(_digest(content) in known for content in delivered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What everybody wrote down.

    Attributes:
        store: the program's own.
        delivered: the mails put into the inbox, in order.
        arrived: what the SMTP server accepted.
        mailbox: the mails that lie in the mailbox now, in any of its folders.
        uncertain: the policy for lost answers.
    """

    store: Path
    delivered: Sequence[bytes]
    arrived: Sequence[Accepted]
    mailbox: Sequence[bytes]
    uncertain: Uncertain = "probe"

    def violations(self) -> list[str]:
        """Every broken promise, with its evidence; empty when the books balance."""
        parts = (self._mailbox(), self._messages(), self._notices(), _decisions(self.store))
        return [line for part in parts for line in list(part)[:_MAX_EVIDENCE]]

    def doubled(self) -> int:
        """How many mails came once more than once."""
        return len(self.arrived) - len({(each.message_id, each.recipient) for each in self.arrived})

    def _mailbox(self) -> Iterator[str]:
        """Every mail still lies in the mailbox, once and unchanged."""
        there = Counter(_digest(content) for content in self.mailbox)
        for number, content in enumerate(self.delivered, 1):
            if (times := there[_digest(content)]) != 1:
                yield f"mail {number} lies {times} times in the mailbox ({_digest(content)[:12]})"

    def _messages(self) -> Iterator[str]:
        """Every mail has exactly one durable outcome, and nothing else has one."""
        query = "SELECT sha256, state, action, uid FROM messages ORDER BY id"
        known = rows(self.store, query)
        wanted = {_digest(content): n for n, content in enumerate(self.delivered, 1)}
        times = Counter(sha256 for sha256, _, action, _ in known if action != "duplicate")
        for sha256, number in wanted.items():
            if times[sha256] != 1:
                yield f"mail {number} has {times[sha256]} outcomes instead of one ({sha256[:12]})"
        for sha256, state, action, uid in known:
            if sha256 not in wanted and action != "vanished":
                yield f"UID {uid} is in the store but was never delivered ({sha256[:12]}, {action})"
            if state != "decided" or action not in OUTCOMES:
                yield f"UID {uid} ended as {state!r} with action {action!r}"

    def _notices(self) -> Iterator[str]:
        """What is sent arrived once, what is not never did, and nothing came from nowhere."""
        query = "SELECT rfc_id, recipient, state, content, detail, attempts FROM outbox ORDER BY id"
        known = {(row[0], row[1]): row[2:] for row in rows(self.store, query)}
        came: dict[tuple[str, str], list[Accepted]] = defaultdict(list)
        for mail in self.arrived:
            came[mail.message_id, mail.recipient].append(mail)
        for key, (state, content, detail, attempts) in known.items():
            if word := self._wrong(state, came[key]):
                yield (
                    f"{word}: {key[0]} to {key[1]} is {state!r} after {attempts} attempts and "
                    f"arrived {len(came[key])} times ({detail})"
                )
            if state not in {"sent", "failed"}:
                yield f"{key[0]} to {key[1]} never ended: {state!r} ({detail})"
            if any(mail.content != content for mail in came[key]):
                yield f"{key[0]} to {key[1]} arrived with other bytes than were frozen"
        for key in came.keys() - known.keys():
            yield f"{key[0]} to {key[1]} arrived but no outbox row names it"

    def _wrong(self, state: str, came: Sequence[Accepted]) -> str:
        """What is wrong with how often a notice came; empty when nothing is.

        With `resend` it may come again after each time that the answer was lost: after none of
        which the client went on talking.
        """
        surely = sum(mail.known for mail in came)
        if state == "sent" and not came:
            return "LOST"
        if self.uncertain == "resend":
            if any(mail.known for mail in came[:-1]):
                return "DOUBLED after a known answer"
            return "STRAY" if state != "sent" and surely else ""
        if len(came) > 1:
            return "DOUBLED"
        return "STRAY" if state != "sent" and came else ""


def _decisions(store: Path) -> Iterator[str]:
    """One notice for each message, person and occasion; none missing where one was decided."""
    query = (
        "SELECT message_id, recipient, occasion, count(*) FROM outbox WHERE message_id IS NOT NULL "
        "GROUP BY message_id, recipient, occasion HAVING count(*) > 1"
    )
    for message_id, recipient, occasion, number in rows(store, query):
        yield f"message {message_id} has {number} notices ({occasion}) to {recipient}"
    query = (
        "SELECT id, action FROM messages WHERE action IN ('escalated', 'unreadable') "
        "AND id NOT IN (SELECT message_id FROM outbox WHERE message_id IS NOT NULL)"
    )
    for message_id, action in rows(store, query):
        yield f"message {message_id} is {action} but has no notice"
    query = (
        "SELECT outbox_id, count(*) FROM audit WHERE action = 'held' "
        "GROUP BY outbox_id HAVING count(*) > 1"
    )
    for outbox_id, number in rows(store, query):
        yield f"brief {outbox_id} was held {number} times"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
