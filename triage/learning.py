"""What people said their mail is, as labelled documents to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.parsing import parse
from triage.pipeline.people import document
from triage.store import inbox, labels

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from classifiers.api import Document
    from triage.config import Firm
    from triage.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A mail of the firm's own with the label in force.

    `group` ties the mails of one thread together, so that none of them is used to judge what
    was learnt from another.
    """

    message_id: int
    document: Document
    tags: tuple[str, ...]
    group: str


def labelled_mails(store: Store, firm: Firm) -> list[Labelled]:
    """Every labelled mail whose text is still in the store, oldest first."""
    with store.read() as tx:
        found = [_labelled(tx, label, firm) for label in labels.newest(tx)]
    return [each for each in found if each.document.text.strip() or each.document.subject]


def _labelled(tx: Connection, label: labels.Label, firm: Firm) -> Labelled:
    email = parse(inbox.load(tx, label.message_id).raw.content)
    thread = email.thread_ids[0] if email.thread_ids else f"message {label.message_id}"
    return Labelled(
        message_id=label.message_id,
        document=document(email, firm),
        tags=label.tags,
        group=f"thread {thread}",
    )
