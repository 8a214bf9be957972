"""Labels between the store and records that travel; what is labelled, and what contradicts it.

Rules: an import is one transaction, so nothing is half imported; it only adds, and never overrules
what was said here later; the same import twice changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from triage.examples import Event, Record
from triage.examples.conflicts import Held
from triage.parsing import parse
from triage.pipeline.people import document
from triage.store import examples, inbox, labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from triage.config import Firm
    from triage.examples.rows import Read
    from triage.messages import Email
    from triage.store.engine import Store
    from triage.store.labels import Label


@dataclass(slots=True, kw_only=True)
class Imported:
    """What an import brought.

    Attributes:
        mails: records that are mails of this store.
        new: records that became examples of their own.
        again: records that were imported before.
        labels: labels that were added.
        known: labels that were here already.
        older: labels that were left out, since something was said here later.
    """

    mails: int = 0
    new: int = 0
    again: int = 0
    labels: int = 0
    known: int = 0
    older: int = 0


def thread_name(email: Email, message_id: int) -> str:
    """Names the mails of one thread alike, without telling anybody which it is."""
    first = email.thread_ids[0] if email.thread_ids else f"message {message_id}"
    return sha256(first.encode("utf-8", "replace")).hexdigest()[:16]


def collect(store: Store, firm: Firm) -> list[Record]:
    """Every labelled text, mails first, with all its labels."""
    with store.read() as tx:
        mails = [
            _of_mail(tx, message_id, given, firm)
            for message_id, given in _by_mail(labels.everything(tx)).items()
        ]
        given = examples.labels(tx)
        imported = [
            Record(
                digest=each.digest,
                sha256=each.sha256,
                from_role=each.from_role,
                subject=each.subject,
                body=each.body,
                thread=each.thread,
                redacted=each.redacted,
                events=given[each.id],
            )
            for each in examples.everything(tx)
            if each.id in given
        ]
    return mails + imported


def held(store: Store) -> list[Held]:
    """Every labelled text, as far as it takes to find what contradicts it."""
    with store.read() as tx:
        mails = [
            Held(
                name=f"mail {message_id}",
                subject=inbox.decided(tx, message_id).subject,
                digest=inbox.words_of(tx, message_id) or _read_again(tx, message_id),
                events=given,
            )
            for message_id, given in _by_mail(labels.everything(tx)).items()
        ]
        given = examples.labels(tx)
        imported = [
            Held(
                name=f"example {each.id}",
                subject=each.subject,
                digest=each.digest,
                events=given[each.id],
            )
            for each in examples.everything(tx)
            if each.id in given
        ]
    return mails + imported


def merge(store: Store, reads: Iterable[Read], now: float) -> Imported:
    """Bring records into the store, all of them or none."""
    done = Imported()
    with store.write() as tx:
        for read in reads:
            _merge(tx, read, done, now)
    return done


def _merge(tx: Connection, read: Read, done: Imported, now: float) -> None:
    record = read.record
    message_id = examples.mail_of(tx, record.digest, record.sha256)
    if message_id is not None:
        done.mails += 1
        known = _by_mail(labels.of_mail(tx, message_id)).get(message_id, ())
        for event in _missing(read, known, done):
            labels.put(
                tx,
                message_id,
                tags=event.tags,
                previous=event.previous,
                by=event.by,
                how=event.how,
                now=event.at,
            )
        return
    example_id = _example(tx, record, done, now)
    for event in _missing(read, examples.labels_of(tx, example_id), done):
        examples.put_label(tx, example_id, event)


def _example(tx: Connection, record: Record, done: Imported, now: float) -> int:
    """The example that a record is, made where there is none."""
    found = examples.find(tx, record.digest, record.sha256)
    words = {"subject": record.subject, "body": record.body}
    if found is None:
        done.new += 1
        return examples.put(
            tx,
            now,
            digest=record.digest,
            sha256=record.sha256,
            from_role=record.from_role,
            thread=record.thread,
            redacted=record.redacted,
            **words,
        )
    done.again += 1
    poorer = not (found.subject or found.body) or (found.redacted and not record.redacted)
    if record.has_text and poorer:
        examples.fill(tx, found.id, redacted=record.redacted, **words)
    return found.id


def _missing(read: Read, known: Sequence[Event], done: Imported) -> list[Event]:
    """The labels to add: what is not here yet, and not older than the last word here.

    A row without a time says nothing new where its tags are in force.
    """
    last = known[-1] if known else None
    out = []
    for event in read.record.events:
        dated = read.dated or event is not read.record.events[-1]
        if event in known or (last and not dated and set(event.tags) == set(last.tags)):
            done.known += 1
        elif last and event.at <= last.at:
            done.older += 1
        else:
            done.labels += 1
            out.append(event)
    return out


def _of_mail(tx: Connection, message_id: int, given: tuple[Event, ...], firm: Firm) -> Record:
    stored = inbox.load(tx, message_id)
    email = parse(stored.raw.content)
    read = document(email, firm)
    return Record(
        digest=email.text_digest,
        sha256=stored.sha256,
        from_role=read.from_role,
        subject=read.subject,
        body=read.text,
        thread=thread_name(email, message_id),
        events=given,
    )


def _read_again(tx: Connection, message_id: int) -> str:
    """The words of a mail that was read before they were noted."""
    return parse(inbox.load(tx, message_id).raw.content).text_digest


def _by_mail(given: Iterable[Label]) -> dict[int, tuple[Event, ...]]:
    found: defaultdict[int, tuple[Event, ...]] = defaultdict(tuple)
    for label in given:
        found[label.message_id] += (
            Event(
                tags=label.tags,
                previous=label.previous,
                by=label.by,
                how=label.how,
                at=label.at,
            ),
        )
    return found
