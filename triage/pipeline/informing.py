"""Have clients informed: remind whoever has the case when they have not heard from us for long.

Rules: one reminder a period and at most three a case, so that it is no noise; none within a
period of another reminder of the case; and nothing is ever sent to a client.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from triage.addresses import mailbox_key
from triage.messages import Occasion
from triage.pipeline.again import Timing
from triage.pipeline.timing import Basis, basis_of
from triage.policy import kinds_key
from triage.presence import all_present
from triage.store import audit, cases, inbox, issues, timers
from triage.summary.wording import short_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from triage.pipeline.again import Rewriter
    from triage.pipeline.timing import CaseClock
    from triage.policy import Person
    from triage.store.outbox import OutboxRow
    from triage.store.timers import Timer

log = logging.getLogger(__name__)

MOST_REMINDERS = 3  # of one case
_CHASING = frozenset({Occasion.REMINDER, Occasion.LEVEL, Occasion.UPDATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Informer:
    """Looks at the timers by which clients are to hear from us."""

    rewriter: Rewriter

    @property
    def _clock(self) -> CaseClock:
        return self.rewriter.clock

    def look(
        self,
        tx: Connection,
        timer: Timer,
        case: cases.Case,
        briefs: Sequence[OutboxRow],
        now: float,
    ) -> bool:
        """Remind whoever has the case, if the client still waits; whether anybody is reminded."""
        if not case.open or len(_reminders(briefs)) >= MOST_REMINDERS:
            return False
        chased_at = [row.created_at for row in briefs if row.occasion in _CHASING]
        basis = replace(basis_of(timer), tags=case.tags)
        began_at = max([timer.began_at, *chased_at])
        due_at = self._clock.due_at("update", basis, began_at)
        if due_at is None:
            return False
        if due_at > now:
            timers.put_again(tx, timer, due_at=due_at)
            return False
        if not self._clock.calendar.is_open(now):
            timers.put_again(tx, timer, due_at=self._clock.calendar.add(now, 0))
            return False
        return self._remind(tx, timer, case, basis, now)

    def _remind(
        self, tx: Connection, timer: Timer, case: cases.Case, basis: Basis, now: float
    ) -> bool:
        told = [mail.id for mail in inbox.of_case(tx, case.id) if mail.action == "escalated"]
        message_id = max(told, default=timer.message_id)
        self._clock.set_timers(
            tx, case_id=case.id, message_id=message_id, basis=basis, now=now, kinds=("update",)
        )
        reached = self.rewriter.write(
            tx,
            case_id=case.id,
            message_id=message_id,
            occasion=Occasion.UPDATE,
            people=self._people(case, now),
            note=self._note(case, timer),
            timing=Timing(repeat=f":{timer.began_at:.0f}:{now:.0f}"),
            now=now,
        )
        names = ", ".join(person.name for person in reached)
        detail = f"{names or 'nobody'}, since the client has not heard from us"
        audit.note(tx, "update-due", now=now, case_id=case.id, message_id=message_id, detail=detail)
        log.info("reminded of the client", extra={"action": "update-due", "case": case.id})
        return bool(reached)

    def _people(self, case: cases.Case, now: float) -> list[Person]:
        """Whoever has the case: its owner, else who took it up, else all who have heard of it."""
        policy, day = self.rewriter.policy, self._clock.today(now)
        for address in (case.owner, case.acknowledged_by):
            key = mailbox_key(address)
            own = [p.id for p in policy.people.values() if key and p.mailbox == key]
            if there := all_present(policy, own, day):
                return [each.person for each in there]
        heard = [each for each in case.recipients if each in policy.people]
        return [each.person for each in all_present(policy, heard, day)]

    def _note(self, case: cases.Case, timer: Timer) -> str:
        zone = self.rewriter.writer.firm.timezone
        since = case.answered_at or timer.began_at
        says = "has not heard from us since" if case.answered_at else "has waited for word since"
        return f"The client {says} {short_moment(datetime.fromtimestamp(since, UTC), zone)}."


def inform_anew(
    tx: Connection, clock: CaseClock, case: cases.Case, *, answered_at: float, now: float
) -> None:
    """The client was answered at a time: from then on they may wait as long again."""
    for timer in timers.pending(tx, case.id, "update"):
        timers.finish(tx, timer.id, now)
    told = [mail.id for mail in inbox.of_case(tx, case.id) if mail.action == "escalated"]
    if told:
        kinds = {tag: issue.kind for tag, issue in issues.of_case(tx, case.id).items()}
        basis = Basis(tags=case.tags, issue=kinds_key(kinds), step=case.level)
        clock.inform_client(tx, case=case, message_id=max(told), basis=basis, now=answered_at)


def _reminders(briefs: Sequence[OutboxRow]) -> set[float]:
    """When the case's people were reminded of the client, each round once."""
    return {row.created_at for row in briefs if row.occasion == Occasion.UPDATE}
