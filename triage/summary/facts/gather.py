"""All facts of a mail and of its thread, as a brief tells them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.summary.facts.amounts import find_amounts
from triage.summary.facts.dates import find_dates
from triage.summary.facts.enclosures import find_missing
from triage.summary.facts.requests import find_requests, find_wishes
from triage.summary.facts.undertakings import (
    find_promises,
    find_reported_promises,
    find_tries,
    tries_of,
)
from triage.summary.facts.values import Fact, Sentence, Told, sentences_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triage.messages import Attachment
    from triage.summary.facts.days import Written

_MOST = 2  # of one sort: more would be read by nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a mail says, word for word; every one may be empty.

    Attributes:
        asked: what it asks for.
        due: days by which something is to be done.
        dates: other days to come.
        amounts: sums of money.
        wanted: the outcome that the writer says they want.
        tried: what was tried already, in this mail and in earlier ones.
        promised: what was promised in earlier mails, or is said to have been.
        missing: what says that a file is attached, where none is.
    """

    asked: tuple[Fact, ...] = ()
    due: tuple[Fact, ...] = ()
    dates: tuple[Fact, ...] = ()
    amounts: tuple[Fact, ...] = ()
    wanted: tuple[Fact, ...] = ()
    tried: tuple[Fact, ...] = ()
    promised: tuple[Fact, ...] = ()
    missing: tuple[Fact, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(self.everything)

    @property
    def everything(self) -> tuple[Fact, ...]:
        """All of them."""
        return (
            *(*self.asked, *self.due, *self.dates, *self.amounts),
            *(*self.wanted, *self.tried, *self.promised, *self.missing),
        )


def gather(
    *,
    subject: str,
    text: str,
    written: Written,
    attachments: Sequence[Attachment] = (),
    earlier: Sequence[Told] = (),
) -> Facts:
    """Find the facts.

    Args:
        subject: of the mail, on one line.
        text: the writer's own words, without what they quote.
        written: when, by the writer's clock.
        attachments: what came with the mail.
        earlier: the thread before it, oldest first.
    """
    own = sentences_of(text)
    headed = [Sentence(text=subject, where="subject"), *own] if subject else own
    dates = find_dates(headed, written)
    asked = find_requests(own)
    return Facts(
        asked=_first(_dated_first(asked, dates)),
        due=_first(_once(fact for fact in dates if fact.deadline)),
        dates=_first(_once(fact for fact in dates if not fact.deadline)),
        amounts=_first(find_amounts(headed), 3),
        wanted=_first(wish for wish in find_wishes(own) if not _is_told(wish, asked)),
        tried=_first([*find_tries(own), *reversed(tries_of(earlier))]),
        promised=_first([*find_reported_promises(own), *_newest_of_ours(find_promises(earlier))]),
        missing=tuple(find_missing(own, attachments)),
    )


def _first(facts: Iterable[Fact], most: int = _MOST) -> tuple[Fact, ...]:
    return tuple(facts)[:most]


def _dated_first(asked: Sequence[Fact], dates: Sequence[Fact]) -> list[Fact]:
    """Requests that name a day go before others."""
    return sorted(asked, key=lambda fact: not any(date.text in fact.text for date in dates))


def _once(dates: Iterable[Fact]) -> list[Fact]:
    """Each day once; in other words where it is not clear which day that is."""
    found: dict[object, Fact] = {}
    for fact in dates:
        found.setdefault(fact.day or fact.text.lower(), fact)
    return list(found.values())


def _is_told(wish: Fact, asked: Sequence[Fact]) -> bool:
    return any(wish.text in fact.text or fact.text in wish.text for fact in asked)


def _newest_of_ours(promised: Sequence[Fact]) -> list[Fact]:
    """Our own promises first, the newest first; one quoted again and again counts once."""
    newest_first = list(reversed(promised))
    ordered = [f for f in newest_first if f.ours] + [f for f in newest_first if not f.ours]
    found: dict[str, Fact] = {}
    for fact in ordered:
        found.setdefault(fact.text.lower(), fact)
    return list(found.values())
