"""What runs for every mail looks rows up by an index: its cost must not grow with the store."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from tests.fakes import MemorySource
from tests.steps import Bench, make_bench
from tests.unit.test_watcher import put
from triage.watcher import Beginning, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# With the mail; not those that stay small, such as who was spared or what was suggested.
GROWING = frozenset({
    "messages", "raw_messages", "thread_ids", "verdicts", "cases", "outbox", "audit", "timers",
    "answers", "labels", "issues", "moves",
})  # fmt: skip
_SCAN = re.compile(r"^SCAN (\w+)(?! USING (?:COVERING )?INDEX)")
_WHOLE = re.compile(r"^SCAN (\w+) USING (?:COVERING )?INDEX")  # in its order, to the end or a LIMIT
_LOOKUP = re.compile(r"^SEARCH (\w+) USING (?:COVERING )?(?:INDEX|INTEGER PRIMARY KEY)(.*)$")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


@contextmanager
def asked(bench: Bench) -> Iterator[dict[str, Any]]:
    """Every statement that runs meanwhile, with the values it had first."""
    found: dict[str, Any] = {}

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_more: object) -> None:
        found.setdefault(statement, values[0] if isinstance(values, list) else values)

    engine = bench.store._engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def plans(bench: Bench, statements: dict[str, Any]) -> dict[str, list[str]]:
    """How SQLite goes about each statement."""
    found: dict[str, list[str]] = {}
    with bench.store.read() as tx:
        for statement, values in statements.items():
            # An INSERT is shown with checks of references that it never has to make.
            if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
                rows = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                found[statement] = [row[3] for row in rows]
    return found


def scans(bench: Bench, statements: dict[str, Any]) -> list[str]:
    """Statements that go through a table that grows, with what SQLite says of it."""
    return [
        f"{line}: {' '.join(statement.split())[:300]}"
        for statement, plan in plans(bench, statements).items()
        for line in plan
        for pattern in (_SCAN, _WHOLE)
        if (at := pattern.match(line)) and at[1] in GROWING
        if pattern is _SCAN or "LIMIT" not in statement
    ]


def work_through(bench: Bench) -> None:
    """A little of everything that happens to mails: new, again, in a thread, many, left alone."""
    source = MemorySource()
    watcher = Watcher(
        source=source, store=bench.store, clock=bench.clock, beginning=Beginning(everything=True)
    )
    put(source, 1, bench.clock, text="Nothing to see.")
    watcher.sync(watcher.open())
    bench.uid = 100
    bench.receive("We are stuck since Monday and all testers wait.", message_id="<a@x.example>")
    bench.receive("Stuck, and disappointed too.", headers="References: <a@x.example>\r\n")
    bench.receive("We are stuck since Monday and all testers wait.", message_id="<b@x.example>")
    bench.receive("perhaps quote of something", sender="Eve <eve@other.example>")
    bench.receive("", content=b"From: x\r\nSubject: broken\r\n\r\n\xff\xfe")
    bench.decide()
    bench.sender.settle_uncertain()
    bench.sender.send_due()
    bench.clock.now += 86400
    bench.follow_up.run_due(bench.clock())
    bench.sender.send_due()
    watcher.sync(watcher.open())


def test_no_statement_of_the_way_of_a_mail_goes_through_a_table_that_grows(bench: Bench) -> None:
    with asked(bench) as statements:
        work_through(bench)
    assert len(statements) > 40
    assert scans(bench, statements) == []


def by_other_than_the_case(bench: Bench, statements: dict[str, Any]) -> list[str]:
    """Statements about one case that look up by something else, of which there may be many rows."""
    return [
        f"{line}: {' '.join(statement.split())[:300]}"
        for statement, plan in plans(bench, statements).items()
        for line in plan
        if (at := _LOOKUP.match(line)) and at[1] in GROWING
        if f"{at[1]}.case_id = ?" in statement
        if not re.search("case_id|message_id|rowid|rfc_id", at[2])
    ]


def test_what_belongs_to_a_case_is_looked_up_by_the_case(bench: Bench) -> None:
    with asked(bench) as statements:
        work_through(bench)
    assert sum("timers.case_id = ?" in statement for statement in statements) > 1
    assert by_other_than_the_case(bench, statements) == []


def test_a_statement_without_an_index_is_seen(bench: Bench) -> None:
    with asked(bench) as statements, bench.store.read() as tx:
        tx.exec_driver_sql("SELECT id FROM messages WHERE subject = 'x'")
        tx.exec_driver_sql("SELECT count(*) FROM messages")
    assert len(scans(bench, statements)) == 2
