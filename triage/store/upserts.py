"""`INSERT ... ON CONFLICT`, which SQLite and PostgreSQL have alike and SQL does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy import Table

Upsert = sqlite.Insert | postgresql.Insert


def upsert(dialect: str, table: Table) -> Upsert:
    """An insert that can say what happens to rows that are there; `dialect` as in `tx.dialect`."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
