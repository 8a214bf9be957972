"""A digest in words: what the templates print, and nothing they must work out. Pure.

Rule: what comes from a mail is cleaned and cut here and in `lines`, so that no control or bidi
character and no line break of a stranger's reaches a digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from triage.digest import charts
from triage.digest.lines import escalated_line, held_line, mail_line, open_line
from triage.summary.wording import clean_line, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.digest.charts import Bar, Columns
    from triage.digest.lines import CaseLine, HeldLine, MailLine
    from triage.digest.model import Digest, FolderCheck, Trend
    from triage.digest.times import Times

LABEL_LIMIT = 24
CASES_SHOWN = 10

_PERIODS = {"day": "Daily digest", "week": "Weekly digest"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole digest in words. Lists that are cut say by `..._more` how much is left out.

    Attributes:
        tone: `alarm` when something is overdue or missing, else `calm`.
        held: briefs that waited for this digest; all of them, since no mail tells of them.
        escalations: how many cases people were told of; `escalated` are those not open any more.
        mail: how the mails ended, for who sees the whole inbox.
        repeated: a line for each matter that came up again and again.
        sum: how the counts of mails add up.
        checks: a sentence a folder on what the server says.
        sources: what `not triaged` is made of, for who sees all.
    """

    title: str
    subject_line: str
    span: str
    headline: str
    tone: str
    warnings: tuple[str, ...]
    held: tuple[HeldLine, ...]
    open_cases: tuple[CaseLine, ...]
    open_more: int
    escalations: str
    escalated: tuple[CaseLine, ...]
    escalated_more: int
    review: str
    review_mails: tuple[MailLine, ...]
    review_more: int
    answers: str
    repeated: tuple[str, ...]
    by_client: tuple[Columns, ...]
    by_kind: tuple[Columns, ...]
    mail: tuple[Bar, ...]
    sum: str
    checks: tuple[str, ...]
    sources: str


def page_of(digest: Digest, times: Times) -> Page:
    """Put a digest into words; `times` says moments and spans in the firm's way."""
    above = {brief.case_id for brief in digest.held}
    open_cases = [open_line(case, times) for case in digest.open_cases if case.id not in above]
    is_open = {case.id for case in digest.open_cases}
    escalated = [escalated_line(c, times) for c in digest.escalated if c.id not in is_open]
    warnings = tuple(_warnings(digest))
    return Page(
        title=_PERIODS[digest.period],
        subject_line=f"{_PERIODS[digest.period]}: {_short(digest)}",
        span=times.span(digest.since, digest.until),
        headline=_headline(digest),
        tone="alarm" if digest.overdue or digest.unaccounted else "calm",
        warnings=warnings,
        held=tuple(held_line(brief, times) for brief in digest.held),
        open_cases=tuple(open_cases[:CASES_SHOWN]),
        open_more=max(0, len(open_cases) - CASES_SHOWN),
        escalations=_escalations(digest, len(digest.escalated) - len(escalated)),
        escalated=tuple(escalated[:CASES_SHOWN]),
        escalated_more=max(0, len(escalated) - CASES_SHOWN),
        review=_review(digest, times),
        review_mails=tuple(mail_line(mail, times) for mail in digest.review.first),
        review_more=digest.review.count - len(digest.review.first),
        answers=_answers(digest, times),
        repeated=tuple(clean_line(each.report) for each in digest.repeated),
        by_client=_columns(digest.by_client),
        by_kind=_columns(digest.by_kind),
        mail=charts.bars(_mail_rows(digest)) if digest.whole else (),
        sum=_sum(digest),
        checks=tuple(_check(folder, times) for folder in digest.folders),
        sources=", ".join(f"{n} {part}" for part, n in sorted(digest.mail.parts.items())),
    )


