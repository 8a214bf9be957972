"""Who visits the page, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """What somebody may do; each may do what those before it may."""

    READ = 1
    CORRECT = 2  # acknowledge, hand over, close, correct, label
    RUN = 3  # promote models, change absences, send again

    @property
    def word(self) -> str:
        """As it is written in settings and on the command line."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Role:
        """The role of this word. Raises KeyError."""
        return cls[word.upper()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who is logged in.

    Attributes:
        name: as the page and briefs to others speak of them.
        by: who did something, for the trail and the labels: the address of a person of the
            policy, as with their answers by mail; else the name.
        person: id of that person in the policy; empty for somebody who is not in it.
    """

    name: str
    by: str
    role: Role
    person: str = ""
