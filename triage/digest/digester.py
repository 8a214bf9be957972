"""Send each digest once, at its time: called again and again by the running program.

Rules: what says that a digest was made is committed together with its mail; a digest that cannot
be made stops nothing else.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.digest.gather import Gatherer
from triage.digest.schedule import LONGEST_S, may_go, newest_due, periods_of
from triage.messages import Occasion, Urgency
from triage.pipeline.contained import is_of_store, report
from triage.pipeline.envelope import EnvelopeGuard
from triage.presence import absence_on
from triage.store import digests, held, outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from triage.calendars import Calendar
    from triage.config import Firm
    from triage.digest.letter import LetterWriter
    from triage.digest.model import Digest
    from triage.digest.schedule import Due, Period
    from triage.messages import Notice
    from triage.policy import Person, Policy
    from triage.store.engine import Store

log = logging.getLogger(__name__)

LOOK_EVERY_S = 30.0
REST_S = 3600.0  # after a digest that could not be made


@dataclass(kw_only=True)
class Digester:
    """Makes the digests of all people.

    `queued` is called after a digest has come into the outbox. `ready` says, by a moment and the
    present one, whether all mail up to that moment has been read.
    """

    store: Store
    policy: Policy
    firm: Firm
    letters: LetterWriter
    queued: Callable[[], None] = lambda: None
    ready: Callable[[Connection, float, float], bool] = lambda _tx, _up_to, _now: True
    _looked_at: float = field(default=float("-inf"), init=False)
    _resting: dict[tuple[str, Period], float] = field(default_factory=dict, init=False)

    @property
    def _gatherer(self) -> Gatherer:
        return Gatherer(policy=self.policy, zone=self.firm.timezone)

    @property
    def _calendar(self) -> Calendar:
        return self._gatherer.calendar

    def look(self, now: float) -> None:
        """Make what has fallen due; cheap when nothing has. `now` in epoch seconds."""
        if 0 <= now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        for person in self.policy.people.values():
            for period in periods_of(self.policy, person):
                if now >= self._resting.get((person.id, period), now):
                    self._try(person, period, now)

    def _try(self, person: Person, period: Period, now: float) -> None:
        try:
            self._make_if_due(person, period, now)
        except Exception as error:
            if is_of_store(error):
                raise
            report("a digest cannot be made", error, action="digest", person=person.id)
            self._resting[person.id, period] = now + REST_S

    def _make_if_due(self, person: Person, period: Period, now: float) -> None:
        calendar = self._calendar
        with self.store.read() as tx:
            since = digests.covered_until(tx, person.id, period, now)
        if since is None:
            with self.store.write() as tx:
                digests.begin(tx, person.id, period, now)
            return
        due = newest_due(calendar, self.policy.digests, period, now)
        away = absence_on(person, calendar.day_of(now))
        if due is None or due.at <= since or away or not may_go(calendar, now):
            return
        with self.store.read() as tx:
            if digests.is_made(tx, person.id, period, due.key):
                return
            if not self.ready(tx, due.at, now):
                self._looked_at = float("-inf")  # mail is being read this very moment
                return
            since = max(since, now - LONGEST_S)
            digest = self._gatherer.gather(tx, person, period, since=since, until=now)
        self._keep(person, due, digest)

    def _keep(self, person: Person, due: Due, digest: Digest) -> None:
        send = digest.period == "week" or not digest.is_empty
        notice = self.letters.notice(digest, person, due.key) if send else None
        with self.store.write() as tx:
            if digests.is_made(tx, person.id, digest.period, due.key):
                return
            guard = EnvelopeGuard(policy=self.policy, firm=self.firm)
            outbox_id = _queue(tx, guard, notice, digest.until) if notice else None
            if notice:
                told = [brief.outbox_id for brief in digest.held]
                held.told_in_digest(tx, told, notice.message_id, digest.until)
            digests.put(
                tx,
                person=person.id,
                period=digest.period,
                key=due.key,
                since=digest.since,
                until=digest.until,
                outbox_id=outbox_id,
            )
        if notice:
            log.info(
                "digest made",
                extra={"action": "digest", "person": person.id, "period": due.key},
            )
            self.queued()


def send_now(
    store: Store, guard: EnvelopeGuard, letters: LetterWriter, digest: Digest, person: Person
) -> bool:
    """Put a digest that somebody asked for into the outbox; it stands for no other one.

    False when it is there already: the same one, made in the same minute.
    """
    notice = letters.notice(digest, person, f"by hand {int(digest.until) // 60}")
    with store.write() as tx:
        if outbox.by_rfc_ids(tx, [notice.message_id]):
            return False
        _queue(tx, guard, notice, digest.until)
    return True


def _queue(tx: Connection, guard: EnvelopeGuard, notice: Notice, now: float) -> int:
    """Put it into the outbox; its number there."""
    guard.post(
        tx,
        notice,
        email=None,
        case_id=None,
        message_id=None,
        occasion=Occasion.DIGEST.value,
        urgency=Urgency.LOW,
        now=now,
    )
    return outbox.by_rfc_ids(tx, [notice.message_id])[0].id
