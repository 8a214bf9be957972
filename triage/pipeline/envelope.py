"""Who may be sent mail of ours: people of the policy, and never one who takes part from outside.

Rules: every mail of ours is put into the outbox by `post`, and asked about again by `EnvelopeGuard`
right before it leaves, whatever kind of mail it is; what is refused is written down with its
reason and stays in sight, and somebody else hears instead.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.addresses import mailbox_key
from triage.errors import NotFoundError
from triage.parsing import parse
from triage.pipeline.people import is_ours, people_outside
from triage.store import audit, inbox, outbox

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from triage.config import Firm
    from triage.messages import Email, Notice, Urgency
    from triage.policy import Policy
    from triage.store.outbox import Hold, OutboxRow

log = logging.getLogger(__name__)


def refusal(recipient: str, *, policy: Policy, firm: Firm, email: Email | None) -> str:
    """Why no mail of ours may go to this address; empty when one may.

    `email` is the mail that ours is about; None where it is about no single one.
    """
    key = mailbox_key(recipient)
    if not key or key not in {person.mailbox for person in policy.people.values()}:
        return f"not sent: {recipient} is nobody of the policy"
    if email and not is_ours(recipient, firm) and key in people_outside(email, firm):
        return (
            f"not sent: {recipient} takes part in that mail from outside; if they are one of us, "
            "write their address under firm.staff, then `triage retry` it"
        )
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeGuard:
    """Asks the same of mail that is about to leave: the mail, the policy or the firm may differ."""

    policy: Policy
    firm: Firm

    def __call__(self, tx: Connection, row: OutboxRow, recipient: str) -> str:
        """Why the mail in this row must not go to `recipient`; empty when it may."""
        email = None
        if row.message_id and not is_ours(recipient, self.firm):
            email = _mail(tx, row.message_id)
        return refusal(recipient, policy=self.policy, firm=self.firm, email=email)

    def post(
        self,
        tx: Connection,
        notice: Notice,
        *,
        email: Email | None,
        case_id: int | None,
        message_id: int | None,
        occasion: str,
        urgency: Urgency,
        now: float,
        why: str = "",
        hold: Hold | None = None,
    ) -> OutboxRow | None:
        """Put a mail of ours into the outbox; one that may not go there is put down as failed.

        `hold`: it waits for its reader's digest. See `outbox.put` for the rest.

        Returns:
            The row, where the mail was refused: whoever asked for it tells somebody else.
        """
        refused = refusal(notice.recipient, policy=self.policy, firm=self.firm, email=email)
        new = outbox.put(
            tx,
            notice,
            case_id=case_id,
            message_id=message_id,
            occasion=occasion,
            urgency=urgency,
            now=now,
            why=why,
            policy=self.policy.stamp,
            refused=refused,
            hold=None if refused else hold,
        )
        if hold and new and not refused:
            detail = f"{notice.recipient}: {hold.says}"
            audit.note(tx, "waits", now=now, case_id=case_id, message_id=message_id, detail=detail)
        if not (refused and new):
            return None
        [row] = outbox.by_rfc_ids(tx, [notice.message_id])
        audit.note(
            tx,
            "refused",
            now=now,
            case_id=case_id,
            message_id=message_id,
            outbox_id=row.id,
            detail=refused,
        )
        log.error(
            "a mail of ours was kept from an address it must not reach",
            extra={"action": "refused", "outbox": row.id, "case": case_id},
        )
        return row


def _mail(tx: Connection, message_id: int) -> Email | None:
    try:
        return parse(inbox.load(tx, message_id).raw.content)
    except NotFoundError:
        return None
