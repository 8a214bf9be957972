"""Read from the store what a digest says; everything as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage import drift
from triage.calendars import calendar_of
from triage.digest.counting import answer_times, check_folder, count_mail, trends
from triage.digest.model import WEEKS, Digest, Escalated, HeldBack, OpenCase, Review, ReviewMail
from triage.digest.sight import Sight
from triage.followup import course_of, routes_of
from triage.naming import named_in
from triage.parsing import parse
from triage.pipeline.repeats import repeated_matters
from triage.policy import kinds_key
from triage.rendering.ids import reference_of
from triage.store import cases, held, history, inbox, issues, listings, mailboxes, overview
from triage.summary.people import organisation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from triage.calendars import Calendar
    from triage.digest.model import FolderCheck
    from triage.policy import Person, Policy
    from triage.repeats import Repeated
    from triage.store.cases import Case
    from triage.store.inbox import Decided

WEEK_S = drift.WEEK_S
REVIEW_SHOWN = 3
REVIEW_SEARCHED = 12
REVIEW_COUNTED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatherer:
    """Gathers digests by the policy. `zone` is the firm's time zone, by name."""

    policy: Policy
    zone: str

    @property
    def calendar(self) -> Calendar:
        """Working time, or the clock."""
        return calendar_of(self.policy.hours, self.zone)

    def gather(
        self, tx: Connection, person: Person | None, period: str, *, since: float, until: float
    ) -> Digest:
        """What this person should know of [since, until); of None: who runs triage."""
        kept = issues.kept_from(tx, person.id) if person else frozenset()
        sight = Sight(policy=self.policy, person=person, kept=kept)
        look = _Look(gatherer=self, tx=tx, sight=sight, since=since, until=until)
        return look.digest(person, period)


