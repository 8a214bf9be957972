"""Decide what each stored message means: verdict, case, outbox rows and timers in one transaction.

Rules: every message ends in exactly one outcome; a mail that cannot be judged goes to a person,
never nowhere; one bad mail stops no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from triage.messages import Escalation, MailKind, Occasion, Outcome
from triage.parsing import parse
from triage.pipeline.again import Rewriter
from triage.pipeline.answers import AnswerTaker
from triage.pipeline.bounces import returns_unreadable, take_bounce
from triage.pipeline.client_answers import take_client_answer
from triage.pipeline.contained import is_of_store, report
from triage.pipeline.desks import Desks
from triage.pipeline.envelope import EnvelopeGuard
from triage.pipeline.escalating import Escalator
from triage.pipeline.issues import NOTHING_GIVEN, Given, Issues
from triage.pipeline.matters import Matters
from triage.pipeline.people import (
    client_address,
    document,
)
from triage.pipeline.reading import (
    MAX_ATTEMPTS,
    NOT_TRIAGED,
    NOTHING_READ,
    Reading,
    is_classified,
    nothing_to_read,
    trouble_with,
    why_unsure,
)
from triage.pipeline.storms import StormWatch
from triage.pipeline.threads import open_case_of
from triage.pipeline.timing import CaseClock
from triage.routing import KnownCase, route, to_fallback
from triage.store import audit, cases, inbox, search, turns

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection

    from classifiers.api import Classifier, Verdict
    from triage.config import Firm
    from triage.messages import Email
    from triage.pipeline.briefs import BriefWriter
    from triage.pipeline.matters import Same
    from triage.pipeline.storms import Part
    from triage.policy import Policy
    from triage.store.engine import Store
    from triage.store.inbox import Stored

# They bound memory and how long the store is locked: each recipient's brief holds the whole
# original, and sending waits for the lock between a mail and its last dot.
BATCH_MAILS, BATCH_BYTES = 50, 16 << 20
RETRY_S = 120  # a mail on which deciding failed rests this long, times its attempts squared


@dataclass(frozen=True, kw_only=True)
class Decider:
    """The decide step with everything it needs.

    `marking` names the accounts whose mailbox is to be changed after an escalation. `desks` is
    where accounts have a policy or a model of their own.
    """

    store: Store
    classifier: Classifier
    policy: Policy
    firm: Firm
    writer: BriefWriter
    marking: frozenset[str] = field(default=frozenset())
    desks: Desks[Decider] = field(default_factory=Desks, compare=False, repr=False)

    @property
    def rewriter(self) -> Rewriter:
        """What writes later briefs by the same policy."""
        return Rewriter(policy=self.policy, writer=self.writer)

    @cached_property
    def _escalator(self) -> Escalator:
        return Escalator(
            policy=self.policy,
            firm=self.firm,
            writer=self.writer,
            rewriter=self.rewriter,
            guard=EnvelopeGuard(policy=self.policy, firm=self.firm),
            clock=self._clock,
        )

    @property
    def _clock(self) -> CaseClock:
        return CaseClock(policy=self.policy, zone=self.firm.timezone, firm=self.firm)

    @cached_property
    def _matters(self) -> Matters:
        return Matters(firm=self.firm, within_s=self.policy.repeats.same_within_s)

    @cached_property
    def _storms(self) -> StormWatch:
        return StormWatch(policy=self.policy, firm=self.firm)

    @cached_property
    def _issues(self) -> Issues:
        return Issues(policy=self.policy, firm=self.firm)

    @cached_property
    def answers(self) -> AnswerTaker:
        """What takes answers to briefs of this policy."""
        return AnswerTaker(policy=self.policy, writer=self.writer, rewriter=self.rewriter)

    def decide_pending(
        self, now: float, *, limit: int = BATCH_MAILS, max_bytes: int = BATCH_BYTES
    ) -> list[Outcome]:
        """Decide the oldest waiting messages; empty when none waits. `now` in epoch seconds."""
        return self.settle(self.read(self.pick(now, limit=limit, max_bytes=max_bytes)), now)

    def pick(
        self,
        now: float,
        *,
        limit: int = BATCH_MAILS,
        max_bytes: int = BATCH_BYTES,
        without: Collection[int] = (),
        only: Collection[int] | None = None,
    ) -> list[Stored]:
        """The oldest waiting messages but those with these numbers, or `only` of some numbers."""
        with self.store.read() as tx:
            return inbox.pending(tx, limit, max_bytes, now, without=without, only=only)

    def read(self, batch: Sequence[Stored]) -> list[Reading]:
        """Parse and classify messages. Touches no store, so any thread may do it."""
        found: dict[int, Reading] = {}
        for decider in self.desks.everyone(self):
            own = [
                Reading(stored=each, email=parse(each.raw.content))
                for each in batch
                if self.desks.of_account(each.raw.ref.account, self) is decider
            ]
            found.update((each.stored.id, each) for each in decider.classified(own))
        return [found[each.id] for each in batch]

    def settle(self, readings: Sequence[Reading], now: float) -> list[Outcome]:
        """Decide what was read, in one transaction."""
        outcomes: list[Outcome] = []
        if readings:
            with self.store.write() as tx:
                waiting = inbox.undecided(tx, [reading.stored.id for reading in readings])
                for reading in (r for r in readings if r.stored.id in waiting):
                    decider = self.desks.of_account(reading.stored.raw.ref.account, self)
                    outcome = decider.decide_safely(tx, reading, now)
                    outcomes += [outcome] if outcome else []
        return outcomes

    def waiting(self, now: float) -> int:
        """How many messages could be decided at this moment."""
        with self.store.read() as tx:
            return inbox.count_pending(tx, now)

    def classified(self, readings: Sequence[Reading]) -> list[Reading]:
        """The same with what the classifier says of those it is asked about."""
        wanted = [r for r in readings if is_classified(r)]
        verdicts: dict[int, Verdict] = {}
        if wanted:
            documents = [document(r.email, self.firm) for r in wanted]
            try:
                found = self.classifier.classify(documents)
            except Exception as error:  # noqa: BLE001 - the mail at fault is found one by one
                report("classifying failed", error, action="classify")
                found = []
            verdicts = {r.stored.id: v for r, v in zip(wanted, found, strict=False)}
        return [
            Reading(stored=r.stored, email=r.email, verdict=verdicts.get(r.stored.id))
            for r in readings
        ]

    def decide_safely(self, tx: Connection, reading: Reading, now: float) -> Outcome | None:
        """Decide one mail; None when that failed, and is tried again after a rest."""
        try:
            with tx.begin_nested():
                return self._decide(tx, reading, now)
        except Exception as error:
            if is_of_store(error):
                raise
            stored = reading.stored
            report("deciding failed", error, action="stumbled", ref=str(stored.raw.ref))
            rest_s = RETRY_S * (stored.attempts + 1) ** 2
            inbox.stumbled(tx, stored.id, f"{type(error).__name__}: {error}", now + rest_s)
            audit.note(tx, "stumbled", now=now, message_id=stored.id, detail=type(error).__name__)
            return None

    def _decide(self, tx: Connection, reading: Reading, now: float) -> Outcome | None:
        stored, email = reading.stored, reading.email
        if stored.attempts > MAX_ATTEMPTS:  # even the brief to the fallback person failed
            email = NOTHING_READ
            reading = Reading(stored=stored, email=email)
        inbox.link_thread(tx, stored.id, email.thread_ids)
        copy_of = inbox.earlier_copy(tx, stored)
        if copy_of is not None:
            return self._conclude(tx, reading, "duplicate", f"the same bytes as message {copy_of}")
        trouble = "" if email.loop else trouble_with(stored, email)
        returned = bool(trouble) and returns_unreadable(tx, stored, email)
        if trouble and not returned:
            return self._tell_unread(tx, reading, trouble, now)
        if returned or email.loop or email.kind in NOT_TRIAGED:
            why = NOT_TRIAGED.get(email.kind, "it went round in a loop")
            if returned or email.kind is MailKind.BOUNCE:
                why += take_bounce(tx, stored, now, self.rewriter.tell_of_failure)
            return self._conclude(tx, reading, "not-triaged", why)
        answer = self._taker(tx, email).take(tx, stored, email, now)
        if answer:
            return self._conclude(tx, reading, answer.action, answer.why, case_id=answer.case_id)
        if reading.verdict is None:
            reading = self.classified([reading])[0]
        if reading.verdict is None:
            msg = "the classifier gave no answer"
            raise RuntimeError(msg)
        return self._judge(tx, reading, reading.verdict, now)

    def _taker(self, tx: Connection, email: Email) -> AnswerTaker:
        """Who takes an answer: whoever has the case, whichever mailbox the answer comes to."""
        row = self.answers.answered(tx, email) if self.desks else None
        return (self.desks.of_case(tx, row.case_id, self) if row else self).answers

    def _has(self, tx: Connection, case: cases.Case | None) -> bool:
        """Whether a case goes by this policy, so that a mail may join it."""
        return case is None or self.desks.of_case(tx, case.id, self).policy is self.policy

    def _same(self, tx: Connection, reading: Reading, *, telling: bool) -> Same | None:
        """The earlier mail that this one says again, unless other people were told of it."""
        same = self._matters.of(tx, reading.stored, reading.email, telling=telling)
        if same and self.desks.of_message(tx, same.message_id, self).policy is not self.policy:
            return None
        return same

    def _judge(self, tx: Connection, reading: Reading, verdict: Verdict, now: float) -> Outcome:
        email, stored = reading.email, reading.stored
        self._save_verdict(tx, stored.id, verdict, now)
        says_something = bool(verdict.tags or verdict.unsure or verdict.novel)
        same = self._same(tx, reading, telling=says_something)
        if same and same.brings_nothing:
            return self._joined(tx, reading, same.action, same.why, case=same.case, now=now)
        take_client_answer(tx, stored, email, self.firm, clock=self._clock, now=now)
        case = same.case if same else open_case_of(tx, email, self.firm, now)
        case = case if self._has(tx, case) else None
        known = [tag for tag in verdict.tags if tag in self.policy.routes]
        part = self._part_of(tx, reading, known, now) if known and not case else None
        opens = case is None and part is None
        case = part.case if part else case
        given = self._issues.of_mail(
            tx,
            stored.id,
            verdict.tags,
            email,
            verdict,
            case_id=case.id if case else None,
            now=now,
        )
        escalation = route(
            verdict.tags,
            text=f"{email.subject}\n{email.new_text}",
            policy=self.policy,
            turns=turns.last(tx) if verdict.tags else {},
            case=_known(case, same.tags if same else ()) if case else None,
            excluded=given.excluded,
            kind=given.key,
            day=self._clock.today(now),
        )
        if escalation:
            escalation = self._issues.explained(escalation, given)
            if case and same:
                audit.note(
                    tx, "joined", now=now, case_id=case.id, message_id=stored.id, detail=same.why
                )
            if part:
                self._storms.join(tx, part, now, told=True)
            elif opens:
                self._storms.opened(tx, stored, email, known)
            return self._escalate(tx, reading, escalation, case, now, given=given)
        case_id = case.id if case else None
        if part:
            self._storms.join(tx, part, now, told=False)
        open_questions = set(verdict.unsure_tags) - set(case.tags if case else ())
        unread = nothing_to_read(email) or (verdict.novel and not verdict.tags)
        if open_questions or unread:
            why = why_unsure(verdict, email)
            return self._conclude(tx, reading, "unsure", why, case_id=case_id)
        if case and (verdict.tags or verdict.unsure):
            because = same or part
            why = because.why if because else f"case {case.id} has it already"
            return self._joined(tx, reading, "joined", why, case=case, now=now)
        why = f"no tag; belongs to case {case_id}" if case else "no tag"
        return self._conclude(tx, reading, "left", why, case_id=case_id)

    def _part_of(
        self, tx: Connection, reading: Reading, tags: Sequence[str], now: float
    ) -> Part | None:
        """The storm that a mail is of, if it is one of this policy's."""
        part = self._storms.part_of(tx, reading.stored, reading.email, tags, now)
        return part if part and self._has(tx, part.case) else None

    def _tell_unread(self, tx: Connection, reading: Reading, trouble: str, now: float) -> Outcome:
        """A mail that nobody can judge goes to the fallback person, unless it is one of many."""
        stored, email = reading.stored, reading.email
        part = self._part_of(tx, reading, (), now)
        if part:
            self._storms.join(tx, part, now, told=False)
            return self._joined(
                tx, reading, "joined", f"{part.why}. {trouble}", case=part.case, now=now
            )
        self._storms.opened(tx, stored, email, ())
        whom = to_fallback(self.policy, trouble, self._clock.today(now))
        return self._escalate(tx, reading, whom, None, now)

    def _joined(
        self,
        tx: Connection,
        reading: Reading,
        action: str,
        why: str,
        *,
        case: cases.Case | None,
        now: float,
    ) -> Outcome:
        """The mail brings nothing new: to its case, or to an earlier mail without one."""
        if case:
            audit.note(
                tx, "joined", now=now, case_id=case.id, message_id=reading.stored.id, detail=why
            )
        return self._conclude(tx, reading, action, why, case_id=case.id if case else None)

    def _escalate(
        self,
        tx: Connection,
        reading: Reading,
        escalation: Escalation,
        case: cases.Case | None,
        now: float,
        *,
        given: Given = NOTHING_GIVEN,
    ) -> Outcome:
        case_id = self._escalator.escalate(tx, reading, escalation, case, now, given=given)
        unreadable = escalation.occasion is Occasion.UNREADABLE
        why = "; ".join(f"{r.title} ({r.urgency.label})" for r in escalation.reasons)
        return self._conclude(
            tx,
            reading,
            "unreadable" if unreadable else "escalated",
            escalation.reasons[0].clause if unreadable else why,
            case_id=case_id,
            recipients=tuple(person.name for person in escalation.recipients),
            tags=escalation.tags,
        )

    def _conclude(
        self,
        tx: Connection,
        reading: Reading,
        action: str,
        why: str,
        *,
        case_id: int | None = None,
        recipients: tuple[str, ...] = (),
        tags: tuple[str, ...] = (),
    ) -> Outcome:
        email, stored = reading.email, reading.stored
        marks = stored.raw.ref.account in self.marking and (
            action == "escalated" or (action == "duplicate" and inbox.takes_over_mark(tx, stored))
        )
        inbox.decide(
            tx,
            stored.id,
            action=action,
            why=why,
            kind=email.kind.value,
            role=self.firm.role_of(email.sender.address),
            subject=email.subject,
            sender=email.sender.display,
            client=client_address(email, self.firm),
            case_id=case_id,
            mark="pending" if marks else "",
            text_digest=email.text_digest,
        )
        if case_id is not None:
            search.add(tx, case_id, email)
        return Outcome(
            ref=stored.raw.ref,
            action=action,
            subject=email.subject,
            sender=email.sender.display,
            tags=tags or (reading.verdict.tags if reading.verdict else ()),
            case_id=case_id,
            recipients=recipients,
            why=why,
            scores=reading.verdict.scores if reading.verdict else {},
        )

    def _save_verdict(self, tx: Connection, message_id: int, verdict: Verdict, now: float) -> None:
        inbox.save_verdict(
            tx,
            message_id,
            model=verdict.model,
            policy=self.policy.stamp,
            tags=list(verdict.tags),
            unsure_tags=list(verdict.unsure_tags),
            scores=dict(verdict.scores),
            evidence=[
                {"tag": e.tag, "sentence": e.sentence, "score": e.score} for e in verdict.evidence
            ],
            decided_at=now,
        )


def _known(case: cases.Case, told: Sequence[str]) -> KnownCase:
    """The case as routing sees it. `told`: tags of the mail that this one says again."""
    tags = tuple(dict.fromkeys([*case.tags, *told]))
    return KnownCase(tags=tags, urgency=case.urgency, recipients=case.recipients)
