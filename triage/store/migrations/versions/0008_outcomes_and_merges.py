"""How cases ended, which were the same matter, and what was suggested about repeated ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply the step."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("merged_into", key, nullable=True))
        batch_op.add_column(sa.Column("recurs", sa.Boolean(), nullable=True))
        batch_op.add_column(
            sa.Column("outcome_by", sa.String(length=320), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("outcome_at", sa.Float(), nullable=True))
        batch_op.add_column(
            sa.Column("outcome_asked", sa.String(length=998), server_default="", nullable=False)
        )
        batch_op.create_index("ix_cases_updated_at", ["updated_at"], unique=False)
        batch_op.create_index("ix_cases_opened_at", ["opened_at"], unique=False)
    op.create_table(
        "suggestions",
        sa.Column("id", key, nullable=False),
        sa.Column("matter", sa.String(length=400), nullable=False),
        sa.Column("case_id", key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_suggestions_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
    )
    op.create_index("ix_suggestions_matter", "suggestions", ["matter"], unique=False)
