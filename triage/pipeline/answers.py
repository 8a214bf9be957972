"""Answers to our briefs: whose they are, whether they are genuine, and what they bring about.

A mail is an answer when it refers to a brief of ours (In-Reply-To or References; else the
reference that stands in our text) and comes from the person that very brief went to. It is a
*command* when, besides, the brief's Message-ID carries our signature, the person is in the policy
today, and this answer was not taken before. Anything else is ordinary mail.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.feedback import Meaning, is_absence, read, vocabulary_of
from triage.feedback.ending_answers import in_answer_to_question
from triage.messages import Occasion
from triage.parsing.quotes import stripped
from triage.parsing.subjects import is_forward
from triage.pipeline.confirm import Confirmer
from triage.pipeline.corrections import Corrector
from triage.pipeline.gestures import Gestures, acknowledge
from triage.rendering.ids import is_signed, reference_of, references_in, start_of_id
from triage.rendering.replies import REFERENCE_LINE
from triage.store import answers, cases, outbox
from triage.summary.wording import listed

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from triage.feedback import Vocabulary
    from triage.feedback.meaning import Doubt
    from triage.messages import Email
    from triage.pipeline.again import Rewriter
    from triage.pipeline.briefs import BriefWriter
    from triage.policy import Person, Policy
    from triage.store.inbox import Stored
    from triage.store.outbox import OutboxRow

SEARCHED_CHARS = 100_000  # of an answer, for the reference of a brief
REFERENCES = 8  # of them looked up
IDS = 50
# Clocks of a phone and a computer differ; an answer older than this against the last one is late.
LATE_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How a mail ended that answers a brief. `action` is one of `messages.OUTCOMES`.

    `case_id` is None where it answered a digest, which is of no case.
    """

    action: str
    why: str
    case_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """A genuine answer: who wrote which words in answer to which brief."""

    row: OutboxRow
    stored: Stored
    email: Email
    person: Person
    words: str

    @property
    def by(self) -> str:
        """The writer's address, lower case."""
        return self.person.address.lower()

    @property
    def written_at(self) -> float:
        """When it was written, as far as that can be believed; epoch seconds."""
        received = self.stored.raw.received_at.timestamp()
        return min(self.email.date.timestamp(), received) if self.email.date else received

    @property
    def fingerprint(self) -> str:
        """The same for the same words about the same brief, whatever its Message-ID says."""
        date = self.email.date.isoformat() if self.email.date else ""
        facts = [self.row.rfc_id, self.by, date, " ".join(self.words.split())]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def remember(self, tx: Connection, meaning: str, now: float) -> None:
        """Write down that it was taken, so that it is not taken again."""
        answers.put(
            tx,
            outbox_id=self.row.id,
            case_id=self.row.case_id,
            message_id=self.stored.id,
            by=self.by,
            rfc_id=self.email.message_id,
            fingerprint=self.fingerprint,
            meaning=meaning,
            written_at=self.written_at,
            now=now,
        )


