"""Is there a backup that one could go back to? `triage backup` writes down that it made one."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from triage.doctor.patient import Sound, warning
from triage.store import audit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from triage.doctor.patient import Finding, Patient

_OLD_S = 8 * 86400.0
_MAKE = "`triage backup FILE`, every night by a timer (docs/service.md)"


def backup_findings(tx: Connection, patient: Patient) -> Iterator[Finding]:
    """How old the newest one is."""
    newest = audit.last(tx, "backed-up")
    if newest is None:
        yield warning("backup", "backup", "no backup was ever made with `triage backup`", _MAKE)
        return
    made = f"made {patient.ago(newest.at)} ago as {newest.detail}"
    if patient.now - newest.at > _OLD_S:
        yield warning("backup", "backup", f"the newest was {made}", _MAKE)
    else:
        yield Sound(where="backup", what=f"the newest was {made}")
    yield from _open_to_others(Path(newest.detail))


def _open_to_others(path: Path) -> Iterator[Finding]:
    """It holds all mail. Where it is gone, it was taken elsewhere, as a backup should be."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        what = "other users of this machine may read it, and it holds all mail"
        yield warning("backup", str(path), what, f"chmod 600 {path}")
