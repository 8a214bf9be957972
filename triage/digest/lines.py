"""Cases and mails of a digest, each in a few lines. Pure.

Rule: what comes from a mail is cleaned and cut here, so that no control or bidi character and no
line break of a stranger's reaches a digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.summary.people import organisation
from triage.summary.wording import bare_subject, clean_line, listed, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.digest.model import Escalated, HeldBack, OpenCase, ReviewMail
    from triage.digest.times import Times

SUBJECT_LIMIT = 80
CLIENT_LIMIT = 40
SENDER_LIMIT = 50

_STATUS = {"open": "open", "acknowledged": "somebody has it", "resolved": "resolved"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A case in three lines: what and who, about what, and how it stands.

    `alarm` is the part of `stands` that must be seen; `urgency` is a word.
    """

    id: int
    urgency: str
    what: str
    client: str
    subject: str
    stands: str
    alarm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLine(CaseLine):
    """A brief that waited for the digest. `reference` names it in an answer."""

    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLine:
    """A mail for review."""

    id: int
    sender: str
    subject: str
    received: str


def open_line(case: OpenCase, times: Times) -> CaseLine:
    """A case that is not resolved: who has it, and what is due."""
    if case.holder:
        stands = f"{clean_line(case.holder)} has it"
    elif case.seen:
        stands = "seen, but nobody has taken it"
    else:
        names = listed([clean_line(name) for name in case.told])
        stands = f"nobody has answered; told: {names}" if names else "nobody has answered"
    if case.answered_at:
        stands += f"; client answered {times.moment(case.answered_at)}"
    if case.due_at and not case.overdue:
        stands += f"; answer by {times.moment(case.due_at)}"
    return CaseLine(
        id=case.id,
        urgency=case.urgency.label,
        what=_what(case.titles),
        client=client_name(case.client),
        subject=subject_of(case.subject),
        stands=f"{stands}; since {times.moment(case.opened_at)}",
        alarm=f"overdue since {times.moment(case.due_at)}" if case.overdue and case.due_at else "",
    )


def held_line(brief: HeldBack, times: Times) -> HeldLine:
    """A brief that waited: since when, and why."""
    return HeldLine(
        id=brief.case_id,
        urgency=brief.urgency.label,
        what=_what(brief.titles),
        client=client_name(brief.client),
        subject=subject_of(brief.subject),
        stands=f"{times.moment(brief.at)}; {clean_line(brief.because)}",
        reference=brief.reference,
    )


def escalated_line(case: Escalated, times: Times) -> CaseLine:
    """A case of which people were told: when, to whom, and what became of it."""
    told = listed([clean_line(name) for name in case.told])
    news = "" if case.new else "new in an older case, "
    status = _STATUS.get(case.status, case.status)
    return CaseLine(
        id=case.id,
        urgency=case.urgency.label,
        what=_what(case.titles),
        client=client_name(case.client),
        subject=subject_of(case.subject),
        stands=f"{news}{times.moment(case.at)}, to {told}; {status}",
    )


def _what(titles: Sequence[str]) -> str:
    return " + ".join(clean_line(title) for title in titles) or "Could not read"


def client_name(address: str) -> str:
    """A client as people speak of them: the organisation, else the address."""
    name = organisation(address.rpartition("@")[2]) or clean_line(address)
    return shorten(name, CLIENT_LIMIT) or "unknown sender"


def subject_of(subject: str) -> str:
    """A mail's subject on one line, cut."""
    return shorten(bare_subject(subject), SUBJECT_LIMIT) or "(no subject)"


def mail_line(mail: ReviewMail, times: Times) -> MailLine:
    """A mail that a person should judge."""
    return MailLine(
        id=mail.id,
        sender=shorten(clean_line(mail.sender), SENDER_LIMIT),
        subject=subject_of(mail.subject),
        received=times.moment(mail.received_at),
    )
