"""Tells a month as people read it: what came in, what was answered, and who was written to."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from tests.month.answering import Reply
from tests.month.world import PEOPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.month import Month
    from tests.month.mails import Mail


def timeline(month: Month) -> Iterator[str]:
    """Everything that concerns somebody, line by line; ordinary mail is only counted."""
    yield from _setting(month)
    lines: list[tuple[int, int, str]] = []
    for event in month.oracle.arrivals:
        told = _arrival(month, event)
        lines += [(event.at, 1, told)] if told else []
    for move in (each for each in month.oracle.moves if each.at < month.world.end):
        told = f"<- somebody moves mail {move.mail} to the folder of {move.tag or 'none'}"
        lines.append((move.at, 1, told))
    together: dict[tuple[int, str, int], list[str]] = defaultdict(list)
    for sent in month.seen.sent:
        together[(sent.at, sent.occasion, sent.mail)].append(sent.person)
    for (at, occasion, mail), people in together.items():
        lines.append((at, 3, f"    {occasion} to {', '.join(people)} (mail {mail})"))
    for begin, end in month.world.downs:
        lines.append((begin, 0, "---- the program is stopped"))
        lines.append((end, 0, "---- the program is started"))
    lines += [(at, 2, "---- the power fails with the next brief") for at in month.world.crashes]
    for at, _, line in sorted(lines):
        yield f"{month.world.clock(at)}  {line}"


def summary(month: Month) -> Iterator[str]:
    """How much of what, and whether it was as expected."""
    actions = Counter(a for found in month.seen.actions.values() for a in found)
    sent = Counter(each.occasion for each in month.seen.sent)
    people = Counter(each.person for each in month.seen.sent)
    yield f"outcomes: {_counted(actions)}"
    yield f"sent: {_counted(sent)}"
    yield f"to: {_counted(people)}"
    yield f"restarts: {month.seen.restarts}"
    yield f"differences: {len(month.differences)}"
    yield from (f"  {line}" for line in month.differences)


def _setting(month: Month) -> Iterator[str]:
    world = month.world
    period = world.period
    yield f"Seed {world.seed}: {period.zone}, {period.days} days from {period.first}"
    yield f"closed: {', '.join(str(day) for day in sorted(period.closed))}"
    for person in PEOPLE:
        away = ", ".join(
            f"{a.first} to {a.last}" + (f" (for them: {a.deputy})" if a.deputy else "")
            for a in world.away[person]
        )
        deputy = world.deputies.get(person, "nobody")
        yield f"{person}: deputy {deputy}" + (f"; away {away}" if away else "")


def _arrival(month: Month, event: Mail | Reply) -> str:
    if isinstance(event, Reply):
        about = f"{event.to.occasion} of mail {event.to.mail}"
        return f'<- {event.person} answers the {about}: "{event.answer.words}"'
    matter = event.matter
    found = [*event.tags, *(f"perhaps {tag}" for tag in matter.unsure)]
    if event.sort == "broken":
        found = ["cannot be read"]
    if not found:
        return ""
    found += [each for each in (matter.kind, matter.words) if each]
    what = f"mail {event.number} of thread {event.thread} by {event.sender}"
    return f"<- {what} ({', '.join(found)}): {month.oracle.actions[event.number]}"


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counter.most_common())
