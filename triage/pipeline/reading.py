"""A stored message as it was understood, and what can be said of it without any case. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.messages import Address, Email, MailKind

if TYPE_CHECKING:
    from classifiers.api import Verdict
    from triage.store.inbox import Stored

MAX_ATTEMPTS = 3  # then a person gets it; if that fails too, without anything out of the mail

NOT_TRIAGED = {
    MailKind.AUTO_REPLY: "an automatic reply",
    MailKind.BOUNCE: "a delivery report",
    MailKind.LIST: "a newsletter or mailing list",
    MailKind.OURS: "sent by this program",
}

NOVEL = "unlike the mails the model learned from, such as another language"

NOTHING_READ = Email(
    subject="", sender=Address(address=""), text="", new_text="", kind=MailKind.UNREADABLE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A stored message as it was understood; `verdict` is None when it was not classified."""

    stored: Stored
    email: Email
    verdict: Verdict | None = None


def is_classified(reading: Reading) -> bool:
    """Whether the classifier is asked."""
    email = reading.email
    plain = email.kind is MailKind.ORDINARY and not email.loop
    return plain and not trouble_with(reading.stored, email)


def trouble_with(stored: Stored, email: Email) -> str:
    """Why a person must read this instead of the classifier; empty if the classifier may."""
    if stored.attempts >= MAX_ATTEMPTS:
        return f"The program failed on this mail {stored.attempts} times ({stored.error})."
    if not stored.raw.complete:
        return f"The mail could not be fetched whole: {stored.raw.problem}."
    if email.kind is MailKind.UNREADABLE:
        return "; ".join(email.problems) or "The mail could not be read."
    if _body_lost(email):
        return f"Its text could not be read: {'; '.join(email.problems)}."
    return ""


def _body_lost(email: Email) -> bool:
    malformed = any(problem.startswith("malformed") for problem in email.problems)
    return malformed and not email.text.strip() and not email.attachments


def nothing_to_read(email: Email) -> bool:
    """Whether there is no text at all."""
    return not email.text.strip()


def why_unsure(verdict: Verdict, email: Email) -> str:
    """Why a person is asked, in words."""
    found = ", ".join(f"{tag} {verdict.scores[tag]:.2f}" for tag in verdict.unsure_tags)
    reasons = [f"perhaps {found}"] if found else []
    if nothing_to_read(email):
        reasons.insert(0, "there is no text to judge")
    elif verdict.novel:
        reasons.insert(0, NOVEL)
    return "; ".join(reasons)
