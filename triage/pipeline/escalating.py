"""Carry out what routing said: the case, one notice to each person, and the case's timers.

Rule: everything happens in the transaction that decides the mail, so that a mail counts as decided
exactly when its notices stand in the outbox.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from triage.hearers import turns_taken
from triage.parsing import normalise_subject
from triage.pipeline.background import background_of
from triage.pipeline.holding import Holding
from triage.pipeline.issues import NOTHING_GIVEN, Given
from triage.pipeline.people import client_address
from triage.pipeline.reading import MAX_ATTEMPTS
from triage.pipeline.repeats import suggestion_for
from triage.pipeline.timing import Basis
from triage.store import audit, cases, inbox, issues, outbox, turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from triage.config import Firm
    from triage.messages import Escalation, Notice
    from triage.pipeline.again import Rewriter
    from triage.pipeline.briefs import BriefWriter
    from triage.pipeline.envelope import EnvelopeGuard
    from triage.pipeline.reading import Reading
    from triage.pipeline.timing import CaseClock
    from triage.policy import Policy


@dataclass(frozen=True, kw_only=True)
class Escalator:
    """Everything that telling people takes."""

    policy: Policy
    firm: Firm
    writer: BriefWriter
    rewriter: Rewriter
    guard: EnvelopeGuard
    clock: CaseClock

    def escalate(
        self,
        tx: Connection,
        reading: Reading,
        escalation: Escalation,
        before: cases.Case | None,
        now: float,
        *,
        given: Given = NOTHING_GIVEN,
    ) -> int:
        """Tell everybody whom the escalation names, and start the timers.

        `before` is the case as the mail found it; without one, a case is begun. `given`: the kind
        of issue that the mail is about.

        Returns:
            The case's number.
        """
        told = _heard(before, escalation)
        escalation = self.clock.dated(
            escalation, told, now, issue=given.key, excluded=given.excluded
        )
        if before is None:
            case = self._begin(tx, reading, escalation, now)
            escalation = self._with_suggestion(tx, escalation, case.id, given, now)
        else:
            case = before
            _extend(tx, case, escalation, told, now)
        issues.spare(tx, case.id, given.spared, now)
        basis = Basis(tags=escalation.tags, issue=given.key, step=escalation.level)
        notices = self._written(
            tx, reading, escalation, case=case, before=before, basis=basis, now=now
        )
        self._post(tx, reading, escalation, notices, case_id=case.id, basis=basis, now=now)
        turns.take(tx, turns_taken(self.policy, escalation, given.key), now)
        message_id = reading.stored.id
        self.clock.start(
            tx, before=before, case_id=case.id, message_id=message_id, basis=basis, now=now
        )
        who = ", ".join(person.name for person in escalation.recipients)
        detail = f"{escalation.occasion}: {', '.join(escalation.tags) or 'unreadable'} to {who}"
        audit.note(tx, "escalated", now=now, case_id=case.id, message_id=message_id, detail=detail)
        return case.id

    def _begin(
        self, tx: Connection, reading: Reading, escalation: Escalation, now: float
    ) -> cases.Case:
        return cases.begin(
            tx,
            tags=escalation.tags,
            urgency=escalation.urgency,
            client=client_address(reading.email, self.firm),
            subject=reading.email.subject,
            subject_key=normalise_subject(reading.email.subject),
            recipients=_heard(None, escalation),
            now=now,
        )

    def _with_suggestion(
        self, tx: Connection, escalation: Escalation, case_id: int, given: Given, now: float
    ) -> Escalation:
        """With a word on a matter that comes up again and again."""
        if not escalation.tags:
            return escalation
        kinds = {tag: issue.kind for tag, issue in given.issues.items() if issue.kind}
        said = suggestion_for(tx, case_id, kinds, now, self.policy)
        return replace(escalation, suggestion=said)

    def _written(
        self,
        tx: Connection,
        reading: Reading,
        escalation: Escalation,
        *,
        case: cases.Case,
        before: cases.Case | None,
        basis: Basis,
        now: float,
    ) -> list[Notice]:
        stored, email = reading.stored, reading.email
        return self.writer.write(
            stored=stored,
            email=email,
            verdict=reading.verdict,
            escalation=escalation,
            case=case,
            earlier=inbox.thread_of(tx, email.thread_ids, stored.id),
            earlier_tags=before.tags if before else (),
            sent=outbox.of_case(tx, case.id),
            now=now,
            attach=stored.attempts <= MAX_ATTEMPTS,
            background=background_of(
                tx,
                stored=stored,
                email=email,
                case=case,
                firm=self.firm,
                update_by=self.clock.update_by(tx, case, basis, now),
            ),
        )

    def _post(
        self,
        tx: Connection,
        reading: Reading,
        escalation: Escalation,
        notices: Sequence[Notice],
        *,
        case_id: int,
        basis: Basis,
        now: float,
    ) -> None:
        """Put each notice into the outbox; where one may not go out, somebody else hears of it."""
        holding = Holding(clock=self.clock)
        for notice, person in zip(notices, escalation.recipients, strict=True):
            refused = self.guard.post(
                tx,
                notice,
                email=reading.email,
                case_id=case_id,
                message_id=reading.stored.id,
                occasion=escalation.occasion.value,
                urgency=escalation.urgency,
                now=now,
                why=" ".join(person.why),
                hold=holding.hold(tx, escalation, person, basis, now),
            )
            if refused:
                self.rewriter.tell_of_failure(tx, refused, refused.detail, now)


def _heard(before: cases.Case | None, escalation: Escalation) -> list[str]:
    """Who has heard of the case once this is out: ids of people, the first told first."""
    earlier = before.recipients if before else ()
    return list(dict.fromkeys([*earlier, *(person.id for person in escalation.recipients)]))


def _extend(
    tx: Connection, case: cases.Case, escalation: Escalation, told: Sequence[str], now: float
) -> None:
    cases.extend(
        tx,
        case.id,
        tags=list(dict.fromkeys([*case.tags, *escalation.tags])),
        urgency=max(case.urgency, escalation.urgency),
        recipients=list(told),
        now=now,
    )
