"""Many mails of one matter within a short time make one case; the rest of them is told at the end.

Rules: the first few are told one by one, as any mail. Those after them join the case, unless they
bring something new or are more urgent, which is told at once. Each is accounted for, with its
reason; when it is over, one brief says how many came and from whom.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from triage.calendars import zone_of
from triage.hearers import fallback_person
from triage.messages import Occasion
from triage.parsing import normalise_subject
from triage.pipeline.again import Timing
from triage.pipeline.people import client_address
from triage.store import audit, cases, storms, timers
from triage.store.merging import absorb
from triage.store.storms import Arrival
from triage.storms import NONE_CAN_BE_READ, UNREADABLE, client_key, in_common, words_of
from triage.summary.wording import clean_line, day, listed, moment, shorten

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection

    from triage.config import Firm
    from triage.messages import Email
    from triage.pipeline.again import Rewriter
    from triage.policy import Policy, Storms
    from triage.store.inbox import Stored
    from triage.store.storms import Storm
    from triage.store.timers import Timer

LONGEST = 4  # so many spans at most a mail that joined waits until somebody is told of it
NAMES = 3  # of senders and of subjects that an update tells
SUBJECT_CHARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A mail that belongs to a storm: of which case, and why."""

    case: cases.Case
    arrival: Arrival
    because: str
    number: int

    @property
    def why(self) -> str:
        """How the mail ended, in words."""
        return f"joined case {self.case.id}: part of a storm, mail {self.number}; {self.because}"


@dataclass(frozen=True, kw_only=True)
class StormWatch:
    """Tells by the policy whether a mail that somebody must know of is one of many."""

    policy: Policy
    firm: Firm

    @property
    def _rules(self) -> Storms | None:
        rules = self.policy.storms
        return rules if rules and rules.mails else None

    def arrival(self, stored: Stored, email: Email, tags: Collection[str]) -> Arrival:
        """What a mail is compared by. No tags: it could not be read."""
        return Arrival(
            message_id=stored.id,
            case_id=0,
            at=stored.raw.received_at.timestamp(),
            client=client_key(client_address(email, self.firm), self.firm),
            subject_key=normalise_subject(email.subject),
            words=words_of(email.subject, email.new_text),
            tags=frozenset(tags) or UNREADABLE,
        )

    def part_of(
        self, tx: Connection, stored: Stored, email: Email, tags: Collection[str], now: float
    ) -> Part | None:
        """The storm that a mail of no open case is part of; None: it is a matter of its own.

        The few cases that were opened before it was known for a storm become one.
        """
        rules = self._rules
        if rules is None:
            return None
        arrival = self.arrival(stored, email, tags)
        others = storms.near(tx, arrival.at, rules.within_s)
        alike = [(other, why) for other in others if (why := in_common(arrival, other))]
        if len(alike) < rules.mails:
            alike = _same_client(tx, arrival, others)
        target, rest = self._cases(tx, [other for other, _ in alike], arrival.at - rules.within_s)
        if target is None:
            return None
        because = Counter(why for _, why in alike).most_common(1)[0][0]
        for case in rest:
            absorb(tx, case.id, into=target.id, because=because, now=now)
        case = cases.get(tx, target.id)
        return Part(case=case, arrival=arrival, because=because, number=len(alike) + 1)

    def opened(self, tx: Connection, stored: Stored, email: Email, tags: Collection[str]) -> None:
        """A mail opened a case: those that come after it may be like it."""
        if self._rules:
            storms.arrive(tx, self.arrival(stored, email, tags))

    def join(self, tx: Connection, part: Part, now: float, *, told: bool) -> None:
        """A mail is part of a storm; unless it was `told` by itself, an update will tell of it."""
        rules = self._rules
        assert rules
        case_id, at = part.case.id, part.arrival.at
        storm = storms.going_on(tx, case_id)
        if told:
            storms.arrive(tx, replace(part.arrival, storm_id=storm.id if storm else None))
            return
        storm = storm or storms.begin(tx, case_id, at, part.because)
        storms.arrive(tx, replace(part.arrival, storm_id=storm.id))
        storms.join(tx, storm, at)
        if storm.mails == storm.told:  # else such a timer waits already
            timers.put(
                tx,
                case_id=case_id,
                message_id=part.arrival.message_id,
                kind="storm",
                due_at=max(now, at + rules.within_s),
            )

    @staticmethod
    def _cases(
        tx: Connection, alike: Sequence[Arrival], opened_since: float
    ) -> tuple[cases.Case | None, list[cases.Case]]:
        """The case that a mail joins, and those that become part of it."""
        found = [cases.get(tx, each) for each in sorted({other.case_id for other in alike})]
        alive = [case for case in found if case.open]
        waiting = [case for case in alive if case.status == "open" and not case.owner]
        young = [c for c in waiting if c.opened_at >= opened_since or storms.going_on(tx, c.id)]
        target = next(iter([*young, *waiting, *alive]), None)
        return target, [case for case in young if target in young and case != target]


