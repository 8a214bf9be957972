"""Gathers who hears of a mail, and by which rules. Pure.

Rules: recipients come from the policy only, never from the mail; whoever takes part in the mail
from outside never hears, not even as a deputy; nobody is ever left out for want of people.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.followup import levels_of, next_step, people_of_level, routes_of, skip_for
from triage.messages import Recipient
from triage.presence import Present, all_present, present

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from triage.messages import Escalation, Urgency
    from triage.policy import Policy, Route


@dataclass(kw_only=True)
class Hearers:
    """People for one mail, in the order in which rules name them.

    Attributes:
        told: ids of those who have heard of its case.
        turns: when whom it was last, by `turn_key` of a route of which one person hears, and by
            the ids of people; whose turn is longest ago is next.
        turn: a number that grows by one a case; decides between those who never had a turn.
        excluded: mailboxes (see `mailbox_key`) of people who take part in the mail from outside,
            or whom it is about.
        level: how many levels of the policy hear at once.
    """

    policy: Policy
    told: Sequence[str]
    turn: int
    excluded: frozenset[str]
    day: date | None
    level: int = 0
    turns: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    _picked: dict[str, str] = field(default_factory=dict)
    _there: dict[str, Present] = field(default_factory=dict)
    _tags: dict[str, list[str]] = field(default_factory=dict)
    _why: dict[str, list[str]] = field(default_factory=dict)

    def add_told(self) -> None:
        """Whoever has heard of the case hears what is new in it."""
        for there in self._allowed(self.told):
            self._add(there, "", "Has heard of this case before.")

    def add_route(self, route: Route) -> None:
        """The people of a route: all, or one in turn; the next level if all of them are away."""
        allowed = self._allowed(route.to)
        for there, why in self._chosen(route, allowed):
            self._add(there, route.tag, why)
        if not allowed and self._away(route.to):
            self._add_next(route)

    def add_level(self, routes: Sequence[Route], urgency: Urgency, kind: str) -> None:
        """The people of a level to which a grave case goes at once."""
        skip = skip_for(self.policy, routes, urgency, kind=kind)
        if skip is None:
            return
        self.level = max(self.level, skip.step)
        why = f"{skip.level.title}, at once. {skip.rule.because}".strip()
        for there in people_of_level(
            self.policy,
            skip.level,
            routes,
            told=list(self._there),
            day=self.day,
            excluded=self.excluded,
        ):
            for each in routes:
                self._add(there, each.tag, why)

    def recipients(self, tags: Sequence[str]) -> tuple[Recipient, ...]:
        """Everybody, with the tags that are theirs; the fallback person if there is nobody."""
        if not self._there:
            there = self._last_resort()
            why = "Nobody named for it can be told, so it goes to the fallback person."
            for tag in tags:
                self._add(there, tag, why)
        return tuple(
            as_recipient(there, tags=tuple(self._tags[key]), why=tuple(self._why[key]))
            for key, there in self._there.items()
        )

    def _last_resort(self) -> Present:
        """The fallback person or their deputy; another who is there, where these must not hear.

        The fallback person after all, where nobody may: a lost matter is worse than a told one.
        """
        groups = ((self.policy.fallback,), self.policy.management, self.policy.people)
        found = (there for group in groups for there in self._allowed(group))
        return next(found, fallback_person(self.policy, self.day))

    def _allowed(self, ids: Iterable[str]) -> list[Present]:
        """Those who are there, or their deputies, without people of the mail itself."""
        wanted = [each for each in ids if self._may_hear(each)]
        return [
            there
            for there in all_present(self.policy, wanted, self.day)
            if there.person.mailbox not in self.excluded
        ]

    def _may_hear(self, person_id: str) -> bool:
        person = self.policy.people.get(person_id)
        return person is not None and person.mailbox not in self.excluded

    def _away(self, ids: Iterable[str]) -> bool:
        """Whether somebody of these is missing because they are away."""
        return any(
            self._may_hear(each) and present(self.policy, each, self.day) is None for each in ids
        )

    def _chosen(self, route: Route, allowed: Sequence[Present]) -> list[tuple[Present, str]]:
        if not allowed:
            return []
        if route.need == "all":
            return [(there, f"{route.title}: named for it.") for there in allowed]
        told = self._allowed(each for each in route.to if each in self.told)
        if told:
            return [(told[0], f"{route.title}: one person is enough, who has heard of this case.")]
        own = [there for there in allowed if not there.absent] or list(allowed)
        if len(route.to) == 1:
            return [(own[0], f"{route.title}: named for it.")]
        if len(own) == 1:
            return [(own[0], f"{route.title}: one person is enough, and only they are there.")]
        names = " and ".join(there.person.name for there in own)
        why = f"{route.title}: one person is enough; {names} take turns, and it is theirs."
        return [(self._in_turn(route, own), why)]

    def _in_turn(self, route: Route, own: Sequence[Present]) -> Present:
        """Whose turn it is: the same person's for all that one mail brings to the same people."""
        key, first = turn_key(route), self.turn % len(own)
        picked = next((t for t in own if t.person.id == self._picked.get(key)), None)
        if picked is None:
            last = self.turns.get(key, {})
            rotated = [*own[first:], *own[:first]]
            picked = min(rotated, key=lambda there: last.get(there.person.id, 0.0))
        self._picked[key] = picked.person.id
        return picked

    def _add_next(self, route: Route) -> None:
        levels = levels_of(self.policy, [route])
        found = next_step(
            self.policy, levels, [route], 0, told=(), day=self.day, excluded=self.excluded
        )
        for there in found.people if found else ():
            why = f"{route.title}: everybody named for it is away, so the next level hears at once."
            self._add(there, route.tag, why)
        if found:
            self.level = max(self.level, found.step)

    def _add(self, there: Present, tag: str, why: str) -> None:
        key = there.person.id
        self._there.setdefault(key, there)
        tags = self._tags.setdefault(key, [])
        if tag and tag not in tags:
            tags.append(tag)
        reasons = self._why.setdefault(key, [])
        reasons += [says for says in (why, there.standing_in) if says and says not in reasons]


def turn_key(route: Route) -> str:
    """Names the people who take turns in a route: routes that name the same share their turns."""
    return " ".join(sorted(route.to))


def turns_taken(policy: Policy, escalation: Escalation, kind: str) -> list[tuple[str, str]]:
    """Whose turn it was with an escalation: (`turn_key`, id of the person)."""
    shared = [r for r in routes_of(policy, escalation.tags, kind) if r.need == "any" and r.to[1:]]
    return [
        (turn_key(route), person.id)
        for route in shared
        for person in escalation.recipients
        if route.tag in person.tags and person.id in route.to
    ]


def as_recipient(
    there: Present, *, tags: tuple[str, ...] = (), why: tuple[str, ...] = ()
) -> Recipient:
    """Somebody who hears, as the rest of the program knows them."""
    person = there.person
    return Recipient(
        id=person.id,
        name=person.name,
        address=person.address,
        tags=tags,
        why=why,
        standing_in=there.standing_in,
    )


def fallback_person(policy: Policy, day: date | None) -> Present:
    """Who hears when nobody else can: the fallback person, even when all are away."""
    found = present(policy, policy.fallback, day)
    return found or Present(person=policy.people[policy.fallback])
