"""What waits for review on the page, what a sample tells, and what a visitor may take back.

Rules: a visitor finds here what their digest would tell them, and no mail that speaks of them;
what the sample tells counts every mail that was drawn, whoever has judged it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from classifiers.measures import wilson
from triage.naming import named_in
from triage.pipeline.reading import NOVEL
from triage.store import review

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from triage.digest.sight import Sight
    from triage.messages import Email
    from triage.pipeline.labelling import Effect
    from triage.store.review import Drawn

UNSURE, NEW, DRAWN = "unsure", "new", "drawn"
SIZES = (20, 50, 100, 200)  # of the sample
DAYS = 30  # from how far back it is drawn
DAY_S = 86400.0
_MOST_VISITORS, _MOST_EACH = 200, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A mail to look at. `queue` is one of the three; `why` says it in words."""

    message_id: int
    queue: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """What a sample of mail without a tag tells of all mail without a tag.

    Attributes:
        whole: how many such mails there are; `days` is from how far back.
        size: how many were to be drawn; `drawn` are those there were.
        judged: of how many of them a person has said what they are.
        missed: how many of these somebody should have been told of; `tags` says what they are.
        low, high: between which shares that of all mails lies, with 95 % certainty (Wilson 1927);
            both the share itself, where all were looked at.
    """

    days: int
    whole: int
    size: int
    drawn: int
    judged: int
    missed: tuple[int, ...]
    tags: dict[str, int]
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share of missed mails among those judged; 0 where there are none."""
        return len(self.missed) / self.judged if self.judged else 0.0

    @property
    def complete(self) -> bool:
        """Whether all that was drawn has been judged."""
        return self.judged == self.drawn


def size_of(known: Sequence[Drawn], asked: str) -> int:
    """How large the sample is: as asked for, else the largest that is half judged.

    `known` is the largest there may be.
    """
    if asked in map(str, SIZES):
        return int(asked)
    half = [
        size for size in SIZES if 2 * sum(each.judged is not None for each in known[:size]) >= size
    ]
    return max(half, default=SIZES[0])


def queue(tx: Connection, sight: Sight, drawn: Sequence[Drawn]) -> list[Waiting]:
    """All that waits, in order: what the classifier doubts, what it does not know, the sample."""
    doubts = [
        Waiting(
            message_id=each.message_id, queue=NEW if _is_new(each.why) else UNSURE, why=each.why
        )
        for each in review.doubts(tx)
        if each.case_id not in sight.kept
    ]
    left = [
        Waiting(message_id=each.message_id, queue=DRAWN, why="left without a tag, drawn by chance")
        for each in drawn
        if each.judged is None and each.case_id not in sight.kept
    ]
    return sorted(doubts, key=lambda each: each.queue == NEW) + left


def _is_new(why: str) -> bool:
    """Unlike the mails that the model knows, and nothing else."""
    return why.startswith(NOVEL)


def taught(drawn: Sequence[Drawn], whole: int, size: int) -> Taught:
    """What is known from the part of a sample that was judged."""
    judged = [each for each in drawn if each.judged is not None]
    missed = [each for each in judged if each.judged]
    tags = [tag for each in missed for tag in each.judged or ()]
    share = len(missed) / len(judged) if judged else 0.0
    everything = bool(judged) and len(judged) == whole
    interval = wilson(len(missed), len(judged)) if judged and not everything else None
    return Taught(
        days=DAYS,
        whole=whole,
        size=size,
        drawn=len(drawn),
        judged=len(judged),
        missed=tuple(each.message_id for each in missed),
        tags={tag: tags.count(tag) for tag in dict.fromkeys(tags)},
        low=interval.low if interval else share,
        high=interval.high if interval else share if everything else 1.0,
    )


def is_about(sight: Sight, email: Email) -> bool:
    """Whether a mail that nobody has judged yet speaks of the visitor: it may be a complaint."""
    if sight.person is None:
        return False
    text = f"{email.subject}\n{email.new_text}"
    everybody = sight.policy.people.values()
    return sight.person.id in named_in(text, everybody, writer=email.sender.address)


@dataclass(slots=True)
class Done:
    """What each visitor has labelled of late, so that it can be taken back. In memory only."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _effects: dict[str, list[Effect]] = field(default_factory=dict)

    def add(self, token: str, effect: Effect) -> None:
        """One more label of the visitor with this token."""
        with self._lock:
            mine = self._effects.pop(token, [])
            self._effects[token] = [*mine, effect][-_MOST_EACH:]
            while len(self._effects) > _MOST_VISITORS:
                del self._effects[next(iter(self._effects))]

    def last(self, token: str) -> Effect | None:
        """Their last label, which stays; None for none."""
        with self._lock:
            mine = self._effects.get(token)
            return mine[-1] if mine else None

    def take(self, token: str) -> Effect | None:
        """Their last label, which is then gone; None for none."""
        with self._lock:
            mine = self._effects.get(token)
            return mine.pop() if mine else None
