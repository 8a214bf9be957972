"""Who hears, worked out plainly from the rules as docs/policy.md states them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.month.world import (
    FALLBACK,
    KINDS,
    LEVELS,
    MANAGEMENT,
    PEOPLE,
    ROUTES,
    SKIP_TAGS,
    SKIP_TAGS_TO,
    SKIP_TO,
    SKIP_URGENCY,
    UPDATE_WITHIN,
    URGENCIES,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from tests.month.world import Away, Rule, Step, World


def rule_for(tag: str, kinds: Mapping[str, str]) -> Rule:
    """The route of a tag; that of the kind beneath it, where one is known."""
    kind = kinds.get(tag)
    return KINDS[kind][2] if kind else ROUTES[tag]


def urgency_of(tag: str, rule: Rule, words: str) -> int:
    """How urgent a tag makes a mail, as a place in `URGENCIES`."""
    raised = [URGENCIES.index(to) for each, to in rule.raises if each == words]
    return max([URGENCIES.index(rule.urgency), *raised])


def levels_for(rules: Sequence[Rule]) -> list[Step]:
    """The levels that any of these routes names, in the order of the file."""
    return [level for level in LEVELS if any(level.id in rule.levels for rule in rules)]


def update_length(rules: Sequence[Rule]) -> int | None:
    """How long the client may wait for word from us, by the strictest route."""
    lengths = [UPDATE_WITHIN if rule.update is None else rule.update for rule in rules]
    return min((each for each in lengths if each), default=None)


def place_of(level: Step | None) -> int:
    """Which of the policy's levels it is; -1 for none."""
    return -1 if level is None else LEVELS.index(level)


@dataclass(kw_only=True)
class Office:
    """Who is there on a day, and who may not hear of a matter."""

    world: World
    day: date
    barred: Collection[str] = ()

    def absence(self, person: str) -> Away | None:
        for each in self.world.away[person]:
            if each.first <= self.day <= each.last:
                return each
        return None

    def stands_for(self, person: str) -> str:
        """The person, or a deputy, or a deputy's deputy; nobody when the round is closed."""
        asked: list[str] = []
        while person and person not in asked:
            away = self.absence(person)
            if away is None:
                return person
            asked.append(person)
            person = away.deputy or self.world.deputies.get(person, "")
        return ""

    def there(self, people: Sequence[str]) -> list[str]:
        """All of them who are there, and the deputies of those who are not, each once."""
        found = [self.stands_for(person) for person in people if person not in self.barred]
        return [each for each in dict.fromkeys(found) if each and each not in self.barred]

    def themselves(self, people: Sequence[str]) -> list[str]:
        return [p for p in people if p not in self.barred and self.absence(p) is None]

    def all_gone(self, people: Sequence[str]) -> bool:
        may = [person for person in people if person not in self.barred]
        return bool(may) and not self.there(people) and any(not self.stands_for(p) for p in may)

    def at_level(self, level: Step, rules: Sequence[Rule], told: Collection[str]) -> list[str]:
        """Who is there at a level; `next` is the first of a route's list who has not heard."""
        found: list[str] = []
        if level.next:
            for rule in rules:
                waiting = [self.stands_for(person) for person in rule.to]
                found += [p for p in waiting if p and p not in told][:1]
        found += [self.stands_for(person) for person in level.to]
        return [each for each in dict.fromkeys(found) if each and each not in self.barred]

    def next_level(
        self, rules: Sequence[Rule], reached: int, told: Collection[str]
    ) -> tuple[Step, list[str], bool] | None:
        """The level that hears after the one that was reached, who is new, and if it is the last.

        A level that reaches nobody new is passed over; the last one is not.
        """
        levels = levels_for(rules)
        for level in levels:
            if place_of(level) <= reached:
                continue
            last = level is levels[-1]
            people = self.at_level(level, rules, told)
            fresh = [person for person in people if last or person not in told]
            if fresh:
                return level, fresh, last
        if not levels or reached >= place_of(levels[-1]):
            return None
        last_one = levels[-1]
        spare = self.stands_for(FALLBACK)
        nobody = last_one.to and not self.at_level(last_one, (), told)
        if nobody and spare and spare not in told and spare not in self.barred:
            return last_one, [spare], True
        return None

    def last_resort(self) -> str:
        """The fallback person, or whoever else may hear."""
        people = [FALLBACK, *MANAGEMENT, *PEOPLE]
        found = [each for each in (self.there([p]) for p in people) if each]
        return found[0][0] if found else (self.stands_for(FALLBACK) or FALLBACK)


