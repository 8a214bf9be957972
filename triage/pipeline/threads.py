"""Which open case a mail belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.parsing import normalise_subject
from triage.parsing.subjects import is_forward, is_reply
from triage.pipeline.people import client_address, is_same_client
from triage.rendering.ids import reference_of, references_in, start_of_id
from triage.store import cases, outbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from triage.config import Firm
    from triage.messages import Email

QUIET_CASE_S = 14 * 86400  # a case without a brief for so long is told of anew
SEARCHED_CHARS = 100_000  # of a mail, for the reference of a brief
REFERENCES = 8  # of them looked up
IDS = 50


def open_case_of(tx: Connection, email: Email, firm: Firm, now: float) -> cases.Case | None:
    """The open case this mail belongs to.

    Thread ids are the sender's own words: an outsider's mail never disappears in the case of
    another client, whatever ids or subject it carries. What answers or quotes a brief of ours, or
    passes it on, belongs to the case of that brief.
    """
    client = client_address(email, firm)
    since = now - QUIET_CASE_S
    for case in cases.of_thread(tx, email.thread_ids):
        ours = "staff" in {firm.role_of(client), firm.role_of(case.client)}
        if case.updated_at >= since and (ours or is_same_client(client, case.client)):
            return case
    for case in _of_briefs(tx, email):
        ours = firm.role_of(email.sender.address) == "staff"
        if case.updated_at >= since and (ours or is_same_client(client, case.client)):
            return case
    key = normalise_subject(email.subject)
    if not key or not (is_reply(email.subject) or is_forward(email.subject)):
        return None
    return cases.of_subject(tx, client, key, since)


def _of_briefs(tx: Connection, email: Email) -> Iterator[cases.Case]:
    """The unresolved cases of the briefs that the mail refers to, by id or by reference."""
    found = references_in(email.text[:SEARCHED_CHARS])[:REFERENCES]
    quoted = outbox.by_id_start(tx, [start_of_id(each) for each in found]) if found else []
    rows = [
        *outbox.by_rfc_ids(tx, list(email.thread_ids[-IDS:])),
        *(row for row in quoted if reference_of(row.rfc_id) in found),
    ]
    for case_id in dict.fromkeys(row.case_id for row in rows):
        case = cases.get(tx, case_id) if case_id else None
        if case and case.open:
            yield case
