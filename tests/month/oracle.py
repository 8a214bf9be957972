"""What should happen in the month: every mail's outcome, and who is written to when, and why.

It walks from event to event through the planned mail, the answers that people give, and the
times at which reminders and levels fall due. It shares no code with the program. Levels are
places in the policy's own list, so a case that gets further tags keeps its place.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from tests.month.answering import Answer, Reply, draw_answer, draw_reply
from tests.month.cards import Case, Sent, Window
from tests.month.hearing import (
    Office,
    Turns,
    levels_for,
    place_of,
    rule_for,
    update_length,
    urgency_of,
    who_hears,
)
from tests.month.mails import NOT_READ, QUIET_DAYS
from tests.month.minutes import Wall
from tests.month.world import FALLBACK, KINDS, LEVELS, MOST_UPDATES, OPEN, PEOPLE, ROUTES, SPARING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from tests.month.hearing import Hearing
    from tests.month.mails import Mail
    from tests.month.world import World

LATE = 60  # what is overdue by more waits for working time


@dataclass(kw_only=True)
class Oracle:
    """Works the month out. `sent` and `actions` are what is expected, `arrivals` what comes in."""

    world: World
    planned: Sequence[Mail]
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

    def run(self) -> None:
        """Let the month pass."""
        for mail in self.planned:
            heapq.heappush(self._inbox, (mail.at, next(self._order), mail))
        while self._inbox or self._timers:
            self._now = self._up(min(queue[0][0] for queue in (self._inbox, self._timers) if queue))
            if self._now >= self.world.end:
                return
            while self._inbox and self._inbox[0][0] <= self._now:
                self._arrive(heapq.heappop(self._inbox)[2])
            due = []
            while self._timers and self._timers[0][0] <= self._now:
                due.append(heapq.heappop(self._timers))
            for at, _, what, window in due:
                self._fall_due(at, what, window)

    def _up(self, minute: int) -> int:
        """The minute, or when the program runs again."""
        return next((end for begin, end in self.world.downs if begin <= minute < end), minute)

    def office(self, case: Case | None = None) -> Office:
        barred = case.barred if case else ()
        return Office(world=self.world, day=self._day, barred=barred)

    @property
    def _day(self) -> date:
        return self.world.day(self._now)

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

    def _kinds_of(self, case: Case) -> dict[str, str]:
        found: dict[str, str] = {}
        for number in case.mails:
            found |= self._kinds.get(number, {})
        return found

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

    def _extend(self, case: Case, tags: Sequence[str], urgency: int, people: list[str]) -> None:
        case.tags = list(dict.fromkeys(tags))
        case.urgency = urgency
        case.told = list(dict.fromkeys([*case.told, *people]))
        case.status, case.updated, case.taken_by = "open", self._now, ""

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
                case.client_answered = max(case.client_answered, mail.at)
                self._forget_updates(case)
                if told:
                    self._inform(case, max(told), tuple(case.tags), self._kinds_of(case))

    def _take(self, case: Case, by: str) -> None:
        if case.status == "open":
            case.status, case.stopped, case.reached = "taken", self._now, -1
            case.taken_by = by

    # ---- Sending ---------------------------------------------------------------------------------

    def _tell(self, case: Case, people: Sequence[str], occasion: str, mail: int) -> None:
        for person in people:
            sent = Sent(at=self._now, person=person, occasion=occasion, mail=mail)
            self.sent.append(sent)
            case.sent.append(sent)
            reply = draw_reply(self.world.seed, case.number, sent)
            if reply:
                heapq.heappush(self._inbox, (reply.at, next(self._order), reply))

    def _confirm(self, reply: Reply) -> None:
        occasion = "confirmation"
        self.sent.append(
            Sent(at=self._now, person=reply.person, occasion=occasion, mail=reply.to.mail)
        )

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

    def _inform(self, case: Case, mail: int, tags: tuple[str, ...], kinds: dict[str, str]) -> None:
        """From now on the client may wait so long for word; one who waits already, no longer."""
        waits = any(what == "update" and w.case is case for _, _, what, w in self._timers)
        window = Window(
            case=case,
            mail=mail,
            began=self._now,
            reached=case.reached,
            tags=tags,
            kinds=tuple(sorted(kinds.items())),
            opening=True,
        )
        length = update_length(window.rules(tags))
        if length and not waits and not case.client.endswith("firm.example"):
            self._set(self._wall.after(self._now, length), "update", window)

    def _forget_updates(self, case: Case) -> None:
        self._timers = [t for t in self._timers if t[2] != "update" or t[3].case is not case]
        heapq.heapify(self._timers)

    def _update(self, window: Window) -> None:
        """The client has waited: whoever has the case is reminded, at most three times."""
        case = window.case
        rounds = {each.at for each in case.sent if each.occasion == "update"}
        done = case.status == "closed" or case.client_answered > window.began
        length = update_length(window.rules(case.tags))
        if done or len(rounds) >= MOST_UPDATES or length is None:
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
        own = [s.at for s in case.sent if s.mail == window.mail and s.occasion != "reminder"]
        if reminders and max(reminders) >= max(own):
            return
        silent = {person for at, person in case.answered if at >= case.updated}
        of_step = [s for s in case.sent if window.reached < 0 or s.at >= window.began]
        people = [p for p in PEOPLE if p in {s.person for s in of_step} - silent - case.barred]
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

    # ---- Answers ---------------------------------------------------------------------------------

    def _answer(self, reply: Reply) -> None:
        case = self.cases[reply.case - 1]
        reply.decide(self._choose(reply, case))
        self.actions[reply.key] = "asked" if reply.answer.what == "asks" else "acknowledged"
        if reply.answer.what != "free":
            self._confirm(reply)
        if reply.answer.what == "asks":
            return
        case.answered.append((self._now, reply.person))
        self._take(case, reply.person)
        match reply.answer.what:
            case "mine":
                case.owner = reply.person
            case "done":
                self._close(case)
            case "tell":
                self._tell_also(case, reply)
            case "tags":
                self._correct(case, reply)

    def _choose(self, reply: Reply, case: Case) -> Answer:
        rng = random.Random(f"answer {self.world.seed} {reply.key}")
        tags = self._tags_of(reply.to.mail)
        return draw_answer(rng, case.status, tags)

    def _close(self, case: Case) -> None:
        if case.status != "closed":
            case.status, case.stopped, case.reached = "closed", self._now, -1

    def _tell_also(self, case: Case, reply: Reply) -> None:
        person = reply.answer.person
        case.allowed.add(person)
        if person not in {sent.person for sent in case.sent}:
            self._tell(case, [person], "corrected", reply.to.mail)
            case.told = list(dict.fromkeys([*case.told, person]))

    def _tags_of(self, mail: int) -> list[str]:
        planted = self._mails[mail].tags
        return list(self._labels.get(mail, [tag for tag in ROUTES if tag in planted]))

    def _correct(self, case: Case, reply: Reply) -> None:
        """Somebody says which tags the mail has: whoever must know of new ones hears."""
        mail = self._mails[reply.to.mail]
        self._labels[mail.number] = list(reply.answer.tags)
        of_case = {t for n in [mail.number, *case.briefed()] for t in self._tags_of(n)}
        tags = [tag for tag in ROUTES if tag in of_case]
        if not tags:
            case.tags, case.urgency = [], 0
            self._close(case)
            return
        kinds = {t: k for t, k in self._kinds_of(case).items() if t in tags}
        urgency = max(urgency_of(t, rule_for(t, kinds), mail.matter.words) for t in tags)
        added = [tag for tag in tags if tag not in case.tags]
        told = list(dict.fromkeys([*case.told, *(s.person for s in case.sent)]))
        if added:
            hearing = who_hears(
                self.office(case), added, kinds, known=case.tags,
                urgency=max(urgency_of(t, rule_for(t, kinds), mail.matter.words) for t in added),
                told=told, turns=self._turns,
            )  # fmt: skip
            fresh = [person for person in hearing.people if person not in told]
            if fresh:
                hearing.tags = {person: hearing.tags[person] for person in fresh}
                hearing.take_turns(self._turns, added, kinds)
                case.told = told
                self._extend(case, tags, urgency, fresh)
                self._tell(case, fresh, "corrected", mail.number)
                case.reached = hearing.reached
                self._wait(case, mail.number, tuple(added), kinds, opening=True)
                return
        case.tags, case.urgency = tags, urgency


def _same_client(one: str, other: str) -> bool:
    """The same person, or the same organisation; a public mail provider is none."""
    domain = one.rpartition("@")[2]
    return one == other or (
        domain == other.rpartition("@")[2] and domain not in {"gmail.com", "outlook.com"}
    )
