"""What people said their mail is, and what they brought along, as documents to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from classifiers.api import Document
from triage.exchange import thread_name
from triage.parsing import parse
from triage.pipeline.people import document
from triage.store import examples, inbox, labels

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from triage.config import Firm
    from triage.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A mail of the firm's own, or an imported text, with the label in force.

    `message_id` is 0 for an imported text. `group` ties the mails of one thread together, so that
    none of them is used to judge what was learnt from another.
    """

    message_id: int
    document: Document
    tags: tuple[str, ...]
    group: str


def labelled_mails(store: Store, firm: Firm) -> list[Labelled]:
    """Every labelled mail whose text is still in the store, oldest first, then imported texts."""
    with store.read() as tx:
        found = [_labelled(tx, label, firm) for label in labels.newest(tx)]
        given = examples.labels(tx)
        imported = [each for each in examples.everything(tx) if each.id in given]
        found += [_imported(each, given[each.id][-1].tags) for each in imported]
    return [each for each in found if each.document.text.strip() or each.document.subject]


def judged_mails(store: Store, firm: Firm, last: int) -> list[Document]:
    """Those of the `last` newest mails that were classified and still have their text."""
    with store.read() as tx:
        found = [mail.id for mail in inbox.latest(tx, last) if mail.model]
        emails = (parse(inbox.load(tx, message_id).raw.content) for message_id in found)
        return [document(email, firm) for email in emails if email.new_text.strip()]


def _labelled(tx: Connection, label: labels.Label, firm: Firm) -> Labelled:
    email = parse(inbox.load(tx, label.message_id).raw.content)
    return Labelled(
        message_id=label.message_id,
        document=document(email, firm),
        tags=label.tags,
        group=f"thread {thread_name(email, label.message_id)}",
    )


def _imported(example: examples.Example, tags: tuple[str, ...]) -> Labelled:
    return Labelled(
        message_id=0,
        document=Document(subject=example.subject, text=example.body, from_role=example.from_role),
        tags=tags,
        group=f"thread {example.thread or example.digest}",
    )
