"""What people would write down: what was sent, the cases, the times they wait for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tests.month.hearing import rule_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.month.world import Rule


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Sent:
    """Something that is sent: when, to whom, on what occasion, about which mail."""

    at: int
    person: str
    occasion: str
    mail: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Somebody moves a mail into the folder of a tag; the empty tag says that it is nothing."""

    at: int
    mail: int
    tag: str


@dataclass(kw_only=True)
class Case:
    """One matter, as people would keep it on a card."""

    number: int
    client: str
    tags: list[str]
    urgency: int
    told: list[str]
    opened: int
    updated: int
    status: Literal["open", "taken", "closed"] = "open"
    stopped: int = -1
    reached: int = -1
    mails: list[int] = field(default_factory=list)  # all that belong to it
    spared: set[str] = field(default_factory=set)
    allowed: set[str] = field(default_factory=set)  # told all the same, because somebody said so
    sent: list[Sent] = field(default_factory=list)  # briefs and reminders
    answered: list[tuple[int, str]] = field(default_factory=list)
    owner: str = ""
    taken_by: str = ""

    @property
    def barred(self) -> set[str]:
        return self.spared - self.allowed

    def briefed(self) -> list[int]:
        """The mails of which somebody got a brief."""
        return list(dict.fromkeys(each.mail for each in self.sent))


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A time for answering: when it began, after which level, by whose routes."""

    case: Case
    mail: int
    began: int
    reached: int
    tags: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    opening: bool

    def rules(self, tags: Sequence[str]) -> list[Rule]:
        return [rule_for(tag, dict(self.kinds)) for tag in tags]
