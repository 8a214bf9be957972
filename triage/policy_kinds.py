"""Reads the tables `[kinds.<name>]` of `policy.toml`: kinds of issue beneath the tags.

Rule: a kind says only what it does otherwise. Its table is laid over the table of each tag that
it refines, so it may say all that a route may, and what it leaves out is as the tag's route says.
Described situations and cues that ship with the program are added to the file's own.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from triage.policy import Kind, Route
from triage.policy_rules import check_id, check_route_table, tables_in
from triage.resources import resource
from triage.tables import build, did_you_mean, file_keys, unknown_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from triage.toml_file import Mistakes, Place

Table = dict[str, Any]
FILE = "kinds.toml"


class MakeRoute(Protocol):
    """Makes a route of a tag and its table; None, with every mistake noted at `place`."""

    def __call__(self, tag: str, table: Table, place: Place) -> Route | None:
        """Make it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _OwnKeys:
    """What a kind's table may hold that a route's may not, as it is called in the file.

    `writers`: who writes such mail. `spares_named`: people named in the mail are not told.
    """

    tags: tuple[str, ...]
    writers: tuple[Literal["client", "staff"], ...] = ()
    situations: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    spares_named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """How a kind is found: described situations, and cues."""

    situations: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()


def read_kinds(
    tables: Table,
    make_route: MakeRoute,
    mistakes: Mistakes,
    *,
    sound: Collection[str],
    keys: Mapping[str, tuple[str, ...]],
    shipped: Mapping[str, Described] | None = None,
) -> dict[str, Kind]:
    """The kinds of a policy, in the order of its file; none where it has no such table.

    Args:
        tables: the whole file.
        make_route: makes a route of a tag, its table and its place, and notes mistakes in it.
        mistakes: what is wrong goes here.
        sound: tags whose own routes have no mistake.
        keys: what fields of a route are called in the file, where that differs.
        shipped: how the kinds that ship with the program are found; default: `kinds.toml`.
    """
    given = tables.get("kinds")
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(each, dict) for each in given.values()):
        mistakes.add(("kinds",), "must be tables: a line [kinds.<name>] for each kind")
        return {}
    known = shipped_kinds() if shipped is None else shipped
    reader = _Reader(
        routes=dict(tables_in(tables.get("routes"))),
        tables=tables,
        make_route=make_route,
        mistakes=mistakes,
        sound=frozenset(sound),
        keys=keys,
    )
    read = (reader.read(name, table, known.get(name)) for name, table in given.items())
    return {kind.id: kind for kind in read if kind}


def shipped_kinds() -> dict[str, Described]:
    """How the kinds that ship with the program are found, by their names."""
    path = resource("data") / FILE
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: Described(situations=tuple(table["situations"]), cues=tuple(table.get("cues", ())))
        for name, table in tables.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    routes: Mapping[str, Table]
    tables: Table
    make_route: MakeRoute
    mistakes: Mistakes
    sound: frozenset[str]
    keys: Mapping[str, tuple[str, ...]]

    def read(self, name: str, table: Table, shipped: Described | None) -> Kind | None:
        place: Place = ("kinds", name)
        check_id(name, place, self.mistakes)
        names = file_keys(_OwnKeys, {})
        own = build(
            _OwnKeys,
            {key: value for key, value in table.items() if key in names},
            place=place,
            mistakes=self.mistakes,
        )
        rest = {key: value for key, value in table.items() if key not in names}
        if own is None or not self._is_sound(name, own, rest, shipped, place):
            return None
        routes = {tag: self._route(tag, rest, place) for tag in own.tags}
        found = shipped or Described()
        return Kind(
            id=name,
            title=str(rest["title"]),
            routes={tag: route for tag, route in routes.items() if route},
            words=own.words,
            roles=own.writers,
            situations=(*own.situations, *found.situations),
            cues=(*own.cues, *found.cues),
            spares_named=own.spares_named,
        )

    def _is_sound(
        self, name: str, own: _OwnKeys, rest: Table, shipped: Described | None, place: Place
    ) -> bool:
        """Note what is wrong; False when no kind can be made of it."""
        if not isinstance(rest.get("title"), str):
            self.mistakes.add((*place, "title"), 'is missing; write title = "..."')
        self._check_tags(own.tags, (*place, "tags"))
        self._check_keys(rest, place)
        self._check_texts(own, place)
        table = {**self._urgency_of(own.tags), **rest, "words": list(own.words)}
        check_route_table(table, place, self.tables, self.mistakes)
        if not (own.situations or own.cues or shipped):
            says = (
                f"has nothing to be found by, as no kind named {name} ships with the program; "
                'write situations = ["...", "..."], each an example in a sentence'
            )
            self.mistakes.add(place, says)
        return not self.mistakes.has_within(place)

    def _urgency_of(self, tags: tuple[str, ...]) -> Table:
        """What the kind's own words must raise a mail above: the first tag's urgency."""
        base = self.routes.get(tags[0], {}) if tags else {}
        return {"urgency": base["urgency"]} if "urgency" in base else {}

    def _check_tags(self, tags: tuple[str, ...], place: Place) -> None:
        if not tags:
            says = "is empty, so the kind would never be found; name at least one tag"
            self.mistakes.add(place, says)
        for index, tag in enumerate(tags):
            if tag not in self.routes:
                says = f'there is no route for "{tag}"; {did_you_mean(tag, self.routes)}'
                self.mistakes.add((*place, index), says)

    def _check_keys(self, rest: Table, place: Place) -> None:
        known = [*file_keys(_OwnKeys, {}), *file_keys(Route, self.keys)]
        for key in rest:
            if key not in known:
                self.mistakes.add((*place, key), unknown_key(key, known))

    def _check_texts(self, own: _OwnKeys, place: Place) -> None:
        for key, texts in (("situations", own.situations), ("cues", own.cues)):
            for index in _empty(texts):
                self.mistakes.add((*place, key, index), "is empty; write it, or take it out")

    def _route(self, tag: str, rest: Table, place: Place) -> Route | None:
        """The tag's route as the kind has it; what raises the tag's urgency still does."""
        base = self.routes[tag]
        if tag not in self.sound:
            return None  # its own mistakes are told where they stand
        merged = {**base, **rest}
        if isinstance(rest.get("raise"), list) and isinstance(base.get("raise"), list):
            merged["raise"] = [*rest["raise"], *base["raise"]]
        return self.make_route(tag, merged, place)


def _empty(texts: Iterable[str]) -> list[int]:
    return [index for index, text in enumerate(texts) if not text.strip()]
