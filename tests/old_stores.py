"""Stores as earlier versions of the program left them, with rows in every table that there was.

Rule: nothing old is kept in files. Today's product fills a store, and its rows are cut down to the
tables and columns that an earlier version had; every migration so far has only added some. What the
product writes on no path that is cheap to walk here gets one plain row, so that no table is empty.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from alembic.script import ScriptDirectory
from sqlalchemy import Boolean, Float, Integer, LargeBinary, create_engine, func, insert, select

from tests.steps import Bench, begin_inbox, make_bench
from triage.store import alarms, labels, listings, outbox, trainings
from triage.store.migrations.apply import alembic_config, upgrade
from triage.store.tables import Key, metadata

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Column, Connection, Table

BEN, MARSHALL = "ben@firm.example", "marshall@firm.example"


def versions() -> list[str]:
    """Every version of the tables, the first one first."""
    script = ScriptDirectory.from_config(alembic_config())
    return sorted(str(each.revision) for each in script.walk_revisions())


def make_today(folder: Path) -> Bench:
    """A store as the product fills it.

    Case 1 is Ben's, case 2 is open and its briefs are queued; mail 3 has a label, the last mail
    waits to be judged.
    """
    bench = make_bench(folder)
    begin_inbox(bench.store, bench.clock.now)
    bench.judge("We are stuck.", message_id="<stuck@client.example>")
    bench.sender.send_due()
    bench.clock.now += 10
    reply_to_brief(bench, BEN, 1, "mine")
    bench.judge("Nothing of note.", sender="Ann <ann@third.example>", subject="Lunch")
    bench.judge("We are stuck.", sender="Eve <eve@other.example>", subject="Invoice")
    bench.receive("We are stuck again, and nobody has read this yet.")
    with bench.store.write() as tx:
        _by_hand(tx, bench.clock.now)
    return bench


def reply_to_brief(bench: Bench, person: str, case_id: int, text: str) -> None:
    """Somebody answers the brief that they got of a case."""
    with bench.store.read() as tx:
        rows = [r for r in outbox.briefs_of_case(tx, case_id) if r.recipient == person]
    headers = f"In-Reply-To: {rows[-1].rfc_id}\r\n"
    bench.judge(text, sender=f"Somebody <{person}>", subject="Re: Portal", headers=headers)


def _by_hand(tx: Connection, now: float) -> None:
    """What other parts of the program write, and one row where there is none yet."""
    listings.put(tx, 1, [1, 2, 3], now)
    labels.put(tx, 3, tags=("upsell",), previous=(), by="nora", how="label", now=now)
    number = trainings.begin(tx, by="nora", how="hand", now=now)
    trainings.finish(tx, number, outcome="kept", now=now)
    alarms.begin(tx, key="judging", says="slow", since=now - 60, now=now)
    for table in metadata.sorted_tables:
        if not tx.execute(select(func.count()).select_from(table)).scalar_one():
            tx.execute(insert(table).values({c.name: _plain(c, now) for c in table.columns}))


def _plain(column: Column[Any], now: float) -> object:
    """A value that a column takes; numbers name the first row of what they refer to."""
    kind = column.type
    if isinstance(kind, Float):
        return now
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer) or kind is Key:
        return 1
    if isinstance(kind, LargeBinary):
        return b"bytes"
    return [] if str(kind) == "JSON" else f"some {column.name}"[: getattr(kind, "length", None)]


def cut_down(today: Path, target: Path, revision: str) -> dict[str, list[str]]:
    """Write the rows of today's store as a store of that version; columns by table."""
    engine = create_engine(f"sqlite:///{target}")
    upgrade(engine, revision)
    engine.dispose()
    copied = {}
    with closing(sqlite3.connect(target)) as store:
        store.execute("attach ? as today", (str(today),))
        for table in metadata.sorted_tables:
            if columns := _common(store, table):
                copied[table.name] = columns
                _copy(store, table.name, columns)
        store.commit()
    target.chmod(0o600)
    return copied


def _common(store: sqlite3.Connection, table: Table) -> list[str]:
    """The columns that a table had already; empty where there was no such table."""
    known = [row[1] for row in store.execute(f'pragma main.table_info("{table.name}")')]
    return [column.name for column in table.columns if column.name in known]


def _copy(store: sqlite3.Connection, table: str, columns: list[str]) -> None:
    """Its rows, without those that an earlier version could not have written."""
    asked = store.execute(f'pragma main.table_info("{table}")').fetchall()
    needed = [f'"{row[1]}" is not null' for row in asked if row[3]] or ["1"]
    names = ", ".join(f'"{name}"' for name in columns)
    condition = " and ".join(needed)
    store.execute(f'delete from main."{table}"')
    rows = f'select {names} from today."{table}" where {condition}'
    store.execute(f'insert into main."{table}" ({names}) {rows}')


def contents(path: Path, copied: dict[str, list[str]]) -> dict[str, list[tuple[object, ...]]]:
    """The rows of these columns."""
    with closing(sqlite3.connect(path)) as store:
        return {table: _rows(store, table, columns) for table, columns in copied.items()}


def _rows(store: sqlite3.Connection, table: str, columns: list[str]) -> list[tuple[object, ...]]:
    names = ", ".join(f'"{name}"' for name in columns)
    return sorted(store.execute(f'select {names} from "{table}"'), key=repr)
