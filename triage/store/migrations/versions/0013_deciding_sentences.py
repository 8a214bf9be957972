"""The sentence that somebody marked as the one that decides, with what they say a mail is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Apply the step."""
    with op.batch_alter_table("labels") as batch:
        batch.add_column(sa.Column("sentence", sa.Text(), nullable=False, server_default=""))
