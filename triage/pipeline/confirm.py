"""Tell somebody what was understood of their answer to a brief.

Rules: at most one mail an answer; only to a person of the policy, in the same thread, through the
outbox like every other mail; and never so many that two robots could go on talking.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from triage.messages import Address, MessageRef, Occasion, Urgency
from triage.parsing import parse
from triage.rendering import notice_id
from triage.store import inbox, outbox
from triage.summary.confirmation import Confirmation

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from triage.messages import Email
    from triage.pipeline.briefs import BriefWriter
    from triage.pipeline.envelope import EnvelopeGuard
    from triage.policy import Person
    from triage.store.inbox import Stored
    from triage.store.outbox import OutboxRow

log = logging.getLogger(__name__)

MOST_A_DAY = 10  # to one person about one case; beyond that somebody talks to a robot
DAY_S = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmer:
    """Writes confirmations and questions into the outbox."""

    writer: BriefWriter
    guard: EnvelopeGuard

    def confirm(
        self,
        tx: Connection,
        confirmation: Confirmation,
        *,
        answered: OutboxRow,
        stored: Stored,
        email: Email,
        person: Person,
        now: float,
    ) -> str:
        """Queue it, as the answer to `email`, which answered the brief `answered`.

        Returns:
            Its Message-ID; empty where none is sent.
        """
        if self._too_many(tx, answered, now):
            log.warning(
                "not confirming any more answers of a person today",
                extra={"action": "asked", "case": answered.case_id, "outbox": answered.id},
            )
            return ""
        notice = self.writer.renderer.confirm(
            confirmation,
            Address(address=person.address, name=person.name),
            message_id=notice_id(
                key=self.writer.key,
                ref=stored.raw.ref,
                sha256=stored.sha256,
                occasion=Occasion.CONFIRMATION.value,
                tags=(),
                recipient=person.address,
                domain=self.writer.domain,
            ),
            date=datetime.fromtimestamp(int(now), UTC),
            subject=email.subject or answered.subject,
            in_reply_to=[answered.rfc_id, *email.references, email.message_id],
        )
        refused = self.guard.post(
            tx,
            notice,
            email=parse(inbox.load(tx, answered.message_id).raw.content),
            case_id=answered.case_id,
            message_id=answered.message_id,
            occasion=Occasion.CONFIRMATION.value,
            urgency=Urgency.LOW,
            now=now,
        )
        return "" if refused else notice.message_id

    def explain_digest(
        self, tx: Connection, *, answered: OutboxRow, email: Email, person: Person, now: float
    ) -> None:
        """Queue the word that an answer to a digest changes nothing; once for each digest."""
        notice = self.writer.renderer.confirm(
            Confirmation(kind="digest", case_id=0, subject=""),
            Address(address=person.address, name=person.name),
            message_id=notice_id(
                key=self.writer.key,
                ref=MessageRef(account=person.id, folder="digest", uid_validity=0, uid=0),
                sha256=answered.rfc_id,
                occasion=Occasion.CONFIRMATION.value,
                tags=(),
                recipient=person.address,
                domain=self.writer.domain,
            ),
            date=datetime.fromtimestamp(int(now), UTC),
            subject=answered.subject,
            in_reply_to=[answered.rfc_id, *email.references, email.message_id],
        )
        self.guard.post(
            tx,
            notice,
            email=None,
            case_id=None,
            message_id=None,
            occasion=Occasion.CONFIRMATION.value,
            urgency=Urgency.LOW,
            now=now,
        )

    @staticmethod
    def _too_many(tx: Connection, answered: OutboxRow, now: float) -> bool:
        lately = [
            row
            for row in outbox.of_case(tx, answered.case_id)
            if row.occasion == Occasion.CONFIRMATION
            and row.recipient == answered.recipient
            and row.created_at > now - DAY_S
        ]
        return len(lately) >= MOST_A_DAY
