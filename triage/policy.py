"""`policy.toml` as frozen values: people, routes per tag, clauses, urgency.

The written escalation policy lives here in a form that people can read and argue with. Which
tags exist is agreed between this file and the model's card; no tag is named in code.
"""

from __future__ import annotations

from dataclasses import dataclass
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
class Policy:
    """The whole policy. `fallback` hears of mail that could not be read."""

    version: str
    people: dict[str, Person]
    routes: dict[str, Route]
    fallback: str
