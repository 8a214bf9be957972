"""Which briefs wait for their reader's digest, and why. Pure.

Rules: nothing waits for somebody who gets no daily digest. What is "high" or "urgent" never waits,
nor what wants an answer within less than a working day; nor does anything but the first word of a
matter and what is new in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.followup import routes_of
from triage.messages import Occasion, Urgency
from triage.policy import DAY_S

if TYPE_CHECKING:
    from triage.messages import Escalation, Recipient
    from triage.policy import Policy
    from triage.store.outbox import HeldFor

MAY_WAIT = frozenset({Occasion.FIRST, Occasion.NEW_TAG, Occasion.WORSE})


def gets_daily(policy: Policy, person_id: str) -> bool:
    """Whether somebody gets a digest each working day."""
    person, rules = policy.people.get(person_id), policy.digests
    if person is None:
        return False
    usual = rules.management if person_id in policy.management else rules.others
    return (person.digest or usual) in {"daily", "both"}


def budget_of(policy: Policy, person_id: str) -> int:
    """How many briefs somebody gets a day; 0: as many as there are."""
    person = policy.people.get(person_id)
    own = person.daily if person else None
    return policy.volume.daily if own is None else own


def may_wait(policy: Policy, escalation: Escalation) -> bool:
    """Whether anybody's brief of it may wait at all."""
    window, day_s = escalation.acknowledge_within_s, policy.hours.day_s if policy.hours else DAY_S
    return (
        escalation.occasion in MAY_WAIT
        and escalation.urgency < Urgency.HIGH
        and (window is None or window >= day_s)
    )


def waits_for(
    policy: Policy, escalation: Escalation, person: Recipient, *, kind: str, told_today: int
) -> tuple[HeldFor, str] | None:
    """Why a brief waits for its reader's digest, in a word and in words; None: it goes out.

    `kind` names the kinds of the mail, see `policy.kinds_key`; `told_today`: how many briefs the
    reader got today.
    """
    if not may_wait(policy, escalation) or not gets_daily(policy, person.id):
        return None
    if says := _low(policy, escalation, person, kind):
        return "low", says
    budget = budget_of(policy, person.id)
    if budget and told_today >= budget:
        return "budget", f"over the day's budget of {budget} brief{'' if budget == 1 else 's'}"
    return None


def _low(policy: Policy, escalation: Escalation, person: Recipient, kind: str) -> str:
    routes = routes_of(policy, person.tags or escalation.tags, kind)
    if routes and all(route.deliver == "digest" for route in routes):
        titles = " and ".join(f'"{route.title}"' for route in routes)
        return f"low urgency: {titles} goes to the digest"
    below = policy.volume.digest_below
    if below is not None and escalation.urgency < below:
        word = escalation.urgency.label
        return f'low urgency: what is "{word}" goes to the digest'
    return ""
