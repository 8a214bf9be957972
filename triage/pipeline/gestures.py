"""What an answer to a brief brings about: seen, mine, done, one with another, or other tags.

Each step happens inside the transaction that decides the answer, and says in a `Confirmation`
what came of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from triage.errors import NotFoundError
from triage.feedback import resolve
from triage.messages import Occasion
from triage.pipeline.closing import close
from triage.rendering.replies import DONE, MINE, NONE, SEEN
from triage.store import audit, cases, held, inbox, issues, labels, outbox
from triage.store.uniting import unite
from triage.summary.confirmation import Confirmation, short_subject, titled
from triage.summary.wording import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from triage.feedback import Meaning, Vocabulary
    from triage.pipeline.corrections import Corrector
    from triage.policy import Policy
    from triage.store.outbox import OutboxRow

HOW = "reply"  # as the label store calls this gesture


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What somebody says or does something about: a case, and the mail that stands for it."""

    case_id: int
    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gestures:
    """Carries out what answers ask for."""

    policy: Policy
    vocabulary: Vocabulary
    corrector: Corrector

    def carry_out(
        self, tx: Connection, meaning: Meaning, *, answered: OutboxRow, by: str, now: float
    ) -> Confirmation:
        """Do what `meaning` asks for, on behalf of `by`, about the brief `answered`."""
        about = About(case_id=answered.case_id, message_id=answered.message_id)
        return self.act(tx, meaning, about, by=by, now=now)

    def act(
        self, tx: Connection, meaning: Meaning, about: About, *, by: str, now: float
    ) -> Confirmation:
        """The same about a mail of a case, whatever brief there is of it."""
        subject = short_subject(inbox.decided(tx, about.message_id).subject)
        known = Confirmation(kind=meaning.kind, case_id=about.case_id, subject=subject)
        if meaning.kind == "unclear":
            return self._ask(tx, meaning, known, by=by, now=now)
        before = cases.get(tx, about.case_id)
        acknowledge(tx, before.id, by, now)
        said = known
        match meaning.kind:
            case "take":
                said = self._take(tx, before, known, by=by, now=now)
            case "done":
                said = self._close(tx, meaning, known, by=by, now=now)
            case "merge":
                said = self._merge(tx, meaning, known, by=by, now=now)
            case "tell":
                said = self._tell(tx, meaning, known, about, by=by, now=now)
            case "correct":
                said = self._correct(tx, meaning, known, about, by=by, now=now)
        return said

    def contradicts(self, tx: Connection, meaning: Meaning, message_id: int) -> bool:
        """Whether an answer names two kinds of issue for one tag of this mail."""
        return resolve(
            meaning,
            labels.tags_of(tx, message_id),
            kinds=self.policy.kinds,
            known={},
            order=tuple(self.policy.routes),
        ).contradicts

    def _take(
        self, tx: Connection, before: cases.Case, known: Confirmation, *, by: str, now: float
    ) -> Confirmation:
        cases.take(tx, before.id, by)
        audit.note(tx, "taken", now=now, case_id=before.id, detail=by)
        people = {person.address.lower(): person.name for person in self.policy.people.values()}
        owner = before.owner if before.owner != by else ""
        return replace(known, owner=clean_line(people.get(owner, owner)))

    @staticmethod
    def _close(
        tx: Connection, meaning: Meaning, known: Confirmation, *, by: str, now: float
    ) -> Confirmation:
        """Close it; or say of a closed one how it ended, as far as nobody has said."""
        outcome, recurs = meaning.outcome, meaning.recurs
        done = close(tx, known.case_id, outcome=outcome, recurs=recurs, by=by, now=now)
        return replace(
            known,
            settled=not done.closed,
            noted=done.noted,
            outcome=clean_line(outcome),
            recurs=recurs,
            asks_outcome=done.asks_outcome,
            asks_recurs=done.asks_recurs,
        )

    def _merge(
        self, tx: Connection, meaning: Meaning, known: Confirmation, *, by: str, now: float
    ) -> Confirmation:
        """Make it one with a case that the person knows of too; of others nothing is told."""
        number = next(each for each in meaning.cases if each != known.case_id)
        try:
            other = cases.standing(tx, number)
        except NotFoundError:
            return replace(known, other_id=number)
        briefs = outbox.briefs_of_case(tx, other.id)
        if by not in {row.recipient.lower() for row in briefs}:
            return replace(known, other_id=number)
        united = unite(tx, other.id, known.case_id, by=by, now=now)
        stands = united[0] if united else other
        if stands.id == other.id:  # the answered case was acknowledged; now it is part of this one
            acknowledge(tx, stands.id, by, now)
        return replace(
            known,
            other_id=number,
            other_subject=short_subject(other.subject),
            stands_id=stands.id,
            settled=united is None,
        )

    def _tell(
        self,
        tx: Connection,
        meaning: Meaning,
        known: Confirmation,
        about: About,
        *,
        by: str,
        now: float,
    ) -> Confirmation:
        """Write to people whom somebody wants to know of it, also if it is about them."""
        case = cases.get(tx, known.case_id)
        people = [self.policy.people[each] for each in meaning.people]
        for person in people:
            if issues.tell(tx, case.id, person.id, by=by, now=now):
                audit.note(tx, "told", now=now, case_id=case.id, detail=f"{person.name} by {by}")
        told = [person for person in people if person.id not in self._heard(tx, case)]
        reached = self.corrector.rewriter.write(
            tx,
            case_id=case.id,
            message_id=about.message_id,
            occasion=Occasion.CORRECTED,
            people=told,
            note=f"{self._name(by)} wants you to know of it.",
            now=now,
        )
        cases.reach(tx, case.id, case.level, [*case.recipients, *(p.id for p in reached)])
        return replace(
            known,
            told=tuple(clean_line(person.name) for person in reached),
            heard=tuple(clean_line(p.name) for p in people if p not in told),
            barred=tuple(clean_line(p.name) for p in told if p not in reached),
        )

    def _heard(self, tx: Connection, case: cases.Case) -> set[str]:
        """Ids of the people who got a brief of the case."""
        waiting = held.of_case(tx, case.id)
        rows = outbox.briefs_of_case(tx, case.id)
        written_to = {row.recipient.lower() for row in rows if row.recipient not in waiting}
        return {p.id for p in self.policy.people.values() if p.address.lower() in written_to}

    def _name(self, address: str) -> str:
        people = self.policy.people.values()
        return next((p.name for p in people if p.address.lower() == address), address)

    def _correct(
        self,
        tx: Connection,
        meaning: Meaning,
        known: Confirmation,
        about: About,
        *,
        by: str,
        now: float,
    ) -> Confirmation:
        found = self.corrector.correct(
            tx,
            meaning,
            case_id=about.case_id,
            message_id=about.message_id,
            by=by,
            how=HOW,
            now=now,
        )
        return replace(
            known,
            added=self._titled(tag for tag in found.after if tag not in found.before),
            removed=self._titled(tag for tag in found.removed),
            tags=self._titled(found.after),
            case_tags=self._titled(found.case_tags),
            told=tuple(map(clean_line, found.told)),
            closed=found.closed,
            issues=tuple(self._issue_titled(kind) for kind in found.issues.values() if kind),
            not_issues=tuple(self._issue_titled(each) for each in meaning.not_issues),
        )

    def _issue_titled(self, kind: str) -> str:
        known = self.policy.kinds.get(kind)
        return clean_line(known.title) if known else kind

    def _ask(
        self, tx: Connection, meaning: Meaning, known: Confirmation, *, by: str, now: float
    ) -> Confirmation:
        audit.note(tx, "asked", now=now, case_id=known.case_id, detail=f"{by}: {meaning.doubt}")
        shown = self.vocabulary.shown
        mine = cases.get(tx, known.case_id).tags
        wrong = [f"not {shown[tag]}" for tag in mine if tag in shown]
        words = [SEEN, MINE, DONE, *wrong, NONE, f"or the right tags ({', '.join(shown.values())})"]
        return replace(known, doubt=meaning.doubt, words=tuple(words))

    def _titled(self, tags: Iterable[str]) -> tuple[str, ...]:
        titles = {tag: route.title for tag, route in self.policy.routes.items()}
        return titled(tags, titles)


def acknowledge(tx: Connection, case_id: int, by: str, now: float) -> None:
    """Somebody has seen it: its timers stop."""
    if cases.acknowledge(tx, case_id, by, now):
        audit.note(tx, "acknowledged", now=now, case_id=case_id, detail=by)
