"""Decides, with the store at hand, which briefs of an escalation wait for a digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.policy import DAY_S
from triage.store import held
from triage.store.outbox import Hold
from triage.volume import may_wait, waits_for

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from triage.messages import Escalation, Recipient
    from triage.pipeline.timing import Basis, CaseClock

_DAYS = 2  # of work that a brief waits at most which wants no answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Holds by the policy and the hours of `clock`."""

    clock: CaseClock

    def hold(
        self, tx: Connection, escalation: Escalation, person: Recipient, basis: Basis, now: float
    ) -> Hold | None:
        """Why, and until when at most, the brief to `person` waits; None: it goes out."""
        policy, calendar = self.clock.policy, self.clock.calendar
        if not may_wait(policy, escalation):  # spares a look at the store
            return None
        midnight = calendar.instant(calendar.day_of(now), 0)
        why = waits_for(
            policy,
            escalation,
            person,
            kind=basis.issue,
            told_today=held.briefs_since(tx, person.address, midnight),
        )
        if why is None:
            return None
        day_s = policy.hours.day_s if policy.hours else DAY_S
        until = self.clock.due_at("remind", basis, now) or calendar.add(now, _DAYS * day_s)
        return Hold(held_for=why[0], says=why[1], until=until)
