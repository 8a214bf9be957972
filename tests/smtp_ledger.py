"""The books of the SMTP server of the tests: what it accepted, and whether its answer was read."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A mail the sink took, once per recipient. `at` in epoch seconds.

    `known`: the client went on talking in the same session after our 250, so it has read it. All
    others are the answers that may have been lost.
    """

    at: float
    sender: str
    recipient: str
    message_id: str
    content: bytes
    known: bool = False


class Ledger:
    """Accepted mail in an SQLite file, readable while the server runs."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "sink.db"
        with closing(self._connect()) as db, db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute(
                "CREATE TABLE IF NOT EXISTS accepted (id INTEGER PRIMARY KEY, at REAL, "
                "sender TEXT, recipient TEXT, message_id TEXT, content BLOB, "
                "known INTEGER DEFAULT 0)"
            )

    def add(self, sender: str, recipients: list[str], content: bytes) -> list[int]:
        """Keep a mail durably; the numbers of its entries, one for each recipient."""
        message_id = str(BytesHeaderParser().parsebytes(content)["Message-ID"] or "").strip()
        rows = [(time.time(), sender, to, message_id, content) for to in recipients]
        with closing(self._connect()) as db, db:
            db.execute("PRAGMA synchronous = FULL")
            insert = (
                "INSERT INTO accepted (at, sender, recipient, message_id, content) "
                "VALUES (?, ?, ?, ?, ?) RETURNING id"
            )
            return [int(db.execute(insert, row).fetchone()[0]) for row in rows]

    def know(self, numbers: list[int]) -> None:
        """The client has read the answer to these."""
        if not numbers:
            return
        with closing(self._connect()) as db, db:
            db.executemany("UPDATE accepted SET known = 1 WHERE id = ?", [(n,) for n in numbers])

    def read(self) -> list[Accepted]:
        query = "SELECT at, sender, recipient, message_id, content, known FROM accepted ORDER BY id"
        with closing(self._connect()) as db:
            return [
                Accepted(
                    at=at,
                    sender=sender,
                    recipient=to,
                    message_id=mid,
                    content=content,
                    known=bool(known),
                )
                for at, sender, to, mid, content, known in db.execute(query)
            ]

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=30)
