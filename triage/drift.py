"""Does the mail, or the model, move? Shares forwarded, unsure and corrected, week by week.

Rule: the last seven days are held against the eight weeks before. A share has moved when it differs
by at least `MIN_POINTS` points and by half of what it was, and neither chance nor the usual ups and
downs from week to week explain it (z of a two-proportion test, corrected for continuity and for how
much the weeks before differed among themselves, at least `MIN_Z`), on at least `MIN_NOW` mails now
and `MIN_BEFORE` before.
Seven whole days are compared, never a part of a week, since Mondays differ from Sundays. Mail is
counted in the week it was judged in; so corrections still come in for the latest, and only a rise
of these is news.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triage.store.history import Judged

WEEK_S = 7 * 86400.0
WEEKS_BEFORE = 8
MIN_NOW, MIN_BEFORE = 50, 100  # mails
MIN_POINTS = 0.05
MIN_RATIO = 1.5
MIN_Z = 3.0  # three shares are looked at every day; 2 would call wolf every other week

FORWARDED, UNSURE, CORRECTED = "forwarded", "unsure", "corrected"
_WORDS = {
    FORWARDED: "were forwarded",
    UNSURE: "were for review, as the model was unsure",
    CORRECTED: "were corrected by people",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Seven days that end `ago` weeks before now. Counts of mails; `mails` were judged."""

    ago: int
    mails: int
    forwarded: int
    unsure: int
    corrected: int

    def count(self, what: str) -> int:
        """One of the three counts by its name."""
        return {FORWARDED: self.forwarded, UNSURE: self.unsure, CORRECTED: self.corrected}[what]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A share that moved: per hundred mails before and now."""

    what: str
    before: float
    now: float
    mails: int

    @property
    def sentence(self) -> str:
        """The warning in plain words."""
        return (
            f"In the last 7 days {self.now:.0f} of 100 mails {_WORDS[self.what]}, "
            f"{self.before:.0f} of 100 in the weeks before ({self.mails} mails now)."
        )


def weeks(mails: Iterable[Judged], now: float, count: int = WEEKS_BEFORE + 1) -> list[Week]:
    """Count mails by week, the latest first; weeks before the first mail are left out."""
    tallies = [[0, 0, 0, 0] for _ in range(count)]
    for mail in mails:
        ago = math.floor((now - mail.decided_at) / WEEK_S)
        if 0 <= ago < count:
            for slot, hit in enumerate((True, mail.forwarded, mail.unsure, mail.corrected)):
                tallies[ago][slot] += hit
    last = max((ago for ago, tally in enumerate(tallies) if tally[0]), default=-1)
    return [
        Week(ago=ago, mails=n, forwarded=f, unsure=u, corrected=c)
        for ago, (n, f, u, c) in enumerate(tallies[: last + 1])
    ]


def moves(found: Iterable[Week]) -> list[Move]:
    """Say which shares of the latest week are no longer what they were."""
    latest, *earlier = [*found] or [Week(ago=0, mails=0, forwarded=0, unsure=0, corrected=0)]
    before = sum(week.mails for week in earlier)
    if latest.mails < MIN_NOW or before < MIN_BEFORE:
        return []
    moved = []
    for what in (FORWARDED, UNSURE, CORRECTED):
        part, part_before = latest.count(what), sum(week.count(what) for week in earlier)
        share, share_before = part / latest.mails, part_before / before
        if what == CORRECTED and share <= share_before:
            continue
        z = _z(part, latest.mails, part_before, before) / math.sqrt(_spread(earlier, what))
        if _far(share, share_before) and z >= MIN_Z:
            moved.append(
                Move(what=what, before=100 * share_before, now=100 * share, mails=latest.mails)
            )
    return moved


def _far(share: float, other: float) -> bool:
    low, high = sorted((share, other))
    return high - low >= MIN_POINTS and high >= MIN_RATIO * low


def _z(part: int, whole: int, other_part: int, other_whole: int) -> float:
    """How many standard errors two shares lie apart, if they were one in truth."""
    pooled = (part + other_part) / (whole + other_whole)
    error = math.sqrt(pooled * (1 - pooled) * (1 / whole + 1 / other_whole))
    step = (1 / whole + 1 / other_whole) / 2  # counts are whole numbers
    apart = max(0.0, abs(part / whole - other_part / other_whole) - step)
    return apart / error if error else 0.0


def _spread(found: Sequence[Week], what: str) -> float:
    """How much more the shares of these weeks vary than chance would make them; at least 1.

    Pearson's chi-squared over its degrees of freedom.
    """
    some = [week for week in found if week.mails]
    mails = sum(week.mails for week in some)
    share = sum(week.count(what) for week in some) / mails if mails else 0.0
    if len(some) < 2 or not 0 < share < 1:  # noqa: PLR2004 - one week says nothing of several
        return 1.0
    squares = sum(
        (week.count(what) - week.mails * share) ** 2 / (week.mails * share * (1 - share))
        for week in some
    )
    return max(1.0, squares / (len(some) - 1))
