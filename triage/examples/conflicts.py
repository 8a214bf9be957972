"""Labels that contradict each other. Pure.

Two kinds: people who say different things of one mail, each by their last word; and mails with the
same words that are labelled differently, so that one of the labels must be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from triage.messages import words_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triage.examples.record import Event

NO_WORDS = words_digest("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A labelled text in the store: what to call it, its words' digest, and all its labels.

    `name` is "mail 118" or "example 7". `digest` is empty where nobody knows the words.
    """

    name: str
    subject: str
    digest: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the opinions: about which text, whose, and the tags."""

    name: str
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Opinions that cannot all be right. `kind`: `people` or `text`."""

    kind: Literal["people", "text"]
    subject: str
    sides: tuple[Side, ...]


def conflicts(found: Sequence[Held]) -> list[Conflict]:
    """Every conflict, those between people first."""
    return [*_between_people(found), *_between_texts(found)]


def _between_people(found: Iterable[Held]) -> list[Conflict]:
    out = []
    for held in found:
        last = {event.by: event for event in held.events}
        if len({frozenset(event.tags) for event in last.values()}) > 1:
            sides = tuple(Side(name=held.name, event=event) for event in last.values())
            out.append(Conflict(kind="people", subject=held.subject, sides=sides))
    return out


def _between_texts(found: Iterable[Held]) -> list[Conflict]:
    alike: dict[str, list[Held]] = {}
    for held in found:
        if held.digest not in {"", NO_WORDS}:
            alike.setdefault(held.digest, []).append(held)
    return [
        Conflict(
            kind="text",
            subject=group[0].subject,
            sides=tuple(Side(name=held.name, event=held.events[-1]) for held in group),
        )
        for group in alike.values()
        if len({frozenset(held.events[-1].tags) for held in group}) > 1
    ]
