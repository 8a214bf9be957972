"""The words of cases with an index to search them, and indices for the list of cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_COLUMNS = "subject, client, people, body"
_OLD = "old.case_id, old.subject, old.client, old.people, old.body"
_NEW = "new.case_id, new.subject, new.client, new.people, new.body"
_DELETE = f"INSERT INTO case_index(case_index, rowid, {_COLUMNS}) VALUES ('delete', {_OLD});"
_INSERT = f"INSERT INTO case_index(rowid, {_COLUMNS}) VALUES ({_NEW});"
_SQLITE = (
    f"CREATE VIRTUAL TABLE case_index USING fts5({_COLUMNS}, content='case_words',"
    " content_rowid='case_id', tokenize='unicode61 remove_diacritics 2', prefix='3')",
    f"CREATE TRIGGER case_words_inserted AFTER INSERT ON case_words BEGIN {_INSERT} END",
    f"CREATE TRIGGER case_words_deleted AFTER DELETE ON case_words BEGIN {_DELETE} END",
    f"CREATE TRIGGER case_words_updated AFTER UPDATE ON case_words BEGIN {_DELETE} {_INSERT} END",
)
_POSTGRESQL = (
    "CREATE INDEX case_index ON case_words USING gin (to_tsvector('simple'::regconfig,"
    " regexp_replace(subject || ' ' || client || ' ' || people || ' ' || body,"
    " '[^[:alnum:]]+', ' ', 'g')))",
)


def upgrade() -> None:
    """Apply the step."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "case_words",
        sa.Column("case_id", key, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_words_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_words")),
    )
    op.drop_index("ix_cases_status", table_name="cases")
    op.create_index(
        "ix_cases_status_resolved_at_id", "cases", ["status", "resolved_at", "id"], unique=False
    )
    op.create_index("ix_issues_kind", "issues", ["kind"], unique=False)
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in _POSTGRESQL if on_postgresql else _SQLITE:
        op.execute(statement)
