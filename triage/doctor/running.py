"""Is `triage run` at work, does it make progress, and does it run what is on the disk?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import triage
from triage.app_mail import folders_of
from triage.doctor.patient import Sound, error, mails, warning
from triage.monitoring import asked_health
from triage.store import health, mailboxes, moves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from triage.config import Account
    from triage.doctor.patient import Finding, Patient
    from triage.store.mailboxes import Mailbox

_LOOKS_MISSED = 3
_LEAST_S = 900.0


def program_findings(patient: Patient) -> Iterator[Finding]:
    """Whether it runs, and whether its files were changed since it began."""
    watcher = patient.watcher
    if watcher is None:
        what = "no `triage run` is at work on this store, so no mail is read and none is sent"
        yield error("program", "triage run", what, patient.to_start)
        return
    began = watcher.started_at
    since = f" since {patient.when(began)}" if began else ""
    pid = f" (process {watcher.pid})" if watcher.pid else ""
    yield Sound(where="triage run", what=f"running{since}{pid}")
    if began:
        yield from _changed_since(patient, began)


def _changed_since(patient: Patient, began: float) -> Iterator[Finding]:
    """What the running program has read at its start, and is no longer what it read."""
    config = patient.config
    # A changed policy is taken as it is; the check tells when it cannot be.
    files = {str(config.path): config.path, "the program itself": Path(triage.__file__)}
    if config.templates:
        found = (path for path in config.templates.rglob("*") if path.is_file())
        newest = max(found, key=_changed_at, default=None)
        files |= {str(newest): newest} if newest else {}
    for name, path in files.items():
        if (at := _changed_at(path)) > began:
            what = f"was changed {patient.when(at)}; the program began before, and knows it not"
            yield warning("program", name, what, "restart it: `systemctl restart triage`")


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def health_findings(patient: Patient) -> Iterator[Finding]:
    """What the running program says of itself, where `[monitoring]` lets it."""
    at = patient.config.monitoring
    if not at.port or patient.watcher is None:
        return
    where = f"http://{at.host}:{at.port}/healthz"
    try:
        trouble = asked_health(at.host, at.port)
    except OSError as failure:
        what = f"does not answer ({failure.strerror or type(failure).__name__})"
        yield warning("program", where, what, "see `[monitoring]`; if it was added, restart triage")
        return
    loops = [each for each in trouble if each.startswith("loop ")]
    if loops:
        what = f"makes no progress: {', '.join(loops)}"
        yield error("program", "triage run", what, patient.to_start)
    else:
        yield Sound(where="triage run", what="every part of it makes progress")


def mailbox_findings(tx: Connection, patient: Patient) -> Iterator[Finding]:
    """Each watched folder: when it was last read to its end, or why it cannot be."""
    known = {(box.account, box.folder): box for box in mailboxes.everything(tx)}
    watched = [(a, f) for a in patient.config.accounts for f in folders_of(a)]
    for account, folder in watched:
        box = known.get((account.name, folder))
        yield from _mailbox(patient, account, folder, box)
    for tag_folder in moves.folders(tx):
        if tag_folder.problem and any(tag_folder.account == a.name for a, _ in watched):
            where = f"{tag_folder.account}/{tag_folder.folder}"
            advice = "see `triage check`; what was moved there is noticed when it can be read"
            yield error("mail", where, f"cannot be read: {tag_folder.problem}", advice)
    yield from _no_longer_watched(tx, {(a.name, f) for a, f in watched}, known)


def _mailbox(
    patient: Patient, account: Account, folder: str, box: Mailbox | None
) -> Iterator[Finding]:
    where = f"{account.name}/{folder}"
    if box is None:
        advice = "it is read when the program starts; if it has, see `triage check`"
        yield warning("mail", where, "was never read", advice)
        return
    if box.problem:
        since = f" for {patient.ago(box.problem_since)}" if box.problem_since else ""
        what = f"cannot be read{since}: {box.problem}"
        yield error("mail", where, what, "run `triage check`, which tries it and says what to do")
        return
    late_s = max(_LEAST_S, _LOOKS_MISSED * account.poll_interval_s)
    at = box.looked_at
    if at is None or patient.now - at > late_s:
        what = f"was last read to its end {patient.ago(at)} ago" if at else "was never read whole"
        yield error("mail", where, what, patient.to_start)
        return
    yield Sound(where=where, what=f"read {patient.ago(at)} ago")


def _no_longer_watched(
    tx: Connection, watched: set[tuple[str, str]], known: dict[tuple[str, str], Mailbox]
) -> Iterator[Finding]:
    waiting = health.unwatched(tx)
    for place in known.keys() - watched:
        where, number = "/".join(place), waiting.get(place, 0)
        if number:
            what = f"is no longer in the settings; of its mail is not judged yet: {mails(number)}"
            yield warning("mail", where, what, "it is judged all the same; see `triage status`")
        else:
            yield Sound(where=where, what="no longer watched; all its mail is decided")
