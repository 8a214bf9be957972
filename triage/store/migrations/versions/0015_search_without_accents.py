"""On PostgreSQL the search finds words without their accents too, as SQLite's does by itself."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"

_PLAIN = (
    "regexp_replace(normalize(subject || ' ' || client || ' ' || people || ' ' || body, NFKD),"
    " '[\\u0300-\\u036f]+', '', 'g')"
)
_INDEX = (
    "CREATE INDEX case_index ON case_words USING gin (to_tsvector('simple'::regconfig,"
    f" regexp_replace({_PLAIN}, '[^[:alnum:]]+', ' ', 'g')))"
)


def upgrade() -> None:
    """Apply the step."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX case_index")
        op.execute(_INDEX)
