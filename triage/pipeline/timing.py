"""When somebody must have answered a case, and who hears else: by the policy, in working time.

Rules: times are worked out from the moment a window began, so that they can be worked out anew
after a change of the policy; a further mail never makes an unanswered case wait longer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from triage.calendars import calendar_of
from triage.followup import course_of, next_step, routes_of, update_window
from triage.store import cases, timers
from triage.summary.wording import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from sqlalchemy import Connection

    from triage.calendars import Calendar
    from triage.config import Firm
    from triage.followup import Course, NextStep
    from triage.messages import Escalation
    from triage.policy import Policy, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What the times of a case are worked out from: the routes of these tags, at this step.

    `issue` is the kind of issue that refines the routes. `opening`: nobody has been told since
    the first briefs, at whichever step the case began.
    """

    tags: tuple[str, ...]
    issue: str = ""
    step: int = 0
    opening: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClock:
    """The policy's times for cases. `zone` is the firm's time zone, by name.

    `firm` tells clients from our own people, whom nobody needs to keep informed; None: nobody is.
    """

    policy: Policy
    zone: str
    firm: Firm | None = None

    @property
    def calendar(self) -> Calendar:
        """Working time, or the clock."""
        return calendar_of(self.policy.hours, self.zone)

    def today(self, now: float) -> date:
        """Which day it is for the firm."""
        return self.calendar.day_of(now)

    def dated(
        self,
        escalation: Escalation,
        told: Sequence[str],
        now: float,
        *,
        issue: str = "",
        excluded: Collection[str] = (),
    ) -> Escalation:
        """The same with the time until which to answer, and who hears else.

        `told` are ids of all who have heard by then, `excluded` addresses of who must not. A policy
        with neither hours nor levels says no more than how long there is time.
        """
        if not (self.policy.hours or self.policy.levels):
            return escalation
        basis = Basis(tags=escalation.tags, issue=issue, step=escalation.level)
        course = self.course(basis)
        if course is None:
            return escalation
        due_at = self.calendar.add(now, course.window(basis.step))
        following = self.following(basis, told, now, excluded)
        return replace(
            escalation,
            answer_by=datetime.fromtimestamp(due_at, UTC),
            next_heard=in_words(following) if following else "",
        )

    def course(self, basis: Basis) -> Course | None:
        """How long such a case waits; None when nobody is reminded."""
        return course_of(self.policy, self.routes(basis))

    def routes(self, basis: Basis) -> list[Route]:
        """The routes whose people must know of such a case."""
        return routes_of(self.policy, basis.tags, basis.issue)

    def following(
        self, basis: Basis, told: Collection[str], now: float, excluded: Collection[str] = ()
    ) -> NextStep | None:
        """Who hears next when nobody answers; None when nobody is left."""
        course = self.course(basis)
        if course is None:
            return None
        return next_step(
            self.policy,
            course.levels,
            self.routes(basis),
            basis.step,
            told=told,
            day=self.today(now),
            excluded=excluded,
        )

    def due_at(self, kind: timers.Kind, basis: Basis, began_at: float) -> float | None:
        """When such a timer fires; None when the policy sets none."""
        if kind == "update":
            window = update_window(self.policy, self.routes(basis))
            return self.calendar.add(began_at, window) if window else None
        course = self.course(basis)
        if course is None:
            return None
        if kind == "level":
            if not course.goes_on(basis.step):
                return None
            return self.calendar.add(began_at, course.window(basis.step, opening=basis.opening))
        after_s = course.remind_after(basis.step, opening=basis.opening)
        return self.calendar.add(began_at, after_s)

    def start(
        self,
        tx: Connection,
        *,
        before: cases.Case | None,
        case_id: int,
        message_id: int,
        basis: Basis,
        now: float,
    ) -> None:
        """People were told of something new in a case: set its timers.

        `before` is the case as it was; while nobody had answered it, its level stays.
        """
        unanswered = before is not None and before.status == "open"
        step = max(basis.step, before.level if before and unanswered else 0)
        case = cases.get(tx, case_id)
        cases.reach(tx, case_id, step, case.recipients)
        basis = replace(basis, step=step)
        self.set_timers(tx, case_id=case_id, message_id=message_id, basis=basis, now=now)
        self.inform_client(tx, case=case, message_id=message_id, basis=basis, now=now)

    def update_by(self, tx: Connection, case: cases.Case, basis: Basis, now: float) -> float | None:
        """Until when the client is to hear from us; None when they need not."""
        if self.firm is None or self.firm.role_of(case.client) == "staff":
            return None
        waiting = [timer.due_at for timer in timers.pending(tx, case.id, "update")]
        ahead = [due_at for due_at in waiting if due_at > now]
        return min(ahead, default=None) or self.due_at("update", basis, now)

    def inform_client(
        self, tx: Connection, *, case: cases.Case, message_id: int, basis: Basis, now: float
    ) -> None:
        """Have the client informed in time; one who waits already does not wait any longer."""
        due_at = self.update_by(tx, case, basis, now)
        if due_at is not None and not timers.pending(tx, case.id, "update"):
            self.set_timers(
                tx,
                case_id=case.id,
                message_id=message_id,
                basis=basis,
                now=now,
                kinds=("update",),
            )

    def set_timers(
        self,
        tx: Connection,
        *,
        case_id: int,
        message_id: int,
        basis: Basis,
        now: float,
        kinds: Iterable[timers.Kind] = ("remind", "level"),
    ) -> None:
        """Set the timers of a window that begins now; a level that is due sooner stays so."""
        level_at = [
            timer.due_at
            for timer in timers.waiting(tx, case_id)
            if timer.kind == "level" and timer.step == basis.step
        ]
        for kind in kinds:
            due_at = self.due_at(kind, basis, now)
            if due_at is None or (kind == "level" and min(level_at, default=due_at + 1) <= due_at):
                continue
            timers.put(
                tx,
                case_id=case_id,
                message_id=message_id,
                kind=kind,
                due_at=due_at,
                began_at=now,
                step=basis.step,
                tags=basis.tags,
                issue=basis.issue,
                opening=basis.opening,
                policy=self.policy.stamp,
            )


def basis_of(timer: timers.Timer) -> Basis:
    """What a timer was worked out from."""
    return Basis(tags=timer.tags, issue=timer.issue, step=timer.step, opening=timer.opening)


def in_words(following: NextStep) -> str:
    """Who hears next, as a sentence speaks of them."""
    return listed([there.person.name for there in following.people])
