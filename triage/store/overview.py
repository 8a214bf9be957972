"""What came in and what was told in a span of time, for digests. Without a word of any mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from triage.messages import Occasion
from triage.store.tables import messages, outbox

if TYPE_CHECKING:
    from sqlalchemy import Connection

_TELLING = (
    Occasion.FIRST,
    Occasion.NEW_TAG,
    Occasion.WORSE,
    Occasion.UNREADABLE,
    Occasion.CORRECTED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A mail that came in. `action` is how it ended, empty while it waits; `kind` a MailKind."""

    id: int
    account: str
    folder: str
    uid_validity: int
    uid: int
    stored_at: float
    action: str
    kind: str
    why: str
    case_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A brief that brought something new in a case to somebody; `recipient` is an address."""

    case_id: int
    recipient: str
    occasion: str
    at: float


def arrived(tx: Connection, since: float, until: float) -> list[Arrived]:
    """Mails that came into the store in [since, until), oldest first."""
    columns = [messages.c[name] for name in Arrived.__dataclass_fields__]
    query = (
        select(*columns)
        .where(messages.c.stored_at >= since, messages.c.stored_at < until)
        .order_by(messages.c.id)
    )
    return [Arrived(**row._mapping) for row in tx.execute(query)]  # noqa: SLF001 - documented


def told(tx: Connection, since: float, until: float) -> list[Told]:
    """Briefs of something new that were written in [since, until), oldest first."""
    query = (
        select(outbox.c.case_id, outbox.c.recipient, outbox.c.occasion, outbox.c.created_at)
        .where(
            outbox.c.occasion.in_([each.value for each in _TELLING]),
            outbox.c.case_id.is_not(None),
            outbox.c.state != "digest",  # what waits for a digest has told nobody yet
            outbox.c.created_at >= since,
            outbox.c.created_at < until,
        )
        .order_by(outbox.c.id)
    )
    return [
        Told(
            case_id=row.case_id,
            recipient=row.recipient,
            occasion=row.occasion,
            at=row.created_at,
        )
        for row in tx.execute(query)
    ]
