"""Both logins of a set-up that exists only in memory so far."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from triage.check.problem import Problem
from triage.check.servers import Job, check_imap, check_smtp, run_jobs
from triage.config import ImapAccount
from triage.config_file import parse_config
from triage.credentials import credential
from triage.errors import ConfigError
from triage.setup_files import CONFIG_NAME, render_config

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from triage.setup_files import Answers

_WHAT = "the password"


def try_logins(
    answers: Answers, password: str | None, directory: Path, today: date
) -> tuple[Answers, list[Problem]]:
    """Log in at both servers side by side and open every folder that is to be watched.

    A Sent folder that goes by another name here is no failure: the answers then do without it.
    """
    config = parse_config(render_config(answers, today), directory / CONFIG_NAME)
    account = config.accounts[0]
    assert isinstance(account, ImapAccount)
    try:
        known = credential(config, account)() if password is None else password
    except ConfigError as error:
        what = str(error).removeprefix(f"{_WHAT}: ")
        return answers, [Problem(severity="error", area="secret", where=_WHAT, what=what)]
    probe_found = True

    def imap() -> list[Problem]:
        nonlocal probe_found
        problems = check_imap(account, account.folders, lambda: known, config.limits)
        if not problems and answers.probe_folder:
            probe_found = not check_imap(
                account, [answers.probe_folder], lambda: known, config.limits
            )
        return problems

    def smtp() -> list[Problem]:
        return check_smtp(config.outgoing, (lambda: known) if config.outgoing.password else None)

    problems = run_jobs(
        [
            Job(where=f"{account.host}:{account.port}", run=imap),
            Job(where=f"{config.outgoing.host}", run=smtp),
        ]
    )
    return answers if probe_found else replace(answers, probe_folder=""), problems
