"""Where `triage.toml` names a store on a database server instead of a file.

Rule: the password is no part of the URL, which stands in logs; it lies where other passwords may.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from triage.addresses import is_loopback
from triage.config import Database, Secret
from triage.login_rules import check_secret

if TYPE_CHECKING:
    from triage.toml_file import Mistakes

STORE_PASSWORD_KEYS = tuple(
    f"store_password_{where}" for where in ("env", "file", "command", "keyring")
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_ENCRYPTED = ("require", "verify-ca", "verify-full")


def is_url(place: object) -> bool:
    """Whether this is no path of a file."""
    return isinstance(place, str) and bool(_SCHEME.match(place))


def check_database(tables: dict[str, Any], mistakes: Mistakes) -> None:
    """What must be right about `store` and its password."""
    place = tables.get("store")
    given = [key for key in STORE_PASSWORD_KEYS if key in tables]
    if "store_password" in tables:
        says = "a password never stands in this file; write store_password_file or one of the like"
        mistakes.add(("store_password",), says)
    if not is_url(place):
        for key in given:
            says = "is never used: `store` names a file; take it out, or name a database"
            mistakes.add((key,), says)
        return
    if says := url_problem(str(place)):
        mistakes.add(("store",), says)
    check_secret(tables, (), mistakes, STORE_PASSWORD_KEYS)
    for key in given:
        of_list = key.endswith("_command")
        value = tables[key]
        words = value if of_list and isinstance(value, list) else [value]
        if isinstance(value, list) is not of_list or not all(isinstance(w, str) for w in words):
            like = '["pass", "show", "triage"]' if of_list else '"..."'
            mistakes.add((key,), f"must be text in quotes, such as {key} = {like}")


def url_problem(url: str) -> str:
    """Why this names no database that can be used; empty when it does."""
    example = "postgresql://triage@db.example.org/triage"
    try:
        parts = urlsplit(url)
        host, _port, query = parts.hostname or "", parts.port, parse_qs(parts.query)
    except ValueError:
        return f"cannot be read as a URL; write one such as {example}"
    if parts.scheme not in {"postgresql", "postgres"}:
        return f'"{parts.scheme}" is no database that is known here; write a path, or {example}'
    if parts.password or "password" in query:
        return "holds a password; take it out and write store_password_file or one of the like"
    if not parts.path.strip("/") or not parts.username:
        return f"names no user or no database; write one such as {example}"
    on_socket = not host or "host" in query
    if not on_socket and not is_loopback(host) and query.get("sslmode", [""])[-1] not in _ENCRYPTED:
        return (
            "would send mail over the network in the clear if the server has no certificate; "
            "add ?sslmode=verify-full, or ?sslmode=require"
        )
    return ""


def database_of(tables: dict[str, Any]) -> Database | None:
    """The database that the file names, whose settings were checked; None where it is a file."""
    url = tables.get("store")
    if not isinstance(url, str) or not is_url(url):
        return None
    return Database(url=url, password=_secret(tables))


def _secret(tables: dict[str, Any]) -> Secret | None:
    env, file, command, keyring = (tables.get(key) for key in STORE_PASSWORD_KEYS)
    if isinstance(env, str):
        return Secret(env=env)
    if isinstance(file, str):
        return Secret(file=Path(file))
    if isinstance(command, list):
        return Secret(command=tuple(str(word) for word in command))
    return Secret(keyring=keyring) if isinstance(keyring, str) else None
