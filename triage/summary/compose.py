"""From an escalation to a brief: who, what, why and what next, in words that stand in the mail.

Rule: invent nothing. A sentence about the mail is made of who wrote it, the policy's words and
a quotation.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from triage.messages import Address, Occasion
from triage.summary.brief import Brief, File, Score, Thread
from triage.summary.client import history, informed, next_update
from triage.summary.people import address_of, name_of, organisation
from triage.summary.points import facts_of, points_of
from triage.summary.quoting import (
    TEXT_LIMIT,
    deciding_text,
    decisive,
    lead,
    opening,
    with_context,
)
from triage.summary.subject import subject_line
from triage.summary.wording import clean_line, clean_text, day, duration, moment, shorten, size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classifiers.api import Verdict
    from triage.config import Firm
    from triage.messages import CaseView, Email, Escalation, RawMessage, Reason, Recipient
    from triage.summary.facts import Told

FILE_NAME_LIMIT = 80
FILES = 20  # a mail with thousands of parts must not make a brief nobody can read
SUBJECT_LIMIT = 200
PROBLEM_LIMIT = 200
PROBLEMS = 10
NO_WORDS: Mapping[str, str] = MappingProxyType({})


def summarise(
    *,
    email: Email,
    raw: RawMessage,
    verdict: Verdict | None,
    escalation: Escalation,
    case: CaseView,
    role: str,
    message_id_in_store: int,
    policy_version: str,
    firm: Firm,
    titles: Mapping[str, str] = NO_WORDS,
    words: Mapping[str, str] = NO_WORDS,
    issue_words: Mapping[str, str] = NO_WORDS,
    told: Sequence[Told] = (),
) -> Brief:
    """Put one escalation into words.

    Args:
        email: what a person reads in the message.
        raw: the message as the server holds it; its content is not looked at.
        verdict: None for mail that could not be read.
        escalation: the policy's answer.
        case: the case it belongs to.
        role: `client` or `staff`, of the From sender.
        message_id_in_store: number that `triage label` takes; 0 where it would mean nothing.
        policy_version: version of the policy that decided.
        firm: who "we" are; times are written in its zone.
        titles: the policy's title for each tag that has a route.
        words: what people call a tag when they answer.
        issue_words: what they call a kind of issue, by its id.
        told: the thread before the mail, oldest first.
    """
    forwarder, person, forwards = _people(email, role)
    person_role = role if forwarder is None else firm.role_of(person.address)
    text = _own_words(email, forwarder)
    client = _client(person, email) if person_role != "staff" else ""
    who = _who(person, client, person_role, firm)
    reasons = _in_order(escalation, case)
    named = _titles(reasons, verdict, case, titles)
    spoken = named | {reason.tag: reason.title for reason in reasons}  # as their kinds have it
    new = tuple(t for t in _tags(reasons) if t not in case.earlier_tags)
    decided = decisive(verdict, _quote_order(escalation.occasion, reasons, new), spoken, email)
    quotes = with_context(decided, text) or opening(text)
    new_titles = tuple(spoken[tag] for tag in new)
    when = email.date or raw.received_at
    subject = shorten(clean_line(email.original_subject or email.subject), SUBJECT_LIMIT)
    facts = facts_of(
        email,
        email.forward_note if forwards else text,
        forwarded=forwarder is not None,
        received_at=raw.received_at,
        told=told,
    )
    client_view = case.client if client else None
    return Brief(
        occasion=escalation.occasion,
        urgency=escalation.urgency,
        subject_line=subject_line(
            occasion=escalation.occasion,
            urgency=escalation.urgency,
            titles=tuple(spoken[tag] for tag in _tags(reasons)),
            new_titles=new_titles,
            client=client or who,
            subject=subject,
            sentence=quotes[0].text if quotes else "",
        ),
        person=_clean(person),
        person_role=person_role,
        forwarder=_clean(forwarder) if forwarder else None,
        forwards=_clean(forwards) if forwards else None,
        client=client,
        lead=lead(who, quotes, role=person_role, forwarder=forwarder),
        written=moment(when, firm.timezone),
        written_day=day(when, firm.timezone),
        received_at=raw.received_at,
        subject=subject,
        thread=_thread(case, named, firm, escalation.recipients),
        store_id=message_id_in_store,
        policy_version=clean_line(policy_version),
        place=clean_line(f"{raw.ref.account}, folder {raw.ref.folder}, UID {raw.ref.uid}"),
        quotes=quotes,
        decided=bool(decided),
        reasons=reasons,
        new_titles=new_titles,
        recipients=tuple(
            replace(person, name=clean_line(person.name)) for person in escalation.recipients
        ),
        acknowledge_within=_span(escalation.acknowledge_within_s),
        answer_by=moment(escalation.answer_by, firm.timezone) if escalation.answer_by else "",
        next_heard=clean_line(escalation.next_heard),
        text=clean_text(text),
        deciding=deciding_text(verdict, _tags(reasons)),
        files=_files(email),
        attachment_missing=bool(facts.missing),
        scores=_scores(verdict, named),
        known_tags=tuple(map(clean_line, (verdict.scores if verdict else ()) or titles)),
        words={tag: clean_line(word) for tag, word in words.items()},
        model=clean_line(verdict.model) if verdict else "",
        problems=_problems(email, raw, escalation),
        note=clean_line(escalation.note),
        spared=tuple(map(clean_line, escalation.spared)),
        suggestion=clean_line(escalation.suggestion),
        points=points_of(facts, when.year),
        history=history(client_view, case.opened_at) if client_view else "",
        informed=informed(client_view, firm.timezone) if client_view else "",
        update_by=next_update(client_view, firm.timezone) if client_view else "",
        issue_words={kind: clean_line(word) for kind, word in issue_words.items()},
    )


def _people(email: Email, role: str) -> tuple[Address | None, Address, Address | None]:
    """Return (member of staff who forwarded, whom it is about, whose mail a client forwards)."""
    original = email.original_sender
    if original is None or original.address.lower() == email.sender.address.lower():
        return None, email.sender, None
    if role == "staff":
        return email.sender, original, None
    return None, email.sender, original


def _own_words(email: Email, forwarder: Address | None) -> str:
    text = email.forwarded_text if forwarder and email.forwarded_text else email.new_text
    return text[:TEXT_LIMIT]


def _client(person: Address, email: Email) -> str:
    """Name the organisation; without one, the person with the domain that gives no name."""
    found = organisation(person.domain, f"{person.name}\n{email.text[:TEXT_LIMIT]}")
    if found:
        return found
    name, address = name_of(person), address_of(person)
    domain = clean_line(person.domain)
    return name if name == address or not domain else f"{name} ({domain})"


def _who(person: Address, client: str, person_role: str, firm: Firm) -> str:
    name = name_of(person)
    if person_role == "staff":
        return f"{name} ({clean_line(firm.name)} staff)"
    return client if client.startswith(name) else f"{name} of {client}"


def _in_order(escalation: Escalation, case: CaseView) -> tuple[Reason, ...]:
    """Put the most urgent reason first; of equals, one the case did not have before.

    A reason without a tag says why a mail could not be read; it belongs to the problems.
    """
    ordered = sorted(
        escalation.reasons,
        key=lambda reason: (-reason.urgency, reason.tag in case.earlier_tags),
    )
    return tuple(
        replace(
            reason,
            title=clean_line(reason.title) or reason.tag,
            clause=clean_line(reason.clause),
            next_step=clean_line(reason.next_step),
            because=clean_line(reason.because),
            kind_because=clean_line(reason.kind_because),
            resolution=clean_line(reason.resolution),
            no_resolution=clean_line(reason.no_resolution),
        )
        for reason in ordered
        if reason.tag
    )


def _titles(
    reasons: Sequence[Reason],
    verdict: Verdict | None,
    case: CaseView,
    policy: Mapping[str, str],
) -> dict[str, str]:
    """Name every tag in words: the policy's title, else the tag itself without underscores."""
    known = [*(verdict.scores if verdict else ()), *case.earlier_tags]
    plain = {tag: clean_line(tag.replace("_", " ")).capitalize() for tag in known}
    of_policy = {tag: clean_line(title) for tag, title in policy.items() if clean_line(title)}
    own = {reason.tag: reason.title for reason in reasons if not reason.kind}
    missing = {reason.tag: reason.title for reason in reasons}
    return missing | plain | of_policy | own


