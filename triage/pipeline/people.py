"""Who the people of a mail are to us. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifiers.api import Document
from triage.addresses import mailbox_key
from triage.parsing.subjects import is_forward
from triage.summary.people import organisation

if TYPE_CHECKING:
    from triage.config import Firm
    from triage.messages import Email


def document(email: Email, firm: Firm) -> Document:
    """What the classifier reads. A forwarded client mail counts as the client's own."""
    outside = email.original_sender and firm.role_of(email.original_sender.address) != "staff"
    role = "client" if outside else firm.role_of(email.sender.address)
    return Document(subject=email.subject, text=email.new_text, from_role=role)


def client_address(email: Email, firm: Firm) -> str:
    """The outside person a mail is about: original sender, sender, or first outside recipient.

    Only our own people's forwards are about somebody else; anybody can write a forward's header.
    """
    trusted = email.original_sender if firm.role_of(email.sender.address) == "staff" else None
    people = [*([trusted] if trusted else []), email.sender, *email.to, *email.cc]
    outside = (
        p.address.lower() for p in people if p.address and firm.role_of(p.address) != "staff"
    )
    return next(outside, email.sender.address.lower())


def is_same_client(address: str, other: str) -> bool:
    """Whether two addresses speak for one client: the same person, or the same organisation.

    At a public mail provider two people share a domain and nothing else.
    """
    if address == other:
        return bool(address)
    domain, other_domain = address.rpartition("@")[2], other.rpartition("@")[2]
    return bool(domain) and domain == other_domain and bool(organisation(domain))


def answered_in(email: Email, firm: Firm) -> list[str]:
    """Addresses outside of the firm that a mail answers; none for mail that is not our people's."""
    by_us = firm.role_of(email.sender.address) == "staff"
    if not by_us or email.original_sender or is_forward(email.subject):
        return []
    written_to = [person.address.lower() for person in (*email.to, *email.cc) if person.address]
    return [address for address in written_to if firm.role_of(address) != "staff"]


def people_outside(email: Email, firm: Firm) -> frozenset[str]:
    """Mailboxes in the mail that are not ours: they must never get a brief. See `mailbox_key`."""
    people = [email.sender, *email.to, *email.cc, *email.others]
    people += [email.original_sender] if email.original_sender else []
    outside = (person.address for person in people if not is_ours(person.address, firm))
    return frozenset(key for address in outside if (key := mailbox_key(address)))


def is_ours(address: str, firm: Firm) -> bool:
    """Whether an address is of our own people, however it is written."""
    return "staff" in {firm.role_of(address), firm.role_of(mailbox_key(address))}
