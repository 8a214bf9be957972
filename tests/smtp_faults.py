"""What can go wrong at an SMTP server, as values; scripted for tests, seeded for the soak."""

from __future__ import annotations

import random
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

Point = Literal["connect", "ehlo", "auth", "mail", "rcpt", "data", "content", "dot"]
Deed = Literal["reply", "drop", "accept-drop", "late", "slow", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One misdeed.

    Attributes:
        at: where in the session. `data` is before the 354, `content` while the mail is read,
            `dot` after the final dot.
        do: `reply` with `code`; `drop` the connection (at `dot`: the mail is not accepted);
            `accept-drop` (at `dot`: the mail is accepted, the answer never comes); `late`:
            answer after `seconds`; `slow`: stop reading for `seconds`; `refuse`: take no
            connection for `seconds`.
    """

    at: Point
    do: Deed
    code: int = 451
    words: str = "4.3.0 try later"
    seconds: float = 0.0

    @property
    def label(self) -> str:
        return f"{self.at}:{self.code if self.do == 'reply' else self.do}"


class Faults(Protocol):
    """Decides at each point of each session."""

    def at(self, point: Point) -> Fault | None: ...


class ScriptedFaults:
    """Each fault strikes once, when its point is next reached; the order is the script's."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._left = deque(faults)

    def at(self, point: Point) -> Fault | None:
        return self._left.popleft() if self._left and self._left[0].at == point else None


class PlannedFaults:
    """Each fault strikes at the nth time that its point is reached, from 1 on."""

    def __init__(self, plan: Iterable[tuple[int, Fault]]) -> None:
        self._plan = {(fault.at, nth): fault for nth, fault in plan}
        self._reached = Counter[Point]()

    def at(self, point: Point) -> Fault | None:
        self._reached[point] += 1
        return self._plan.get((point, self._reached[point]))


_TEMPORARY: tuple[Point, ...] = ("connect", "ehlo", "mail", "rcpt", "data", "dot")
_FOR_GOOD: tuple[Point, ...] = ("rcpt", "dot")
_DROPS: tuple[Point, ...] = ("connect", "ehlo", "mail", "rcpt", "data", "content", "dot")

# (weight, fault): the answer that gets lost is what duplicates are made of, so it is common.
CATALOGUE: tuple[tuple[int, Fault], ...] = (
    *((2, Fault(at=point, do="reply")) for point in _TEMPORARY),
    *((1, Fault(at=p, do="reply", code=550, words="5.1.1 refused")) for p in _FOR_GOOD),
    *((2, Fault(at=point, do="drop")) for point in _DROPS),
    (8, Fault(at="dot", do="accept-drop")),
    (4, Fault(at="dot", do="late", seconds=0.5)),
    (1, Fault(at="content", do="slow", seconds=0.5)),
    (1, Fault(at="connect", do="refuse", seconds=0.5)),
)


class RandomFaults:
    """About `rate` of all transactions meet a fault of the catalogue; the same for a seed."""

    def __init__(
        self, seed: int, rate: float, catalogue: tuple[tuple[int, Fault], ...] = CATALOGUE
    ) -> None:
        self._random = random.Random(seed)
        self._rate = rate
        self._catalogue = catalogue
        self._total = sum(weight for weight, _ in catalogue)

    def at(self, point: Point) -> Fault | None:
        here = [(weight, fault) for weight, fault in self._catalogue if fault.at == point]
        share = sum(weight for weight, _ in here) / self._total
        if self._random.random() >= self._rate * share:
            return None
        weights = [weight for weight, _ in here]
        return self._random.choices([fault for _, fault in here], weights)[0]
