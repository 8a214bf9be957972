"""The full-text index over `case_words`: the only place that says it in a database's own words.

Rules: the index follows its table by itself, within the same transaction (triggers on SQLite, an
index over an expression on PostgreSQL), so that nothing else writes to it; what a person types is
never taken for query syntax.

https://www.sqlite.org/fts5.html, https://www.postgresql.org/docs/current/textsearch-controls.html
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from unicodedata import combining, normalize

from sqlalchemy import column, func, insert, literal, literal_column, select, table

from triage.store.tables import case_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Select

INDEX = "case_index"  # on SQLite a virtual table; its shadow tables have names that begin so
MOST_CHUNKS = 12  # of a query; what is typed beyond is not looked for
MOST_CHARS = 80  # of one chunk
_QUOTED = re.compile(r'"([^"]*)"|([^\s"]+)')
_WORD = re.compile(r"[^\W_]+")
# Exactly as the migration made the index, else PostgreSQL does not use it. Accents are taken off,
# and an address is cut into its words, as SQLite does by itself.
_PLAIN = (
    "regexp_replace(normalize(subject || ' ' || client || ' ' || people || ' ' || body, NFKD),"
    " '[\\u0300-\\u036f]+', '', 'g')"
)
_VECTOR = f"to_tsvector('simple'::regconfig, regexp_replace({_PLAIN}, '[^[:alnum:]]+', ' ', 'g'))"

Chunk = tuple[str, ...]


def folded(text: str) -> str:
    """Without accents, so that they make no difference whichever database it is."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    return "".join(char for char in apart if unicodedata.category(char) != "Mn")


def chunks(typed: str) -> list[Chunk]:
    """What to look for, each as words that follow one another; the last of them may go on.

    `staging "site visit" dana@client.example` is three: one word, two words, three words. Empty
    where nothing is typed that could be looked for.
    """
    clean = folded(typed.encode("utf-8", "replace").decode().replace("\0", " "))
    parts = [quoted or plain for quoted, plain in _QUOTED.findall(clean)]
    found = [tuple(_WORD.findall(part[:MOST_CHARS])) for part in parts]
    return [chunk for chunk in dict.fromkeys(found) if chunk][:MOST_CHUNKS]


def cases_with(tx: Connection, wanted: Sequence[Chunk]) -> Select[int]:
    """Query for the ids of cases in whose words every one of these chunks stands somewhere."""
    if tx.dialect.name == "postgresql":
        query = " & ".join(f"({' <-> '.join(map(_quoted, c))}{_goes_on(c, ':*')})" for c in wanted)
        vector: ColumnElement[str] = literal_column(_VECTOR)
        matches = vector.bool_op("@@")(func.to_tsquery(literal_column("'simple'"), query))
        return select(case_words.c.case_id).where(matches)
    index = table(INDEX, column("rowid"))
    query = " ".join(f'"{" ".join(chunk)}"{_goes_on(chunk, "*")}' for chunk in wanted)
    return select(index.c.rowid).where(literal_column(INDEX).bool_op("MATCH")(literal(query)))


def compact(tx: Connection) -> None:
    """Write the index anew without what was deleted, which an FTS5 index only marks as such."""
    if tx.dialect.name == "sqlite":
        tx.execute(insert(table(INDEX, column(INDEX))).values({INDEX: "optimize"}))


def _goes_on(chunk: Chunk, mark: str) -> str:
    """Half of all words begin with some single letter; that is no way to find any."""
    return mark if len(chunk[-1]) > 1 else ""


def _quoted(word: str) -> str:
    plain = "".join(c for c in normalize("NFKD", word) if not combining(c))
    return f"'{plain}'"