def plural(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 case`, `3 cases`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def _short(digest: Digest) -> str:
    """The subject behind its title."""
    cases, overdue = len(digest.open_cases), digest.overdue
    said = [plural(cases, "open case") if cases else "no open case"]
    said += [f"{overdue} overdue"] if overdue else []
    said += [f"{digest.unaccounted} unaccounted for"] if digest.unaccounted else []
    return ", ".join(said)


def _headline(digest: Digest) -> str:
    cases, overdue = len(digest.open_cases), digest.overdue
    yours = "" if digest.whole else " of yours"
    late = f", {overdue} of them overdue" if cases > 1 else ", and it is overdue"
    open_now = f"{plural(cases, 'open case') if cases else 'No open case'}{yours}"
    first = f"{open_now}{late if overdue else ''}."
    return " ".join(part for part in (first, _came(digest), _accounted(digest)) if part)


def _came(digest: Digest) -> str:
    """How many mails came in, in a sentence, for who sees the whole inbox."""
    mail = digest.mail
    if not digest.whole:
        return ""
    told = mail.escalated + mail.joined
    parts = [f"{told} escalated or part of an open case"] if told else []
    parts += [f"{mail.unsure} for review"] if mail.unsure else []
    said = f": {', '.join(parts)}" if parts else ""
    return f"{plural(mail.total, 'mail') if mail.total else 'No mail'} came in{said}."


def _escalations(digest: Digest, still_open: int) -> str:
    """How many cases were told of since then, and where to look for them."""
    number = len(digest.escalated)
    if not number:
        return ""
    said = f"{plural(number, 'case')} {'was' if number == 1 else 'were'} told of"
    if still_open == number:
        return f"{said}, {'which is open and stands' if number == 1 else 'all open and'} above."
    open_ones = f"; {still_open} of them {'is' if still_open == 1 else 'are'} open and above"
    return f"{said}{open_ones if still_open else ''}."


def _accounted(digest: Digest) -> str:
    if digest.unaccounted:
        verb = "is" if digest.unaccounted == 1 else "are"
        return f"{plural(digest.unaccounted, 'mail')} on the server {verb} unaccounted for."
    if digest.folders and all(folder.fresh for folder in digest.folders):
        return "Every mail is accounted for."
    return "Whether every mail is accounted for could not be checked with the server."


def _warnings(digest: Digest) -> list[str]:
    """What must stand at the top."""
    found = []
    if digest.unaccounted:
        found.append(
            f"{_accounted(digest)} Whoever runs triage finds out which with `triage verify`."
        )
    found += [
        f"{clean_line(folder.name)} cannot be read at present; `triage status` says why."
        for folder in digest.folders
        if folder.problem
    ]
    return found + [
        f"{sentence} Read some of these mails: the mail may have changed, or the model."
        for sentence in digest.drift
    ]


def _review(digest: Digest, times: Times) -> str:
    review = digest.review
    if not review.count or review.oldest_at is None:
        return ""
    waits = "waits" if review.count == 1 else "wait"
    since = times.moment(review.oldest_at)
    return (
        f"{plural(review.count, 'mail')} {waits} for a person's judgement, the oldest since "
        f"{since}. Whoever runs triage goes through them with `triage label`."
    )


def _answers(digest: Digest, times: Times) -> str:
    found = digest.answers
    if not found.count:
        return ""
    if found.count == 1:
        return f"1 case had its first answer, after {times.spoken(found.median_s)}{times.counted}."
    return (
        f"{found.count} cases had their first answer: half of them within "
        f"{times.spoken(found.median_s)}, the slowest (case {found.slowest_case}) after "
        f"{times.spoken(found.slowest_s)}{times.counted}."
    )


def _columns(found: Sequence[Trend]) -> tuple[Columns, ...]:
    highest = max((max(trend.counts) for trend in found), default=0)
    width = len(str(highest))
    return tuple(
        charts.columns(
            shorten(clean_line(trend.label), LABEL_LIMIT),
            trend.counts,
            highest=highest,
            width=width,
        )
        for trend in found
    )


def _mail_rows(digest: Digest) -> list[tuple[str, int]]:
    mail = digest.mail
    always = [
        ("escalated", mail.escalated),
        ("part of an open case", mail.joined),
        ("for review", mail.unsure),
        ("left alone", mail.left),
        ("not triaged", mail.not_triaged),
    ]
    sometimes = [("waiting to be read", mail.waiting), ("ended otherwise", mail.other)]
    return always + [(label, value) for label, value in sometimes if value]


def _sum(digest: Digest) -> str:
    left = f"{digest.unaccounted} unaccounted for"
    if not digest.whole:
        return f"{plural(digest.mail.total, 'mail')} came in; {left}"
    parts = " + ".join(str(value) for _, value in _mail_rows(digest))
    return f"{digest.mail.total} came in = {parts}; {left}"


def _check(folder: FolderCheck, times: Times) -> str:
    name = clean_line(folder.name)
    if folder.asked_at is None:
        return f"{name}: the server has not been asked yet."
    if not folder.fresh:
        since = times.moment(folder.asked_at)
        return f"{name}: server not asked since {since}; mail that came later may not be here yet."
    gone = folder.came - folder.still_there
    left = f"; {gone} {'was' if gone == 1 else 'were'} moved or deleted since" if gone else ""
    missing = (
        f"{folder.unaccounted} of its mails {'is' if folder.unaccounted == 1 else 'are'} not here"
        if folder.unaccounted
        else "none of its mails is missing here"
    )
    return (
        f"{name}: asked {times.moment(folder.asked_at)}, the server holds {folder.still_there} of"
        f" the {folder.came} that came in{left}; {missing}."
    )


def written_at(digest: Digest) -> datetime:
    """The date of the mail."""
    return datetime.fromtimestamp(int(digest.until), UTC)