class AnswerTaker:
    """Takes answers to briefs, inside the transaction that decides the mail."""

    def __init__(self, *, policy: Policy, writer: BriefWriter, rewriter: Rewriter) -> None:
        """Learn the words of the policy's tags."""
        self._policy = policy
        self._key = writer.key
        self._vocabulary: Vocabulary = vocabulary_of(policy.routes, policy.kinds, policy.people)
        self._gestures = Gestures(
            policy=policy,
            vocabulary=self._vocabulary,
            corrector=Corrector(policy=policy, rewriter=rewriter),
        )
        self._confirmer = Confirmer(writer=writer, guard=rewriter.guard)

    def take(self, tx: Connection, stored: Stored, email: Email, now: float) -> Taken | None:
        """Follow the answer that this mail is; None when it is none."""
        sender = email.sender.address.lower()
        row = self.answered(tx, email)
        if row is None:
            return None
        words = own_words(email)
        person = self._person(sender)
        meaning = self._read(words, email, person)
        if meaning.kind in ("acknowledge", "unclear") and is_absence(words):
            return Taken(action="not-triaged", why="an absence note", case_id=row.case_id or None)
        if not row.case_id:
            return self._to_digest(tx, row, email, meaning, now)
        if person is None or not is_signed(row.rfc_id, key=self._key, recipient=row.recipient):
            acknowledge(tx, row.case_id, sender, now)
            why = f"{sender} answered"
            return Taken(action="acknowledged", why=why, case_id=row.case_id)
        answer = _Answer(row=row, stored=stored, email=email, person=person, words=words)
        return self._follow(tx, answer, meaning, now)

    def _to_digest(
        self, tx: Connection, row: OutboxRow, email: Email, meaning: Meaning, now: float
    ) -> Taken:
        """An answer to a digest moves no case; who asks for something is told so, once."""
        person = self._person(row.recipient.lower())
        genuine = is_signed(row.rfc_id, key=self._key, recipient=row.recipient)
        asks = meaning.kind != "acknowledge" and row.occasion == Occasion.DIGEST
        if person and genuine and asks:
            self._confirmer.explain_digest(tx, answered=row, email=email, person=person, now=now)
        why = f"{row.recipient.lower()} answered a digest, which is of no case"
        return Taken(action="asked" if asks else "acknowledged", why=why, case_id=None)

    def _read(self, words: str, email: Email, person: Person | None) -> Meaning:
        names = [email.sender.name, person.name if person else ""]
        return read(words, self._vocabulary, names=names, ours=REFERENCE_LINE)

    def _person(self, address: str) -> Person | None:
        people = self._policy.people.values()
        return next((person for person in people if person.address.lower() == address), None)

    def answered(self, tx: Connection, email: Email) -> OutboxRow | None:
        """The brief that this mail answers, if it went to its sender."""
        sender = email.sender.address.lower()
        ids = list(dict.fromkeys([*email.in_reply_to, *reversed(email.references)]))[:IDS]
        known = outbox.by_rfc_ids(tx, ids)
        if known:
            mine = {row.rfc_id: row for row in known if row.recipient.lower() == sender}
            row = next((mine[rfc_id] for rfc_id in ids if rfc_id in mine), None)
            told = row and row.occasion == Occasion.DIGEST
            return self._named(tx, own_words(email), sender) or row if told else row
        if not sender or is_forward(email.subject):
            return None
        return self._named(tx, email.text, sender)

    def _named(self, tx: Connection, text: str, sender: str) -> OutboxRow | None:
        """The one brief to this person whose reference stands in a text."""
        quoted = self._quoted(tx, text)
        if len({row.case_id for row in quoted}) != 1:
            return None
        return next((row for row in quoted if row.recipient.lower() == sender), None)

    def _quoted(self, tx: Connection, text: str) -> list[OutboxRow]:
        """The briefs whose reference stands in the text, in its order."""
        found = references_in(text[:SEARCHED_CHARS])[:REFERENCES]
        rows = outbox.by_id_start(tx, [start_of_id(each) for each in found])
        signed = [r for r in rows if is_signed(r.rfc_id, key=self._key, recipient=r.recipient)]
        by_reference = {reference_of(row.rfc_id): row for row in signed}
        return [by_reference[each] for each in found if each in by_reference]

    def _follow(self, tx: Connection, answer: _Answer, meaning: Meaning, now: float) -> Taken:
        case_id, by = answer.row.case_id, answer.by
        if answers.is_taken(tx, answer.email.message_id, answer.fingerprint):
            return Taken(action="duplicate", why="an answer that was taken before", case_id=case_id)
        if cases.get(tx, case_id).outcome_asked == answer.row.rfc_id:
            meaning = self._as_ending(answer, meaning)
        doubt = self._doubt(tx, answer, meaning)
        meaning = Meaning(kind="unclear", doubt=doubt) if doubt else meaning
        answer.remember(tx, meaning.kind, now)
        said = self._gestures.carry_out(tx, meaning, answered=answer.row, by=by, now=now)
        if meaning.explicit:
            sent = self._confirmer.confirm(
                tx,
                said,
                answered=outbox.get(tx, answer.row.id),  # of another case, if two became one
                stored=answer.stored,
                email=answer.email,
                person=answer.person,
                now=now,
            )
            if sent and said.asks:
                cases.ask(tx, case_id, sent)
        case_id = outbox.get(tx, answer.row.id).case_id
        if meaning.kind == "unclear":
            return Taken(action="asked", why=f"{by} answered, but not clearly", case_id=case_id)
        why = f"{by} answered: {_in_short(meaning)}"
        return Taken(action="acknowledged", why=why, case_id=case_id)

    def _as_ending(self, answer: _Answer, meaning: Meaning) -> Meaning:
        """What an answer means to the mail that asked how the case ended."""
        names = [answer.email.sender.name, answer.person.name]
        return in_answer_to_question(
            answer.words, meaning, self._vocabulary, names=names, ours=REFERENCE_LINE
        )

    def _doubt(self, tx: Connection, answer: _Answer, meaning: Meaning) -> Doubt:
        """Why even a clear answer is not followed: late, or about two cases at once."""
        if meaning.kind == "unclear" or not meaning.explicit:
            return ""
        quoted = {row.case_id for row in self._quoted(tx, answer.email.text)}
        if quoted and answer.row.case_id not in quoted:
            return "briefs"
        if meaning.kind == "merge" and len(set(meaning.cases) - {answer.row.case_id}) != 1:
            return "unread"
        if meaning.issues and self._gestures.contradicts(tx, meaning, answer.row.message_id):
            return "contradiction"
        newest = answers.newest_written_at(tx, answer.row.case_id, answer.by)
        return "late" if answer.written_at < newest - LATE_S else ""


def own_words(email: Email) -> str:
    """What the writer of an answer newly wrote, however little that is."""
    forwards = email.original_sender is not None or email.forwarded_text
    return email.forward_note if forwards else stripped(email.text[:SEARCHED_CHARS])


def _in_short(meaning: Meaning) -> str:
    """A meaning in a few words, without any of the writer's own."""
    if meaning.kind == "merge":
        return f"same as case {listed([str(each) for each in meaning.cases])}"
    if meaning.kind != "correct":
        return {"acknowledge": "seen", "take": "mine"}.get(meaning.kind, meaning.kind)
    if meaning.exactly is not None and not meaning.issues:
        return ", ".join(meaning.exactly) or "none"
    signs = [*(meaning.exactly or ()), *(f"+{tag}" for tag in meaning.add), *meaning.issues]
    signs += [f"not {each}" for each in (*meaning.remove, *meaning.not_issues)]
    return ", ".join(signs)
