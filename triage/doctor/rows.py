"""Rows of the store that wait for too long, or for a person: mail, briefs, timers, and times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.doctor.patient import Sound, error, lasting, mails, warning
from triage.store import alarms, health, outbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from triage.doctor.patient import Finding, Patient
    from triage.store.outbox import OutboxRow

_SHOWN = 5
_BRIEF_LATE_S = 900.0
_TIMER_LATE_S = 3600.0
_CLOCK_OFF_S = 120.0


def row_findings(tx: Connection, patient: Patient) -> Iterator[Finding]:
    """All of them."""
    yield from _mail(tx, patient)
    yield from _briefs(tx, patient)
    yield from _timers(tx, patient)
    yield from _clock(tx, patient)


def _mail(tx: Connection, patient: Patient) -> Iterator[Finding]:
    waiting = alarms.undecided(tx)
    where = "mail"
    if waiting is None:
        yield Sound(where=where, what="all that was read is judged")
    elif patient.now - waiting.since > patient.config.alerts.after_s:
        what = f"has waited to be judged for {patient.ago(waiting.since)}: {mails(waiting.number)}"
        yield error("mail", where, what, patient.to_start)
    else:
        yield Sound(where=where, what=f"{mails(waiting.number)} to be judged, as is usual")
    for mail in health.stumbled(tx, _SHOWN):
        what = f"could not be judged, {mail.attempts} times: {mail.error or 'see the log'}"
        advice = "nothing yet: after four times it goes to the fallback person, unread"
        yield warning("mail", f"mail {mail.id}", what, advice)
    if failed := health.unmarked(tx).get("failed"):
        what = f"could not be marked or moved in the mailbox after it was told: {mails(failed)}"
        advice = "see that the folder and keyword of [accounts.after] can be used: `triage check`"
        yield warning("mail", where, what, advice)


def _briefs(tx: Connection, patient: Patient) -> Iterator[Finding]:
    unfinished = outbox.unfinished(tx)
    found = [finding for row in unfinished for finding in _brief(row, patient)]
    yield from found[:_SHOWN]
    if len(found) > _SHOWN:
        what = f"{len(found) - _SHOWN} more were not sent"
        yield warning("brief", "briefs", what, "`triage status` lists them all")
    late = health.overdue_briefs(tx, patient.now - _BRIEF_LATE_S)
    if late:
        what = f"{late.number} should have left by now, the first {patient.ago(late.since)} ago"
        yield error("brief", "briefs", what, patient.to_start)
    elif not found:
        yield Sound(where="briefs", what=_waiting(unfinished))


def _waiting(rows: Sequence[OutboxRow]) -> str:
    queued = sum(row.state == "queued" for row in rows)
    return f"{queued} on their way" if queued else "all that were due are sent"


def _brief(row: OutboxRow, patient: Patient) -> Iterator[Finding]:
    """What is to be said of a brief that has not been sent, if anything."""
    where = f"brief {row.id} to {row.recipient}"
    again = f"`triage retry {row.id}` sends it again"
    if row.state == "held":
        what = f"nobody knows whether it arrived ({row.detail or 'its answer was lost'})"
        advice = f"ask them, or look there for Message-ID {row.rfc_id}; {again} if it did not"
        yield error("brief", where, what, advice)
    elif row.state == "failed":
        yield error("brief", where, f"was not sent: {row.detail}", f"{again}, once that is mended")
    elif row.state == "sending" and row.claimed_at is not None:
        lasted_s = patient.now - row.claimed_at
        if lasted_s > patient.config.outgoing.uncertain_after_s + _BRIEF_LATE_S:
            what = f"has been under way for {lasting(lasted_s)}, so its fate is uncertain"
            yield error("brief", where, what, f"{patient.to_start}; it is settled then")
    elif row.state == "queued" and row.attempts:
        what = f"was tried {row.attempts} times: {row.detail}"
        advice = f"it is tried again {patient.when(row.next_attempt_at)}; `triage check` says more"
        yield warning("brief", where, what, advice)


def _timers(tx: Connection, patient: Patient) -> Iterator[Finding]:
    late = health.overdue_timers(tx, patient.now - _TIMER_LATE_S)
    if late:
        what = f"{late.number} reminders or levels are overdue, the first by "
        advice = f"they wait for folders that cannot be read, or: {patient.to_start}"
        yield error("timer", "reminders", what + patient.ago(late.since), advice)
    else:
        yield Sound(where="reminders", what="none is overdue")


def _clock(tx: Connection, patient: Patient) -> Iterator[Finding]:
    """This machine's clock against what it said before, and against the mail servers'."""
    newest = health.newest_at(tx)
    ahead_s = health.server_ahead_s(tx)
    advice = "set it, and let it be set from the network: `timedatectl set-ntp true`"
    if newest is not None and newest - patient.now > _CLOCK_OFF_S:
        what = (
            f"the store knows of {patient.when(newest)} already, so this machine's clock went back"
        )
        yield error("clock", "clock", what, advice)
    elif ahead_s > _CLOCK_OFF_S:
        what = f"mail came {lasting(ahead_s)} later by its server's clock than by this machine's"
        yield warning("clock", "clock", what, advice)
    else:
        yield Sound(where="clock", what="agrees with the store and the mail servers")
