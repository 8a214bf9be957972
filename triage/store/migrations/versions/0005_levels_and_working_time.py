"""Levels of a case, answers to clients, timers in working time, and why each brief was written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply the step."""
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("level", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("stopped_at", sa.Float(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("answered_at", sa.Float(), nullable=True))
        batch_op.add_column(
            sa.Column("answered_by", sa.String(length=320), server_default="", nullable=False)
        )

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("why", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(
            sa.Column("policy", sa.String(length=200), server_default="", nullable=False)
        )

    with op.batch_alter_table("timers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("began_at", sa.Float(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("step", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("basis", sa.JSON(), nullable=True))
        batch_op.add_column(
            sa.Column("policy", sa.String(length=200), server_default="", nullable=False)
        )
        batch_op.create_index("ix_timers_case_id", ["case_id"], unique=False)
