"""Values with sensible defaults for tests; every field can be overridden by keyword.

Rule: a default is one plain, sound example (a client who cannot log in), so that a test states
only what it is about.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from classifiers.api import Evidence, Verdict
from triage.config import Firm
from triage.messages import (
    Address,
    CaseView,
    Email,
    Escalation,
    MailKind,
    MessageRef,
    Occasion,
    RawMessage,
    Reason,
    Recipient,
    Urgency,
)

WHEN = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
TEXT = (
    "Hi,\n\nNobody on our side can log in to the staging site since Monday. "
    "Our testers are standing still until the accounts work again. "
    "Could you tell me who can reset them?\n\nDana"
)
RAW = (
    b"From: Dana Reyes <dana@northwind.example>\r\n"
    b"To: projects@radial.example\r\n"
    b"Subject: Staging login\r\n"
    b"Date: Mon, 02 Mar 2026 09:14:00 +0000\r\n"
    b"Message-ID: <m1@northwind.example>\r\n"
    b"\r\n"
) + TEXT.replace("\n", "\r\n").encode()

# One entry a default tag: (title, clause, next step, urgency).
REASONS = {
    "blocker": (
        "Blocked work",
        (
            "Blockers and Issues: if a story is blocked, mark it as blocked in the relevant issue"
            " tracker, or assign it to Ben or Marshall and mention them on it. Marshall and Ben"
            " divide responsibilities in resolving these issues."
        ),
        (
            "See that the story is marked blocked, then decide who removes the obstacle and tell"
            " whoever is waiting."
        ),
        Urgency.HIGH,
    ),
    "dissatisfaction": (
        "Unhappy client",
        (
            "Customer Recovery: if a customer is not satisfied with a deliverable, product, or "
            "process, please notify Ben or Marshall immediately. All relevant information should be"
            " forwarded to management."
        ),
        (
            "Call or answer the client today: apologise, say what happens next, and recommend a"
            " resolution, or give the reason for any delay."
        ),
        Urgency.HIGH,
    ),
    "scope_mismatch": (
        "Scope mismatch",
        (
            "Sales: when the client's expectations do not agree with the Scope of Work, send an"
            " email to Ben or Marshall (1 or the other will do)."
        ),
        "Compare the request with the Scope of Work before anybody agrees to it or refuses it.",
        Urgency.NORMAL,
    ),
    "upsell": (
        "Sales opening",
        (
            "Sales: when you find an opportunity to upsell a client, or to make a connection"
            " through a client, send an email to Ben or Marshall. Identify the kind of opportunity."
        ),
        (
            "Name the kind of opportunity, ask for an introduction where there is somebody new, and"
            " propose a time to talk."
        ),
        Urgency.NORMAL,
    ),
}
TAGS = tuple(sorted(REASONS))


def make_ref(**changes: Any) -> MessageRef:
    """A place in an inbox."""
    fields = {"account": "inbox", "folder": "INBOX", "uid_validity": 7, "uid": 42}
    return MessageRef(**{**fields, **changes})


def make_raw(content: bytes = RAW, **changes: Any) -> RawMessage:
    """A message as a server holds it; `size` follows the content unless given."""
    fields: dict[str, Any] = {
        "ref": make_ref(),
        "content": content,
        "received_at": WHEN,
        "size": len(content),
    }
    return RawMessage(**{**fields, **changes})


def make_address(address: str = "dana@northwind.example", name: str = "Dana Reyes") -> Address:
    """A client's mailbox."""
    return Address(address=address, name=name)


def make_email(**changes: Any) -> Email:
    """An ordinary mail from a client; `new_text` follows `text` unless given."""
    fields: dict[str, Any] = {
        "subject": "Staging login",
        "sender": make_address(),
        "text": TEXT,
        "new_text": changes.get("text", TEXT),
        "kind": MailKind.ORDINARY,
        "to": (make_address("projects@radial.example", "Radial"),),
        "date": WHEN,
        "message_id": "<m1@northwind.example>",
    }
    return Email(**{**fields, **changes})


def make_verdict(*tags: str, **changes: Any) -> Verdict:
    """A verdict for these tags (default: blocker), with two sentences of the default text."""
    given = tags or ("blocker",)
    fields: dict[str, Any] = {
        "tags": given,
        "scores": {tag: 0.91 if tag in given else 0.04 for tag in TAGS},
        "evidence": (
            Evidence(
                tag=given[0],
                sentence="Nobody on our side can log in to the staging site since Monday.",
                score=0.93,
            ),
            Evidence(
                tag=given[0],
                sentence="Our testers are standing still until the accounts work again.",
                score=0.88,
            ),
        ),
        "model": "2026.03.1",
    }
    return Verdict(**{**fields, **changes})


def make_reason(tag: str = "blocker", **changes: Any) -> Reason:
    """The clause of the written policy for one tag."""
    title, clause, next_step, urgency = REASONS[tag or "blocker"]
    fields: dict[str, Any] = {
        "tag": tag,
        "title": title,
        "clause": clause,
        "next_step": next_step,
        "urgency": urgency,
    }
    return Reason(**{**fields, **changes})


def make_recipient(**changes: Any) -> Recipient:
    """A manager who hears of blocked work."""
    fields: dict[str, Any] = {
        "id": "ben",
        "name": "Ben West",
        "address": "ben@radial.example",
        "tags": ("blocker",),
    }
    return Recipient(**{**fields, **changes})


def make_escalation(*tags: str, **changes: Any) -> Escalation:
    """A first escalation for these tags (default: blocker) to one manager."""
    given = tags or ("blocker",)
    reasons = changes.get("reasons", tuple(make_reason(tag) for tag in given))
    fields: dict[str, Any] = {
        "occasion": Occasion.FIRST,
        "tags": given,
        "reasons": reasons,
        "recipients": (make_recipient(tags=given),),
        "urgency": max((reason.urgency for reason in reasons), default=Urgency.NORMAL),
        "acknowledge_within_s": 4 * 3600,
    }
    return Escalation(**{**fields, **changes})


def make_case(**changes: Any) -> CaseView:
    """A case that this mail opened."""
    return CaseView(**{"id": 12, "opened_at": WHEN, **changes})


def make_firm(**changes: Any) -> Firm:
    """The consultancy that runs the inbox."""
    fields: dict[str, Any] = {"name": "Radial", "domains": ("radial.example",)}
    return Firm(**{**fields, **changes})
