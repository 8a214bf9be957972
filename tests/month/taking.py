"""What the answers that people give bring about."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.month.answering import Answer, Reply, draw_answer
from tests.month.cards import Case, Sent
from tests.month.hearing import rule_for, urgency_of, who_hears
from tests.month.waiting import Waiting
from tests.month.world import ROUTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.month.mails import Mail


@dataclass(kw_only=True)
class Taking(Waiting):
    """Answers to briefs, carried out."""

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
                self._correct(case, self._mails[reply.to.mail], reply.answer.tags)

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

    def _correct(self, case: Case, mail: Mail, said: Sequence[str]) -> None:
        """Somebody says which tags the mail has: whoever must know of new ones hears."""
        waits = case.status == "open"
        self._labels[mail.number] = list(said)
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
                case.reached = max(hearing.reached, case.reached if waits else -1)
                self._wait(case, mail.number, tuple(added), kinds, opening=True)
                return
        case.tags, case.urgency = tags, urgency

    def _take(self, case: Case, by: str) -> None:
        if case.status == "open":
            case.status, case.stopped, case.reached = "taken", self._now, -1
            case.taken_by = by

    def _extend(self, case: Case, tags: Sequence[str], urgency: int, people: list[str]) -> None:
        case.tags = list(dict.fromkeys(tags))
        case.urgency = urgency
        case.told = list(dict.fromkeys([*case.told, *people]))
        case.status, case.updated, case.taken_by = "open", self._now, ""

    def _confirm(self, reply: Reply) -> None:
        occasion = "confirmation"
        self.sent.append(
            Sent(at=self._now, person=reply.person, occasion=occasion, mail=reply.to.mail)
        )
