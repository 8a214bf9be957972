"""What a client has had with us before: their cases, whoever of them wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from triage.store.tables import cases, client_domain

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MOST = 200  # cases of one client that are looked at, the newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCase:
    """An earlier case of a client.

    `outcome` and `recurs` are how a person says that it ended; empty and None where nobody has.
    """

    id: int
    client: str
    opened_at: float
    resolved: bool
    outcome: str = ""
    recurs: bool | None = None


def cases_of(tx: Connection, client: str, *, domain: str = "", before: int) -> list[PastCase]:
    """Cases of an address, or of all at a mail domain, oldest first, without those merged away.

    Args:
        tx: a transaction.
        client: an address in lower case.
        domain: of an organisation; empty where the address speaks for one person only.
        before: the case that is being told of; only cases with smaller numbers count.
    """
    whose = client_domain() == domain if domain else cases.c.client == client
    query = (
        select(
            cases.c.id,
            cases.c.client,
            cases.c.opened_at,
            cases.c.status,
            cases.c.outcome,
            cases.c.outcome_by,
            cases.c.recurs,
        )
        .where(whose, cases.c.id < before, cases.c.merged_into.is_(None))
        .order_by(cases.c.id.desc())
        .limit(_MOST)
    )
    found = [
        PastCase(
            id=row.id,
            client=row.client,
            opened_at=row.opened_at,
            resolved=row.status == "resolved",
            outcome=row.outcome if row.outcome_by else "",
            recurs=row.recurs if row.outcome_by else None,
        )
        for row in tx.execute(query)
    ]
    return found[::-1]