def _tags(reasons: Sequence[Reason]) -> tuple[str, ...]:
    return tuple(reason.tag for reason in reasons)


def _quote_order(
    occasion: Occasion, reasons: Sequence[Reason], new: Sequence[str]
) -> tuple[str, ...]:
    """Quote what is new before what was known."""
    tags = _tags(reasons)
    first = tuple(new) if occasion is Occasion.NEW_TAG else ()
    return tuple(dict.fromkeys((*first, *tags)))


def _thread(
    case: CaseView, titles: Mapping[str, str], firm: Firm, people: Sequence[Recipient]
) -> Thread:
    names = {person.address.lower(): person.name for person in people}
    return Thread(
        case_id=case.id,
        opened=moment(case.opened_at, firm.timezone),
        earlier_mails=case.earlier_mails,
        earlier_titles=tuple(titles[tag] for tag in case.earlier_tags),
        earlier_subjects=tuple(
            shorten(clean_line(subject), SUBJECT_LIMIT) for subject in case.earlier_subjects
        ),
        owner=clean_line(case.owner),
        owner_name=clean_line(names.get(case.owner.lower(), case.owner)),
    )


def _span(seconds: int | None) -> str:
    return duration(seconds) if seconds else ""


def _files(email: Email) -> tuple[File, ...]:
    return tuple(
        File(
            name=shorten(clean_line(item.name), FILE_NAME_LIMIT) or "(no name)",
            type=shorten(clean_line(item.type), FILE_NAME_LIMIT),
            size=size(item.size),
        )
        for item in email.attachments[:FILES]
    )


def _scores(verdict: Verdict | None, titles: Mapping[str, str]) -> tuple[Score, ...]:
    """Return the scores, highest first."""
    if verdict is None:
        return ()
    state = dict.fromkeys(verdict.unsure_tags, "unsure") | dict.fromkeys(verdict.tags, "decided")
    ordered = sorted(verdict.scores.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(
        Score(tag=tag, title=titles[tag], percent=round(100 * score), state=state.get(tag, ""))
        for tag, score in ordered
    )


def _problems(email: Email, raw: RawMessage, escalation: Escalation) -> tuple[str, ...]:
    untagged = (reason.clause for reason in escalation.reasons if not reason.tag)
    found = dict.fromkeys(map(clean_line, (*untagged, raw.problem, *email.problems)))
    return tuple(shorten(problem, PROBLEM_LIMIT) for problem in found if problem)[:PROBLEMS]


def _clean(person: Address) -> Address:
    name = name_of(person)
    address = address_of(person)
    return Address(address=address, name="" if name == address else name)
