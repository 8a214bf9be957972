"""One of our people answers a client in the mail thread: then nobody needs to be reminded of it.

Rules: it must be written by our own staff themselves, addressed to the client of that very case,
and have come after the mail that the client waits over; robots and forwards answer nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.pipeline.informing import inform_anew
from triage.pipeline.people import answered_in, is_same_client
from triage.pipeline.threads import open_case_of
from triage.store import audit, cases, inbox

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from triage.config import Firm
    from triage.messages import Email
    from triage.pipeline.timing import CaseClock
    from triage.store.inbox import Stored


def take_client_answer(
    tx: Connection, stored: Stored, email: Email, firm: Firm, *, clock: CaseClock, now: float
) -> list[int]:
    """Stop the timers of the cases that this mail answers; their numbers.

    From then on the client may wait as long again for the next word.

    Args:
        tx: the transaction that decides the mail.
        stored: an ordinary mail, as it came.
        email: the same, read.
        firm: who our own people are.
        clock: the policy's times.
        now: epoch seconds.
    """
    by = email.sender.address.lower()
    outside = answered_in(email, firm)
    if not outside:
        return []
    received_at = stored.raw.received_at.timestamp()
    found = cases.of_thread(tx, email.thread_ids)
    if not found and (case := open_case_of(tx, email, firm, now)):
        found = [case]
    answered = []
    for case in found:
        if any(is_same_client(address, case.client) for address in outside) and (
            received_at >= _asked_at(tx, case.id)
        ):
            _note_answer(tx, case, message_id=stored.id, by=by, at=received_at, now=now)
            inform_anew(tx, clock, case, answered_at=received_at, now=now)
            answered.append(case.id)
    return answered


def _note_answer(
    tx: Connection, case: cases.Case, *, message_id: int, by: str, at: float, now: float
) -> None:
    cases.answered(tx, case.id, by, at)
    stopped = cases.acknowledge(tx, case.id, by, now)
    detail = f"{by} to the client{', so nobody is reminded' if stopped else ''}"
    audit.note(
        tx, "client-answered", now=now, case_id=case.id, message_id=message_id, detail=detail
    )


def _asked_at(tx: Connection, case_id: int) -> float:
    """When the newest mail came that somebody was told of."""
    told = [mail.received_at for mail in inbox.of_case(tx, case_id) if mail.action == "escalated"]
    return max(told, default=0.0)
