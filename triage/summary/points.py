"""The facts of a mail as the short lines of a brief, each with its place.

Rule: what is in quotation marks stands in the mail; what is not, the program worked out from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.parsing.quotes import stripped
from triage.summary.facts import Facts, gather
from triage.summary.facts.days import Written, written_at
from triage.summary.wording import clean_line, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from triage.messages import Email
    from triage.summary.facts import Fact, Told

TEXT_LIMIT = 140
_CLOCKS_AGREE_S = 2 * 86400  # a Date header further from when the mail came may be wrong
NOTHING_ATTACHED = "but nothing is attached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One fact in words.

    Attributes:
        text: of the mail, word for word; cut with dots where it is long.
        day: the day that it means, in words; empty where it may be several.
        where: its place, or who said it and when.
        remark: what the program adds.
        quoted: whether it is printed in quotation marks.
    """

    text: str
    where: str
    day: str = ""
    remark: str = ""
    quoted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Facts of one sort under their heading, such as `Asked for`."""

    label: str
    lines: tuple[Line, ...]


def facts_of(
    email: Email,
    text: str,
    *,
    forwarded: bool,
    received_at: datetime,
    told: Sequence[Told],
) -> Facts:
    """Find the facts of a mail.

    Args:
        email: the mail.
        text: the words of the person whom the brief is about, where the mail is a forward.
        forwarded: whether one of our own people forwarded it; then its date is not theirs.
        received_at: when it came.
        told: the thread before it.
    """
    # What is newly written counts, however little it is; a classifier is given more to go by.
    own = text if email.original_sender else stripped(email.text)
    return gather(
        subject=clean_line(email.original_subject or email.subject),
        text=own,
        written=Written() if forwarded else _written(email, received_at),
        attachments=email.attachments,
        earlier=told,
    )


def _written(email: Email, received_at: datetime) -> Written:
    if email.date is None or abs((email.date - received_at).total_seconds()) > _CLOCKS_AGREE_S:
        return Written()
    return written_at(email.date, email.utc_offset_s)


def points_of(facts: Facts, year: int) -> tuple[Point, ...]:
    """Put facts into words; sorts without any are left out. `year` is left out of its days."""
    found = (
        ("Asked for", facts.asked, ""),
        ("Wants", facts.wanted, ""),
        ("By", facts.due, ""),
        ("Dates", facts.dates, ""),
        ("Amount", facts.amounts, ""),
        ("Promised earlier", facts.promised, ""),
        ("Tried", facts.tried, ""),
        ("Missing", facts.missing, NOTHING_ATTACHED),
    )
    return tuple(
        Point(
            label=label,
            lines=tuple(
                _line(fact, year, remark, quoted=label != "Amount") for fact in facts_of_label
            ),
        )
        for label, facts_of_label, remark in found
        if facts_of_label
    )


def _line(fact: Fact, year: int, remark: str, *, quoted: bool) -> Line:
    return Line(
        text=shorten(fact.text, TEXT_LIMIT),
        where=_who(fact) or fact.where,
        day=spoken_day(fact.day, year) if fact.day else "",
        remark=remark,
        quoted=quoted,
    )


def _who(fact: Fact) -> str:
    """Who said it and when; where a quote does not say when, that it is one."""
    if not fact.by:
        return " of ".join(part for part in (fact.where, fact.said) if part) if fact.said else ""
    if fact.where == "quoted mail":
        return f"{fact.by}, {fact.where}{' of ' + fact.said if fact.said else ''}"
    return f"{fact.by}, {fact.where}"


def spoken_day(day: date, year: int) -> str:
    """A day such as `Fri 6 Mar`, with its year where that is another one."""
    return f"{day:%a} {day.day} {day:%b}{'' if day.year == year else f' {day.year}'}"
