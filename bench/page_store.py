"""A store of many cases, as a firm has it after some years: made up, the same for the same seed.

It is written into the tables at once, since fifty thousand cases through the pipeline would take
an hour. Words are those of the labelled starter set; one case in fifty is still unresolved.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from bench.mails import OUR_DOMAIN, rows
from triage.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Table

    from bench.mails import Row
    from triage.policy import Policy
    from triage.store.engine import Store

    Made = tuple[Table, dict[str, Any]]

UNRESOLVED = 50  # one case in so many
DAY_S = 86400
_YEARS_S = 3 * 365 * DAY_S
_CHUNK = 1000  # cases in one transaction
_MOST_MAILS = 4
_CLIENTS = 400
_FIRST = ("Ana", "Bram", "Chidi", "Dagny", "Emil", "Femi", "Grete", "Hana", "Ines", "Käthe")
_UNREVIEWED = 20  # so many cases a mail that was left without a tag, and one that waits for review


def fill(store: Store, policy: Policy, number: int, *, now: float, seed: int = 1) -> None:
    """Write so many cases, the newest opened just before `now` (epoch seconds)."""
    maker = Maker(policy=policy, number=number, now=now, rng=random.Random(seed))
    for start in range(1, number + 1, _CHUNK):
        made: dict[Table, list[dict[str, Any]]] = {}
        for case_id in range(start, min(start + _CHUNK, number + 1)):
            for table, row in maker.case(case_id):
                made.setdefault(table, []).append(row)
        with store.write() as tx:
            for table in tables.metadata.sorted_tables:
                if table in made:
                    tx.execute(insert(table), made[table])


@dataclass(kw_only=True)
class Maker:
    """Makes one case after the other, oldest first."""

    policy: Policy
    number: int
    now: float
    rng: random.Random
    mails: int = 0

    def __post_init__(self) -> None:
        """Read the starter set once."""
        found = rows()
        self.tagged = [row for row in found if row["tags"]]
        self.plain = [row for row in found if not row["tags"]]

    def case(self, case_id: int) -> Iterator[Made]:
        """Everything of a case, each row with its table; now and then a mail without one."""
        opened_at = self.now - _YEARS_S * (1 - case_id / (self.number + 1))
        client = f"{self.rng.choice(_FIRST).lower()}@client{self.rng.randrange(_CLIENTS)}.example"
        drawn = self.rng.choices(self.tagged, k=self.rng.randint(1, _MOST_MAILS))
        first = self.mails + 1
        yield tables.cases, self._row(case_id, drawn[0], client, opened_at)
        yield tables.case_words, _words(case_id, drawn, client)
        for row in drawn:
            yield from self._mail(row, client, opened_at, case_id=case_id, action="escalated")
        if self._is_unresolved(case_id):
            yield tables.timers, self._timer(case_id, first, opened_at)
        for action in ("decided", "escalated", "queued", "sent", "acknowledged"):
            event = {"at": opened_at, "action": action, "detail": "made up"}
            yield tables.audit, {**event, "case_id": case_id, "message_id": first}
        if case_id % _UNREVIEWED == 0:
            for action in ("left", "unsure"):
                row = self.rng.choice(self.plain)
                yield from self._mail(row, client, opened_at, case_id=None, action=action)

    def _is_unresolved(self, case_id: int) -> bool:
        return case_id % UNRESOLVED == 0

    def _row(self, case_id: int, row: Row, client: str, opened_at: float) -> dict[str, Any]:
        told = self.rng.sample(sorted(self.policy.people), self.rng.choice((1, 1, 2)))
        resolved = not self._is_unresolved(case_id)
        seen = resolved or self.rng.random() < 0.5
        resolved_at = min(opened_at + self.rng.expovariate(1 / DAY_S), self.now)
        by = f"{told[0]}@{OUR_DOMAIN}" if seen else ""
        return {
            "id": case_id,
            "status": "resolved" if resolved else "acknowledged" if seen else "open",
            "tags": row["tags"],
            "urgency": self.rng.randrange(4),
            "client": client,
            "subject": row["subject"],
            "subject_key": row["subject"].lower()[:400],
            "recipients": told,
            "opened_at": opened_at,
            "updated_at": opened_at,
            "acknowledged_at": opened_at + 60 if seen else None,
            "acknowledged_by": by,
            "owner": by,
            "stopped_at": opened_at + 60 if seen else 0.0,
            "resolved_at": resolved_at if resolved else None,
            "outcome": "credited two hours" if resolved else "",
        }

    def _timer(self, case_id: int, message_id: int, opened_at: float) -> dict[str, Any]:
        return {
            "case_id": case_id,
            "message_id": message_id,
            "kind": "remind",
            "due_at": opened_at + self.rng.choice((3600, DAY_S, _YEARS_S)),
            "began_at": opened_at,
            "step": 0,
            "policy": self.policy.stamp,
        }

    def _mail(
        self, row: Row, client: str, at: float, *, case_id: int | None, action: str
    ) -> Iterator[Made]:
        self.mails += 1
        number, raw = self.mails, _raw(row, client)
        yield (
            tables.messages,
            {
                "id": number,
                "account": "inbox",
                "folder": "INBOX",
                "uid_validity": 1,
                "uid": number,
                "sha256": f"{self.rng.getrandbits(256):064x}",
                "size": len(raw),
                "complete": True,
                "problem": "",
                "received_at": at,
                "stored_at": at,
                "state": "decided",
                "action": action,
                "kind": "ordinary",
                "role": "client",
                "subject": row["subject"],
                "sender": client,
                "client": client,
                "case_id": case_id,
                "text_digest": f"{self.rng.getrandbits(256):064x}",
            },
        )
        yield tables.raw_messages, {"message_id": number, "content": zlib.compress(raw, 1)}
        yield tables.verdicts, self._verdict(number, row, at)
        for tag in row["tags"][:1]:
            kinds = [kind.id for kind in self.policy.kinds.values() if tag in kind.routes]
            kind = self.rng.choice([*kinds, ""])
            given = {"tag": tag, "kind": kind, "because": "", "by": "", "how": "program", "at": at}
            yield tables.issues, {**given, "message_id": number}

    def _verdict(self, number: int, row: Row, at: float) -> dict[str, Any]:
        scores = {tag: 0.9 if tag in row["tags"] else 0.1 for tag in self.policy.routes}
        return {
            "message_id": number,
            "model": "bench",
            "policy": self.policy.stamp,
            "tags": row["tags"],
            "unsure_tags": [],
            "scores": scores,
            "evidence": [],
            "decided_at": at,
        }


def _words(case_id: int, drawn: Sequence[Row], client: str) -> dict[str, Any]:
    """As `store.search` would have written them; each case has a number of its own in its text."""
    bodies = [row["body"] for row in drawn]
    return {
        "case_id": case_id,
        "subject": "\n".join(dict.fromkeys(row["subject"] for row in drawn)),
        "client": client,
        "people": client,
        "body": "\n".join([*bodies, f"Our reference is {reference(case_id)}."]),
    }


def reference(case_id: int) -> str:
    """What a client would name; nothing else has it."""
    return f"PO-{case_id:07d}"


def _raw(row: Row, client: str) -> bytes:
    head = f"From: {client}\nSubject: {' '.join(row['subject'].split())}\n"
    return f"{head}Content-Type: text/plain; charset=utf-8\n\n{row['body']}\n".encode()
