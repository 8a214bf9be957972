"""Cases of one client's mail domain are found by an index: each escalation asks for them."""

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
