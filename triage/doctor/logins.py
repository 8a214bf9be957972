"""Tokens of `[logins]`: whether somebody logged in, and until when what is kept holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.credentials import tokens_of
from triage.doctor.patient import Sound, error
from triage.errors import TriageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.config import Config
    from triage.doctor.patient import Finding, Patient

_LATE_S = 3600.0


def login_findings(patient: Patient) -> Iterator[Finding]:
    """Each login that is in use. Nothing is asked of an issuer, and nothing renewed."""
    for name, mailbox in _used(patient.config):
        yield from _login(patient, name, mailbox)


def _used(config: Config) -> list[tuple[str, str]]:
    pairs = [(at.login, at.username) for at in config.servers if at.login]
    alone = {name for name, login in config.logins.items() if login.app_only}
    return list(dict.fromkeys((name, user if name in alone else "") for name, user in pairs))


def _login(patient: Patient, name: str, mailbox: str) -> Iterator[Finding]:
    where, advice = f"login {name}", f"triage login {name}"
    try:
        kept = tokens_of(patient.config, name, mailbox).kept()
    except TriageError as failure:
        yield error("login", where, str(failure), advice)
        return
    if kept is None:
        if not patient.config.logins[name].app_only:
            yield error("login", where, "nobody has logged in yet", advice)
        return
    if kept.expires_at is not None and patient.now - kept.expires_at > _LATE_S and patient.watcher:
        what = f"its token ended {patient.ago(kept.expires_at)} ago and was not renewed"
        yield error("login", where, what, f"run `triage check`; if it says so, {advice}")
        return
    until = f"; the token holds until {patient.when(kept.expires_at)}" if kept.expires_at else ""
    yield Sound(where=where, what=f"logged in{until}")
