"""The escalation matrix as a table: for the page, and as Markdown for a wiki."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.drawing.ladder import Ladder, ladders, names, short
from triage.drawing.sentences import hours_in_words, skips_in_words
from triage.policy import DAY_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triage.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An issue of the matrix; `beneath`: it is a kind of the issue above it."""

    title: str
    beneath: bool
    cells: tuple[str, ...]


def matrix(policy: Policy) -> tuple[list[str], list[Line]]:
    """The matrix: heads of its columns, and a line for each issue with a cell for each head."""
    found = ladders(policy, kinds=True)
    reached = {rung.title for each in found for rung in each.rungs if rung.people}
    titles = [level.title for level in policy.levels.values() if level.title in reached]
    lines = [
        Line(title=each.title, beneath=each.kind, cells=tuple(_cells(policy, each, titles)))
        for each in found
    ]
    return ["Urgency", "Hears at once", "Reminder", *titles], lines


def markdown(policy: Policy) -> str:
    """The whole page: matrix, rules that skip levels, deputies, hours."""
    head, lines = matrix(policy)
    rows = [
        [f"- {line.title}" if line.beneath else f"**{line.title}**", *line.cells] for line in lines
    ]
    parts = [
        f"Escalation matrix, policy {policy.stamp}",
        _table(["Issue", *head], rows),
        hours_in_words(policy),
        *skips_in_words(policy),
        _deputies(policy),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _cells(policy: Policy, ladder: Ladder, titles: Iterable[str]) -> list[str]:
    day_s = policy.hours.day_s if policy.hours else DAY_S
    told = {rung.title: rung for rung in ladder.rungs if rung.people}
    reminder = next((rung for rung in ladder.rungs if rung.is_reminder), None)
    return [
        ladder.urgency,
        names(policy, ladder.first, one_of=ladder.one_of),
        f"after {short(reminder.after_s, day_s)}" if reminder else "none",
        *(
            f"after {short(told[t].after_s, day_s)}: {_people(policy, ladder, told[t].people)}"
            if t in told
            else ""
            for t in titles
        ),
    ]


def _people(policy: Policy, ladder: Ladder, people: tuple[str, ...]) -> str:
    if ladder.one_of and len(people) == 1 and people[0] in ladder.first:
        return "the other one" if len(ladder.first) == len("ab") else "the next one"
    return names(policy, people)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(c) for c in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _deputies(policy: Policy) -> str:
    found = [
        f"{person.name} by {policy.people[person.deputy].name}"
        for person in policy.people.values()
        if person.deputy
    ]
    return f"While away, people are replaced: {'; '.join(found)}." if found else ""
