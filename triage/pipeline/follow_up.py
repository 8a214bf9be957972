"""Look at timers that fell due: remind those who were told, then tell the next level.

Rules: nothing fires before the mail that came until then has been read, since an answer may be
among it; nor in the middle of the night because the program was down in the evening; and what
nobody has been able to read yet is nobody's silence.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from triage.messages import Occasion
from triage.parsing import parse
from triage.pipeline.again import Timing
from triage.pipeline.contained import contained
from triage.pipeline.informing import Informer
from triage.pipeline.people import people_outside
from triage.pipeline.reschedule import reschedule
from triage.pipeline.storms import StormTeller
from triage.pipeline.timing import basis_of, in_words
from triage.store import (
    answers,
    audit,
    cases,
    held,
    inbox,
    issues,
    labels,
    mailboxes,
    outbox,
    timers,
)
from triage.summary.wording import listed, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sqlalchemy import Connection

    from triage.followup import NextStep
    from triage.pipeline.again import Rewriter
    from triage.pipeline.timing import CaseClock
    from triage.store.engine import Store
    from triage.store.outbox import OutboxRow
    from triage.store.timers import Timer

log = logging.getLogger(__name__)

ON_THEIR_WAY_S = 3600.0  # look again so much later when the briefs have not left yet
UNREAD_S = 900.0  # so long mail that cannot be read, or decided, holds a timer up
LATE_S = 3600.0  # a timer later than that waits for working time

_ON_THE_WAY = {"queued", "sending", held.WAITS}
_READ = {"sent", held.DIGESTED}


@dataclass(kw_only=True)
class FollowUp:
    """The follow-up step. `folders` are (account, folder) of the mail that is watched.

    `serves` tells of the number of a case whether it goes by the policy of `rewriter`.
    """

    store: Store
    rewriter: Rewriter
    folders: Collection[tuple[str, str]] = ()
    serves: Callable[[Connection, int], bool] = lambda _tx, _case_id: True
    _started_at: float | None = field(default=None, init=False)

    def run_due(self, now: float) -> int:
        """Look at every timer that fell due by `now` (epoch seconds).

        Returns:
            How many of them somebody was written to about.
        """
        self.begin(now)
        with self.store.read() as tx:
            due = [
                timer
                for timer in timers.due(tx, now)
                if self.serves(tx, timer.case_id) and self.has_read(tx, timer.due_at, now)
            ]
        return self.release(now) + sum(self._look_at(timer, now) for timer in due)

    def begin(self, now: float) -> None:
        """At the start, work the times of waiting cases out anew where the policy has changed."""
        if self._started_at is None:
            self._started_at = now
            with self.store.write() as tx:
                reschedule(tx, self._clock, now, serves=self.serves)

    def release(self, now: float) -> int:
        """Send out what has waited for a digest as long as it may; how many briefs."""
        with self.store.read() as tx:
            if not held.has_due(tx, now):
                return 0
        with self.store.write() as tx:
            return held.release_due(tx, now)

    def look_at(self, timer_id: int, now: float) -> bool:
        """Look at one timer; False when it is too soon, since mail is yet to be read before it."""
        self.begin(now)
        with self.store.read() as tx:
            timer = timers.get(tx, timer_id)
            if timer is None:
                return True
            if timer.due_at > now or not self.has_read(tx, timer.due_at, now):
                return False
        self._look_at(timer, now)
        return True

    def _look_at(self, timer: Timer, now: float) -> bool:
        """Whether somebody was written to; not when another program was quicker."""
        with self.store.write() as tx:
            if not timers.finish(tx, timer.id, now):
                return False
            action: audit.Action = "raised" if timer.kind == "level" else "reminded"
            with contained(tx, action, case=timer.case_id):
                return self._fire(tx, timer, now)
        return False

    def has_read(self, tx: Connection, up_to: float, now: float) -> bool:
        """Whether all mail up to a moment has been read, or cannot be for long."""
        if now >= max(up_to, now if self._started_at is None else self._started_at) + UNREAD_S:
            return True
        read_at = {(b.account, b.folder): b.looked_at or 0.0 for b in mailboxes.everything(tx)}
        read = all(read_at.get(folder, 0.0) >= up_to for folder in self.folders)
        return read and not inbox.count_pending(tx, now)

    @property
    def _clock(self) -> CaseClock:
        return self.rewriter.clock

    def _fire(self, tx: Connection, timer: Timer, now: float) -> bool:
        if timer.kind == "storm":
            return StormTeller(rewriter=self.rewriter).tell(tx, timer, now)
        case = cases.get(tx, timer.case_id)
        briefs = outbox.briefs_of_case(tx, case.id)
        if timer.kind == "update":
            return Informer(rewriter=self.rewriter).look(tx, timer, case, briefs, now)
        if not _is_to_do(tx, timer, case):
            return False
        later = self._later(timer, briefs, now)
        if later is not None:
            timers.put_again(tx, timer, due_at=later)
            return False
        if timer.kind == "level":
            return self._raise(tx, timer, case, briefs, now)
        return self._remind(tx, timer, case, briefs, now)

    def _later(self, timer: Timer, briefs: Sequence[OutboxRow], now: float) -> float | None:
        """When to look again instead: closed hours, briefs that left late, another calendar."""
        calendar = self._clock.calendar
        if now - timer.due_at > LATE_S and not calendar.is_open(now):
            return calendar.add(now, 0)
        if not timer.began_at:
            return None
        told = [row for row in briefs if row.created_at >= timer.began_at]
        left_at = [row.finished_at for row in told if row.state in _READ and row.finished_at]
        began_at = timer.began_at
        if left_at and min(left_at) - began_at > UNREAD_S:  # nobody could read them any sooner
            began_at = min(left_at)
        kind: timers.Kind = "level" if timer.kind == "level" else "remind"
        due_at = self._clock.due_at(kind, basis_of(timer), began_at)
        return due_at if due_at is not None and due_at > now else None

    def _remind(
        self,
        tx: Connection,
        timer: Timer,
        case: cases.Case,
        briefs: Sequence[OutboxRow],
        now: float,
    ) -> bool:
        if _reminded(briefs, timer) or case.level > timer.step:
            return False
        # Whoever answered since the case last changed has heard of it; others may be reminded.
        answered = answers.people_since(tx, case.id, case.updated_at)
        on_their_way = _on_their_way(briefs)
        of_step = [row for row in briefs if not timer.step or row.created_at >= timer.began_at]
        told = {row.recipient for row in of_step} - on_their_way - answered
        people = [
            person
            for person in self.rewriter.policy.people.values()
            if person.address in told and person.address.lower() not in answered
        ]
        if not people:
            if on_their_way:
                timers.put_again(tx, timer, due_at=now + ON_THEIR_WAY_S)
            return False
        self.rewriter.write(
            tx,
            case_id=case.id,
            message_id=timer.message_id,
            occasion=Occasion.REMINDER,
            people=people,
            timing=self._reminder_timing(tx, case, timer, now),
            now=now,
        )
        audit.note(tx, "reminded", now=now, case_id=case.id, message_id=timer.message_id)
        log.info("reminded", extra={"action": "reminded", "case": case.id})
        return True

    def _spared(self, tx: Connection, case_id: int) -> frozenset[str]:
        """Addresses of the people whom a case is about."""
        return self.rewriter.issues.addresses(issues.spared_people(tx, case_id))

    def _reminder_timing(
        self, tx: Connection, case: cases.Case, timer: Timer, now: float
    ) -> Timing:
        """By when to answer after all, and who hears else."""
        if not timer.began_at:
            return Timing()
        basis = basis_of(timer)
        due_at = self._clock.due_at("level", basis, timer.began_at)
        spared = self._spared(tx, case.id)
        following = self._clock.following(basis, case.recipients, now, spared)
        if due_at is None or following is None:
            return Timing(repeat=f":{timer.began_at:.0f}")
        return Timing(
            repeat=f":{timer.began_at:.0f}",
            answer_by=datetime.fromtimestamp(due_at, UTC),
            next_heard=in_words(following),
        )

    def _raise(
        self,
        tx: Connection,
        timer: Timer,
        case: cases.Case,
        briefs: Sequence[OutboxRow],
        now: float,
    ) -> bool:
        """Tell the next level, unless another timer has done so."""
        if case.level > timer.step:
            return False
        told_by_now = [row for row in briefs if row.state not in _ON_THE_WAY]
        if briefs and not told_by_now:
            timers.put_again(tx, timer, due_at=now + ON_THEIR_WAY_S)
            return False
        basis = replace(basis_of(timer), tags=case.tags)
        message_id = max((row.message_id for row in briefs), default=timer.message_id)
        email = parse(inbox.load(tx, message_id).raw.content)
        excluded = people_outside(email, self.rewriter.writer.firm) | self._spared(tx, case.id)
        following = self._clock.following(basis, case.recipients, now, excluded)
        if following is None:
            audit.note(tx, "unanswered", now=now, case_id=case.id, detail="nobody is left to tell")
            return False
        self._tell(tx, case, timer, following, message_id, now=now)
        told = list(
            dict.fromkeys([*case.recipients, *(there.person.id for there in following.people)])
        )
        cases.reach(tx, case.id, following.step, told)
        if not following.is_last:
            after = replace(basis, step=following.step, opening=False)
            self._clock.set_timers(tx, case_id=case.id, message_id=message_id, basis=after, now=now)
        names = in_words(following)
        detail = f"{following.level.title}: {names}, since nobody answered"
        audit.note(tx, "raised", now=now, case_id=case.id, message_id=message_id, detail=detail)
        log.info("raised", extra={"action": "raised", "case": case.id, "level": following.step})
        return True

    def _tell(
        self,
        tx: Connection,
        case: cases.Case,
        timer: Timer,
        following: NextStep,
        message_id: int,
        *,
        now: float,
    ) -> None:
        level = following.level
        basis = replace(basis_of(timer), tags=case.tags, step=following.step, opening=False)
        why = (f"{level.title}: nobody has answered in time.",)
        people = [there.person for there in following.people]
        heard = [*case.recipients, *(person.id for person in people)]
        due_at = self._clock.due_at("level", basis, now)
        spared = self._spared(tx, case.id)
        after = self._clock.following(basis, heard, now, spared) if due_at else None
        self.rewriter.write(
            tx,
            case_id=case.id,
            message_id=message_id,
            occasion=Occasion.LEVEL,
            people=people,
            note=self._note(case, timer, following),
            timing=Timing(
                repeat=f":{following.step}:{timer.began_at:.0f}",
                answer_by=datetime.fromtimestamp(due_at, UTC) if due_at and after else None,
                next_heard=in_words(after) if after else "",
                why={
                    there.person.id: (*why, there.standing_in) if there.standing_in else why
                    for there in following.people
                },
                standing_in={there.person.id: there.standing_in for there in following.people},
            ),
            now=now,
        )

    def _note(self, case: cases.Case, timer: Timer, following: NextStep) -> str:
        policy = self.rewriter.policy
        names = [policy.people[each].name for each in case.recipients if each in policy.people]
        since = moment(
            datetime.fromtimestamp(timer.began_at, UTC), self.rewriter.writer.firm.timezone
        )
        says = f"Nobody has answered since {since}. Told so far: {listed(names)}."
        if following.is_last:
            return f"{says} This is the last step: nobody else hears."
        return says


def _is_to_do(tx: Connection, timer: Timer, case: cases.Case) -> bool:
    """Whether the case still waits for an answer to what set the timer."""
    if case.status != "open":
        return False
    if timer.began_at and timer.began_at < case.stopped_at:
        return False
    if timer.tags and not set(timer.tags) & set(case.tags):
        return False
    return labels.in_force(tx, timer.message_id) != ()  # () means: somebody said it is nothing


def _on_their_way(briefs: Sequence[OutboxRow]) -> set[str]:
    return {row.recipient for row in briefs if row.state in _ON_THE_WAY}


def _reminded(briefs: Sequence[OutboxRow], timer: Timer) -> bool:
    """Whether a reminder has gone out since the last brief that set such a timer."""
    again = {Occasion.REMINDER, Occasion.UNDELIVERED, Occasion.UPDATE}
    reminders = [row.created_at for row in briefs if row.occasion == Occasion.REMINDER]
    own = [
        row.created_at
        for row in briefs
        if row.message_id == timer.message_id and row.occasion not in again
    ]
    return bool(reminders) and max(reminders) >= max(own, default=timer.due_at)
