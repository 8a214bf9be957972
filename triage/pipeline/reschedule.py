"""Work the times of waiting cases out anew, after the policy has changed.

Rules: a window began when it began, whatever the policy says now; what is overdue by the new
policy happens at once, but in working time; a reminder that went out is not sent again.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from triage.pipeline.timing import basis_of
from triage.store import audit, cases, timers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from triage.pipeline.timing import CaseClock

log = logging.getLogger(__name__)


def reschedule(
    tx: Connection,
    clock: CaseClock,
    now: float,
    *,
    serves: Callable[[Connection, int], bool] = lambda _tx, _case_id: True,
) -> int:
    """Set the timers of other policies by this one; how many cases that concerns.

    `serves` tells of the number of a case whether it goes by this policy.
    """
    found: dict[tuple[int, int, float, int, bool], list[timers.Timer]] = defaultdict(list)
    for timer in timers.of_other_policies(tx, clock.policy.stamp):
        if not serves(tx, timer.case_id):
            continue
        window = (timer.case_id, timer.message_id, timer.began_at, timer.step)
        found[(*window, timer.kind == "update")].append(timer)
    changed = set()
    for together in found.values():
        if _moved(tx, clock, together, now):
            changed.add(together[0].case_id)
    for case_id in sorted(changed):
        audit.note(tx, "rescheduled", now=now, case_id=case_id, detail=clock.policy.stamp)
    if changed:
        log.info(
            "the policy has changed; the times of waiting cases follow it",
            extra={"action": "rescheduled", "cases": len(changed)},
        )
    return len(changed)


def _moved(tx: Connection, clock: CaseClock, window: Sequence[timers.Timer], now: float) -> bool:
    """Set the timers of one window anew; whether one of them fires at another time."""
    before = {timer.kind: timer.due_at for timer in window}
    for timer in window:
        timers.finish(tx, timer.id, now)
    first, basis = window[0], basis_of(window[0])
    case = cases.get(tx, first.case_id)
    after: dict[str, float] = {}
    if "update" in before:
        if not case.open:
            return False
        kinds: tuple[timers.Kind, ...] = ("update",)
    elif case.status != "open" or first.began_at < case.stopped_at:
        return False
    else:
        kinds = ("remind", "level") if "remind" in before else ("level",)
    for kind in kinds:
        due_at = clock.due_at(kind, basis, first.began_at)
        if due_at is not None:
            after[kind] = due_at if due_at > now else clock.calendar.add(now, 0)
            timer = replace(first, kind=kind)
            timers.put_again(tx, timer, due_at=after[kind], policy=clock.policy.stamp)
    return after != before
