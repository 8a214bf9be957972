"""Turns among people, briefs that wait for a digest, and storms of mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply the step."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column(
        "outbox", sa.Column("held_for", sa.String(length=20), server_default="", nullable=False)
    )
    op.create_index("ix_outbox_recipient_created_at", "outbox", ["recipient", "created_at"])
    op.create_table(
        "turns",
        sa.Column("id", key, nullable=False),
        sa.Column("people", sa.String(length=800), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turns")),
        sa.UniqueConstraint("people", "person", name=op.f("uq_turns_people_person")),
    )
    op.create_table(
        "storms",
        sa.Column("id", key, nullable=False),
        sa.Column("case_id", key, nullable=False),
        sa.Column("began_at", sa.Float(), nullable=False),
        sa.Column("last_at", sa.Float(), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("over_at", sa.Float(), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_storms_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_storms")),
    )
    op.create_index("ix_storms_case_id", "storms", ["case_id"], unique=False)
    op.create_table(
        "arrivals",
        sa.Column("message_id", key, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("client", sa.String(length=320), nullable=False),
        sa.Column("subject_key", sa.String(length=400), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("storm_id", key, nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_arrivals_message_id_messages")
        ),
        sa.ForeignKeyConstraint(
            ["storm_id"], ["storms.id"], name=op.f("fk_arrivals_storm_id_storms")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_arrivals")),
    )
    op.create_index("ix_arrivals_at", "arrivals", ["at"], unique=False)
    op.create_index("ix_arrivals_storm_id", "arrivals", ["storm_id"], unique=False)
