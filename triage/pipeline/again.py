"""Write a brief of an earlier message once more: as a reminder, or to somebody else."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from classifiers.api import Evidence, Verdict
from triage.addresses import mailbox_key
from triage.hearers import fallback_person
from triage.messages import Occasion, Recipient
from triage.parsing import parse
from triage.pipeline.background import background_of
from triage.pipeline.contained import contained
from triage.pipeline.envelope import EnvelopeGuard
from triage.pipeline.issues import Issues
from triage.pipeline.people import people_outside
from triage.pipeline.timing import Basis, CaseClock
from triage.routing import route, to_fallback
from triage.store import audit, cases, held, inbox, labels, outbox
from triage.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Connection

    from triage.messages import Email, Escalation
    from triage.pipeline.briefs import BriefWriter
    from triage.policy import Person, Policy
    from triage.store.outbox import OutboxRow

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What a later brief of a case says that its first did not.

    Attributes:
        repeat: tells it from an earlier brief of the same mail, occasion and person.
        answer_by, next_heard: see `Escalation`.
        why, standing_in: see `Recipient`; by the ids of people.
    """

    repeat: str = ""
    answer_by: datetime | None = None
    next_heard: str = ""
    why: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    standing_in: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, escalation: Escalation) -> Timing:
        """What an escalation says of times and people."""
        return cls(
            answer_by=escalation.answer_by,
            next_heard=escalation.next_heard,
            why={person.id: person.why for person in escalation.recipients},
            standing_in={person.id: person.standing_in for person in escalation.recipients},
        )


