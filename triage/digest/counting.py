"""Counts of a digest: mails by how they ended, answer times, weeks, folders. Pure.

Rule: every mail of the period is in exactly one count, whatever its outcome is called, so that the
sum is the number of mails that came in.
"""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

from triage.digest.model import WEEKS, AnswerTimes, FolderCheck, MailCount, Trend
from triage.messages import MailKind
from triage.reconciliation import OLDER, VANISHED, balance

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from triage.calendars import Calendar
    from triage.reconciliation import Row
    from triage.store.cases import Case
    from triage.store.listings import Listing
    from triage.store.mailboxes import Mailbox
    from triage.store.overview import Arrived

WEEK_S = 7 * 86400.0
# The server is asked every hour; an answer older than this says little of what came since.
FRESH_S = 2 * 3600.0
MOST_TRENDS = 6

_COUNTED = {
    "": "waiting",
    "escalated": "escalated",
    "unreadable": "escalated",
    "joined": "joined",
    "unsure": "unsure",
    "left": "left",
}
_PARTS = {
    "acknowledged": "answers to briefs",
    "asked": "answers to briefs",
    "duplicate": "copies of mails that were handled",
    VANISHED: "gone before they could be read",
    "learnt": "met only in a tag folder",
}
_ROBOTS = {
    MailKind.AUTO_REPLY: "automatic replies",
    MailKind.BOUNCE: "delivery reports",
    MailKind.LIST: "newsletters and lists",
    MailKind.OURS: "our own mails",
}
NOT_YOURS = "not shown here"


def count_mail(mails: Iterable[Arrived], hidden: Collection[int], *, with_parts: bool) -> MailCount:
    """Count the mails of a period. `hidden` are cases that the reader must not know of."""
    tally: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    for mail in mails:
        if mail.case_id in hidden:
            tally["not_triaged"] += 1
            parts[NOT_YOURS] += 1
        elif mail.action in _COUNTED:
            tally[_COUNTED[mail.action]] += 1
        elif part := _part(mail):
            tally["not_triaged"] += 1
            parts[part] += 1
        else:
            tally["other"] += 1
    return MailCount(**tally, parts=dict(parts) if with_parts else {})


def _part(mail: Arrived) -> str:
    """Why a mail was not triaged, in words; empty for an outcome of another name."""
    if mail.action != "not-triaged":
        return _PARTS.get(mail.action, "")
    if mail.why == OLDER:
        return "from before the first start"
    return _ROBOTS.get(MailKind(mail.kind), "absence notes and loops") if mail.kind else "others"


def answer_times(
    cases: Iterable[Case], calendar: Calendar, since: float, until: float
) -> AnswerTimes:
    """How long cases waited whose first answer came in [since, until)."""
    waits = [
        (calendar.between(case.updated_at, at), case.id)
        for case in cases
        if (at := _first_answer(case)) is not None and since <= at < until
    ]
    if not waits:
        return AnswerTimes()
    slowest_s, slowest_case = max(waits)
    return AnswerTimes(
        count=len(waits),
        median_s=median(wait for wait, _ in waits),
        slowest_s=slowest_s,
        slowest_case=slowest_case,
    )


def _first_answer(case: Case) -> float | None:
    """When somebody first reacted to what is newest in a case."""
    times = (case.acknowledged_at, case.answered_at, case.resolved_at)
    return min((at for at in times if at is not None and at >= case.updated_at), default=None)


def trends(
    cases: Iterable[Case], labels: Callable[[Case], Sequence[str]], until: float
) -> tuple[Trend, ...]:
    """Cases opened in each of the last weeks, by each of their labels; the most first."""
    found: dict[str, list[int]] = {}
    for case in cases:
        ago = int((until - case.opened_at) // WEEK_S) if case.opened_at < until else -1
        if 0 <= ago < WEEKS:
            for label in dict.fromkeys(labels(case)):
                found.setdefault(label, [0] * WEEKS)[WEEKS - 1 - ago] += 1
    every = [Trend(label=label, counts=tuple(counts)) for label, counts in found.items()]
    ranked = sorted(every, key=lambda trend: (-trend.total, -trend.counts[-1], trend.label))
    return tuple(ranked[:MOST_TRENDS])


def check_folder(
    mailbox: Mailbox,
    listing: Listing | None,
    rows: Sequence[Row],
    *,
    since: float,
    until: float,
) -> FolderCheck:
    """Hold what the server said last against the store, for the mails of [since, until)."""
    name = f"{mailbox.account}/{mailbox.folder}"
    if listing is None:
        return FolderCheck(name=name, problem=mailbox.problem)
    held = balance(listing.uids, rows, mailbox, counting=listing.uids)
    came = [
        row.uid
        for row in rows
        if since <= row.stored_at < min(until, listing.asked_at + 1) and row.why != OLDER
    ]
    return FolderCheck(
        name=name,
        asked_at=listing.asked_at,
        fresh=until - listing.asked_at <= FRESH_S,
        problem=mailbox.problem,
        on_server=held.on_server,
        came=len(came),
        still_there=sum(1 for uid in came if uid in listing.uids),
        unaccounted=len(held.unaccounted),
    )
