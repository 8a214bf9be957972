"""Which mails a person should look at next: those the classifier doubts, then a fair sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from triage.store.tables import labels, messages

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

_LABELLED = select(labels.c.message_id)
# What the classifier read and gave no tag, so that nobody was told.
_UNTAGGED = ("left",)


def doubtful(tx: Connection, limit: int = 1000) -> list[int]:
    """Mails for review that nobody has labelled, the newest first."""
    return _ids(tx, messages.c.action == "unsure", messages.c.id.desc(), limit)


def sample(tx: Connection, since: float, limit: int) -> list[int]:
    """Mails without a tag received since then, unlabelled, in an order that chance has given.

    The order is that of their digests: fair, and the same tomorrow, so that a review that was
    broken off goes on where it was. Of mails with the same words only one is taken.
    """
    same_words = messages.alias()
    first = select(func.min(same_words.c.id)).where(
        same_words.c.text_digest == messages.c.text_digest,
        same_words.c.action.in_(_UNTAGGED),
    )
    wanted = and_(
        messages.c.action.in_(_UNTAGGED),
        messages.c.received_at >= since,
        (messages.c.text_digest == "") | (messages.c.id == first.scalar_subquery()),
    )
    return _ids(tx, wanted, messages.c.sha256, limit)


def _ids(
    tx: Connection, wanted: ColumnElement[bool], order: ColumnElement[object], limit: int
) -> list[int]:
    query = select(messages.c.id).where(wanted, messages.c.id.not_in(_LABELLED))
    return list(tx.execute(query.order_by(order).limit(limit)).scalars())
