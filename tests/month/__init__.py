"""A simulated month: a firm's mail driven through the whole program by a fake clock.

What should happen is worked out beforehand by an oracle that shares no code with the program and
knows the policy only as docs/policy.md tells it. Run `python -m tests.month --seed 7`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.month.driving import Drive
from tests.month.judging import differences
from tests.month.oracle import Oracle
from tests.month.planning import plan, plan_moves
from tests.month.world import make_world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.month.driving import Seen
    from tests.month.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month that has passed: what was expected, what was seen, and every difference."""

    world: World
    oracle: Oracle
    seen: Seen
    differences: list[str]


def run_month(folder: Path, *, seed: int, mails: int) -> Month:
    """Let a month pass in an empty folder."""
    world = make_world(seed)
    planned = plan(world, mails)
    oracle = Oracle(world=world, planned=planned, moves=plan_moves(world, planned))
    oracle.run()
    seen = Drive(folder=folder, world=world, oracle=oracle).run()
    found = differences(world, oracle, seen)
    return Month(world=world, oracle=oracle, seen=seen, differences=found)