def _same_client(
    tx: Connection, arrival: Arrival, others: Sequence[Arrival]
) -> list[tuple[Arrival, str]]:
    """Mails of a storm of the same client that goes on: even another matter is part of that."""
    if arrival.tags == UNREADABLE or not arrival.client:
        return []
    same = [other for other in others if other.storm_id and other.client == arrival.client]
    return [(o, f"they are all from {o.client}") for o in same if storms.going_on(tx, o.case_id)]


@dataclass(frozen=True, slots=True, kw_only=True)
class StormTeller:
    """Writes the one brief that tells of the mails that joined."""

    rewriter: Rewriter

    def tell(self, tx: Connection, timer: Timer, now: float) -> bool:
        """Tell of a storm that is over, or has gone on for long; whether anybody was told."""
        storm = storms.going_on(tx, timer.case_id)
        if storm is None or storm.mails == storm.told:
            return False
        mails = storms.joined(tx, storm)[storm.told :]
        rules = self.rewriter.policy.storms
        within_s = rules.within_s if rules else 0
        over_at = storm.last_at + within_s
        latest = min((mail.at for mail in mails), default=now) + LONGEST * within_s
        if now < min(over_at, latest):
            timers.put_again(tx, timer, due_at=min(over_at, latest))
            return False
        storms.told(tx, storm, over_at=now if now >= over_at else None)
        if not mails:
            return False
        self._write(tx, storm, mails, now)
        return True

    def _write(
        self, tx: Connection, storm: Storm, mails: Sequence[storms.Joined], now: float
    ) -> None:
        policy, case = self.rewriter.policy, cases.get(tx, storm.case_id)
        people = [policy.people[each] for each in case.recipients if each in policy.people]
        note = self._note(storm, mails)
        for tried in (people, [fallback_person(policy, self.rewriter.clock.today(now)).person]):
            told = self.rewriter.write(
                tx,
                case_id=case.id,
                message_id=mails[-1].message_id,
                occasion=Occasion.STORM,
                people=tried,
                note=note,
                timing=Timing(repeat=f":{storm.id}:{storm.mails}"),
                now=now,
            )
            if told:
                break
        names = ", ".join(person.name for person in told)
        detail = f"{_counted(len(mails))} told to {names or 'nobody'}"
        audit.note(tx, "storm", now=now, case_id=case.id, detail=detail)

    def _note(self, storm: Storm, mails: Sequence[storms.Joined]) -> str:
        """How many, from when to when, from whom, and about what; in the mails' own words."""
        zone = self.rewriter.writer.firm.timezone
        senders = _some([mail.sender for mail in mails], "sender")
        subjects = _some([f'"{mail.subject}"' for mail in mails if mail.subject], "subject")
        about = f" Subjects: {subjects}." if subjects else ""
        span = _span(min(mail.at for mail in mails), max(mail.at for mail in mails), zone)
        says = f"And {_counted(len(mails))}, {span}: {storm.because}"
        if storm.because != NONE_CAN_BE_READ:
            says += ", with no other tag and no higher urgency"
        return f"{says}. From {senders}.{about} All are in this case; this one is the last of them."


def _span(first: float, last: float, zone: str) -> str:
    """From when to when, the day said once where it is one day."""
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (first, last))
    local_begin, local_end = (at.astimezone(zone_of(zone)) for at in (begin, end))
    if local_begin.date() != local_end.date():
        return f"{moment(begin, zone)} to {moment(end, zone)}"
    if f"{local_begin:%H:%M}" == f"{local_end:%H:%M}":
        return moment(end, zone)
    return f"{local_begin:%H:%M} to {local_end:%H:%M} on {day(end, zone)}"


def _counted(number: int) -> str:
    return f"{number} more mail{'' if number == 1 else 's'}"


def _some(texts: Sequence[str], noun: str) -> str:
    """The most frequent of them, and how many others there are."""
    counted = Counter(shorten(clean_line(text), SUBJECT_CHARS) for text in texts)
    shown = [text for text, _ in counted.most_common(NAMES)]
    rest = len(counted) - len(shown)
    return listed([*shown, f"{rest} other {noun}{'' if rest == 1 else 's'}"] if rest else shown)
