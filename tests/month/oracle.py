"""What should happen in the month: every mail's outcome, and who is written to when, and why.

It walks from event to event through the planned mail, the answers that people give, and the
times at which something falls due. It shares no code with the program.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.month.answering import Reply
from tests.month.cards import Case, Move
from tests.month.hearing import Office, rule_for, urgency_of, who_hears
from tests.month.mails import NOT_READ, QUIET_DAYS
from tests.month.taking import Taking
from tests.month.world import FALLBACK, SPARING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.month.hearing import Hearing
    from tests.month.mails import Mail


@dataclass(kw_only=True)
class Oracle(Taking):
    """Works the month out. `sent` and `actions` are what is expected, `arrivals` what comes in."""

    def run(self) -> None:
        """Let the month pass."""
        for mail in self.planned:
            heapq.heappush(self._inbox, (mail.at, next(self._order), mail))
        moves = list(self.moves)
        while self._inbox or self._timers or moves:
            upcoming = [queue[0][0] for queue in (self._inbox, self._timers) if queue]
            self._now = self._up(min([*upcoming, *(move.at for move in moves[:1])]))
            if self._now >= self.world.end:
                return
            while self._inbox and self._inbox[0][0] <= self._now:
                self._arrive(heapq.heappop(self._inbox)[2])
            while moves and moves[0].at <= self._now:
                self._move(moves.pop(0))
            due = []
            while self._timers and self._timers[0][0] <= self._now:
                due.append(heapq.heappop(self._timers))
            for at, _, what, window in due:
                self._fall_due(at, what, window)

    def _up(self, minute: int) -> int:
        """The minute, or when the program runs again."""
        return next((end for begin, end in self.world.downs if begin <= minute < end), minute)

    def _move(self, move: Move) -> None:
        """A mail in the folder of a tag has that tag and no other; its case follows, or opens."""
        mail, said = self._mails[move.mail], [move.tag] if move.tag else []
        labelled = self._labels.get(mail.number)
        if labelled is not None and (move.tag in labelled if move.tag else not labelled):
            return  # somebody has said so before
        recent = mail.at >= self._now - QUIET_DAYS * 24 * 60
        case = next((each for each in self.cases if mail.number in each.mails), None)
        if case is None and said and recent and (case := self._case_of(mail)):
            case.mails.append(mail.number)
        if case and (case.status != "closed" or (recent and said)):
            self._spare(mail, case)
            self._correct(case, mail, said)
            return
        self._labels[mail.number] = said
        if said and case is None and recent:
            self._open(mail, said)

    def _open(self, mail: Mail, said: Sequence[str]) -> None:
        kinds = {t: k for t, k in self._kinds.get(mail.number, {}).items() if t in said}
        barred = self._spare(mail, None)
        office = Office(world=self.world, day=self._day, barred=barred)
        urgency = max(urgency_of(t, rule_for(t, kinds), mail.matter.words) for t in said)
        hearing = who_hears(
            office, said, kinds, known=[], urgency=urgency, told=[], turns=self._turns
        )
        hearing.take_turns(self._turns, said, kinds)
        case = self._begin(mail, said, urgency, hearing.people)
        case.spared |= barred
        self._tell(case, hearing.people, "corrected", mail.number)
        case.reached = hearing.reached
        self._wait(case, mail.number, tuple(said), kinds, opening=True)

    # ---- Mail ------------------------------------------------------------------------------------

    def _arrive(self, event: Mail | Reply) -> None:
        self.arrivals.append(event)
        if isinstance(event, Reply):
            self._answer(event)
        elif event.sort in NOT_READ:
            self.actions[event.number] = self._unread(event)
        else:
            self.actions[event.number] = self._judge(event)

    def _unread(self, mail: Mail) -> str:
        if mail.sort == "broken":
            case = self._begin(mail, [], 0, self._fallback())
            self._tell(case, case.told, "unreadable", mail.number)
            return "unreadable"
        return "duplicate" if mail.sort == "copy" else "not-triaged"

    def _fallback(self) -> list[str]:
        return [self.office().stands_for(FALLBACK) or FALLBACK]

    def _judge(self, mail: Mail) -> str:
        self._stop_for_client(mail)
        case = self._case_of(mail)
        kinds = self._kinds.get(mail.number, {})
        barred = self._spare(mail, case)
        if case:
            case.mails.append(mail.number)
        office = Office(world=self.world, day=self._day, barred=barred)
        urgencies = {t: urgency_of(t, rule_for(t, kinds), mail.matter.words) for t in mail.tags}
        occasion = self._occasion(mail, case, max(urgencies.values(), default=0))
        if occasion:
            hearing = who_hears(
                office,
                mail.tags,
                kinds,
                known=case.tags if case else [],
                urgency=max(urgencies.values()),
                told=case.told if case else [],
                turns=self._turns,
            )
            hearing.take_turns(self._turns, mail.tags, kinds)
            self._escalate(mail, case, occasion, hearing, barred)
            return "escalated"
        if set(mail.matter.unsure) - set(case.tags if case else ()):
            return "unsure"
        return "joined" if case and (mail.tags or mail.matter.unsure) else "left"

    @staticmethod
    def _occasion(mail: Mail, case: Case | None, urgency: int) -> str:
        if not mail.tags:
            return ""
        if case is None:
            return "first"
        if set(mail.tags) - set(case.tags):
            return "new-tag"
        return "worse" if urgency > case.urgency else ""

    def _client(self, mail: Mail) -> str:
        outside = [to for to in mail.to if not to.endswith("firm.example")]
        return outside[0] if mail.from_us and outside else mail.sender

    def _case_of(self, mail: Mail) -> Case | None:
        client = self._client(mail)
        for case in reversed(self._threads.get(mail.thread, [])):
            recent = case.updated >= self._now - QUIET_DAYS * 24 * 60
            ours = client.endswith("firm.example") or case.client.endswith("firm.example")
            if case.status != "closed" and recent and (ours or _same_client(client, case.client)):
                return case
        return None

    def _spare(self, mail: Mail, case: Case | None) -> set[str]:
        """Who must not hear: whom a private matter names, until somebody says otherwise."""
        private = SPARING in self._kinds.get(mail.number, {}).values()
        private = private or (case is not None and self._is_private(case))
        named = (
            {p for p in mail.matter.named if f"{p}@firm.example" != mail.sender}
            if private
            else set()
        )
        if case is None:
            return named
        case.spared |= named
        return case.barred

    def _is_private(self, case: Case) -> bool:
        return SPARING in self._kinds_of(case).values()

    def _begin(self, mail: Mail, tags: Sequence[str], urgency: int, people: list[str]) -> Case:
        case = Case(
            number=len(self.cases) + 1,
            client=self._client(mail),
            tags=list(tags),
            urgency=urgency,
            told=list(people),
            opened=self._now,
            updated=self._now,
            mails=[mail.number],
        )
        self.cases.append(case)
        self._threads.setdefault(mail.thread, []).append(case)
        return case

    def _escalate(
        self,
        mail: Mail,
        case: Case | None,
        occasion: str,
        hearing: Hearing,
        barred: set[str],
    ) -> None:
        kinds, people = self._kinds.get(mail.number, {}), hearing.people
        urgency = max(urgency_of(t, rule_for(t, kinds), mail.matter.words) for t in mail.tags)
        waits = case is not None and case.status == "open"
        if case is None:
            case = self._begin(mail, mail.tags, urgency, people)
            case.spared |= barred
        else:
            self._extend(case, [*case.tags, *mail.tags], max(urgency, case.urgency), people)
        self._tell(case, people, occasion, mail.number)
        case.reached = max(hearing.reached, case.reached if waits else -1)
        self._wait(case, mail.number, tuple(mail.tags), kinds, opening=True)

    def _stop_for_client(self, mail: Mail) -> None:
        """One of us answers the client: the cases of the thread stop."""
        outside = [to for to in mail.to if not to.endswith("firm.example")]
        if not mail.from_us or not outside:
            return
        for case in self._threads.get(mail.thread, []):
            told = [n for n in case.mails if self.actions.get(n) == "escalated"]
            asked = max((self._mails[n].at for n in told), default=0)
            same = case.status != "closed" and _same_client(outside[0], case.client)
            if same and mail.at >= asked:
                self._take(case, mail.sender.partition("@")[0])
                self._forget_updates(case)
                if told:
                    kinds = self._kinds_of(case)
                    self._inform(case, max(told), tuple(case.tags), kinds, began=mail.at)


def _same_client(one: str, other: str) -> bool:
    """The same person, or the same organisation; a public mail provider is none."""
    domain = one.rpartition("@")[2]
    return one == other or (
        domain == other.rpartition("@")[2] and domain not in {"gmail.com", "outlook.com"}
    )
