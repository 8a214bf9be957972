"""Turn an escalation into finished notices, one to each recipient."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from triage.messages import CaseView
from triage.rendering import Renderer, notice_id
from triage.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classifiers.api import Verdict
    from triage.config import Firm
    from triage.messages import ClientView, Email, Escalation, Notice
    from triage.pipeline.background import Background
    from triage.store.cases import Case
    from triage.store.inbox import Decided, Stored
    from triage.store.outbox import OutboxRow
    from triage.summary import Brief


@dataclass(frozen=True, kw_only=True)
class BriefWriter:
    """Knows who we are, our key, and how a brief looks."""

    firm: Firm
    renderer: Renderer
    key: bytes
    domain: str
    policy_version: str
    titles: Mapping[str, str] = field(default_factory=dict)  # of the routes, by tag
    words: Mapping[str, str] = field(default_factory=dict)  # for tags, in answers
    # for kinds of issue, in answers: by tag, by the kind's id
    issue_words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    numbered: bool = True  # whether the store's numbers will still mean something later

    def write(
        self,
        *,
        stored: Stored,
        email: Email,
        verdict: Verdict | None,
        escalation: Escalation,
        case: Case,
        earlier: Sequence[Decided],
        earlier_tags: Sequence[str],
        sent: Sequence[OutboxRow],
        now: float,
        attach: bool = True,
        repeat: str = "",
        background: Background | None = None,
    ) -> list[Notice]:
        """The notices for one escalation, in the order of its recipients.

        `earlier` are the thread's mails before this one, `earlier_tags` what the case had by then,
        `sent` the case's notices so far, to thread with. `attach`: with the original. `repeat`
        tells it from an earlier notice for the same mail, occasion and person. `background`: what
        came before the mail.
        """
        brief = self.brief(
            stored=stored,
            email=email,
            verdict=verdict,
            escalation=escalation,
            case=case,
            earlier=earlier,
            earlier_tags=earlier_tags,
            background=background,
        )
        return [
            self.renderer.render(
                brief,
                person,
                stored.raw if attach else None,
                message_id=notice_id(
                    key=self.key,
                    ref=stored.raw.ref,
                    sha256=stored.sha256,
                    occasion=escalation.occasion.value + repeat,
                    tags=escalation.tags,
                    recipient=person.address,
                    domain=self.domain,
                ),
                date=datetime.fromtimestamp(int(now), UTC),
                in_reply_to=_thread(email, sent, person.address),
            )
            for person in escalation.recipients
        ]

    def brief(
        self,
        *,
        stored: Stored,
        email: Email,
        verdict: Verdict | None,
        escalation: Escalation,
        case: Case,
        earlier: Sequence[Decided],
        earlier_tags: Sequence[str],
        background: Background | None = None,
    ) -> Brief:
        """What such notices say, the same for all recipients; arguments as in `write`."""
        return summarise(
            email=email,
            raw=stored.raw,
            verdict=verdict,
            escalation=escalation,
            case=_view(case, earlier, earlier_tags, background.client if background else None),
            told=background.told if background else (),
            role=self.firm.role_of(email.sender.address),
            message_id_in_store=stored.id if self.numbered else 0,
            policy_version=self.policy_version,
            firm=self.firm,
            titles=self.titles,
            words=self.words,
            issue_words={
                kind: word
                for tag in escalation.tags
                for kind, word in self.issue_words.get(tag, {}).items()
            },
        )


def _view(
    case: Case,
    earlier: Sequence[Decided],
    earlier_tags: Sequence[str],
    client: ClientView | None,
) -> CaseView:
    return CaseView(
        id=case.id,
        opened_at=datetime.fromtimestamp(case.opened_at, UTC),
        earlier_mails=len(earlier),
        earlier_tags=tuple(earlier_tags),
        earlier_subjects=tuple(mail.subject for mail in earlier[-5:]),
        owner=case.owner,
        client=client,
    )


def _thread(email: Email, sent: Sequence[OutboxRow], recipient: str) -> list[str]:
    """What our notice answers: the original, and what this person got before."""
    own = [row.rfc_id for row in sent if row.recipient == recipient]
    return [*([email.message_id] if email.message_id else []), *own]
