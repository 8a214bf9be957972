"""Holds what was sent against what should have been, and against what must hold in any month."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.month.world import FIRM_DOMAIN, PEOPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.month.cards import Sent
    from tests.month.driving import Seen
    from tests.month.oracle import Oracle
    from tests.month.world import World


def differences(world: World, oracle: Oracle, seen: Seen) -> list[str]:
    """Every difference in a line, in the order of time; none when all is as expected."""
    return [
        *(f"{world.clock(at)}  {line}" for at, line in sorted(_timeline(oracle, seen))),
        *_outcomes(oracle, seen),
        *_always(seen),
    ]


def _timeline(oracle: Oracle, seen: Seen) -> Iterator[tuple[int, str]]:
    expected, found = Counter(oracle.sent), Counter(seen.sent)
    for sent, number in (expected - found).items():
        yield sent.at, f"missing: {told(sent)}" + (f" ({number} times)" if number > 1 else "")
    for sent, number in (found - expected).items():
        yield sent.at, f"not expected: {told(sent)}" + (f" ({number} times)" if number > 1 else "")


def told(sent: Sent) -> str:
    """One thing that was sent, for people to read."""
    return f"{sent.occasion:<12} to {sent.person:<9} about mail {sent.mail}"


def _outcomes(oracle: Oracle, seen: Seen) -> Iterator[str]:
    for key, action in oracle.actions.items():
        found = seen.actions.get(key, [])
        if found != [action]:
            yield f"mail {key}: expected one outcome, {action}, and found {found or 'none'}"
    for key in seen.actions.keys() - oracle.actions.keys():
        yield f"mail {key}: has an outcome, but never came"


def _always(seen: Seen) -> Iterator[str]:
    people = {f"{person}@{FIRM_DOMAIN}" for person in PEOPLE}
    ids = Counter(notice.message_id for _, notice in seen.delivered)
    for _, notice in seen.delivered:
        if notice.recipient not in people:
            yield f"{notice.recipient} is nobody of the policy and was written to"
    yield from (f"{rfc_id} was delivered {n} times" for rfc_id, n in ids.items() if n > 1)
    same = Counter((s.person, s.occasion, s.mail) for s in seen.sent if s.occasion in _ONCE)
    for (person, occasion, mail), number in same.items():
        if number > 1:
            yield f"{person} heard of mail {mail} {number} times ({occasion})"
    if seen.unfinished:
        yield f"{seen.unfinished} notices never left"


_ONCE = {"first", "new-tag", "worse", "unreadable"}
