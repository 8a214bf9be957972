"""Everything that the page of a case shows, read from the store in one look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.messages import Recipient
from triage.parsing import parse
from triage.pipeline.explain import explain
from triage.pipeline.looking import brief_of
from triage.pipeline.people import is_same_client
from triage.store import audit, cases, inbox, issues, labels, outbox
from triage.web.mail_view import mail_view
from triage.web.trail import events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from triage.pipeline.explain import Explanation
    from triage.policy import Policy
    from triage.rendering.answer import Answer
    from triage.store.inbox import Decided
    from triage.store.outbox import OutboxRow
    from triage.summary import Brief
    from triage.web.mail_view import MailView
    from triage.web.roles import Visitor
    from triage.web.site import Site
    from triage.web.trail import Event

MAILS_READ = 20  # of a case that are shown with their words, the newest
MAIL_BYTES = 2 << 20  # larger ones are shown without


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case, as somebody looks at it.

    Attributes:
        about: number of the mail that stands for it: the newest that somebody was told of.
        holder: who has it, or has seen it, in words; empty for nobody.
        titles: what it is about, by tag.
        brief: what a brief would say now; None when nobody would get one.
        texts: the texts that it suggests; the answer first.
        mails: the thread, the newest first; `more` earlier ones are not shown.
        told: who was told, in words.
        names: people's names by their address.
    """

    case: cases.Case
    about: int
    holder: str
    titles: Mapping[str, str]
    explanation: Explanation
    brief: Brief | None
    texts: tuple[Answer, ...]
    mails: tuple[MailView, ...]
    more: int
    briefs: tuple[OutboxRow, ...]
    trail: tuple[Event, ...]
    told: tuple[str, ...]
    names: Mapping[str, str]


def case_view(tx: Connection, site: Site, case: cases.Case, who: Visitor, now: float) -> CaseView:
    """Look at a case."""
    policy, rewriter = site.settings.policy, site.labeller.rewriter
    names = {person.address.lower(): person.name for person in policy.people.values()}
    explanation = explain(tx, case.id, rewriter.clock, site.settings.config.firm)
    brief = brief_of(tx, rewriter, case, explanation.mail.id, now)
    reader = Recipient(id=who.person, name=who.name, address=who.by, tags=case.tags)
    thread = _thread(tx, case)
    by = (case.owner or case.acknowledged_by).lower()
    return CaseView(
        case=case,
        about=explanation.mail.id,
        holder=names.get(by, by),
        titles=_titles(tx, policy, case),
        explanation=explanation,
        brief=brief,
        texts=rewriter.writer.renderer.texts(brief, reader) if brief else (),
        mails=tuple(_mails(tx, thread[-MAILS_READ:])),
        more=max(0, len(thread) - MAILS_READ),
        briefs=tuple(outbox.of_case(tx, case.id)),
        trail=tuple(events(audit.of_case(tx, case.id), names)),
        told=tuple(policy.people[p].name for p in case.recipients if p in policy.people),
        names=names,
    )


def _titles(tx: Connection, policy: Policy, case: cases.Case) -> dict[str, str]:
    """The title of each tag, or of the kind of issue beneath it."""
    kinds = {tag: issue.kind for tag, issue in issues.of_case(tx, case.id).items()}
    found = {}
    for tag in case.tags:
        route = policy.route_of(tag, kinds.get(tag, ""))
        found[tag] = route.title if route else tag
    return found


def _thread(tx: Connection, case: cases.Case) -> list[Decided]:
    """The mails of a case, with those of its thread that are its client's or ours; oldest first."""
    own = inbox.of_case(tx, case.id)
    known = {mail.id for mail in own}
    ids = inbox.thread_ids_of(tx, sorted(known)[-MAILS_READ:])
    others = [mail for mail in inbox.thread_of(tx, ids) if mail.id not in known] if ids else []
    fitting = [
        mail
        for mail in others
        if mail.case_id is None
        and (mail.role == "staff" or is_same_client(mail.client, case.client))
    ]
    return sorted([*own, *fitting], key=lambda mail: (mail.received_at, mail.id))


def _mails(tx: Connection, thread: Sequence[Decided]) -> list[MailView]:
    ids = [mail.id for mail in thread]
    kept = {each.id: each for each in inbox.load_small(tx, ids, MAIL_BYTES)}
    found = []
    for mail in reversed(thread):
        stored = kept.get(mail.id)
        said = labels.of_mail(tx, mail.id)
        found.append(
            mail_view(
                mail,
                parse(stored.raw.content) if stored and stored.raw.content else None,
                tags=labels.tags_of(tx, mail.id),
                label=said[-1] if said else None,
                evidence=_evidence(tx, mail.id, said),
            )
        )
    return found


def _evidence(
    tx: Connection, message_id: int, said: Sequence[labels.Label]
) -> list[tuple[str, str]]:
    """(tag, sentence) that decide: what a person has marked, else what the classifier found."""
    marked = next((label for label in reversed(said) if label.sentence), None)
    if marked:
        return [(tag, marked.sentence) for tag in marked.tags]
    verdict = inbox.verdict_row(tx, message_id)
    tags = labels.tags_of(tx, message_id)
    found = verdict["evidence"] if verdict else []
    return [(each["tag"], each["sentence"]) for each in found if each["tag"] in tags]
