"""`triage doctor`: looks at a live installation and says what ails it, and what to do.

Rules: nothing is changed anywhere, so that it may run beside the program at any time; what
`triage check` finds without servers is told too, since most ailments begin there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from triage.app import load_settings, open_store, program_at_work
from triage.check import check_all
from triage.check.model import model_tags
from triage.check.problem import Problem
from triage.check.servers import SERVER_TIMEOUT_S, run_jobs
from triage.config import Database
from triage.doctor.backups import backup_findings
from triage.doctor.certificates import authority_findings, certificate_jobs
from triage.doctor.learning import model_findings
from triage.doctor.logins import login_findings
from triage.doctor.patient import Patient, Sound
from triage.doctor.rows import row_findings
from triage.doctor.running import health_findings, mailbox_findings, program_findings
from triage.doctor.store_file import file_findings, store_findings
from triage.doctor.store_server import is_ready, server_findings
from triage.errors import ConfigError, StoreError
from triage.store.files import version_of
from triage.store.tables import HEAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from triage.config import Config
    from triage.doctor.patient import Finding

__all__ = ["Report", "examine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found: problems with what to do, and what was looked at and is well."""

    problems: tuple[Problem, ...]
    sound: tuple[Sound, ...] = ()


def examine(
    config_path: Path,
    *,
    now: float,
    offline: bool = False,
    timeout_s: float = SERVER_TIMEOUT_S,
    read_tags: Callable[[Config], tuple[str, ...]] = model_tags,
) -> Report:
    """Look at everything. `now` in epoch seconds; `offline`: ask no server for its certificate.

    `read_tags` as in `check_all`. Mistakes in the settings end it early, since all else hangs on
    them.
    """
    # The day only tells a `since` to come; which zone is the firm's is not known yet.
    today = datetime.fromtimestamp(now, ZoneInfo("UTC")).date()
    checked = check_all(config_path, today=today, offline=True, read_tags=read_tags)
    try:
        settings = load_settings(config_path)
    except ConfigError:
        return Report(problems=tuple(checked))
    watcher = program_at_work(settings.config.store)
    patient = Patient(config=settings.config, now=now, watcher=watcher)
    found: list[Finding] = [*checked, *_on_this_machine(patient)]
    if not offline:
        found += run_jobs(list(certificate_jobs(patient)), timeout_s)
    return Report(
        problems=tuple(each for each in found if isinstance(each, Problem)),
        sound=tuple(each for each in found if isinstance(each, Sound)),
    )


def _on_this_machine(patient: Patient) -> Iterator[Finding]:
    yield from program_findings(patient)
    yield from health_findings(patient)
    if isinstance(patient.config.store, Database):
        yield from server_findings(patient.config.store)
    else:
        yield from store_findings(patient.config.store)
    yield from file_findings(patient.config)
    yield from login_findings(patient)
    yield from authority_findings(patient)
    if _can_be_read(patient.config.store):
        yield from _in_the_store(patient)


def _can_be_read(store: Path | Database) -> bool:
    """Whether it is there, and of this version."""
    if isinstance(store, Database):
        return is_ready(store)
    return store.exists() and version_of(store) == HEAD


def _in_the_store(patient: Patient) -> Iterator[Finding]:
    """What its rows tell, all of one moment; opening it upgrades nothing, see `store.files`."""
    store = open_store(patient.config.store, create=False)
    try:
        with store.read() as tx:
            yield from mailbox_findings(tx, patient)
            yield from row_findings(tx, patient)
            yield from model_findings(tx, patient)
            yield from backup_findings(tx, patient)
    except StoreError as failure:
        yield Problem(severity="error", area="store", where="store", what=str(failure))
    finally:
        store.close()
