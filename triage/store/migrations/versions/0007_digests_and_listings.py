"""Digests, which are of no case, and what the server holds of a folder."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

# What was read before this step: the first mail that has a row was the first that counted.
_FIRST_UIDS = """
update mailboxes set first_uid = coalesce(
    (select min(m.uid) - 1 from messages m where m.account = mailboxes.account
        and m.folder = mailboxes.folder and m.uid_validity = mailboxes.uid_validity),
    last_uid)
"""


def upgrade() -> None:
    """Apply the step."""
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    with op.batch_alter_table("outbox") as batch:
        batch.alter_column("case_id", existing_type=key, nullable=True)
        batch.alter_column("message_id", existing_type=key, nullable=True)
    op.create_table(
        "digests",
        sa.Column("id", key, nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("outbox_id", key, nullable=True),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name=op.f("fk_digests_outbox_id_outbox")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
        sa.UniqueConstraint("person", "period", "key", name=op.f("uq_digests_person_period_key")),
    )
    op.create_table(
        "listings",
        sa.Column("mailbox_id", key, nullable=False),
        sa.Column("asked_at", sa.Float(), nullable=False),
        sa.Column("uids", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("fk_listings_mailbox_id_mailboxes")
        ),
        sa.PrimaryKeyConstraint("mailbox_id", name=op.f("pk_listings")),
    )
    op.add_column(
        "mailboxes",
        sa.Column("first_uid", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.execute(_FIRST_UIDS)
