"""Look at a timer that fell due: remind once when nobody has answered a brief."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.messages import Occasion
from triage.pipeline.contained import contained
from triage.store import answers, audit, cases, labels, outbox, timers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from triage.pipeline.again import Rewriter
    from triage.store.engine import Store
    from triage.store.outbox import OutboxRow
    from triage.store.timers import Timer

log = logging.getLogger(__name__)

ON_THEIR_WAY_S = 3600.0  # look again so much later when the briefs have not left yet


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """The follow-up step."""

    store: Store
    rewriter: Rewriter

    def run_due(self, now: float) -> int:
        """Look at every timer that fell due by `now` (epoch seconds); how many reminders."""
        with self.store.read() as tx:
            due = timers.due(tx, now)
        reminded = 0
        for timer in due:
            with self.store.write() as tx:
                if not timers.finish(tx, timer.id, now):
                    continue
                with contained(tx, "reminded", case=timer.case_id):
                    reminded += self._remind(tx, timer, now)
        return reminded

    def _remind(self, tx: Connection, timer: Timer, now: float) -> bool:
        case = cases.get(tx, timer.case_id)
        briefs = outbox.briefs_of_case(tx, case.id)
        on_their_way = {row.recipient for row in briefs if row.state in {"queued", "sending"}}
        told = {row.recipient for row in briefs} - on_their_way  # only they can have answered
        # Whoever answered since the case last changed has heard of it; others may be reminded.
        answered = answers.people_since(tx, case.id, case.updated_at)
        people = [
            p
            for p in self.rewriter.policy.people.values()
            if p.address in told and p.address.lower() not in answered
        ]
        if case.status != "open" or _reminded(briefs, timer):
            return False
        if labels.in_force(tx, timer.message_id) == ():  # somebody said that it is nothing
            return False
        if not people:
            if on_their_way:
                _look_again(tx, timer, now)
            return False
        self.rewriter.write(
            tx,
            case_id=case.id,
            message_id=timer.message_id,
            occasion=Occasion.REMINDER,
            people=people,
            now=now,
        )
        audit.note(tx, "reminded", now=now, case_id=case.id, message_id=timer.message_id)
        log.info("reminded", extra={"action": "reminded", "case": case.id})
        return True


def _look_again(tx: Connection, timer: Timer, now: float) -> None:
    due_at = now + ON_THEIR_WAY_S
    timers.put(
        tx, case_id=timer.case_id, message_id=timer.message_id, kind=timer.kind, due_at=due_at
    )


def _reminded(briefs: Sequence[OutboxRow], timer: Timer) -> bool:
    """Whether a reminder has gone out since the last brief that set such a timer."""
    again = {Occasion.REMINDER, Occasion.UNDELIVERED}
    reminders = [row.created_at for row in briefs if row.occasion == Occasion.REMINDER]
    own = [
        row.created_at
        for row in briefs
        if row.message_id == timer.message_id and row.occasion not in again
    ]
    return bool(reminders) and max(reminders) >= max(own, default=timer.due_at)
