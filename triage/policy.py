"""`policy.toml` as frozen values: people, routes per tag, clauses, urgency.

The written escalation policy lives here in a form that people can read and argue with. Which
tags exist is agreed between this file and the model's card; no tag is named in code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from triage.messages import Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can be told. `id` is the key of their table in the file."""

    id: str
    name: str
    address: str
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """Words in the new text that make a tag more urgent, matched as whole words, any case."""

    when: tuple[str, ...]
    to: Urgency
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where one tag leads.

    Attributes:
        to: ids of people, in order of preference.
        need: `all` of them hear, or `any` one (taking turns).
        clause: the written policy's own words.
        next_step: what the reader should do first.
        acknowledge_within_s: remind once when nobody answered by then; None: never.
        raises: what makes it more urgent than `urgency`.
        words: further words for the tag in managers' answers ("not sales"); the first is shown.
    """

    tag: str
    title: str
    to: tuple[str, ...]
    clause: str
    next_step: str
    need: Literal["all", "any"] = "all"
    urgency: Urgency = Urgency.NORMAL
    acknowledge_within_s: int | None = None
    raises: tuple[Raise, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of issue beneath a tag, such as "HR" beneath blocked work.

    Attributes:
        id: key of its table in the file.
        routes: by tag, where a mail with that tag and of this kind leads: the tag's own route with
            what the kind says otherwise. Its keys are the tags that the kind refines.
        words: what people call it when they answer a brief; the first is shown.
        roles: who writes such mail, `client` or `staff`; empty: anybody.
        situations: described examples; a mail is of the kind whose examples it is nearest to.
        cues: words and phrases that speak for it; a trailing * stands for any ending.
        spares_named: people of the policy who are named in the mail are not told, unless a
            person who was told says so.
    """

    id: str
    title: str
    routes: dict[str, Route]
    words: tuple[str, ...] = ()
    roles: tuple[Literal["client", "staff"], ...] = ()
    situations: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()
    spares_named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The whole policy. `fallback` hears of mail that could not be read."""

    version: str
    people: dict[str, Person]
    routes: dict[str, Route]
    fallback: str
    kinds: dict[str, Kind] = field(default_factory=dict)

    def route_of(self, tag: str, kind: str = "") -> Route | None:
        """Where a tag leads; as its kind says, where the policy knows that kind for it."""
        refined = self.kinds[kind].routes.get(tag) if kind in self.kinds else None
        return refined or self.routes.get(tag)
