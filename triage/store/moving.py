"""Copying a whole store into an empty one, on whichever database, and proving that it is the same.

Rules: the copy is one transaction, so what is broken off leaves nothing behind and is begun anew;
it counts only when every row of every table has the same content on both sides.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, text

from triage.errors import StoreError
from triage.store.tables import leases, metadata, programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Table

    from triage.store.engine import Store

_CHUNK = 200  # rows in one statement; those with the bytes of mails are large
# Who is at work is of the one store only, and so is nobody's history.
TABLES = [table for table in metadata.sorted_tables if table not in (programs, leases)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """One table: how many rows, and the SHA-256 of all that stands in them."""

    table: str
    rows: int
    sha256: str


def copy(
    source: Store, target: Store, say: Callable[[str, int], None] = lambda _table, _rows: None
) -> list[Copied]:
    """Copy all rows; `say` is told each table with its number of rows when it is done.

    Raises:
        StoreError: the target holds something already, or holds something else afterwards; then
            nothing was copied.
    """
    with source.read() as old, target.write() as new:
        if new.dialect.name == "postgresql":
            new.execute(text("set local idle_in_transaction_session_timeout = 0"))
        taken = [table.name for table in TABLES if new.execute(select(table).limit(1)).first()]
        if taken:
            msg = f"the store to copy to is not empty ({', '.join(taken)}); name an empty database"
            raise StoreError(msg)
        done = [_copy_table(old, new, table, say) for table in TABLES]
        wrong = [
            one.table for one, table in zip(done, TABLES, strict=True) if one != _sum(new, table)
        ]
        if wrong:
            msg = f"rows of {', '.join(wrong)} differ after the copy; nothing was kept"
            raise StoreError(msg)
        return done


def sums(store: Store) -> list[Copied]:
    """What stands in each table, to compare two stores by."""
    with store.read() as tx:
        return [_sum(tx, table) for table in TABLES]


def _copy_table(
    old: Connection, new: Connection, table: Table, say: Callable[[str, int], None]
) -> Copied:
    digest, number = hashlib.sha256(), 0
    for rows in _rows(old, table):
        new.execute(insert(table), rows)
        number += len(rows)
        _add(digest, rows)
    if number and "id" in table.c and new.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(table.name, "id")
        new.execute(select(func.setval(sequence, select(func.max(table.c.id)).scalar_subquery())))
    say(table.name, number)
    return Copied(table=table.name, rows=number, sha256=digest.hexdigest())


def _sum(tx: Connection, table: Table) -> Copied:
    digest, number = hashlib.sha256(), 0
    for rows in _rows(tx, table):
        number += len(rows)
        _add(digest, rows)
    return Copied(table=table.name, rows=number, sha256=digest.hexdigest())


def _rows(tx: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """All rows by their keys, some at a time, with text as PostgreSQL can hold it."""
    query = select(table).order_by(*table.primary_key.columns)
    with tx.execution_options(yield_per=_CHUNK).execute(query) as found:
        for some in found.mappings().partitions(_CHUNK):
            yield [{name: _without_nul(value) for name, value in row.items()} for row in some]


def _without_nul(value: Any) -> Any:
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def _add(digest: Any, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        plain = [v.hex() if isinstance(v, bytes) else v for v in row.values()]
        digest.update(json.dumps(plain, sort_keys=True).encode())
