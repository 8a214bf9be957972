"""What waits in the month: reminders, levels, clients to be informed; and all that is sent.

Levels are places in the policy's own list, so a case that gets further tags keeps its place.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from tests.month.answering import Reply, draw_reply
from tests.month.cards import Case, Move, Sent, Window
from tests.month.hearing import Office, Turns, levels_for, place_of, update_length
from tests.month.minutes import Wall
from tests.month.world import KINDS, LEVELS, MOST_UPDATES, OPEN, PEOPLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from tests.month.mails import Mail
    from tests.month.world import World

LATE = 60  # what is overdue by more waits for working time
ON_THEIR_WAY = 60  # who is just getting a brief is not reminded; it is looked at again then


@dataclass(kw_only=True)
class Waiting:
    """The cases and what they wait for."""

    world: World
    planned: Sequence[Mail]
    moves: Sequence[Move] = ()
    sent: list[Sent] = field(default_factory=list)
    actions: dict[int | str, str] = field(default_factory=dict)
    arrivals: list[Mail | Reply] = field(default_factory=list)

    def __post_init__(self) -> None:
        period = self.world.period
        self._wall = Wall(zone=period.zone, spans=OPEN, closed=period.closed)
        self._mails = {mail.number: mail for mail in self.planned}
        self._order = count()
        self._inbox: list[tuple[int, int, Mail | Reply]] = []
        self._timers: list[tuple[int, int, str, Window]] = []
        self._threads: dict[int, list[Case]] = {}
        self._labels: dict[int, list[str]] = {}
        self._kinds = {
            m.number: {KINDS[m.matter.kind][0]: m.matter.kind}
            for m in self.planned
            if m.matter.kind
        }
        self._turns = Turns()
        self.cases: list[Case] = []
        self._now = self.world.begin

    def office(self, case: Case | None = None) -> Office:
        barred = case.barred if case else ()
        return Office(world=self.world, day=self._day, barred=barred)

    @property
    def _day(self) -> date:
        return self.world.day(self._now)

    def _kinds_of(self, case: Case) -> dict[str, str]:
        found: dict[str, str] = {}
        for number in case.mails:
            found |= self._kinds.get(number, {})
        return found

    # ---- Sending ---------------------------------------------------------------------------------

    def _tell(self, case: Case, people: Sequence[str], occasion: str, mail: int) -> None:
        for person in people:
            sent = Sent(at=self._now, person=person, occasion=occasion, mail=mail)
            self.sent.append(sent)
            case.sent.append(sent)
            reply = draw_reply(self.world.seed, case.number, sent)
            if reply:
                heapq.heappush(self._inbox, (reply.at, next(self._order), reply))

    # ---- Windows ---------------------------------------------------------------------------------

    def _wait(
        self,
        case: Case,
        mail: int,
        tags: tuple[str, ...],
        kinds: dict[str, str],
        *,
        opening: bool,
    ) -> None:
        """A window begins: when to remind, and when the next level hears."""
        window = Window(
            case=case,
            mail=mail,
            began=self._now,
            reached=case.reached,
            tags=tags,
            kinds=tuple(sorted(kinds.items())),
            opening=opening,
        )
        remind, level = self._times(window)
        if remind is not None:
            self._set(remind, "reminder", window)
        sooner = [at for at, what, other in self._waiting(case) if what == "level"
                  and other.reached == case.reached]  # fmt: skip
        if level is not None and min(sooner, default=level + 1) > level:
            self._set(level, "level", window)
        if opening:
            self._inform(case, mail, tags, kinds)

    def _inform(
        self,
        case: Case,
        mail: int,
        tags: tuple[str, ...],
        kinds: dict[str, str],
        *,
        began: int | None = None,
    ) -> None:
        """From then on the client may wait so long for word; one who waits already, no longer.

        `began`: when they were answered, which may be read late; else it is now.
        """
        began = self._now if began is None else began
        waits = any(what == "update" and w.case is case for _, _, what, w in self._timers)
        window = Window(
            case=case,
            mail=mail,
            began=began,
            reached=case.reached,
            tags=tags,
            kinds=tuple(sorted(kinds.items())),
            opening=True,
        )
        length = update_length(window.rules(tags))
        if length and not waits and not case.client.endswith("firm.example"):
            self._set(self._wall.after(began, length), "update", window)

    def _forget_updates(self, case: Case) -> None:
        self._timers = [t for t in self._timers if t[2] != "update" or t[3].case is not case]
        heapq.heapify(self._timers)

    def _update(self, window: Window) -> None:
        """The client has waited: whoever has the case is reminded, at most three times."""
        case = window.case
        rounds = {each.at for each in case.sent if each.occasion == "update"}
        length = update_length(window.rules(case.tags))
        if case.status == "closed" or len(rounds) >= MOST_UPDATES or length is None:
            return
        chasing = ("reminder", "level", "update")
        chased = [each.at for each in case.sent if each.occasion in chasing]
        due = self._wall.after(max([window.began, *chased]), length)
        if due > self._now:
            self._set(due, "update", window)
        elif not self._wall.is_open(self._now):
            self._set(self._wall.after(self._now, 0), "update", window)
        else:
            told = [n for n in case.mails if self.actions.get(n) == "escalated"]
            mail = max(told, default=window.mail)
            self._inform(case, mail, tuple(case.tags), dict(window.kinds))
            people = [p for p in self._keepers(case) if p not in case.barred]
            self._tell(case, people, "update", mail)

    def _keepers(self, case: Case) -> list[str]:
        """Whoever has the case, or all who have heard of it."""
        for person in (case.owner, case.taken_by):
            if person in PEOPLE and (there := self.office().there([person])):
                return there
        return self.office().there(case.told)

    def _set(self, at: int, what: str, window: Window) -> None:
        heapq.heappush(self._timers, (at, next(self._order), what, window))

    def _waiting(self, case: Case) -> Iterator[tuple[int, str, Window]]:
        for at, _, what, window in self._timers:
            if window.case is case and window.began >= case.stopped:
                yield at, what, window

    def _times(self, window: Window) -> tuple[int | None, int | None]:
        """When a reminder and the next level are due."""
        rules = window.rules(window.tags)
        lengths = [rule.within for rule in rules if rule.within is not None]
        if not lengths:
            return None, None
        length = min(lengths)
        if not window.opening:
            length = LEVELS[window.reached].within or length
        follows = any(place_of(level) > window.reached for level in levels_for(rules))
        remind = length
        if follows:
            remind = length * 3 // 4
            remind -= remind % 15 if remind > 60 else 0
        own = [rule.remind_after for rule in rules if rule.remind_after]
        if window.opening and own:
            remind = min(*own, length) if len(own) > 1 else min(own[0], length)
        due = self._wall.after(window.began, length) if follows else None
        return self._wall.after(window.began, remind), due

    def _fall_due(self, at: int, what: str, window: Window) -> None:
        case = window.case
        if what == "update":
            self._update(window)
            return
        gone = not set(window.tags) & set(case.tags) or self._labels.get(window.mail) == []
        if case.status != "open" or window.began < case.stopped or gone:
            return
        if self._now - at > LATE and not self._wall.is_open(self._now):
            self._set(self._wall.after(self._now, 0), what, window)
        elif case.reached <= window.reached:
            (self._remind if what == "reminder" else self._raise)(window)

    def _remind(self, window: Window) -> None:
        case = window.case
        reminders = [s.at for s in case.sent if s.occasion == "reminder"]
        again = ("reminder", "update")
        own = [s.at for s in case.sent if s.mail == window.mail and s.occasion not in again]
        if reminders and max(reminders) >= max(own):
            return
        silent = {person for at, person in case.answered if at >= case.updated}
        of_step = [s for s in case.sent if window.reached < 0 or s.at >= window.began]
        fresh = {each.person for each in case.sent if each.at == self._now}  # has not left yet
        told = {each.person for each in of_step} - silent - fresh
        if fresh and not told:
            self._set(self._now + ON_THEIR_WAY, "reminder", window)
        people = [person for person in PEOPLE if person in told - case.barred]
        self._tell(case, people, "reminder", window.mail)

    def _raise(self, window: Window) -> None:
        case = window.case
        found = self.office(case).next_level(window.rules(case.tags), window.reached, case.told)
        if found is None:
            return
        level, people, last = found
        mail = max(case.briefed())
        self._tell(case, people, "level", mail)
        case.told = list(dict.fromkeys([*case.told, *people]))
        case.reached = place_of(level)
        if not last:
            self._wait(case, mail, tuple(case.tags), dict(window.kinds), opening=False)
