"""Look at a timer that fell due: remind once when nobody has answered a brief."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.messages import Occasion
from triage.pipeline.contained import contained
from triage.store import audit, cases, outbox, timers

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from triage.pipeline.again import Rewriter
    from triage.store.engine import Store
    from triage.store.timers import Timer

log = logging.getLogger(__name__)


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
        told = {row.recipient for row in outbox.of_case(tx, case.id)}
        people = [p for p in self.rewriter.policy.people.values() if p.address in told]
        if case.status != "open" or not people:
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
