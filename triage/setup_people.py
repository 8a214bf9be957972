"""Who belongs to a firm and who hears of its mail, as far as addresses tell. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.addresses import address_problem
from triage.messages import Address
from triage.providers import PUBLIC_DOMAINS

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMED = re.compile(r"\s*(.*?)\s*<([^<>]*)>\s*")


def parse_person(text: str) -> Address:
    """`Name <address>` or an address alone, whose local part then gives the name."""
    if found := _NAMED.fullmatch(text):
        name, address = found[1].strip('" '), found[2].strip()
    else:
        name, address = "", text.strip()
    guessed = re.sub(r"[._-]+", " ", address.partition("@")[0]).title()
    return Address(name=" ".join((name or guessed).split()), address=address)


def manager_problem(text: str, inbox: str, others: Sequence[Address]) -> str:
    """Why this cannot be somebody who hears of mail; "" when all is well."""
    address = parse_person(text).address
    if says := address_problem(address):
        return says
    if address.lower() == inbox.lower():
        return f"{address} is the watched inbox itself; write the person's own address"
    if address.lower() in (other.address.lower() for other in others):
        return f"{address} was given already"
    return ""


def own_people(inbox: str, managers: Sequence[Address]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The firm's domains, and single addresses of people outside them."""
    domain = inbox.rpartition("@")[2].lower()
    domains = () if domain in PUBLIC_DOMAINS else (domain,)
    everybody = [inbox, *(manager.address for manager in managers)]
    staff = [a for a in everybody if a.rpartition("@")[2].lower() not in domains]
    return domains, tuple(staff)


def firm_name(address: str) -> str:
    """A guess at the firm's name from its mail domain; "" where that says nothing."""
    domain = address.rpartition("@")[2].lower()
    return "" if domain in PUBLIC_DOMAINS else domain.partition(".")[0].title()
