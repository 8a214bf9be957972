"""What must agree where `triage.toml` speaks of the page.

Rule: as in `config_rules`: raw tables in, so that a mistake in one place hides none in another.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from triage.addresses import is_loopback
from triage.login_rules import check_secret

if TYPE_CHECKING:
    from triage.toml_file import Mistakes, Place

    Table = dict[str, Any]

PROXY_SECRET_KEYS = ("secret_env", "secret_file", "secret_command", "secret_keyring")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # a token of RFC 9110


def check_page(page: Table, mistakes: Mistakes) -> None:
    """`[page]` and the proxy before it."""
    url = page.get("url")
    if isinstance(url, str) and url and (says := _url_problem(url)):
        mistakes.add(("page", "url"), says)
    proxy = page.get("proxy")
    if isinstance(proxy, dict):
        _check_proxy(proxy, ("page", "proxy"), mistakes)


def _check_proxy(proxy: Table, place: Place, mistakes: Mistakes) -> None:
    check_secret(proxy, place, mistakes, PROXY_SECRET_KEYS)
    header = proxy.get("header")
    if isinstance(header, str) and not _HEADER.fullmatch(header):
        says = f'"{header}" is no name of a header; write one such as "X-Forwarded-User"'
        mistakes.add((*place, "header"), says)
    addresses = proxy.get("addresses")
    for i, address in enumerate(addresses if isinstance(addresses, list) else ()):
        if isinstance(address, str) and (says := _address_problem(address)):
            mistakes.add((*place, "addresses", i), says)
    if addresses == []:
        mistakes.add((*place, "addresses"), 'is empty; write where it runs: ["10.0.0.5"]')
    if not proxy.get("users") and not proxy.get("others"):
        says = 'lets nobody in; name people below [page.proxy.users], or write others = "read"'
        mistakes.add(place, says)
    has_secret = any(key in proxy for key in PROXY_SECRET_KEYS)
    if not has_secret and isinstance(addresses, list) and any(map(_is_this_machine, addresses)):
        says = (
            "is missing; any program of this machine could speak in the proxy's place. Write "
            "secret_file, and let the proxy send what is in it as X-Triage-Proxy"
        )
        mistakes.add((*place, "secret_file"), says)


def _is_this_machine(address: object) -> bool:
    return isinstance(address, str) and is_loopback(address.partition("/")[0])


def _address_problem(address: str) -> str:
    try:
        ipaddress.ip_network(address)
    except ValueError:
        return f'"{address}" is no address; write one such as "10.0.0.5" or "10.0.0.0/24"'
    return ""


def _url_problem(url: str) -> str:
    """An origin (RFC 6454) that people can reach without their session being read on the way."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        return f'"{url}" is no address of a page; write one such as "https://triage.example.com"'
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)):
        return ""
    return f'"{url}" would send logins in the clear; it must begin with https://'
