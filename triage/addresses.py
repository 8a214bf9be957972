"""What hosts, domains and addresses must look like before they are trusted in configuration.

Each function answers with a sentence that says what to write instead, or with "" when all is well.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
# RFC 5321 dot-string, ASCII: what every server takes.
_ADDRESS = re.compile(rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~.-]+@{_LABEL}(?:\.{_LABEL})*")
_MAX_HOST = 253
_MAX_LOCAL_PART = 64


def host_problem(host: str) -> str:
    """Why this cannot be a server's name."""
    if "://" in host:
        return f'"{host}" is a URL; write only the server\'s name, such as "imap.example.com"'
    if re.fullmatch(r"[^:]+:\d+", host):
        return f'"{host}" contains a port; write the number under "port"'
    if is_ip(host) or (_HOST.fullmatch(host) and len(host) <= _MAX_HOST):
        return ""
    return f'"{host}" is no server name; write one such as "imap.example.com"'


def domain_problem(domain: str) -> str:
    """Why this cannot be a mail domain of the firm."""
    if "@" in domain:
        return (
            f'"{domain}" is no domain; write only what follows the @: "{domain.rpartition("@")[2]}"'
        )
    if _HOST.fullmatch(domain) and len(domain) <= _MAX_HOST and not domain.endswith("."):
        return ""
    return f'"{domain}" is no domain; write one such as "example.com" (an accented one as xn--...)'


def address_problem(address: str) -> str:
    """Why this cannot be an email address that mail may be sent to or from."""
    if "<" in address or ">" in address:
        return f'"{address}" holds more than an address; write only the part inside < >'
    local, _, domain = address.rpartition("@")
    dots_misplaced = local.startswith(".") or local.endswith(".") or ".." in local
    too_long = len(local) > _MAX_LOCAL_PART or len(domain) > _MAX_HOST
    if not _ADDRESS.fullmatch(address) or dots_misplaced or too_long:
        return f'"{address}" is no email address; write one such as "name@example.com"'
    if "." not in domain and domain != "localhost":
        return f'the domain of "{address}" has no ending; write it in full, such as "example.com"'
    return ""


def mailbox_key(address: str) -> str:
    """What tells one mailbox from another, however it is written.

    Letter case, a `+part` of the local part (RFC 5233) and the spelling of an international domain
    (RFC 5890) make no difference. Empty for what is no address.
    """
    local, at, domain = unicodedata.normalize("NFKC", address).strip().rpartition("@")
    name = local.strip(' "').casefold()
    return f"{name.partition('+')[0] or name}@{_on_the_wire(domain)}" if at and name else ""


def _on_the_wire(domain: str) -> str:
    """A domain in ASCII, as DNS has it; as it stands where it cannot be written so."""
    bare = domain.strip(" .>").lower()
    try:
        return bare.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return bare


def is_ip(host: str) -> bool:
    """Whether the name is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether the server is this very machine, so that nothing travels over a network."""
    bare = host.strip("[]")
    if is_ip(bare):
        return ipaddress.ip_address(bare).is_loopback
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost")
