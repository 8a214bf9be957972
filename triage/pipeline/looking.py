"""A case as its brief would tell it now, for somebody who looks at it. Reads only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from triage.messages import MailKind, Recipient
from triage.parsing import parse
from triage.pipeline.again import judgement_of
from triage.pipeline.background import background_of
from triage.pipeline.timing import Basis
from triage.store import inbox, issues, labels
from triage.summary.wording import clean_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from triage.pipeline.again import Rewriter
    from triage.policy import Policy
    from triage.store.cases import Case
    from triage.summary import Brief


def brief_of(
    tx: Connection, rewriter: Rewriter, case: Case, message_id: int, now: float
) -> Brief | None:
    """What a brief of this mail would say now; None when nobody would get one.

    So it is when its words are no longer kept, or when somebody has said that no tag fits.
    """
    stored = inbox.load(tx, message_id)
    email = parse(stored.raw.content)
    tags = labels.tags_of(tx, message_id)
    if not stored.raw.content or (not tags and email.kind is not MailKind.UNREADABLE):
        return None
    known = rewriter.issues.known(tx, message_id, tags, email)
    given = replace(known, spared=issues.spared_people(tx, case.id))
    found = rewriter.issues.explained(rewriter.escalation(email, tags, given.key), given)
    told = tuple(_told(rewriter.policy, case.recipients, tags))
    update_by = rewriter.clock.update_by(tx, case, Basis(tags=case.tags, issue=given.key), now)
    return rewriter.writer.brief(
        stored=stored,
        email=email,
        verdict=judgement_of(tx, message_id),
        escalation=replace(found, recipients=told),
        case=case,
        earlier=inbox.thread_of(tx, email.thread_ids, stored.id),
        earlier_tags=case.tags,
        background=background_of(
            tx,
            stored=stored,
            email=email,
            case=case,
            firm=rewriter.writer.firm,
            update_by=update_by,
        ),
    )


def _told(policy: Policy, ids: Sequence[str], tags: Sequence[str]) -> list[Recipient]:
    people = [policy.people[each] for each in ids if each in policy.people]
    return [
        Recipient(id=p.id, name=clean_line(p.name), address=p.address, tags=tuple(tags))
        for p in people
    ]