NO_TIMING = Timing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriter:
    """Writes briefs from what the store holds."""

    policy: Policy
    writer: BriefWriter

    @property
    def clock(self) -> CaseClock:
        """The policy's times."""
        firm = self.writer.firm
        return CaseClock(policy=self.policy, zone=firm.timezone, firm=firm)

    @property
    def guard(self) -> EnvelopeGuard:
        """Who may be written to."""
        return EnvelopeGuard(policy=self.policy, firm=self.writer.firm)

    @property
    def issues(self) -> Issues:
        """The policy's kinds of issue."""
        return Issues(policy=self.policy, firm=self.writer.firm)

    def write(
        self,
        tx: Connection,
        *,
        case_id: int,
        message_id: int,
        occasion: Occasion,
        people: Sequence[Person],
        now: float,
        note: str = "",
        tags_for: Mapping[str, Sequence[str]] = MappingProxyType({}),
        timing: Timing = NO_TIMING,
    ) -> list[Person]:
        """Queue a brief of `message_id` for these people, by today's policy.

        The mail counts as what people say it is, where somebody did. `tags_for` gives the tags
        that are a person's business, by their id; without it, all are. Whom the mail is about, and
        who takes part in it from outside, gets none, whoever asks for it.

        Returns:
            Those who get one.
        """
        case = cases.get(tx, case_id)
        stored = inbox.load(tx, message_id)
        email = parse(stored.raw.content)
        verdict = judgement_of(tx, message_id)
        tags = labels.tags_of(tx, message_id)
        issues = self.issues
        given = issues.of_mail(tx, message_id, tags, email, verdict, case_id=case_id, now=now)
        found = issues.explained(self.escalation(email, tags, given.key), given)
        allowed = [person for person in people if person.mailbox not in given.excluded]
        if len(allowed) < len(people):
            log.info("kept from whom it is about", extra={"action": "spared", "case": case_id})
        escalation = replace(
            found,
            occasion=occasion,
            note=note,
            recipients=tuple(
                Recipient(
                    id=p.id,
                    name=p.name,
                    address=p.address,
                    tags=tuple(tags_for.get(p.id, found.tags)),
                    why=timing.why.get(p.id, ()),
                    standing_in=timing.standing_in.get(p.id, ""),
                )
                for p in allowed
            ),
            answer_by=timing.answer_by,
            next_heard=timing.next_heard,
        )
        sent = outbox.of_case(tx, case.id)
        earlier = inbox.thread_of(tx, email.thread_ids, stored.id)
        basis = Basis(tags=case.tags, issue=given.key)
        notices = self.writer.write(
            stored=stored,
            email=email,
            verdict=verdict,
            escalation=escalation,
            case=case,
            earlier=earlier,
            earlier_tags=case.tags,
            sent=sent,
            now=now,
            # Size and content of the original are what servers refuse most: not again.
            attach=occasion is not Occasion.UNDELIVERED,
            repeat=timing.repeat,
            background=background_of(
                tx,
                stored=stored,
                email=email,
                case=case,
                firm=self.writer.firm,
                update_by=self.clock.update_by(tx, case, basis, now),
            ),
        )
        for notice, person in zip(notices, escalation.recipients, strict=True):
            refused = self.guard.post(
                tx,
                notice,
                email=email,
                case_id=case.id,
                message_id=stored.id,
                occasion=occasion.value,
                urgency=escalation.urgency,
                now=now,
                why=" ".join(person.why),
            )
            if refused:
                self.tell_of_failure(tx, refused, refused.detail, now)
        return allowed

    def tell_of_failure(self, tx: Connection, row: OutboxRow, detail: str, now: float) -> None:
        """A brief will not reach its person: send it to the fallback person, saying so, once."""
        if row.occasion == Occasion.DIGEST:
            held.back_to_queue(tx, row.rfc_id, now)
        of_no_mail = not row.message_id or row.occasion == Occasion.CONFIRMATION
        if of_no_mail or labels.in_force(tx, row.message_id) == ():
            log.warning(
                "a mail that nobody needs to hear of instead was not delivered",
                extra={"action": "failed", "outbox": row.id, "case": row.case_id},
            )
            return
        people = self.policy.people
        email = parse(inbox.load(tx, row.message_id).raw.content)
        barred = people_outside(email, self.writer.firm) | {mailbox_key(row.recipient)}
        barred |= self.issues.addresses(issue_store.spared_people(tx, row.case_id))
        others = [p for p in people.values() if p.mailbox not in barred]
        first = fallback_person(self.policy, self.clock.today(now)).person
        instead = first if first in others else next(iter(others), None)
        if row.occasion == Occasion.UNDELIVERED or instead is None:
            log.error(
                "a brief cannot be delivered to anybody",
                extra={"action": "failed", "outbox": row.id, "case": row.case_id},
            )
            return
        with contained(tx, "failed", outbox=row.id, case=row.case_id):
            self.write(
                tx,
                case_id=row.case_id,
                message_id=row.message_id,
                occasion=Occasion.UNDELIVERED,
                people=[instead],
                now=now,
                note=f"The brief to {row.recipient} could not be delivered: {detail}",
            )
            audit.note(
                tx,
                "queued",
                now=now,
                case_id=row.case_id,
                detail=f"to {instead.address} instead of {row.recipient}",
            )

    def escalation(self, email: Email, tags: Sequence[str], kind: str) -> Escalation:
        """Today's policy on a mail with these tags; without any, that it could not be read."""
        text = f"{email.subject}\n{email.new_text}"
        found = route(tags, text=text, policy=self.policy, kind=kind)
        return found or to_fallback(self.policy, "; ".join(email.problems) or "see the original")


def verdict_of(row: Mapping[str, Any] | None) -> Verdict | None:
    """What the classifier said of a stored mail; None where it was not asked."""
    if row is None:
        return None
    return Verdict(
        tags=tuple(row["tags"]),
        unsure_tags=tuple(row["unsure_tags"]),
        scores=row["scores"],
        evidence=tuple(Evidence(**each) for each in row["evidence"]),
        model=row["model"],
    )


def judgement_of(tx: Connection, message_id: int) -> Verdict | None:
    """The same, with the sentence first that somebody has marked as the one that decides."""
    verdict = verdict_of(inbox.verdict_row(tx, message_id))
    marked = next(
        (each for each in reversed(labels.of_mail(tx, message_id)) if each.sentence), None
    )
    if verdict is None or marked is None:
        return verdict
    told = tuple(Evidence(tag=t, sentence=marked.sentence, score=1.0) for t in marked.tags)
    return replace(verdict, evidence=(*told, *verdict.evidence))
