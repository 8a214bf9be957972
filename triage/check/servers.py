"""Logging in everywhere, all at once, so that the whole takes as long as the slowest server.

Rules: nothing is changed on any server and no mail is sent; a server that never answers costs a
time-out, not the run.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from triage.check.problem import Problem
from triage.config import Database, ImapAccount
from triage.credentials import credential
from triage.errors import (
    ChannelError,
    ConfigError,
    FolderMissingError,
    SourceError,
    StoreError,
    TriageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from triage.config import Config, Limits, Outgoing

Found = TypeVar("Found")

ANSWER_TIMEOUT_S = 20  # for one answer of a server; people are waiting
SERVER_TIMEOUT_S = 90.0  # for everything that is asked of one server


@dataclass(frozen=True, kw_only=True)
class Job(Generic[Found]):
    """Something to find out about one server, on a thread of its own."""

    where: str
    run: Callable[[], list[Found]]


def server_jobs(config: Config) -> Iterator[Job[Problem]]:
    """One job for each mailbox and one for the way out; each reads its password first."""
    for i, account in enumerate(config.accounts, start=1):
        if isinstance(account, ImapAccount):
            yield _imap_job(account, f"accounts[{i}]", config)
    yield _smtp_job(config)
    if isinstance(config.store, Database):
        yield _store_job(config.store, f"{config.path.name}, store")


def _store_job(database: Database, where: str) -> Job[Problem]:
    """Whether the database can be reached; its tables are left as they are."""

    def run() -> list[Problem]:
        from triage.store.postgresql import look_at  # noqa: PLC0415 - loads its driver

        try:
            look_at(database)
        except StoreError as error:
            return [_problem(where, str(error))]
        except ConfigError as error:
            return [Problem(severity="error", area="secret", where=where, what=str(error))]
        return []

    return Job(where=where, run=run)


def secret_jobs(config: Config) -> Iterator[Job[Problem]]:
    """The same without the servers: only whether each password can be had."""
    for at, place in _logged_in(config):
        if not at.login:
            where = f"{config.path.name}, {place}.password"
            yield Job(where=where, run=partial(_password_problems, config, at, where))


def _logged_in(config: Config) -> Iterator[tuple[ImapAccount | Outgoing, str]]:
    """Whatever logs in somewhere, with its place in the file."""
    for i, account in enumerate(config.accounts, start=1):
        if isinstance(account, ImapAccount):
            yield account, f"accounts[{i}]"
    if config.outgoing.username:
        yield config.outgoing, "outgoing"


def run_jobs(
    jobs: Sequence[Job[Found]], timeout_s: float = SERVER_TIMEOUT_S
) -> list[Found | Problem]:
    """Everything the jobs found, in their order; they run side by side.

    Threads that hang are left behind as daemons, since nothing can stop a stuck name look-up.
    """
    answers: dict[int, list[Found] | BaseException] = {}

    def work(number: int) -> None:
        try:
            answers[number] = jobs[number].run()
        except BaseException as error:  # noqa: BLE001 - raised again below, on the caller's thread
            answers[number] = error

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(len(jobs))]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    found: list[Found | Problem] = []
    for number, job in enumerate(jobs):
        answer = answers.get(number)
        if isinstance(answer, BaseException):
            raise answer
        found += [_stuck(job.where, timeout_s)] if answer is None else answer
    return found


def _stuck(where: str, timeout_s: float) -> Problem:
    return _problem(
        where,
        f"did not finish within {timeout_s:g} s",
        "check the network and the firewalls between",
    )


def _problem(where: str, what: str, advice: str = "") -> Problem:
    return Problem(severity="error", area="server", where=where, what=what, advice=advice)


def _ask(
    config: Config, at: ImapAccount | Outgoing, where: str
) -> tuple[Callable[[], str], list[Problem]]:
    """What lets us in, asked for once and not again for each folder; or why it cannot be had.

    A login by tokens keeps its token itself, and may have to renew it while folders are opened.
    """
    asking = credential(config, at)
    try:
        said = asking()
    except TriageError as error:
        what = str(error).partition(": ")[2] if isinstance(error, ConfigError) else str(error)
        return asking, [Problem(severity="error", area="secret", where=where, what=what)]
    return asking if at.login else lambda: said, []


def _password_problems(config: Config, at: ImapAccount | Outgoing, where: str) -> list[Problem]:
    return _ask(config, at, where)[1]


def _imap_job(account: ImapAccount, place: str, config: Config) -> Job[Problem]:
    probe = config.outgoing.probe
    folders = list(account.folders)
    if probe and probe.account == account.name and probe.folder not in folders:
        folders.append(probe.folder)
    where = f"{config.path.name}, {place}.{'login' if account.login else 'password'}"

    def run() -> list[Problem]:
        password, problems = _ask(config, account, where)
        return problems or check_imap(account, folders, password, config.limits)

    return Job(where=f"{account.name} ({account.host}:{account.port})", run=run)


def _smtp_job(config: Config) -> Job[Problem]:
    outgoing = config.outgoing
    where = f"{config.path.name}, outgoing.{'login' if outgoing.login else 'password'}"

    def run() -> list[Problem]:
        if not outgoing.username:
            return check_smtp(outgoing, None)
        password, problems = _ask(config, outgoing, where)
        return problems or check_smtp(outgoing, password)

    return Job(where=f"outgoing ({outgoing.host}:{outgoing.port})", run=run)


def check_imap(
    account: ImapAccount, folders: Sequence[str], password: Callable[[], str], limits: Limits
) -> list[Problem]:
    """Log in and open each folder read-only; every folder that fails is told."""
    from triage.sources.imap import ImapSource  # noqa: PLC0415 - costs 0.1 s, not for --help

    where = f"{account.name} ({account.host}:{account.port})"
    # Without wishes for changes each folder is opened read-only.
    account = replace(
        account,
        timeout_s=min(account.timeout_s, ANSWER_TIMEOUT_S),
        after=type(account.after)(),
    )
    problems: dict[str, Problem] = {}
    for folder in folders:
        source = ImapSource(account, folder, password, limits)
        try:
            source.open()
        except SourceError as error:
            what = _words(error, where)
            problems[what] = _problem(where, what)
            if not isinstance(error, FolderMissingError):
                break  # the next folder would meet the same
        finally:
            source.close()
    return list(problems.values())


def check_smtp(outgoing: Outgoing, password: Callable[[], str] | None) -> list[Problem]:
    """Connect, log in, and ask whether we may send as the sender."""
    from triage.channels.smtp import SmtpChannel  # noqa: PLC0415 - not for --help

    where = f"outgoing ({outgoing.host}:{outgoing.port})"
    quick = replace(outgoing, timeout_s=min(outgoing.timeout_s, ANSWER_TIMEOUT_S))
    channel = SmtpChannel(quick, password)
    try:
        channel.check()
    except ChannelError as error:
        return [_problem(where, _words(error, f"{outgoing.host}:{outgoing.port}"))]
    finally:
        channel.close()
    return []


def _words(error: TriageError, where: str) -> str:
    """The message without the server's name, which stands before it already."""
    return str(error).removeprefix(where).lstrip(": ")
