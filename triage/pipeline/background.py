"""What came before a mail: the client's earlier cases, and the thread as far as the store has it.

Rules: thread ids are the sender's own words, so a mail of another client is no part of it; and
what is told of earlier mails stands in them, word for word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from triage.messages import ClientView
from triage.parsing import parse
from triage.parsing.history import quoted_mails
from triage.pipeline.people import answered_in, client_address, is_same_client
from triage.store import clients, inbox
from triage.store.repeats import private
from triage.summary.ending import ending_in_words
from triage.summary.facts import Told
from triage.summary.people import name_of, organisation
from triage.summary.wording import clean_line, day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from triage.config import Firm
    from triage.messages import Email
    from triage.store.cases import Case
    from triage.store.clients import PastCase
    from triage.store.inbox import Decided, Stored

_MAILS = 12  # of a thread that are read again, the newest
_MAIL_BYTES = 1 << 20  # larger ones are left out: what they say stands in the quotes mostly


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What a brief may say of what came before; `client` is None for our own people."""

    client: ClientView | None = None
    told: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class _Past:
    mail: Decided
    email: Email


def background_of(
    tx: Connection,
    *,
    stored: Stored,
    email: Email,
    case: Case,
    firm: Firm,
    update_by: float | None,
) -> Background:
    """Look up what came before a mail, and since where it is told of once more.

    Args:
        tx: a transaction.
        stored: the mail that a brief is written of.
        email: the same, read.
        case: the one it belongs to.
        firm: who we are.
        update_by: until when the policy wants the client to hear from us, in epoch seconds.
    """
    client = client_address(email, firm)
    thread = inbox.thread_of(tx, email.thread_ids)
    past = _past(tx, client, [mail for mail in thread if mail.id != stored.id], firm)
    told = (*_quoted(email, firm), *(_told(each, firm) for each in past))
    if firm.role_of(client) == "staff":
        return Background(told=told)
    view = _view(tx, client, past, stored=stored, case=case, firm=firm, update_by=update_by)
    return Background(client=view, told=told)


def _past(tx: Connection, client: str, earlier: Sequence[Decided], firm: Firm) -> list[_Past]:
    own = [
        mail
        for mail in earlier
        if mail.kind == "ordinary"
        and (is_same_client(mail.client, client) or firm.role_of(mail.client) == "staff")
    ]
    found = inbox.load_small(tx, [mail.id for mail in own[-_MAILS:]], _MAIL_BYTES)
    mails = {mail.id: mail for mail in own}
    return [_Past(mails[each.id], parse(each.raw.content)) for each in found]


def _told(past: _Past, firm: Firm) -> Told:
    email = past.email
    when = day(email.date or _utc(past.mail.received_at), firm.timezone)
    return Told(
        text=email.forward_note if email.original_sender else email.new_text,
        by=name_of(email.sender),
        said=when,
        where=f"mail of {when}",
        ours=firm.role_of(email.sender.address) == "staff",
    )


def _quoted(email: Email, firm: Firm) -> list[Told]:
    """The mails that this one quotes, oldest first; a forwarded mail is no quote."""
    found = [mail for mail in quoted_mails(email.text) if mail.text != email.forwarded_text]
    return [
        Told(
            text=mail.text,
            by=clean_line(mail.by),
            said=clean_line(mail.written),
            where="quoted mail",
            ours=bool(mail.address) and firm.role_of(mail.address) == "staff",
        )
        for mail in reversed(found)
    ]


def _view(
    tx: Connection,
    client: str,
    past: Sequence[_Past],
    *,
    stored: Stored,
    case: Case,
    firm: Firm,
    update_by: float | None,
) -> ClientView:
    domain = client.rpartition("@")[2]
    known = clients.cases_of(
        tx, client, domain=domain if organisation(domain) else "", before=case.id
    )
    answers = [
        (each.mail.received_at, name_of(each.email.sender))
        for each in past
        if any(is_same_client(address, client) for address in answered_in(each.email, firm))
    ]
    if case.answered_at:
        answers.append((case.answered_at, _name(case.answered_by, past)))
    answered_at, answered_by = max(answers, default=(None, ""))
    asked = [each.mail.received_at for each in past if each.mail.role != "staff"]
    waiting = [at for at in (*asked, stored.raw.received_at.timestamp()) if at > (answered_at or 0)]
    return ClientView(
        opened=tuple(_utc(each.opened_at) for each in known),
        unresolved=sum(not each.resolved for each in known),
        answered_at=_utc(answered_at) if answered_at else None,
        answered_by=clean_line(answered_by),
        waiting_since=_utc(min(waiting)) if waiting else None,
        update_by=_utc(update_by) if update_by else None,
        last_outcome=_last_outcome(tx, known),
    )


def _last_outcome(tx: Connection, known: Sequence[PastCase]) -> str:
    """How the last one ended; nothing of a matter that is kept from somebody."""
    hidden = private(tx)
    told = [each for each in known if each.resolved and each.id not in hidden]
    said = (ending_in_words(each.outcome, recurs=each.recurs) for each in reversed(told))
    return next((each for each in said if each), "")


def _name(address: str, past: Sequence[_Past]) -> str:
    found = (each.email.sender for each in past if each.email.sender.address.lower() == address)
    return next((name_of(person) for person in found), address)


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
