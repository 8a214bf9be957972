"""What changes the policy while the program runs: absences by a click, edits by hand."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from triage import absences, app
from triage.calendars import calendar_of
from triage.policy_file import load_policy
from triage.runners.policy_watch import PolicyWatch
from triage.store import audit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from triage.policy import Absence, Policy
    from triage.store.engine import Store


def make_watch(
    settings: app.Settings, store: Store, tags: Sequence[str], taken: Callable[[], None]
) -> PolicyWatch:
    """What looks after the policy's file; what became of a change is in the audit trail."""

    def load() -> Policy:
        new = load_policy(settings.config.policy)
        changed = replace(settings, policy=new)
        app.check_routes(tags, changed)
        app.make_writer(changed)
        return new

    def take(new: Policy) -> None:
        _note(store, "policy-taken", f"{new.stamp} instead of {settings.policy.stamp}")
        taken()

    def refuse(why: str) -> None:
        _note(store, "policy-refused", f"{settings.policy.stamp} stays in force: {why}")

    path = settings.config.policy
    return PolicyWatch(path=path, known=settings.policy, load=load, taken=take, refused=refuse)


def add_absence(
    settings: app.Settings, store: Store | None, person: str, away: Absence, *, by: str, now: float
) -> Policy:
    """Write down that somebody is away. `by`: who says so. `now` in epoch seconds.

    Raises:
        ConfigError, TriageError: see `absences.add_absence`.
    """
    policy = absences.add_absence(settings.config.policy, person, away, today=_today(settings, now))
    deputy = f", {away.deputy} stands in" if away.deputy else ""
    _note(store, "absent", f"{person} from {away.first} to {away.last}{deputy}, by {by}", now)
    return policy


def end_absence(
    settings: app.Settings,
    store: Store | None,
    person: str,
    days: tuple[date, date],
    *,
    by: str,
    now: float,
) -> Policy:
    """Take the absence of these days out again.

    Raises:
        ConfigError, TriageError: see `absences.end_absence`.
    """
    policy = absences.end_absence(settings.config.policy, person, *days)
    _note(store, "present", f"{person}, not away from {days[0]} to {days[1]}, by {by}", now)
    return policy


def _today(settings: app.Settings, now: float) -> date:
    calendar = calendar_of(settings.policy.hours, settings.config.firm.timezone)
    return calendar.day_of(now)


def _note(store: Store | None, action: audit.Action, detail: str, now: float | None = None) -> None:
    if store is not None:
        with store.write() as tx:
            audit.note(tx, action, now=time.time() if now is None else now, detail=detail)
