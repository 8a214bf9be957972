"""Writes the world's policy as the `policy.toml` that the program reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.month.world import (
    FALLBACK,
    KIND_CUES,
    KINDS,
    LEVELS,
    MANAGEMENT,
    PEOPLE,
    ROUTES,
    SKIP_TAGS,
    SKIP_TAGS_TO,
    SKIP_TO,
    SKIP_URGENCY,
    SPARING,
    UPDATE_WITHIN,
    address,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.month.world import Away, Rule, World


_NEVER = 'update_within = "never"'


def policy_toml(world: World) -> str:
    """The whole file."""
    parts = [
        f'version = "month"\nfallback = "{FALLBACK}"\nupdate_within = "{UPDATE_WITHIN}m"',
        *(_person(world, person) for person in PEOPLE),
        f"[roles]\nmanagement = {_list(MANAGEMENT)}",
        _hours(world),
        *_levels(),
        *_skips(),
        "[storms]\nmails = 0",  # the oracle expects a brief of each mail
        *(_route(tag, rule) for tag, rule in ROUTES.items()),
        *(_kind(name) for name in KINDS),
    ]
    return "\n\n".join(parts) + "\n"


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def _person(world: World, person: str) -> str:
    lines = [
        f"[people.{person}]",
        f'name = "{person.title()} {person.title()}son"',
        f'address = "{address(person)}"',
    ]
    if person in world.deputies:
        lines.append(f'deputy = "{world.deputies[person]}"')
    if world.away[person]:
        lines.append("absent = [" + ", ".join(map(_away, world.away[person])) + "]")
    return "\n".join(lines)


def _away(each: Away) -> str:
    deputy = f', deputy = "{each.deputy}"' if each.deputy else ""
    return f"{{ from = {each.first}, to = {each.last}{deputy} }}"


def _hours(world: World) -> str:
    period = world.period
    closed = ", ".join(map(str, period.own_closed))
    return (
        f'[hours]\ntimezone = "{period.zone}"\nwork = "09:00-17:30"\nlunch = "12:30-13:30"\n'
        f'holidays = ["{period.holidays}"]\nclosed = [{closed}]'
    )


def _levels() -> Iterator[str]:
    for level in LEVELS:
        to = (*(("next",) if level.next else ()), *level.to)
        lines = [f"[levels.{level.id}]", f'title = "Level {level.id}"', f"to = {_list(to)}"]
        lines += [f'within = "{level.within}m"'] if level.within else []
        yield "\n".join(lines)


def _skips() -> Iterator[str]:
    yield f'[[skip]]\nto = "{SKIP_TO}"\nurgency = "{SKIP_URGENCY}"\nbecause = "It is urgent."'
    yield f'[[skip]]\nto = "{SKIP_TAGS_TO}"\ntags = {SKIP_TAGS}\nbecause = "Much at once."'


def _rule_lines(rule: Rule) -> list[str]:
    lines = [
        f"to = {_list(rule.to)}",
        f'need = "{"all" if rule.every else "any"}"',
        f'urgency = "{rule.urgency}"',
        f'acknowledge_within = "{rule.within}m"' if rule.within else 'acknowledge_within = "none"',
        f"levels = {_list(rule.levels)}",
        'clause = "As agreed among us."',
        'next_step = "Decide who sees to it."',
    ]
    if rule.remind_after:
        lines.append(f'remind_after = "{rule.remind_after}m"')
    if rule.update is not None:
        lines.append(f'update_within = "{rule.update}m"' if rule.update else _NEVER)
    return lines


def _route(tag: str, rule: Rule) -> str:
    lines = [f"[routes.{tag}]", f'title = "Title of {tag}"', *_rule_lines(rule)]
    for words, to in rule.raises:
        lines += [
            f"[[routes.{tag}.raise]]",
            f'to = "{to}"',
            f'when = ["{words}"]',
            f'because = "They say {words}."',
        ]
    return "\n".join(lines)


def _kind(name: str) -> str:
    tag, sentence, rule = KINDS[name]
    lines = [
        f"[kinds.{name}]",
        f'tags = ["{tag}"]',
        f'title = "Kind {name}"',
        f'situations = ["{sentence}"]',
        f'cues = ["{KIND_CUES[name]}"]',
        *(["spares_named = true"] if name == SPARING else []),
        *_rule_lines(rule),
    ]
    return "\n".join(lines)
