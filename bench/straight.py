"""The straight line: the same work in one loop without any of the care. Prints one JSON object.

No outbox, no claim, no cases, no templates, nothing that survives a crash: what is left is what
the work itself costs with the same parser, the same model and as durable commits.
"""

from __future__ import annotations

import json
import smtplib
import socket
import sqlite3
import time
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

from bench.fetching import arguments, batches
from bench.mails import OUR_DOMAIN
from classifiers.api import Document
from triage.parsing import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from classifiers.api import Classifier, Verdict

_MANAGER = f"manager@{OUR_DOMAIN}"


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--stand-in", action="store_true")
    given = parser.parse_args()
    classifier = _classifier(stand_in=given.stand_in)
    began = time.perf_counter()
    mails = sent = 0
    with closing(_database(given.store)) as db, _connected(given.smtp_port) as smtp:
        for raw, verdict in _judged(given.imap_port, given.user, classifier):
            mails += 1
            with db:
                db.execute("INSERT INTO mail VALUES (?, ?, ?, 0)", (mails, raw, verdict.model))
            if verdict.tags:
                smtp.send_message(_brief(raw, verdict))
                sent += 1
                with db:
                    db.execute("UPDATE mail SET sent = 1 WHERE id = ?", (mails,))
    print(json.dumps({"mails": mails, "sent": sent, "seconds": time.perf_counter() - began}))


def _judged(port: int, user: str, classifier: Classifier) -> Iterator[tuple[bytes, Verdict]]:
    """Each mail with its verdict; the classifier gets a batch at once."""
    for batch in batches(port, user):
        documents = [_document(raw) for raw in batch]
        yield from zip(batch, classifier.classify(documents), strict=True)


def _document(raw: bytes) -> Document:
    mail = parse(raw)
    role = "staff" if mail.sender.domain == OUR_DOMAIN else "client"
    return Document(subject=mail.subject, text=mail.new_text, from_role=role)


def _classifier(*, stand_in: bool) -> Classifier:
    if stand_in:
        from bench.stand_in import KnownAnswers  # noqa: PLC0415 - either one or the other

        return KnownAnswers()
    from classifiers import registry  # noqa: PLC0415 - either one or the other
    from triage.resources import resource  # noqa: PLC0415

    return registry.load(resource("models"))


def _connected(port: int) -> smtplib.SMTP:
    smtp = smtplib.SMTP("127.0.0.1", port)
    assert smtp.sock is not None
    smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return smtp


def _database(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE mail (id INTEGER PRIMARY KEY, raw BLOB, model TEXT, sent INTEGER)")
    return db


def _brief(raw: bytes, verdict: Verdict) -> EmailMessage:
    brief = EmailMessage()
    brief["From"], brief["To"] = f"triage@{OUR_DOMAIN}", _MANAGER
    brief["Subject"] = ", ".join(verdict.tags)
    brief.set_content("\n".join(evidence.sentence for evidence in verdict.evidence))
    brief.add_attachment(raw, maintype="application", subtype="octet-stream")
    return brief


if __name__ == "__main__":
    main()
