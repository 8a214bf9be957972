"""A store of many cases, as a firm has it after some years: made up, the same for the same seed.

It is written into the tables at once, since fifty thousand cases through the pipeline would take
an hour. Words are those of the labelled starter set; a case in fifty is still unresolved.
"""

from __future__ import annotations

import random
import zlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from bench.mails import OUR_DOMAIN, rows
from triage.store import tables
from triage.store.search import compact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table

    from bench.mails import Row
    from triage.store.engine import Store

YEARS_S = 3 * 365 * 86400
UNRESOLVED = 50  # one case in so many
_CHUNK = 1000  # cases in one transaction
_MOST_MAILS = 4
_PEOPLE = ("ben", "marshall", "nora", "priya")
_CLIENTS = 400
_FIRST = (
    "Ana",
    "Bram",
    "Chidi",
    "Dagny",
    "Emil",
    "Femi",
    "Grete",
    "Hana",
    "Ines",
    "Jonas",
    "Käthe",
)
_TAGS = ("blocker", "dissatisfaction", "scope_mismatch", "upsell")
_KINDS = {"blocker": "access", "dissatisfaction": "delay", "scope_mismatch": "extra", "upsell": ""}
_SCORE = {tag: 0.1 for tag in _TAGS}

Rows = dict["Table", list[dict[str, Any]]]


def fill(store: Store, number: int, *, now: float, seed: int = 1) -> None:
    """Write so many cases, the newest opened just before `now` (epoch seconds)."""
    maker = _Maker(number=number, now=now, rng=random.Random(seed))
    for start in range(1, number + 1, _CHUNK):
        made: Rows = {}
        for case_id in range(start, min(start + _CHUNK, number + 1)):
            for table, row in maker.case(case_id):
                made.setdefault(table, []).append(row)
        with store.write() as tx:
            for table in tables.metadata.sorted_tables:
                if table in made:
                    tx.execute(insert(table), made[table])
    with store.write() as tx:
        compact(tx)
        tx.exec_driver_sql("ANALYZE")


class _Maker:
    """Makes one case after the other, oldest first."""

    def __init__(self, *, number: int, now: float, rng: random.Random) -> None:
        self._number, self._now, self._rng = number, now, rng
        self._rows = [row for row in rows() if row["tags"]]
        self._mails = 0

    def case(self, case_id: int) -> Iterator[tuple[Table, dict[str, Any]]]:
        """Everything of a case, each with its table."""
        rng, row = self._rng, self._rng.choice(self._rows)
        opened_at = self._now - YEARS_S * (1 - case_id / (self._number + 1))
        status = "resolved"
        if case_id % UNRESOLVED == 0:
            status = rng.choice(("open", "acknowledged"))
        client = f"{rng.choice(_FIRST).lower()}@client{rng.randrange(_CLIENTS)}.example"
        told = rng.sample(_PEOPLE, rng.choice((1, 1, 2)))
        mails = [
            self._mail(case_id, row if n == 0 else rng.choice(self._rows), client, opened_at)
            for n in range(rng.randint(1, _MOST_MAILS))
        ]
        yield tables.cases, self._case(case_id, row, client, told, opened_at, status)
        for mail in mails:
            yield from mail
        words = [found for mail in mails for table, found in mail if table is tables.messages]
        bodies = [
            found["content"]
            for mail in mails
            for table, found in mail
            if table is tables.raw_messages
        ]
        yield (
            tables.case_words,
            {
                "case_id": case_id,
                "subject": "\n".join(dict.fromkeys(each["subject"] for each in words)),
                "client": client,
                "people": "\n".join(dict.fromkeys(each["sender"] for each in words)),
                "body": "\n".join(
                    zlib.decompress(body).decode().partition("\n\n")[2] for body in bodies
                ),
            },
        )
        first = words[0]["id"]
        if status != "resolved":
            due_at = opened_at + rng.choice((3600, 86400, 86400 * 900))
            yield (
                tables.timers,
                {
                    "case_id": case_id,
                    "message_id": first,
                    "kind": "remind",
                    "due_at": due_at,
                    "began_at": opened_at,
                    "step": 0,
                    "policy": "1",
                },
            )
        for action in ("decided", "escalated", "queued", "sent", "resolved"):
            yield (
                tables.audit,
                {
                    "at": opened_at,
                    "action": action,
                    "case_id": case_id,
                    "message_id": first,
                    "detail": "by the generator",
                },
            )

    def _case(
        self, case_id: int, row: Row, client: str, told: list[str], opened_at: float, status: str
    ) -> dict[str, Any]:
        rng = self._rng
        took = rng.choice(told)
        resolved_at = min(opened_at + rng.expovariate(1 / 86400), self._now)
        seen = status != "open"
        return {
            "id": case_id,
            "status": status,
            "tags": row["tags"],
            "urgency": rng.randrange(4),
            "client": client,
            "subject": row["subject"],
            "subject_key": row["subject"].lower()[:400],
            "recipients": told,
            "opened_at": opened_at,
            "updated_at": opened_at,
            "acknowledged_at": opened_at + 60 if seen else None,
            "acknowledged_by": f"{took}@{OUR_DOMAIN}" if seen else "",
            "resolved_at": resolved_at if status == "resolved" else None,
            "outcome": "credited two hours" if status == "resolved" else "",
            "owner": f"{took}@{OUR_DOMAIN}" if seen else "",
            "stopped_at": opened_at + 60 if seen else 0.0,
        }

    def _mail(
        self, case_id: int, row: Row, client: str, opened_at: float
    ) -> list[tuple[Table, dict[str, Any]]]:
        self._mails += 1
        number, rng = self._mails, self._rng
        sender = f"{client.partition('@')[0].title()} {rng.choice(_FIRST)}son <{client}>"
        reference = f"PO-{rng.randrange(10**6):06d}"
        body = f"{row['body']}\n\nOur reference is {reference}."
        raw = f"From: {sender}\nSubject: {row['subject']}\n\n{body}"
        tag = row["tags"][0]
        return [
            (
                tables.messages,
                {
                    "id": number,
                    "account": "inbox",
                    "folder": "INBOX",
                    "uid_validity": 1,
                    "uid": number,
                    "sha256": f"{rng.getrandbits(256):064x}",
                    "size": len(raw),
                    "complete": True,
                    "problem": "",
                    "received_at": opened_at,
                    "stored_at": opened_at,
                    "state": "decided",
                    "action": "escalated",
                    "kind": "ordinary",
                    "role": "client",
                    "subject": row["subject"],
                    "sender": sender,
                    "client": client,
                    "case_id": case_id,
                    "text_digest": f"{rng.getrandbits(256):064x}",
                },
            ),
            (
                tables.raw_messages,
                {"message_id": number, "content": zlib.compress(raw.encode(), 1)},
            ),
            (
                tables.verdicts,
                {
                    "message_id": number,
                    "model": "bench",
                    "policy": "1",
                    "tags": row["tags"],
                    "unsure_tags": [],
                    "scores": {**_SCORE, tag: 0.9},
                    "evidence": [],
                    "decided_at": opened_at,
                },
            ),
            (
                tables.issues,
                {
                    "message_id": number,
                    "tag": tag,
                    "kind": _KINDS.get(tag, ""),
                    "because": "",
                    "by": "",
                    "how": "program",
                    "at": opened_at,
                },
            ),
        ]
