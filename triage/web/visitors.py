"""Who asks: by the cookie of a session, or by the header of a trusted proxy.

Rule: the header counts only from an address that the settings name, with the secret they name.
"""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.summary.wording import clean_line
from triage.web.roles import Role, Visitor

if TYPE_CHECKING:
    from starlette.requests import Request

    from triage.config import PageProxy
    from triage.policy import Policy
    from triage.web.site import Site

PROXY_SECRET_HEADER = "x-triage-proxy"  # noqa: S105 - the name of the header
_NAME_CHARS = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A visitor, and what their forms must carry. `by_proxy`: there is no session to end."""

    who: Visitor
    token: str
    by_proxy: bool = False


def identify(request: Request, site: Site) -> Identity | None:
    """Who asks; None for somebody who is not logged in."""
    proxy = site.settings.config.page.proxy
    peer = request.client.host if request.client else ""
    if proxy and _is_trusted(request, peer, proxy, site.proxy_secret):
        name = clean_line(request.headers.get(proxy.header, ""))[:_NAME_CHARS]
        word = proxy.users.get(name, proxy.others) if name else ""
        if word:
            who = visitor_of(site.settings.policy, name, Role.of(word))
            return Identity(who=who, token=site.token(f"proxy {who.by}"), by_proxy=True)
        if name:
            return None
    secret = request.cookies.get(site.cookie, "")
    found = site.sessions.visitor(secret, site.clock()) if secret else None
    return Identity(who=found, token=site.token(f"session {secret}")) if found else None


def visitor_of(policy: Policy, name: str, role: Role) -> Visitor:
    """Somebody by an id or address of the policy, or by a name of their own."""
    wanted = name.lower()
    people = policy.people.values()
    person = next((p for p in people if wanted in {p.id.lower(), p.address.lower()}), None)
    if person is None:
        return Visitor(name=name, by=name, role=role)
    by = person.address.lower()
    return Visitor(name=clean_line(person.name), by=by, role=role, person=person.id)


def _is_trusted(request: Request, peer: str, proxy: PageProxy, secret: str) -> bool:
    given = request.headers.get(PROXY_SECRET_HEADER, "")
    known = hmac.compare_digest(given.encode(), secret.encode()) if secret else True
    return known and any(_is_within(peer, each) for each in proxy.addresses)


def _is_within(peer: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(peer) in ipaddress.ip_network(network)
    except ValueError:
        return False
