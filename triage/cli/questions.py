"""What `triage init` asks, and what it works out from the answers.

Rules: a flag answers a question before it is asked; without a person to ask, everything that is
missing or wrong is told at once; talk goes to standard error.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import typer

from triage.addresses import address_problem, host_problem
from triage.config import OAuthLogin, Secret, Security
from triage.providers import PROVIDERS, Provider, Server, guess_provider
from triage.setup_files import PASSWORD_NAME, Answers
from triage.setup_people import firm_name, manager_problem, own_people, parse_person
from triage.system_keyring import entry_of
from triage.tables import did_you_mean, one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from triage.messages import Address

_MAX_PORT = 65535
PASSWORD_FLAGS = tuple(f"--password-{where}" for where in ("env", "file", "command", "keyring"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What the command line said; None or empty: nothing."""

    directory: Path
    address: str | None = None
    provider: str | None = None
    imap_host: str | None = None
    imap_port: int | None = None
    imap_security: str | None = None
    smtp_host: str | None = None
    smtp_port: int | None = None
    smtp_security: str | None = None
    username: str | None = None
    smtp_username: str | None = None
    password_env: str | None = None
    password_file: Path | None = None
    password_command: str | None = None
    password_keyring: str | None = None
    sender: str | None = None
    firm: str | None = None
    manager: Sequence[str] = ()
    folder: Sequence[str] = ()
    since: str | None = None
    timezone: str | None = None
    tenant: str | None = None
    client_id: str | None = None
    client_secret_file: Path | None = None
    ca_file: Path | None = None

    @property
    def password_place(self) -> tuple[str, ...]:
        """The flags that say where the password is; one, unless somebody gave too many."""
        given = (self.password_env, self.password_file, self.password_command)
        places = zip(PASSWORD_FLAGS, (*given, self.password_keyring), strict=True)
        return tuple(flag for flag, value in places if value is not None)


@dataclass(slots=True, kw_only=True)
class Questions:
    """Asks a person, or notes in `complaints` what could not be answered."""

    interactive: bool
    complaints: list[str] = field(default_factory=list)

    def ask(
        self,
        given: str | None,
        *,
        flag: str,
        question: str,
        default: str = "",
        check: Callable[[str], str] = lambda _: "",
    ) -> str:
        """The flag's value, else a person's answer, else the default; checked."""
        if given is not None or not self.interactive:
            value = given if given is not None else default
            says = check(value) if value else "is missing"
            if says:
                self.complaints.append(f"{flag}: {says}")
            return value
        while True:
            answer = str(typer.prompt(question, default=default or None, err=True)).strip()
            if not (says := check(answer)):
                return answer
            talk(f"  {says}")


def talk(text: str) -> None:
    """Say something to the person at the keyboard."""
    typer.echo(text, err=True)


def collect(flags: Flags, questions: Questions) -> tuple[Answers, str | None]:
    """Everything that set-up needs, and the password when a person typed it."""
    address = questions.ask(
        flags.address,
        flag="--address",
        question="Address of the shared inbox",
        check=address_problem,
    )
    provider = _provider(flags, questions, address)
    imap, smtp = _servers(flags, questions, provider, address.rpartition("@")[2])
    username = questions.ask(
        flags.username, flag="--username", question="User name to log in with", default=address
    )
    login = _login(flags, questions, provider, address.rpartition("@")[2])
    secret, password = (Secret(), None) if login else _password(flags, questions, provider)
    firm = questions.ask(
        flags.firm, flag="--firm", question="Name of your firm", default=firm_name(address)
    )
    managers = _managers(flags, questions, address)
    domains, staff = own_people(address, managers)
    smtp_username = username if flags.smtp_username is None else flags.smtp_username
    answers = Answers(
        firm=firm,
        domains=domains,
        staff=staff,
        timezone=flags.timezone or local_timezone(),
        managers=managers,
        imap=imap,
        username=username,
        imap_secret=secret,
        folders=tuple(flags.folder) or ("INBOX",),
        since=_since(flags, questions),
        smtp=smtp,
        smtp_username=smtp_username,
        smtp_secret=secret,
        sender=flags.sender or address,
        probe_folder=provider.sent_folder,
        ca_file=str(flags.ca_file.absolute()) if flags.ca_file else "",
        login=login,
    )
    return answers, password


def _provider(flags: Flags, questions: Questions, address: str) -> Provider:
    """From the flag, the servers' names, the address, or a person."""
    guess = guess_provider(address)
    if flags.provider is None and flags.imap_host is None and questions.interactive:
        for provider in PROVIDERS.values():
            talk(f"  {provider.key:13} {provider.title}")
    known = flags.provider or (guess.key if flags.imap_host is None else "generic")
    key = questions.ask(
        known if flags.provider or flags.imap_host or not questions.interactive else None,
        flag="--provider",
        question="Who runs the mailbox?",
        default=known,
        check=lambda k: (
            "" if k in PROVIDERS else f'"{k}" is not known; {did_you_mean(k, PROVIDERS)}'
        ),
    )
    provider = PROVIDERS.get(key, guess)
    if provider.note:
        talk(f"Note: {provider.note}.")
    return provider


