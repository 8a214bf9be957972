"""Who is there on a day, and who hears instead of those who are not. Pure.

Rule: a deputy who is away as well has a deputy of their own; two who stand in for each other are
the ordinary case, and when both are away nobody stands in, however long one asks round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from triage.policy import Absence, Person, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """Somebody who is there, and for whom: `absent` are those they stand in for, in order."""

    person: Person
    absent: tuple[Person, ...] = ()
    until: date | None = None

    @property
    def standing_in(self) -> str:
        """In a sentence for whom they hear; "" for themselves."""
        if not self.absent or self.until is None:
            return ""
        first, *others = self.absent
        says = f"In place of {first.name}, who is away until {spoken_day(self.until)}"
        also = " and ".join(person.name for person in others)
        return f"{says}, as {also} {'is' if len(others) == 1 else 'are'}." if also else f"{says}."


def absence_on(person: Person, day: date | None) -> Absence | None:
    """The absence that keeps a person away on a day; None when they are there."""
    if day is None:
        return None
    return next((away for away in person.absent if away.first <= day <= away.last), None)


def present(policy: Policy, person_id: str, day: date | None) -> Present | None:
    """The person, or whoever stands in for them; None when nobody of the chain is there.

    `day` None: everybody is there.
    """
    chain: list[Person] = []
    until: date | None = None
    while person_id in policy.people and person_id not in {each.id for each in chain}:
        person = policy.people[person_id]
        away = absence_on(person, day)
        if away is None:
            return Present(person=person, absent=tuple(chain), until=until)
        until = until or away.last
        chain.append(person)
        person_id = away.deputy or person.deputy
    return None


def all_present(policy: Policy, ids: Iterable[str], day: date | None) -> list[Present]:
    """Everybody of these, or their deputies, each once; nobody who is there is a mere deputy."""
    found = [there for each in ids if (there := present(policy, each, day))]
    own = {there.person.id for there in found if not there.absent}
    kept: dict[str, Present] = {}
    for there in found:
        if not (there.absent and there.person.id in own):
            kept.setdefault(there.person.id, there)
    return list(kept.values())


def spoken_day(day: date) -> str:
    """A date as people write it, such as `2 January 2027`."""
    return f"{day.day} {day:%B %Y}"
