"""Cases, briefs, mails and mailboxes as JSON. The keys are promised to scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.repeats import Repeated
    from triage.store.audit import Entry
    from triage.store.cases import Case
    from triage.store.inbox import Decided
    from triage.store.mailboxes import Mailbox
    from triage.store.moves import TagFolder
    from triage.store.outbox import OutboxRow
    from triage.store.storms import Storm


def case(found: Case) -> dict[str, object]:
    """A case."""
    return {
        "id": found.id,
        "status": found.status,
        "tags": list(found.tags),
        "urgency": found.urgency.label,
        "client": found.client,
        "subject": found.subject,
        "recipients": list(found.recipients),
        "opened_at": found.opened_at,
        "updated_at": found.updated_at,
        "acknowledged_by": found.acknowledged_by,
        "owner": found.owner,
        "outcome": found.outcome,
        "recurs": found.recurs,
        "outcome_by": found.outcome_by,
        "outcome_at": found.outcome_at,
        "resolved_at": found.resolved_at,
        "merged_into": found.merged_into,
    }


def repeated(found: Repeated) -> dict[str, object]:
    """A matter that comes up again and again."""
    return {
        "matter": found.key,
        "client": found.client,
        "about": found.about,
        "cases": list(found.cases),
        "could_recur": found.could_recur,
        "days": found.days,
        "suggested_at": found.suggested_at,
    }


def brief(row: OutboxRow) -> dict[str, object]:
    """A row of the outbox."""
    return {
        "id": row.id,
        "case": row.case_id or None,
        "message_id": row.rfc_id,
        "occasion": row.occasion,
        "recipient": row.recipient,
        "subject": row.subject,
        "state": row.state,
        "attempts": row.attempts,
        "next_attempt_at": row.next_attempt_at,
        "detail": row.detail,
        "held_for": row.held_for,
    }


def mail(found: Decided) -> dict[str, object]:
    """A mail and what was decided about it."""
    return {
        "id": found.id,
        "ref": str(found.ref),
        "action": found.action,
        "why": found.why,
        "subject": found.subject,
        "sender": found.sender,
        "received_at": found.received_at,
        "tags": list(found.tags),
        "unsure": list(found.unsure_tags),
        "scores": dict(found.scores or {}),
        "model": found.model,
        "case": found.case_id,
    }


def mailbox(box: Mailbox) -> dict[str, object]:
    """A mailbox."""
    return {
        "account": box.account,
        "folder": box.folder,
        "uid_validity": box.uid_validity,
        "last_uid": box.last_uid,
        "looked_at": box.looked_at,
        "problem": box.problem,
    }


def tag_folder(found: TagFolder) -> dict[str, object]:
    """A folder that means a tag; none for the folder of mail without one."""
    return {
        "account": found.account,
        "folder": found.folder,
        "tag": found.tag or None,
        "problem": found.problem,
    }


def storm(found: Storm) -> dict[str, object]:
    """Mails that joined a case instead of being told one by one."""
    return {
        "case": found.case_id,
        "began_at": found.began_at,
        "last_at": found.last_at,
        "mails": found.mails,
        "told": found.told,
        "over_at": found.over_at,
        "because": found.because,
    }


def event(entry: Entry) -> dict[str, object]:
    """An entry of the trail."""
    return {
        "at": entry.at,
        "action": entry.action,
        "detail": entry.detail,
        "mail": entry.message_id,
    }
