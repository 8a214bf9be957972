"""Who the people of a mail are to us. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifiers.api import Document

if TYPE_CHECKING:
    from triage.config import Firm
    from triage.messages import Email


def document(email: Email, firm: Firm) -> Document:
    """What the classifier reads. A forwarded client mail counts as the client's own."""
    outside = email.original_sender and firm.role_of(email.original_sender.address) != "staff"
    role = "client" if outside else firm.role_of(email.sender.address)
    return Document(subject=email.subject, text=email.new_text, from_role=role)


def client_address(email: Email, firm: Firm) -> str:
    """The outside person a mail is about: original sender, sender, or first outside recipient."""
    people = [*([email.original_sender] if email.original_sender else []), email.sender]
    people += [*email.to, *email.cc]
    outside = (
        p.address.lower() for p in people if p.address and firm.role_of(p.address) != "staff"
    )
    return next(outside, email.sender.address.lower())


def people_outside(email: Email, firm: Firm) -> frozenset[str]:
    """Addresses in the mail that are not ours, lower case: they must never get a brief."""
    people = [email.sender, *email.to, *email.cc]
    people += [email.original_sender] if email.original_sender else []
    addresses = {person.address.lower() for person in people if person.address}
    return frozenset(a for a in addresses if firm.role_of(a) != "staff")
