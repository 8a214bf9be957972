"""Somebody hands a case to somebody else, who must take it up as if they had just been told.

Rules: the new owner gets a brief that says so, in time of their own; until they react the case is
open, so that a case never ends up with somebody who does not know of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from triage.errors import RefusedError
from triage.messages import Occasion
from triage.parsing import parse
from triage.pipeline.again import Timing
from triage.pipeline.timing import Basis
from triage.store import audit, cases, inbox, issues

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from triage.pipeline.again import Rewriter
    from triage.policy import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Handing:
    """Hands cases over, by the policy's times."""

    rewriter: Rewriter

    def hand(
        self,
        tx: Connection,
        case_id: int,
        message_id: int,
        person: Person,
        *,
        by: str,
        who: str,
        now: float,
    ) -> None:
        """Make it this person's, and write to them.

        Args:
            tx: the transaction that makes it true.
            case_id: an open case.
            message_id: its mail that the brief is about.
            person: who is to have it.
            by: who says so, for the trail.
            who: the same person, as the start of a sentence.
            now: epoch seconds.

        Raises:
            NotFoundError: there is no such case.
            RefusedError: it is closed, theirs already, or they take part in it from outside.
        """
        before = cases.get(tx, case_id)
        if not before.open:
            msg = f"case {case_id} is closed, so it can be handed to nobody"
            raise RefusedError(msg)
        if before.owner.lower() == person.address.lower():
            msg = f"case {case_id} is {person.name}'s already"
            raise RefusedError(msg)
        issues.tell(tx, case_id, person.id, by=by, now=now)  # whoever names them wants them to know
        basis = self._basis(tx, before, message_id)
        if not self._write(tx, before, message_id, person, basis, who=who, now=now):
            msg = f"{person.name} takes part in the mail from outside, so it cannot be theirs"
            raise RefusedError(msg)
        cases.hand(tx, case_id, person.address.lower(), now)
        cases.reach(tx, case_id, before.level, [*dict.fromkeys([*before.recipients, person.id])])
        self.rewriter.clock.start(
            tx, before=before, case_id=case_id, message_id=message_id, basis=basis, now=now
        )
        detail = f"to {person.name} by {by}"
        audit.note(tx, "handed", now=now, case_id=case_id, message_id=message_id, detail=detail)

    def _basis(self, tx: Connection, case: cases.Case, message_id: int) -> Basis:
        email = parse(inbox.load(tx, message_id).raw.content)
        known = self.rewriter.issues.known(tx, message_id, case.tags, email)
        return Basis(tags=case.tags, issue=known.key)

    def _write(
        self,
        tx: Connection,
        case: cases.Case,
        message_id: int,
        person: Person,
        basis: Basis,
        *,
        who: str,
        now: float,
    ) -> bool:
        """A brief to the new owner; False where they must not get one."""
        clock = self.rewriter.clock
        course = clock.course(basis)
        due_at = clock.calendar.add(now, course.window(0)) if course else None
        reached = self.rewriter.write(
            tx,
            case_id=case.id,
            message_id=message_id,
            occasion=Occasion.CORRECTED,
            people=[person],
            note=f"{who} hands this case to you. It is yours until you say otherwise.",
            timing=Timing(
                repeat=f":handed:{now:.0f}",
                answer_by=datetime.fromtimestamp(due_at, UTC) if due_at else None,
            ),
            now=now,
        )
        return bool(reached)
