"""What happened in a case, in words. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from triage.store.audit import Entry

WORDS = {
    "decided": "Judged",
    "escalated": "Told",
    "joined": "A mail joined",
    "merged": "Made one with another case",
    "storm": "Many mails at once",
    "queued": "A brief was written",
    "sent": "A brief was sent",
    "deferred": "The mail server asked to wait",
    "failed": "A brief could not be sent",
    "held": "A brief is held for a person to look at",
    "refused": "A brief was not allowed out",
    "released": "A brief left sooner than its digest",
    "digested": "Told in a digest",
    "waits": "A brief waits for its digest",
    "uncertain": "Whether a brief arrived is not known",
    "retried": "Sent again",
    "bounced": "A brief came back",
    "acknowledged": "Seen",
    "taken": "Taken",
    "handed": "Handed over",
    "asked": "An answer was unclear",
    "reminded": "Reminded",
    "raised": "The next level heard",
    "unanswered": "Nobody has answered",
    "client-answered": "The client was answered",
    "update-due": "The client should hear from us",
    "rescheduled": "Times were worked out anew",
    "resolved": "Closed",
    "outcome": "How it ended was said",
    "suggested": "A change in how we work was suggested",
    "labelled": "Corrected",
    "told": "Told on request",
    "marked": "Marked in the mailbox",
    "stumbled": "Judging it failed",
}
_ADDRESS = re.compile(r"[^\s<>,;:()]+@[^\s<>,;:()]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, at a moment in epoch seconds; `mail` is the number of a mail."""

    at: float
    what: str
    detail: str
    action: str
    mail: int | None


def events(trail: Iterable[Entry], names: Mapping[str, str]) -> list[Event]:
    """The trail in words, the newest first; `names` are people's, by address in lower case."""

    def named(found: re.Match[str]) -> str:
        return names.get(found[0].lower(), found[0])

    told = [
        Event(
            at=entry.at,
            what=WORDS.get(entry.action, entry.action.replace("-", " ").capitalize()),
            detail=_ADDRESS.sub(named, entry.detail),
            action=entry.action,
            mail=entry.message_id,
        )
        for entry in trail
    ]
    return told[::-1]
