"""Settings that are allowed, and yet are seldom what somebody meant. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.check.problem import Problem
from triage.config import ImapAccount

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from triage.config import Config

# What a port speaks nearly everywhere (RFC 8314).
_USUAL = {993: "tls", 465: "tls", 143: "starttls", 587: "starttls", 25: "starttls"}


def unusual_settings(config: Config, today: date) -> Iterator[Problem]:
    """Everything that is worth a second look."""
    yield from _security(config)
    yield from _since(config, today)
    yield from _watched_twice(config)


def _warning(where: str, what: str, advice: str) -> Problem:
    return Problem(severity="warning", area="config", where=f"{where}", what=what, advice=advice)


def _security(config: Config) -> Iterator[Problem]:
    """A port that usually speaks another kind of encryption."""
    servers = [(f"accounts[{i}]", a) for i, a in enumerate(config.accounts, start=1)]
    for where, server in (*servers, ("outgoing", config.outgoing)):
        port = getattr(server, "port", None)
        security = getattr(server, "security", "none")
        if port in _USUAL and security not in ("none", _USUAL[port]):
            yield _warning(
                f"{where}.security",
                f'port {port} usually speaks "{_USUAL[port]}", not "{security}"',
                f'write security = "{_USUAL[port]}" unless your provider says otherwise',
            )


def _since(config: Config, today: date) -> Iterator[Problem]:
    for i, account in enumerate(config.accounts, start=1):
        if account.since and account.since > today:
            yield _warning(
                f"accounts[{i}].since",
                f"{account.since} has not come yet, so mail is left alone until then",
                "write an earlier day, or take the line out to begin now",
            )


def _watched_twice(config: Config) -> Iterator[Problem]:
    seen: dict[tuple[str, str, str], str] = {}
    for i, account in enumerate(config.accounts, start=1):
        if not isinstance(account, ImapAccount):
            continue
        for folder in account.folders:
            key = (account.host.lower(), account.username.lower(), folder)
            if key in seen:
                yield _warning(
                    f"accounts[{i}].folders",
                    f'"{folder}" of {account.username} is watched by account "{seen[key]}" too',
                    "take it out of one of the two",
                )
            seen.setdefault(key, account.name)
