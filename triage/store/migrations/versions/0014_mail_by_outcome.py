"""Mail of an outcome by time: what a sample is drawn from."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Apply the step."""
    op.drop_index("ix_messages_action", table_name="messages")
    op.create_index(
        "ix_messages_action_received_at", "messages", ["action", "received_at"], unique=False
    )