@dataclass(frozen=True, kw_only=True)
class _Look:
    """One look at the store, for one reader and span of time."""

    gatherer: Gatherer
    tx: Connection
    sight: Sight
    since: float
    until: float

    def digest(self, person: Person | None, period: str) -> Digest:
        """Everything together."""
        alive = cases.alive_since(self.tx, min(self.since, self.until - WEEKS * WEEK_S))
        standing = [case for case in alive if case.merged_into is None]
        mine = [case for case in standing if self.sight.sees(case)]
        kinds = issues.kinds_of_cases(self.tx)
        arrived = overview.arrived(self.tx, self.since, self.until)
        hidden = {mail.case_id for mail in arrived if mail.case_id and not self._sees(mail.case_id)}
        calendar = self.gatherer.calendar
        return Digest(
            person=person.id if person else "",
            name=person.name if person else "",
            period=period,
            since=self.since,
            until=self.until,
            whole=self.sight.whole_inbox,
            held=self._held(person, kinds) if person else (),
            open_cases=self._open_cases(mine, kinds),
            escalated=self._escalated(mine, kinds),
            review=self._review() if self.sight.whole_inbox else Review(),
            answers=answer_times(mine, calendar, self.since, self.until),
            by_client=trends(mine, _client_labels, self.until),
            by_kind=trends(mine, lambda case: self._titles(case, kinds), self.until),
            drift=self._drift() if self.sight.whole_inbox else (),
            repeated=self._repeated() if self.sight.whole_inbox else (),
            mail=count_mail(arrived, hidden, with_parts=self.sight.everything),
            folders=tuple(self._folders()),
        )

    def _sees(self, case_id: int) -> bool:
        return self.sight.sees(cases.get(self.tx, case_id))

    def _held(self, person: Person, kinds: Mapping[int, Mapping[str, str]]) -> tuple[HeldBack, ...]:
        """What waited for this digest, the most urgent first."""
        found = []
        for row in held.held_for_digest(self.tx, person):
            case = cases.get(self.tx, row.case_id)
            if self.sight.sees(case):
                mail = inbox.decided(self.tx, row.message_id)
                found.append(
                    HeldBack(
                        outbox_id=row.id,
                        case_id=case.id,
                        titles=self._titles(case, kinds),
                        client=mail.client,
                        subject=mail.subject,
                        urgency=row.urgency,
                        at=row.created_at,
                        because=row.detail,
                        reference=reference_of(row.rfc_id),
                    )
                )
        return tuple(sorted(found, key=lambda one: (-one.urgency, one.at, one.outbox_id)))

    def _open_cases(
        self, mine: Sequence[Case], kinds: Mapping[int, Mapping[str, str]]
    ) -> tuple[OpenCase, ...]:
        found = [self._open_case(case, kinds) for case in mine if case.open]
        return tuple(
            sorted(found, key=lambda one: (not one.overdue, -one.urgency, one.opened_at, one.id))
        )

    def _open_case(self, case: Case, kinds: Mapping[int, Mapping[str, str]]) -> OpenCase:
        due_at = self._due_at(case, kinds)
        return OpenCase(
            id=case.id,
            titles=self._titles(case, kinds),
            client=case.client,
            subject=case.subject,
            urgency=case.urgency,
            opened_at=case.opened_at,
            told=self._names(case.recipients),
            holder=self._name_at(case.owner),
            seen=case.status == "acknowledged",
            due_at=due_at,
            overdue=due_at is not None and due_at < self.until,
            answered_at=case.answered_at,
        )

    def _due_at(self, case: Case, kinds: Mapping[int, Mapping[str, str]]) -> float | None:
        """Until when somebody is to react to what is newest; None when somebody has."""
        reacted = case.status != "open" or case.stopped_at >= case.updated_at
        policy = self.gatherer.policy
        routes = routes_of(policy, case.tags, kinds_key(kinds.get(case.id, {})))
        course = None if reacted else course_of(policy, routes)
        return self.gatherer.calendar.add(case.updated_at, course.window(0)) if course else None

    def _escalated(
        self, mine: Sequence[Case], kinds: Mapping[int, Mapping[str, str]]
    ) -> tuple[Escalated, ...]:
        told = overview.told(self.tx, self.since, self.until)
        first = {one.case_id: one.at for one in reversed(told)}
        found = [
            Escalated(
                id=case.id,
                titles=self._titles(case, kinds),
                client=case.client,
                subject=case.subject,
                urgency=case.urgency,
                at=first[case.id],
                new=case.opened_at >= self.since,
                told=self._people(one.recipient for one in told if one.case_id == case.id),
                status=case.status,
            )
            for case in mine
            if case.id in first
        ]
        return tuple(sorted(found, key=lambda one: (-one.urgency, one.at, one.id)))

    def _titles(self, case: Case, kinds: Mapping[int, Mapping[str, str]]) -> tuple[str, ...]:
        """What a case is about: the titles of its kinds, else of its tags."""
        key = kinds_key(kinds.get(case.id, {}))
        routes = [(tag, self.gatherer.policy.route_of(tag, key)) for tag in case.tags]
        return tuple(route.title if route else tag for tag, route in routes)

    def _names(self, ids: Sequence[str]) -> tuple[str, ...]:
        people = self.gatherer.policy.people
        return tuple(people[each].name for each in ids if each in people)

    def _people(self, addresses: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._name_at(each) for each in addresses))

    def _name_at(self, address: str) -> str:
        """Who has an address, by name; the address where it is nobody's of the policy."""
        people = self.gatherer.policy.people.values()
        return next((p.name for p in people if p.address.lower() == address.lower()), address)

    def _review(self) -> Review:
        waiting = [
            mail
            for mail in inbox.unsure(self.tx, REVIEW_COUNTED)
            if mail.case_id is None or self._sees(mail.case_id)
        ]
        may_show = [mail for mail in waiting[:REVIEW_SEARCHED] if not self._is_about_reader(mail)]
        return Review(
            count=len(waiting),
            oldest_at=min((mail.received_at for mail in waiting), default=None),
            first=tuple(
                ReviewMail(
                    id=mail.id,
                    sender=mail.sender,
                    subject=mail.subject,
                    received_at=mail.received_at,
                )
                for mail in may_show[:REVIEW_SHOWN]
            ),
        )

    def _is_about_reader(self, mail: Decided) -> bool:
        """Whether a mail that nobody has judged yet names its reader: it may be a complaint."""
        if self.sight.person is None:
            return False
        content = inbox.load(self.tx, mail.id).raw.content
        if not content:  # its words were deleted, so that nobody can tell
            return True
        email = parse(content)
        text = f"{mail.subject}\n{email.new_text}"
        everybody = self.gatherer.policy.people.values()
        named = named_in(text, everybody, writer=email.sender.address)
        return self.sight.person.id in named

    def _repeated(self) -> tuple[Repeated, ...]:
        """Once: with the digest of the time in which a brief said so; nothing kept from them."""
        found = repeated_matters(self.tx, self.until, self.gatherer.policy)
        return tuple(
            each
            for each in found
            if self.since <= (each.suggested_at or 0.0) < self.until
            and not self.sight.kept.intersection(each.cases)
        )

    def _drift(self) -> tuple[str, ...]:
        since = self.until - (drift.WEEKS_BEFORE + 1) * WEEK_S
        weeks = drift.weeks(history.judged(self.tx, since, self.until), self.until)
        return tuple(move.sentence for move in drift.moves(weeks))

    def _folders(self) -> Iterator[FolderCheck]:
        for box in mailboxes.everything(self.tx):
            listing = listings.of_mailbox(self.tx, box.id)
            rows = listings.rows_of(self.tx, box)
            yield check_folder(box, listing, rows, since=self.since, until=self.until)


def _client_labels(case: Case) -> tuple[str, ...]:
    """The organisation of a case's client, else the address."""
    return (organisation(case.client.rpartition("@")[2]) or case.client,)
