"""Until when the servers' certificates hold, and those of authorities of one's own.

Rule: servers are greeted and left; nobody logs in, and nothing is read or changed there.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from triage.check.servers import ANSWER_TIMEOUT_S, Job
from triage.config import ImapAccount
from triage.doctor.patient import Sound, error, lasting, warning
from triage.errors import ChannelError, SourceError
from triage.tls import authorities_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from triage.config import Outgoing
    from triage.doctor.patient import Finding, Patient

_DAY_S = 86400.0
_WARN_S, _URGENT_S = 21 * _DAY_S, 5 * _DAY_S


def certificate_jobs(patient: Patient) -> Iterator[Job[Finding]]:
    """One job for each server that speaks TLS."""
    for at in patient.config.servers:
        if at.security != "none":
            name = at.name if isinstance(at, ImapAccount) else "outgoing"
            where = f"{name} ({at.host}:{at.port})"
            yield Job(where=where, run=partial(_look, patient, at, where))


def authority_findings(patient: Patient) -> Iterator[Finding]:
    """Private authorities end too, and then no server that they vouch for can be used."""
    named = [at.ca_file for at in patient.config.servers]
    for path in dict.fromkeys(filter(None, named)):
        try:
            ends_at = authorities_end(path)
        except (OSError, ValueError):
            continue  # the check has told
        advice = "have whoever runs that authority make a new one, and put its file there in time"
        yield from _judge(patient, str(path), "the authority", ends_at, advice)


def _look(patient: Patient, at: ImapAccount | Outgoing, where: str) -> list[Finding]:
    quick = replace(at, timeout_s=min(at.timeout_s, ANSWER_TIMEOUT_S))
    try:
        ends_at = _asking(quick)()
    except (SourceError, ChannelError) as failure:
        what = str(failure).removeprefix(where).removeprefix(f"{at.host}:{at.port}").lstrip(": ")
        return [error("server", where, what, "see `triage check`, which logs in too")]
    advice = f"have whoever runs {at.host} renew it in time; from then on it will not be spoken to"
    return list(_judge(patient, where, "its certificate", ends_at, advice))


def _asking(at: ImapAccount | Outgoing) -> Callable[[], float]:
    if isinstance(at, ImapAccount):
        from triage.sources.imap_login import certificate_ends  # noqa: PLC0415 - loads imapclient

        return partial(certificate_ends, at)
    from triage.channels.smtp_session import certificate_ends as of_smtp  # noqa: PLC0415 - as above

    return partial(of_smtp, at)


def _judge(
    patient: Patient, where: str, what: str, ends_at: float, advice: str
) -> Iterator[Finding]:
    left_s = ends_at - patient.now
    says = f"{what} holds until {patient.when(ends_at)}"
    if left_s < _URGENT_S:
        ended = "it has ended" if left_s < 0 else f"only {lasting(left_s)} more"
        yield error("certificate", where, f"{says}: {ended}", advice)
    elif left_s < _WARN_S:
        yield warning("certificate", where, f"{says}: {lasting(left_s)} more", advice)
    else:
        yield Sound(where=where, what=says)
