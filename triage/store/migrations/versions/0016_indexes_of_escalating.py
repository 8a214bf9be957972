"""Indexes for what each escalation asks: a client's cases by mail domain, a case's open timers."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply the step."""
    op.execute(
        "CREATE INDEX ix_cases_client_domain ON cases"
        " (replace(client, rtrim(client, replace(client, '@', '')), ''))"
    )
    op.drop_index("ix_timers_case_id", "timers")
    columns = ["case_id", "done_at", "due_at"]
    op.create_index("ix_timers_case_id_done_at_due_at", "timers", columns)
