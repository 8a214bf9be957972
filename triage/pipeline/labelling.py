"""A person says what any mail is, in a case or not: keep it as a label, and act on it.

Rules: a tag that is new is told to those who must know, as if the classifier had found it; a mail
older than two weeks that is in no open case only teaches, for nobody wants briefs of old mail;
what has just been said can be taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from triage.errors import NotFoundError
from triage.feedback import Meaning
from triage.hearers import turns_taken
from triage.messages import Occasion
from triage.parsing import normalise_subject, parse
from triage.pipeline.again import Timing, judgement_of
from triage.pipeline.desks import Desks
from triage.pipeline.people import client_address
from triage.pipeline.threads import open_case_of
from triage.pipeline.timing import Basis
from triage.routing import route
from triage.store import audit, cases, inbox, issues, labels, turns, undo
from triage.summary.wording import clean_line, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from triage.config import Firm
    from triage.messages import Email, Escalation
    from triage.pipeline.again import Rewriter
    from triage.pipeline.corrections import Corrector
    from triage.policy import Policy

ACTS_WITHIN_S = 14 * 86400
TAKEN_BACK = "taken back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What came of a label.

    Attributes:
        before, after: the tags of the mail until now, and from now on.
        case_id: the case it concerns; None when it only teaches.
        told: names of those who get a brief because of it.
        opened: whether it opened the case.
        closed: whether it closed the case, as not an escalation.
        too_old: whether it would have told somebody, were the mail not so old.
    """

    message_id: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    case_id: int | None = None
    told: tuple[str, ...] = ()
    opened: bool = False
    closed: bool = False
    too_old: bool = False
    moments: tuple[undo.Moment, undo.Moment] | None = field(default=None, repr=False)

    @property
    def in_words(self) -> str:
        """What came of the label, in a sentence or two."""
        said = f"Mail {self.message_id}: {_names(self.after)}."
        if self.opened:
            said += f" Case {self.case_id} is opened."
        if self.told:
            said += f" {listed(self.told)} will get a brief."
        if self.closed:
            said += f" Case {self.case_id} is closed as not an escalation."
        if self.too_old:
            said += " It came more than two weeks ago, so nobody is told."
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Labeller:
    """Takes labels for any mail in the store. `desks`: where accounts have own policies."""

    policy: Policy
    firm: Firm
    rewriter: Rewriter
    corrector: Corrector
    desks: Desks[Labeller] = field(default_factory=Desks, compare=False, repr=False)

    def label(
        self,
        tx: Connection,
        message_id: int,
        tags: Sequence[str],
        *,
        by: str,
        how: str,
        who: str,
        now: float,
        acts: bool = True,
        sentence: str = "",
    ) -> Effect:
        """Say that a mail has these tags and no others.

        Args:
            tx: the transaction that makes it true.
            message_id: number of the mail.
            tags: tags of the policy; none of them for mail that is nobody's business.
            by: who says so, for the label store.
            how: the gesture.
            who: the same person as a brief to others speaks of them, as the start of a sentence.
            now: epoch seconds.
            acts: whether cases follow; else it only teaches.
            sentence: the one of the mail that decides, where they have marked it.

        Raises:
            NotFoundError: there is no such mail, or it is not decided yet.
        """
        mine = self.desks.of_message(tx, message_id, self)
        start = undo.moment(tx, message_id)
        ordered = tuple(tag for tag in mine.policy.routes if tag in tags)
        effect = mine.follow(
            tx,
            message_id,
            ordered,
            by=by,
            how=how,
            who=who,
            now=now,
            acts=acts,
            sentence=sentence,
        )
        return replace(effect, moments=(start, undo.moment(tx, message_id)))

    def take_back(self, tx: Connection, effect: Effect, *, by: str, now: float) -> tuple[str, ...]:
        """Undo what `label` has just done; addresses whose briefs had left already."""
        assert effect.moments is not None
        done = undo.take_back(tx, *effect.moments)
        if effect.opened and effect.case_id and done.case_as_before:
            cases.resolve(tx, effect.case_id, TAKEN_BACK, now)
        detail = f"{TAKEN_BACK} by {by}: {_names(effect.after)} -> {_names(effect.before)}"
        case_id, message_id = effect.case_id, effect.message_id
        audit.note(tx, "labelled", now=now, case_id=case_id, message_id=message_id, detail=detail)
        return done.left

    def follow(
        self,
        tx: Connection,
        message_id: int,
        tags: tuple[str, ...],
        *,
        by: str,
        how: str,
        who: str,
        now: float,
        acts: bool,
        sentence: str,
    ) -> Effect:
        """Carry a label out by this policy; see `label`."""
        mail = inbox.decided(tx, message_id)
        if mail.state != "decided":  # else the decision would not know of the label
            msg = f"mail {message_id} waits for its decision; label it when that is made"
            raise NotFoundError(msg)
        before = labels.tags_of(tx, message_id)
        case = cases.get(tx, mail.case_id) if mail.case_id else None
        recent = mail.received_at >= now - ACTS_WITHIN_S
        email = parse(inbox.load(tx, message_id).raw.content)
        said = clean_line(sentence)
        sentence = said if said in clean_line(email.text) else ""  # briefs quote word for word
        if case is None and tags and recent and acts:
            case = open_case_of(tx, email, self.firm, now)
            if case:
                inbox.join(tx, message_id, case.id)
        known = Effect(message_id=message_id, before=before, after=tags)
        if case and acts and (case.open or (recent and tags)):
            corrected = self.corrector.correct(
                tx,
                Meaning(kind="correct", exactly=tags),
                case_id=case.id,
                message_id=message_id,
                by=by,
                how=how,
                who=who,
                now=now,
                sentence=sentence,
            )
            return replace(known, case_id=case.id, told=corrected.told, closed=corrected.closed)
        labels.put(
            tx,
            message_id,
            tags=tags,
            previous=before,
            by=by,
            how=how,
            now=now,
            sentence=sentence,
        )
        detail = f"{_names(before)} -> {_names(tags)} by {by}"
        case_id = case.id if case else None
        audit.note(tx, "labelled", now=now, case_id=case_id, message_id=message_id, detail=detail)
        if not (acts and tags and case is None):
            return known
        if not recent:
            return replace(known, too_old=True)
        return self._open(tx, known, email, who=who, now=now)

    def _open(self, tx: Connection, known: Effect, email: Email, *, who: str, now: float) -> Effect:
        """Open a case for a mail that nobody was told of."""
        verdict = judgement_of(tx, known.message_id)
        given = self.rewriter.issues.of_mail(
            tx, known.message_id, known.after, email, verdict, case_id=None, now=now
        )
        escalation = route(
            known.after,
            text=f"{email.subject}\n{email.new_text}",
            policy=self.policy,
            turns=turns.last(tx),
            excluded=given.excluded,
            kind=given.key,
            day=self.rewriter.clock.today(now),
        )
        assert escalation is not None  # a tag that is new always leads to somebody
        case = cases.begin(
            tx,
            tags=escalation.tags,
            urgency=escalation.urgency,
            client=client_address(email, self.firm),
            subject=email.subject,
            subject_key=normalise_subject(email.subject),
            recipients=[person.id for person in escalation.recipients],
            now=now,
        )
        inbox.join(tx, known.message_id, case.id)
        issues.spare(tx, case.id, given.spared, now)
        escalation = self.rewriter.clock.dated(
            escalation, case.recipients, now, issue=given.key, excluded=given.excluded
        )
        turns.take(tx, turns_taken(self.policy, escalation, given.key), now)
        basis = Basis(tags=escalation.tags, issue=given.key, step=escalation.level)
        self._tell(tx, case.id, known.message_id, escalation, basis=basis, who=who, now=now)
        names = tuple(person.name for person in escalation.recipients)
        return replace(known, case_id=case.id, told=names, opened=True)

    def _tell(
        self,
        tx: Connection,
        case_id: int,
        message_id: int,
        escalation: Escalation,
        *,
        basis: Basis,
        who: str,
        now: float,
    ) -> None:
        people = escalation.recipients
        titles = listed([reason.title for reason in escalation.reasons])
        self.rewriter.write(
            tx,
            case_id=case_id,
            message_id=message_id,
            occasion=Occasion.CORRECTED,
            people=[self.policy.people[person.id] for person in people],
            tags_for={person.id: person.tags for person in people},
            note=f"{who} tagged it: {titles}.",
            timing=Timing.of(escalation),
            now=now,
        )
        self.rewriter.clock.start(
            tx, before=None, case_id=case_id, message_id=message_id, basis=basis, now=now
        )
        names = ", ".join(person.name for person in people)
        detail = f"{Occasion.CORRECTED}: {', '.join(escalation.tags)} to {names}"
        audit.note(tx, "escalated", now=now, case_id=case_id, message_id=message_id, detail=detail)


def _names(tags: Sequence[str]) -> str:
    return ", ".join(tags) or "none"
