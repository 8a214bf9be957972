"""Which mails a person should look at next: those the classifier doubts, then a fair sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from triage.store.tables import labels, messages

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

_LABELLED = select(labels.c.message_id)
# What the classifier read and gave no tag, so that nobody was told.
_UNTAGGED = ("left",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A mail that the classifier wants a person to look at; `why` in words."""

    message_id: int
    why: str
    case_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A mail of a sample; `judged`: what a person says it is, None: nobody has said."""

    message_id: int
    case_id: int | None
    judged: tuple[str, ...] | None


def doubts(tx: Connection, limit: int = 1000) -> list[Doubt]:
    """Mails for review that nobody has labelled, the newest first."""
    query = (
        select(messages.c.id, messages.c.why, messages.c.case_id)
        .where(messages.c.action == "unsure", messages.c.id.not_in(_LABELLED))
        .order_by(messages.c.id.desc())
        .limit(limit)
    )
    return [Doubt(message_id=row.id, why=row.why, case_id=row.case_id) for row in tx.execute(query)]


def sample(tx: Connection, since: float, limit: int) -> list[int]:
    """Mails without a tag received since then, unlabelled, in an order that chance has given.

    The order is that of their digests: fair, and the same tomorrow, so that a review that was
    broken off goes on where it was. Of mails with the same words only one is taken.
    """
    query = select(messages.c.id).where(_untagged(since), messages.c.id.not_in(_LABELLED))
    return list(tx.execute(query.order_by(messages.c.sha256).limit(limit)).scalars())


def drawn(tx: Connection, since: float, size: int) -> list[Drawn]:
    """The first so many of the same mails in the same order, whether somebody has judged them.

    Whether a mail is among them has nothing to do with what it is or who has looked at it, so that
    what is true of these is true of all of them, within what chance allows.
    """
    query = select(messages.c.id, messages.c.case_id).where(_untagged(since))
    first = tx.execute(query.order_by(messages.c.sha256).limit(size)).all()
    mine = labels.c.message_id.in_([row.id for row in first])
    newest = select(func.max(labels.c.id)).where(mine).group_by(labels.c.message_id)
    given = select(labels.c.message_id, labels.c.tags).where(labels.c.id.in_(newest))
    judged = {row.message_id: tuple(row.tags) for row in tx.execute(given)}
    return [
        Drawn(message_id=row.id, case_id=row.case_id, judged=judged.get(row.id)) for row in first
    ]


def untagged(tx: Connection, since: float) -> int:
    """How many mails such a sample is drawn from."""
    return tx.execute(
        select(func.count()).select_from(messages).where(_untagged(since))
    ).scalar_one()


def _untagged(since: float) -> ColumnElement[bool]:
    """Received since then and left without a tag; of those with the same words only the first."""
    same_words = messages.alias()
    first = select(func.min(same_words.c.id)).where(
        same_words.c.text_digest == messages.c.text_digest,
        same_words.c.action.in_(_UNTAGGED),
    )
    return and_(
        messages.c.action.in_(_UNTAGGED),
        messages.c.received_at >= since,
        (messages.c.text_digest == "") | (messages.c.id == first.scalar_subquery()),
    )
