"""The judge of the soak must be able to say no."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import JSON, create_engine, insert

from tests.smtp_faults import CATALOGUE, RandomFaults
from tests.smtp_ledger import Accepted
from tests.smtp_sink import deliver_to_maildir
from tests.soak.books import Books as Reckoning
from tests.soak.books import is_drained, state_of
from tests.soak.plan import BOUNDARIES, schedule
from triage.store.tables import cases, messages, metadata, outbox

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Table

    from tests.soak.plan import Uncertain

MAILS = [b"mail 1\r\n", b"mail 2\r\n"]
TO = "ben@radial.example"


@dataclass
class Books:
    """A store with two mails, one of them escalated, and what arrived of it."""

    store: Path
    arrived: list[Accepted] = field(default_factory=list)
    mailbox: list[bytes] = field(default_factory=lambda: list(MAILS))

    def run(self, sql: str) -> None:
        with closing(sqlite3.connect(self.store)) as db, db:
            db.execute(sql)

    def found(self, uncertain: Uncertain = "probe") -> list[str]:
        return Reckoning(
            store=self.store,
            delivered=MAILS,
            arrived=self.arrived,
            mailbox=self.mailbox,
            uncertain=uncertain,
        ).violations()


def _row(table: Table, **values: Any) -> dict[str, Any]:
    """A row with something harmless in every column that must have something."""
    needed = [c for c in table.c if not c.nullable and not c.primary_key and c.default is None]
    blank = {c.name: [] if isinstance(c.type, JSON) else c.type.python_type() for c in needed}
    return {**blank, **values}


def _message(number: int, content: bytes, action: str) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return _row(messages, id=number, uid=number, sha256=digest, state="decided", action=action)


def _notice() -> dict[str, Any]:
    return _row(
        outbox, rfc_id="<n1@radial.example>", case_id=1, message_id=1, recipient=TO,
        content=b"brief", state="sent", attempts=1,
    )  # fmt: skip


def _arrival(
    message_id: str = "<n1@radial.example>", content: bytes = b"brief", *, known: bool = True
) -> Accepted:
    return Accepted(
        at=0.0, sender="", recipient=TO, message_id=message_id, content=content, known=known
    )


@pytest.fixture
def books(tmp_path: Path) -> Books:
    store = tmp_path / "triage.db"
    engine = create_engine(f"sqlite:///{store}")
    metadata.create_all(engine)
    with engine.begin() as tx:
        tx.execute(insert(cases).values(_row(cases, id=1)))
        tx.execute(insert(messages).values(_message(1, MAILS[0], "escalated")))
        tx.execute(insert(messages).values(_message(2, MAILS[1], "left")))
        tx.execute(insert(outbox).values(_notice()))
    engine.dispose()
    return Books(store, [_arrival()])


def test_books_that_balance_are_not_complained_about(books: Books) -> None:
    assert books.found() == []
    assert is_drained(books.store, MAILS)
    assert state_of(books.store) == "nothing open"


@pytest.mark.parametrize(
    ("arrived", "complaint"),
    [
        ([], "LOST"),
        ([_arrival(), _arrival()], "DOUBLED"),
        ([_arrival(), _arrival("<other@x>")], "no outbox row"),
        ([_arrival(content=b"changed")], "other bytes"),
    ],
)
def test_what_arrived_wrongly_is_named(
    books: Books, arrived: list[Accepted], complaint: str
) -> None:
    books.arrived = arrived
    assert [line for line in books.found() if complaint in line]


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("DELETE FROM messages WHERE id = 2", "mail 2 has 0 outcomes"),
        ("UPDATE messages SET uid = 9, sha256 = 'x' WHERE id = 2", "never delivered"),
        ("UPDATE messages SET state = 'received' WHERE id = 2", "ended as 'received'"),
        ("UPDATE messages SET action = '' WHERE id = 2", "with action ''"),
        ("UPDATE messages SET action = 'escalated' WHERE id = 2", "has no notice"),
        ("UPDATE outbox SET state = 'failed'", "STRAY"),
        ("UPDATE outbox SET state = 'held'", "never ended"),
    ],
)
def test_what_the_store_says_wrongly_is_named(books: Books, sql: str, complaint: str) -> None:
    books.run(sql)
    assert [line for line in books.found() if complaint in line]


def test_a_mail_that_left_or_multiplied_in_the_mailbox_is_named(books: Books) -> None:
    books.mailbox = [MAILS[0], MAILS[0]]
    assert [line[:29] for line in books.found()] == [
        "mail 1 lies 2 times in the ma",
        "mail 2 lies 0 times in the ma",
    ]


def test_a_repeat_is_lawful_under_resend_after_a_lost_answer_only(books: Books) -> None:
    books.arrived = [_arrival(known=False), _arrival()]
    assert books.found("resend") == []
    assert "DOUBLED" in books.found("probe")[0]
    books.arrived = [_arrival(known=True), _arrival()]
    assert "DOUBLED after a known answer" in books.found("resend")[0]
    books.arrived = [_arrival(known=False), _arrival(content=b"changed")]
    assert "other bytes" in books.found("resend")[0]


def test_mail_of_a_folder_that_was_numbered_anew_may_have_further_rows(books: Books) -> None:
    columns = [c.name for c in messages.c if c.name != "id"]
    values = [{"uid": "4", "action": "'duplicate'"}.get(name, name) for name in columns]
    books.run(
        f"INSERT INTO messages ({', '.join(columns)}) "
        f"SELECT {', '.join(values)} FROM messages WHERE id = 1"
    )
    assert books.found() == []


def test_a_schedule_is_the_same_for_a_seed_and_comes_to_every_boundary() -> None:
    first, second, other = (list(schedule(seed, 120, "probe", 0.5)) for seed in (7, 7, 8))
    assert [str(life) for life in first] == [str(life) for life in second]
    assert [str(life) for life in first] != [str(life) for life in other]
    ends = Counter(life.boundary for life in first)
    assert all(ends[name] >= 2 for name in BOUNDARIES)
    assert (
        {bool(life.imap) for life in first} == {bool(life.smtp) for life in first} == {True, False}
    )


def test_open_work_is_seen(books: Books) -> None:
    books.run("UPDATE outbox SET state = 'sending'")
    books.run("UPDATE messages SET state = 'received' WHERE id = 2")
    assert state_of(books.store) == "sending+undecided"
    assert not is_drained(books.store, MAILS)


def test_faults_come_as_often_as_asked_and_the_same_for_a_seed() -> None:
    points = sorted({fault.at for _, fault in CATALOGUE})
    first, second = (
        [faults.at(point) for _ in range(2000) for point in points]
        for faults in (RandomFaults(5, 0.2), RandomFaults(5, 0.2))
    )
    assert first == second
    share = sum(fault is not None for fault in first) / 2000
    assert 0.15 < share < 0.25


def test_mail_lies_whole_in_the_maildir(tmp_path: Path) -> None:
    for content in (b"one", b"two"):
        deliver_to_maildir(tmp_path, content)
    assert sorted(path.read_bytes() for path in (tmp_path / "new").iterdir()) == [b"one", b"two"]
    assert list((tmp_path / "tmp").iterdir()) == []