@dataclass(kw_only=True)
class Turns:
    """Whose turn it was when, for each set of people of whom one hears; the last is the newest."""

    taken: list[tuple[frozenset[str], str]] = field(default_factory=list)

    def next_of(self, among: Sequence[str], people: Sequence[str]) -> str:
        """Whose turn is longest ago; who never had one comes first."""
        last = {person: n for n, (key, person) in enumerate(self.taken) if key == frozenset(among)}
        return min(people, key=lambda person: last.get(person, -1))

    def take(self, among: Sequence[str], person: str) -> None:
        self.taken.append((frozenset(among), person))


@dataclass(kw_only=True)
class Hearing:
    """Who hears of one mail and for which tags, and which level of the policy is told with it."""

    tags: dict[str, set[str]] = field(default_factory=dict)
    reached: int = -1

    @property
    def people(self) -> list[str]:
        return list(self.tags)

    def add(self, people: Sequence[str], tags: Sequence[str] = ()) -> None:
        for person in people:
            self.tags.setdefault(person, set()).update(tags)

    def take_turns(self, turns: Turns, tags: Sequence[str], kinds: Mapping[str, str]) -> None:
        """Write down whose turn it was."""
        for tag in tags:
            rule = rule_for(tag, kinds)
            if rule.every or len(rule.to) == 1:
                continue
            for person, theirs in self.tags.items():
                if tag in theirs and person in rule.to:
                    turns.take(rule.to, person)


def who_hears(
    office: Office,
    tags: Sequence[str],
    kinds: Mapping[str, str],
    *,
    known: Sequence[str],
    urgency: int,
    told: Sequence[str],
    turns: Turns,
) -> Hearing:
    """Those who have heard, the people of each route, and a level to which a grave case goes.

    `known` are the tags that the case had before.
    """
    hearing = Hearing()
    hearing.add(office.there(told))
    picked: dict[frozenset[str], str] = {}
    for tag in tags:
        rule = rule_for(tag, kinds)
        hearing.add(_of_route(office, rule, told, turns, picked), [tag])
        if office.all_gone(rule.to):
            found = office.next_level([rule], -1, ())
            if found:
                hearing.add(found[1], [tag])
                hearing.reached = max(hearing.reached, place_of(found[0]))
    _skip(office, hearing, list(dict.fromkeys([*known, *tags])), kinds, urgency)
    if not hearing.people:
        hearing.add([office.last_resort()], tags)
    return hearing


def _of_route(
    office: Office,
    rule: Rule,
    told: Sequence[str],
    turns: Turns,
    picked: dict[frozenset[str], str],
) -> list[str]:
    there = office.there(rule.to)
    if rule.every or not there:
        return there
    heard = office.there([person for person in rule.to if person in told])
    if heard:
        return heard[:1]
    own = office.themselves(rule.to) or there
    if len(own) == 1 or len(rule.to) == 1:
        return own[:1]
    key = frozenset(rule.to)
    if picked.get(key) not in own:
        picked[key] = turns.next_of(rule.to, own)
    return [picked[key]]


def _skip(
    office: Office,
    hearing: Hearing,
    tags: Sequence[str],
    kinds: Mapping[str, str],
    urgency: int,
) -> None:
    rules = [rule_for(tag, kinds) for tag in tags]
    levels = levels_for(rules)
    wanted = []
    if urgency >= URGENCIES.index(SKIP_URGENCY):
        wanted.append(SKIP_TO)
    if len(tags) >= SKIP_TAGS:
        wanted.append(SKIP_TAGS_TO)
    found = [level for level in levels if level.id in wanted]
    if not found:
        return
    level = found[-1]
    hearing.add(office.at_level(level, rules, hearing.people), tags)
    before_last = levels[-2] if len(levels) > 1 else None
    told = before_last if level is levels[-1] else level
    hearing.reached = max(hearing.reached, place_of(told))
