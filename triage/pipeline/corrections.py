"""A person says what a mail really is: keep it as a label, and let the case follow.

Rules: who, when, how, and from what to what is kept; the case has the tags of the mails that
people were told of; a tag that is new to it is told to those who must know and have not heard;
a case without any tag is closed as not an escalation.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from triage.feedback import apply, resolve
from triage.hearers import turns_taken
from triage.messages import Occasion, Urgency
from triage.parsing import parse
from triage.pipeline.again import Timing, judgement_of
from triage.pipeline.timing import Basis
from triage.routing import KnownCase, route
from triage.store import audit, cases, held, inbox, issues, labels, outbox, turns
from triage.store.issues import Issue
from triage.summary.wording import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from triage.feedback import Meaning
    from triage.messages import Email, Escalation
    from triage.pipeline.again import Rewriter
    from triage.pipeline.issues import Given
    from triage.policy import Policy
    from triage.store.outbox import OutboxRow

NOT_AN_ESCALATION = "not an escalation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What came of a correction.

    Attributes:
        before: the tags of the mail until now.
        after: its tags from now on.
        removed: tags that it, or another mail of the case, no longer has.
        case_tags: the tags of its case from now on.
        told: names of those who get a brief because of it.
        closed: whether the case was closed as not an escalation.
        issues: by tag, the kind of issue that it is said to be; empty for none of those there are.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    removed: tuple[str, ...]
    case_tags: tuple[str, ...]
    told: tuple[str, ...] = ()
    closed: bool = False
    issues: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrector:
    """Applies corrections to mails that belong to a case."""

    policy: Policy
    rewriter: Rewriter

    def correct(
        self,
        tx: Connection,
        meaning: Meaning,
        *,
        case_id: int,
        message_id: int,
        by: str,
        how: str,
        now: float,
        who: str = "",
        sentence: str = "",
    ) -> Corrected:
        """Label `message_id` as `meaning` says and bring the case into line.

        A tag that is to go, but came from another mail of the case, is taken from that one, if
        this person got a brief of it. `who` is how a brief to others speaks of whoever says so;
        without it they got a brief themselves. `sentence` is the one that decides, as they say.
        """
        case = cases.get(tx, case_id)
        briefs = outbox.briefs_of_case(tx, case_id)
        before = labels.tags_of(tx, message_id)
        meaning, said = self._resolved(tx, meaning, message_id, before)
        after = apply(meaning, before, tuple(self.policy.routes))
        if after != before or not said:
            self._label(
                tx,
                message_id,
                before,
                after,
                by=by,
                how=how,
                now=now,
                case_id=case_id,
                sentence=sentence,
            )
        self._keep(tx, message_id, said, by=by, how=how, now=now, case_id=case_id)
        removed = {tag for tag in before if tag not in after}
        elsewhere = set(meaning.remove) - set(before)
        for other in sorted(_told_of(briefs, by) - {message_id}):
            tags = labels.tags_of(tx, other)
            left = tuple(tag for tag in tags if tag not in elsewhere)
            if left != tags:
                removed |= set(tags) - set(left)
                self._label(tx, other, tags, left, by=by, how=how, now=now, case_id=case_id)
        gone = tuple(tag for tag in self.policy.routes if tag in removed)
        tags = self._case_tags(tx, [message_id, *(row.message_id for row in briefs)])
        if not tags:
            closed = self._close(tx, case_id, now)
            return Corrected(before=before, after=after, removed=gone, case_tags=(), closed=closed)
        who = who or f"{self._name(by)}, who got a brief about this mail,"
        told = self._follow(tx, case, tags, message_id, briefs, said=said, who=who, now=now)
        return Corrected(
            before=before, after=after, removed=gone, case_tags=tags, told=told, issues=said
        )

    def _resolved(
        self, tx: Connection, meaning: Meaning, message_id: int, before: Sequence[str]
    ) -> tuple[Meaning, Mapping[str, str]]:
        """What is asked for in tags, and the kinds that change by it, by tag."""
        known = {tag: issue.kind for tag, issue in issues.of_message(tx, message_id).items()}
        found = resolve(
            meaning,
            before,
            kinds=self.policy.kinds,
            known=known,
            order=tuple(self.policy.routes),
        )
        return found.meaning, found.issues

    def _keep(
        self,
        tx: Connection,
        message_id: int,
        said: Mapping[str, str],
        *,
        by: str,
        how: str,
        now: float,
        case_id: int,
    ) -> None:
        """Keep what kinds of issue somebody says it is."""
        known = issues.of_message(tx, message_id)
        for tag, kind in said.items():
            because = f"{self._name(by)} says so"
            issue = Issue(tag=tag, kind=kind, because=because, by=by)
            issues.put(tx, message_id, issue, how=how, now=now)
            before = known[tag].kind if tag in known else ""
            detail = f"kind beneath {tag}: {before or 'none'} -> {kind or 'none'} by {by}"
            audit.note(
                tx, "labelled", now=now, case_id=case_id, message_id=message_id, detail=detail
            )

    def _label(
        self,
        tx: Connection,
        message_id: int,
        before: Sequence[str],
        after: Sequence[str],
        *,
        by: str,
        how: str,
        now: float,
        case_id: int,
        sentence: str = "",
    ) -> None:
        labels.put(
            tx,
            message_id,
            tags=after,
            previous=before,
            by=by,
            how=how,
            now=now,
            sentence=sentence,
        )
        detail = f"{', '.join(before) or 'none'} -> {', '.join(after) or 'none'} by {by}"
        audit.note(tx, "labelled", now=now, case_id=case_id, message_id=message_id, detail=detail)

    def _case_tags(self, tx: Connection, message_ids: Sequence[int]) -> tuple[str, ...]:
        """The tags of these mails together, in the policy's order; only such as have a route."""
        found = {tag for each in dict.fromkeys(message_ids) for tag in labels.tags_of(tx, each)}
        return tuple(tag for tag in self.policy.routes if tag in found)

    def _close(self, tx: Connection, case_id: int, now: float) -> bool:
        cases.retag(tx, case_id, tags=(), urgency=Urgency.LOW)
        closed = cases.resolve(tx, case_id, NOT_AN_ESCALATION, now)
        if closed:
            audit.note(tx, "resolved", now=now, case_id=case_id, detail=NOT_AN_ESCALATION)
        return closed

    def _follow(
        self,
        tx: Connection,
        case: cases.Case,
        tags: tuple[str, ...],
        message_id: int,
        briefs: Sequence[OutboxRow],
        *,
        said: Mapping[str, str],
        who: str,
        now: float,
    ) -> tuple[str, ...]:
        """Give the case its new tags and kinds; returns the names of those who are told."""
        email = parse(inbox.load(tx, message_id).raw.content)
        given = self._given(tx, case.id, message_id, tags, email, now=now)
        whole = route(tags, text=_searched(email), policy=self.policy, kind=given.key)
        urgency = whole.urgency if whole else case.urgency
        added = [tag for tag in tags if tag not in case.tags or tag in said]
        told = self._told(case, briefs)
        found = None
        if added:
            before = tuple(tag for tag in case.tags if tag not in added)
            known = KnownCase(tags=before, urgency=case.urgency, recipients=tuple(told))
            found = self._who_hears(added, email, known, given, last=turns.last(tx), now=now)
        if found is None:
            cases.retag(tx, case.id, tags=tags, urgency=urgency)
            return ()
        titles = listed([reason.title for reason in found.reasons])
        self.rewriter.write(
            tx,
            case_id=case.id,
            message_id=message_id,
            occasion=Occasion.CORRECTED,
            people=[self.policy.people[person.id] for person in found.recipients],
            tags_for={person.id: person.tags for person in found.recipients},
            note=f"{who} tagged it: {titles}.",
            timing=Timing.of(found),
            now=now,
        )
        names = tuple(person.name for person in found.recipients)
        recipients = list(
            dict.fromkeys([*case.recipients, *told, *(person.id for person in found.recipients)])
        )
        cases.extend(tx, case.id, tags=tags, urgency=urgency, recipients=recipients, now=now)
        turns.take(tx, turns_taken(self.policy, found, given.key), now)
        basis = Basis(tags=found.tags, issue=given.key, step=found.level)
        self.rewriter.clock.start(
            tx, before=case, case_id=case.id, message_id=message_id, basis=basis, now=now
        )
        detail = f"{Occasion.CORRECTED}: {', '.join(added)} to {', '.join(names)}"
        audit.note(tx, "escalated", now=now, case_id=case.id, message_id=message_id, detail=detail)
        return names

    def _told(self, case: cases.Case, briefs: Sequence[OutboxRow]) -> list[str]:
        """Ids of all who have heard of the case, those included who stood in for others.

        Whose brief still waits for their digest has not.
        """
        written_to = {row.recipient.lower() for row in briefs}
        people = self.policy.people.values()
        also = [person.id for person in people if person.address.lower() in written_to]
        read = {row.recipient.lower() for row in briefs if row.state != held.WAITS}
        unread = {p.id for p in people if p.address.lower() in written_to - read}
        return [each for each in dict.fromkeys([*case.recipients, *also]) if each not in unread]

    def _given(
        self,
        tx: Connection,
        case_id: int,
        message_id: int,
        tags: Sequence[str],
        email: Email,
        *,
        now: float,
    ) -> Given:
        """The kinds of the case, after a look at tags that are new to the mail."""
        keeper = self.rewriter.issues
        own = [tag for tag in labels.tags_of(tx, message_id) if tag in tags]
        verdict = judgement_of(tx, message_id)
        keeper.of_mail(tx, message_id, own, email, verdict, case_id=case_id, now=now)
        return keeper.of_case(tx, case_id, tags, email, now=now)

    def _who_hears(
        self,
        added: Sequence[str],
        email: Email,
        known: KnownCase,
        given: Given,
        *,
        last: Mapping[str, Mapping[str, float]],
        now: float,
    ) -> Escalation | None:
        """Those who must know of the added tags and have not heard of the case; None: nobody."""
        clock = self.rewriter.clock
        escalation = route(
            added,
            text=_searched(email),
            policy=self.policy,
            turns=last,
            case=known,
            excluded=given.excluded,
            kind=given.key,
            day=clock.today(now),
        )
        people = escalation.recipients if escalation else ()
        fresh = tuple(person for person in people if person.id not in known.recipients)
        if escalation is None or not fresh:
            return None
        told = [*known.recipients, *(person.id for person in fresh)]
        fewer = replace(escalation, recipients=fresh)
        return clock.dated(fewer, told, now, issue=given.key, excluded=given.excluded)

    def _name(self, address: str) -> str:
        people = self.policy.people.values()
        return next((p.name for p in people if p.address.lower() == address), address)


def _searched(email: Email) -> str:
    """What the words that raise the urgency are looked for in."""
    return f"{email.subject}\n{email.new_text}"


def _told_of(briefs: Sequence[OutboxRow], by: str) -> set[int]:
    """The mails that this person got a brief of."""
    return {row.message_id for row in briefs if row.recipient.lower() == by}
