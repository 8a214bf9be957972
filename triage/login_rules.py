"""What must agree where `triage.toml` speaks of passwords and logins.

Rule: as in `config_rules`: raw tables in, so that a mistake in one place hides none in another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from triage.addresses import is_loopback
from triage.system_keyring import entry_of
from triage.tables import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.toml_file import Mistakes, Place

    Table = dict[str, Any]

_WHERE = ("env", "file", "command", "keyring")
SECRET_KEYS = tuple(f"password_{where}" for where in _WHERE)
_CLIENT_SECRET_KEYS = tuple(f"client_secret_{where}" for where in _WHERE)
_URLS = ("token_url", "device_url", "authorize_url", "authority")


def check_secret(
    table: Table, place: Place, mistakes: Mistakes, keys: tuple[str, ...] = SECRET_KEYS
) -> None:
    """A secret lies in one place."""
    given = [key for key in keys if key in table]
    if len(given) > 1:
        says = f"stands beside {quoted(given[:-1])}; keep exactly one of them"
        mistakes.add((*place, given[-1]), says)
    *_, command, keyring = keys
    given_command = table.get(command)
    if given_command == [] or (isinstance(given_command, list) and given_command[0] == ""):
        says = 'is empty; write the program and its arguments, such as ["pass", "show", "inbox"]'
        mistakes.add((*place, command), says)
    entry = table.get(keyring)
    if isinstance(entry, str) and not all(entry_of(entry)):
        says = f'"{entry}" is no entry; write service/user, such as "triage/inbox"'
        mistakes.add((*place, keyring), says)


def check_login(
    table: Table, place: Place, logins: Table, mistakes: Mistakes, *, needed: bool
) -> None:
    """A password or a login, and a login that there is."""
    has_password = "password" in table or any(key in table for key in SECRET_KEYS)
    name = table.get("login")
    if name is None:
        if needed and not has_password:
            says = f'is missing; write one of {quoted(SECRET_KEYS)}, or "login"'
            mistakes.add((*place, "password"), says)
        return
    if has_password:
        says = "stands beside a password; keep one of the two"
        mistakes.add((*place, "login"), says)
    if isinstance(name, str) and name.strip() and name not in logins:
        near = did_you_mean(name, logins) if logins else f"add a table [logins.{name}]"
        mistakes.add((*place, "login"), f'there is no login "{name}"; {near}')


def check_logins(logins: Table, mistakes: Mistakes) -> None:
    """Every `[logins.<name>]` says what its kind of issuer needs."""
    for name, login in logins.items():
        place: Place = ("logins", name)
        if not isinstance(login, dict):
            continue  # the types tell
        if not name.replace("-", "").replace("_", "").isalnum():
            mistakes.add(place, "cannot be a name; use letters, digits, - and _")
        check_secret(login, place, mistakes, _CLIENT_SECRET_KEYS)
        for key in _URLS:
            if isinstance(url := login.get(key), str) and (says := _url_problem(url)):
                mistakes.add((*place, key), says)
        for key, says in _needs(login):
            mistakes.add((*place, key), says)


def _needs(login: Table) -> Iterator[tuple[str, str]]:
    """What is missing, by the kind of issuer."""
    kind, alone = login.get("type"), login.get("app_only") is True
    has_secret = "client_secret" in login or any(key in login for key in _CLIENT_SECRET_KEYS)
    if kind == "google" and alone:
        if "service_account" not in login:
            says = (
                "is missing; name the JSON key file of a service account that may read the mailbox"
            )
            yield "service_account", says
        return
    if kind in {"microsoft", "google", "generic"} and "client_id" not in login:
        yield "client_id", "is missing; write the id under which this program is registered"
    if kind == "microsoft" and "tenant" not in login:
        yield "tenant", "is missing; write the directory (tenant) id, or your domain"
    if not has_secret and (kind == "google" or (alone and kind in {"microsoft", "generic"})):
        yield "client_secret", f"is missing; write one of {quoted(_CLIENT_SECRET_KEYS)}"
    if kind == "generic":
        yield from _generic_needs(login, alone=alone)


def _generic_needs(login: Table, *, alone: bool) -> Iterator[tuple[str, str]]:
    if "token_url" not in login:
        yield "token_url", "is missing; write where the issuer hands out tokens"
    if not alone and "device_url" not in login and "authorize_url" not in login:
        says = (
            "is missing; write where the issuer gives out device codes, or authorize_url for a "
            "login in the browser"
        )
        yield "device_url", says
    if not login.get("scopes"):
        yield "scopes", 'is missing; write what the issuer calls reading and sending mail: ["..."]'


def _url_problem(url: str) -> str:
    """Tokens travel encrypted, or stay on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host:
        return f'"{url}" is no address; write one such as "https://login.example.com/token"'
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)):
        return ""
    return f'"{url}" would send secrets in the clear; it must begin with https://'
