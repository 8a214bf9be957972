"""Which open case a mail belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.parsing import normalise_subject
from triage.parsing.subjects import is_forward, is_reply
from triage.pipeline.people import client_address, is_same_client
from triage.store import cases

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from triage.config import Firm
    from triage.messages import Email

QUIET_CASE_S = 14 * 86400  # a case without a brief for so long is told of anew


def open_case_of(tx: Connection, email: Email, firm: Firm, now: float) -> cases.Case | None:
    """The open case this mail belongs to.

    Thread ids are the sender's own words: an outsider's mail never disappears in the case of
    another client, whatever ids or subject it carries.
    """
    client = client_address(email, firm)
    for case in cases.of_thread(tx, email.thread_ids):
        ours = "staff" in {firm.role_of(client), firm.role_of(case.client)}
        recent = case.updated_at >= now - QUIET_CASE_S
        if recent and (ours or is_same_client(client, case.client)):
            return case
    key = normalise_subject(email.subject)
    if not key or not (is_reply(email.subject) or is_forward(email.subject)):
        return None
    return cases.of_subject(tx, client, key, now - QUIET_CASE_S)