def _servers(
    flags: Flags, questions: Questions, provider: Provider, domain: str
) -> tuple[Server, Server]:
    """Flags over the provider's servers over a guess that a person confirms."""
    offer = f"{{}}.{domain}" if questions.interactive else ""
    imap_host = questions.ask(
        flags.imap_host or provider.imap.host or None,
        flag="--imap-host",
        question="IMAP server",
        default=offer.format("imap"),
        check=host_problem,
    )
    smtp_host = questions.ask(
        flags.smtp_host or provider.smtp.host or None,
        flag="--smtp-host",
        question="SMTP server",
        default=offer.format("smtp"),
        check=host_problem,
    )
    imap = Server(
        host=imap_host,
        port=_port(flags.imap_port, provider.imap, "--imap-port", questions),
        security=_security(flags.imap_security, provider.imap, "--imap-security", questions),
    )
    smtp = Server(
        host=smtp_host,
        port=_port(flags.smtp_port, provider.smtp, "--smtp-port", questions),
        security=_security(flags.smtp_security, provider.smtp, "--smtp-security", questions),
    )
    return imap, smtp


def _port(given: int | None, preset: Server, flag: str, questions: Questions) -> int:
    port = preset.port if given is None else given
    if not 1 <= port <= _MAX_PORT:
        questions.complaints.append(f"{flag}: {port} is no port; ports are 1 to {_MAX_PORT}")
    return port


def _security(given: str | None, preset: Server, flag: str, questions: Questions) -> Security:
    for known in get_args(Security):
        if given == known:
            chosen: Security = known
            return chosen
    if given is not None:
        says = one_of(given, get_args(Security), guess=False)
        questions.complaints.append(f"{flag}: {says}")
    return preset.security


def _login(
    flags: Flags, questions: Questions, provider: Provider, domain: str
) -> OAuthLogin | None:
    """Tokens of Microsoft's, where the ids of a registration are given; else None: a password."""
    if flags.client_id is None and (
        flags.password_place or not (provider.oauth and questions.interactive)
    ):
        return None
    client_id = questions.ask(
        flags.client_id,
        flag="--client-id",
        question='Application (client) id, or "none" to log in with a password',
        check=lambda given: "" if given.strip() else "is missing",
    )
    if client_id == "none":
        return None
    tenant = questions.ask(
        flags.tenant, flag="--tenant", question="Directory (tenant) id", default=domain
    )
    path = flags.client_secret_file
    return OAuthLogin(
        type="microsoft",
        client_id=client_id,
        tenant=tenant,
        app_only=path is not None,
        client_secret=Secret(file=_seen_from(flags.directory, path)) if path else None,
    )


def _password(flags: Flags, questions: Questions, provider: Provider) -> tuple[Secret, str | None]:
    """Where the password lies, and what it is when a person typed it."""
    if len(flags.password_place) > 1:
        questions.complaints.append(f"{', '.join(flags.password_place)}: give only one of them")
    if flags.password_env is not None:
        return Secret(env=flags.password_env), None
    if flags.password_file is not None:
        return Secret(file=_seen_from(flags.directory, flags.password_file)), None
    if flags.password_command is not None:
        return Secret(command=_command(flags.password_command, questions)), None
    if flags.password_keyring is not None:
        return Secret(keyring=_entry(flags.password_keyring, questions)), None
    secret = Secret(file=Path(PASSWORD_NAME))
    if not questions.interactive:
        says = f"{', '.join(PASSWORD_FLAGS)}: one of them is missing"
        questions.complaints.append(says)
        return secret, None
    typed = str(typer.prompt("Password (not shown)", hide_input=True, err=True))
    return secret, "".join(typed.split()) if provider.blanks_in_password else typed


def _command(text: str, questions: Questions) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        questions.complaints.append(f"--password-command: {error}; close the quotes")
        return ()
    if not words:
        questions.complaints.append("--password-command: is empty; write a program")
    return words


def _entry(text: str, questions: Questions) -> str:
    if not all(entry_of(text)):
        says = f'--password-keyring: "{text}" is no entry; write service/user, as in triage/inbox'
        questions.complaints.append(says)
    return text


def _seen_from(directory: Path, path: Path) -> Path:
    """A path relative to the configuration's folder where it lies within, else absolute."""
    path, directory = path.absolute(), directory.absolute()
    return path.relative_to(directory) if path.is_relative_to(directory) else path


def _managers(flags: Flags, questions: Questions, inbox: str) -> tuple[Address, ...]:
    """Who hears of escalated mail; at least one."""
    managers: list[Address] = []
    for text in flags.manager:
        if says := manager_problem(text, inbox, managers):
            questions.complaints.append(f"--manager: {says}")
        else:
            managers.append(parse_person(text))
    if not flags.manager and not questions.interactive:
        questions.complaints.append('--manager: is missing; write --manager "Name <address>"')
    if not flags.manager and questions.interactive:
        talk("Who should hear of important mail? One manager at a time, as: Name <address>")
        while text := _next_manager(first=not managers):
            if says := manager_problem(text, inbox, managers):
                talk(f"  {says}")
            else:
                managers.append(parse_person(text))
    return tuple(managers)


def _next_manager(*, first: bool) -> str:
    if first:
        return str(typer.prompt("Manager", err=True)).strip()
    question = "Another manager (just Enter if that is all)"
    return str(typer.prompt(question, default="", show_default=False, err=True)).strip()


def _since(flags: Flags, questions: Questions) -> date | None:
    if flags.since is None:
        return None
    try:
        return date.fromisoformat(flags.since)
    except ValueError:
        says = f'--since: "{flags.since}" is no date; write it as 2026-01-31'
        questions.complaints.append(says)
        return None


def local_timezone() -> str:
    """This machine's time zone by name, as far as the usual link tells; else UTC."""
    _, found, name = os.path.realpath("/etc/localtime").partition("/zoneinfo/")
    return name if found and name != "Etc/UTC" else "UTC"
