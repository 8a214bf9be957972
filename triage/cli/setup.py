"""`triage init` and `triage check`.

Rules: init tests both logins before it writes anything, and writes everything or nothing; check
changes nothing and reports every problem at once.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triage.cli import check_report
from triage.cli.options import FAILED, WRONG_USAGE, ConfigOption, config_path, fail, fail_config

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from triage.check import Problem
    from triage.cli.questions import Flags
    from triage.setup_files import Answers, NewFile

_WRITTEN = {
    "triage.toml": "the settings",
    "policy.toml": "who hears of what, and why; read it through, it decides",
    "triage.key": "marks our own mails; keep it with the store",
    "secrets/inbox": "the password, which only you can read",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the verbs reach outside with; tests hand over their own.

    Attributes:
        try_logins: tries both servers of a set-up, whose password a person typed (or None:
            read it from where the settings say); answers what is wrong, and the settings to use.
        check: `triage.check.check_all`.
    """

    try_logins: Callable[[Answers, str | None, Path, date], tuple[Answers, list[Problem]]]
    check: Callable[..., list[Problem]]


def register(app: typer.Typer, tools: Tools | None = None) -> None:
    """Add both verbs to the command line."""
    tools = tools or Tools(try_logins=_try_logins, check=_check_all)
    _register_init(app, tools)
    _register_check(app, tools)


def _check_all(*args: Any, **kwargs: Any) -> list[Problem]:
    from triage.check import check_all  # noqa: PLC0415 - heavy, not for --help

    return check_all(*args, **kwargs)


def _try_logins(
    answers: Answers, password: str | None, directory: Path, today: date
) -> tuple[Answers, list[Problem]]:
    from triage.cli.login_test import try_logins  # noqa: PLC0415 - heavy, not for --help

    return try_logins(answers, password, directory, today)


def _register_check(app: typer.Typer, tools: Tools) -> None:
    @app.command()
    def check(
        config: ConfigOption = None,
        *,
        offline: Annotated[
            bool, typer.Option("--offline", help="Leave the servers alone.")
        ] = False,
        create_folders: Annotated[
            bool,
            typer.Option("--create-folders", help="First make the tag folders that are missing."),
        ] = False,
        as_json: Annotated[
            bool, typer.Option("--json", help="Print one JSON object for programs.")
        ] = False,
    ) -> None:
        """Verify settings, policy, templates, model and both servers; every problem at once."""
        if create_folders:
            _create_folders(config_path(config))
        problems = tools.check(
            config_path(config),
            today=_today(),
            offline=offline,
            asking=lambda: typer.echo("Asking the servers ...", err=True),
        )
        report = check_report.as_json if as_json else check_report.as_text
        typer.echo(report(problems))
        raise typer.Exit(check_report.exit_status(problems))


def _create_folders(path: Path) -> None:
    """Make missing tag folders; says what it did on standard error, since a report follows."""
    from triage import app  # noqa: PLC0415 - heavy, not for --help
    from triage.check.tag_folders import create_all  # noqa: PLC0415

    every = list(create_all(app.load_settings(path)))
    for made in every:
        done = f"made {', '.join(made.folders)}" if made.folders else "all tag folders are there"
        typer.echo(f"{made.account}: {made.problem or done}", err=True)
    if not every:
        says = "no account has tag folders; add a line [accounts.tag_folders] below [[accounts]]"
        fail(f"{path}: {says}", WRONG_USAGE)


def _today() -> date:
    return datetime.now(tz=UTC).astimezone().date()


def _option(help_text: str, *names: str, metavar: str | None = "TEXT") -> Any:
    """An option without a default to show; `metavar` None for a switch."""
    return typer.Option(*names, help=help_text, show_default=False, metavar=metavar)


def _register_init(app: typer.Typer, tools: Tools) -> None:
    @app.command()
    def init(
        *,
        directory: Annotated[
            Path, _option("Folder for the files; else this one.", metavar="PATH")
        ] = Path(),
        address: Annotated[str | None, _option("Address of the shared inbox.")] = None,
        provider: Annotated[
            str | None, _option("gmail, microsoft365, fastmail or generic.")
        ] = None,
        imap_host: Annotated[str | None, _option("IMAP server.")] = None,
        imap_port: Annotated[int | None, _option("Its port (993).", metavar="NUMBER")] = None,
        imap_security: Annotated[str | None, _option("tls, starttls or none.")] = None,
        smtp_host: Annotated[str | None, _option("SMTP server.")] = None,
        smtp_port: Annotated[int | None, _option("Its port (587).", metavar="NUMBER")] = None,
        smtp_security: Annotated[str | None, _option("starttls, tls or none.")] = None,
        ca_file: Annotated[
            Path | None,
            _option("Authority of the servers' certificates, if a private one.", metavar="PATH"),
        ] = None,
        username: Annotated[str | None, _option("User name; else the address.")] = None,
        smtp_username: Annotated[
            str | None, _option('User name for SMTP, if another one; "" for no login.')
        ] = None,
        password_env: Annotated[
            str | None, _option("Environment variable with the password.")
        ] = None,
        password_file: Annotated[
            Path | None, _option("File with the password, readable by you alone.", metavar="PATH")
        ] = None,
        password_command: Annotated[
            str | None, _option('Command that prints it, such as "pass show inbox".')
        ] = None,
        password_keyring: Annotated[
            str | None,
            _option("Entry of the system's keyring with it, as triage/inbox.", metavar="NAME"),
        ] = None,
        client_id: Annotated[
            str | None, _option("Microsoft: application (client) id, to log in with OAuth2.")
        ] = None,
        tenant: Annotated[
            str | None, _option("Microsoft: directory (tenant) id; else the address's domain.")
        ] = None,
        client_secret_file: Annotated[
            Path | None,
            _option("Microsoft: its secret, if triage logs in as itself.", metavar="PATH"),
        ] = None,
        sender: Annotated[
            str | None, _option("Address the briefs come from; else the inbox's.")
        ] = None,
        firm: Annotated[str | None, _option("Name of your firm.")] = None,
        manager: Annotated[
            list[str] | None, _option('Who hears of it: "Name <address>"; repeat for more.')
        ] = None,
        folder: Annotated[
            list[str] | None, _option("Folder to watch (INBOX); repeat for more.")
        ] = None,
        since: Annotated[
            str | None,
            _option(
                "First day of mail to look at, as 2026-01-31; else from now on.", metavar="DAY"
            ),
        ] = None,
        timezone: Annotated[str | None, _option("Such as Europe/Berlin; else this one's.")] = None,
        yes: Annotated[
            bool, _option("Ask nothing; take the defaults.", "--yes", "-y", metavar=None)
        ] = False,
        no_login_test: Annotated[
            bool, _option("Write without trying the servers.", "--no-login-test", metavar=None)
        ] = False,
        force: Annotated[
            bool,
            _option("Replace existing files, kept as .bak.", "--force", metavar=None),
        ] = False,
    ) -> None:
        """Ask a few questions, test both logins, and write the settings and the policy."""
        from triage.cli.questions import Flags  # noqa: PLC0415 - not for --help

        flags = Flags(
            directory=directory,
            address=address,
            provider=provider,
            imap_host=imap_host,
            imap_port=imap_port,
            imap_security=imap_security,
            smtp_host=smtp_host,
            smtp_port=smtp_port,
            smtp_security=smtp_security,
            ca_file=ca_file,
            username=username,
            smtp_username=smtp_username,
            password_env=password_env,
            password_file=password_file,
            password_command=password_command,
            password_keyring=password_keyring,
            sender=sender,
            firm=firm,
            manager=manager or (),
            folder=folder or (),
            since=since,
            timezone=timezone,
            tenant=tenant,
            client_id=client_id,
            client_secret_file=client_secret_file,
        )
        _init(flags, tools, ask=not yes, login_test=not no_login_test, force=force)


def _init(flags: Flags, tools: Tools, *, ask: bool, login_test: bool, force: bool) -> None:
    """Questions, rendering, logins, files: in this order, and the first failure ends it."""
    from triage.cli.questions import Questions, collect  # noqa: PLC0415 - not for --help

    directory = flags.directory.expanduser().absolute()
    _refuse_unusable(flags, directory, force=force)
    questions = Questions(interactive=ask)
    try:
        answers, password = collect(replace(flags, directory=directory), questions)
    except typer.Abort:
        if sys.stdin.isatty():  # a person who changed their mind
            raise
        typer.echo(err=True)  # ends the line of the question
        says = "no terminal to ask on; give --address ... --yes (see triage init --help)"
        fail(says, WRONG_USAGE)
    if questions.complaints:
        fail("\n  ".join(["nothing was written:", *questions.complaints]), WRONG_USAGE)
    _rendered(answers, password, directory)  # so that wrong values are told before any login
    if login_test and not answers.login:  # there is no token before the settings are there
        answers = _tested(answers, password, directory, tools)
    files = _rendered(answers, password, directory)
    _write(files, directory)
    typer.echo(_farewell(files, directory, login=answers.login is not None))


def _refuse_unusable(flags: Flags, directory: Path, *, force: bool) -> None:
    """Better before the questions than after them."""
    from triage.setup_files import CONFIG_NAME, PASSWORD_NAME, POLICY_NAME  # noqa: PLC0415

    if not directory.is_dir():
        fail(f"there is no folder {directory}; make it first: mkdir -p {directory}", WRONG_USAGE)
    will_be_typed = not flags.password_place
    names = (CONFIG_NAME, POLICY_NAME, *((PASSWORD_NAME,) if will_be_typed else ()))
    existing = [str(directory / name) for name in names if (directory / name).exists()]
    if existing and not force:
        says = f"{', '.join(existing)} would be overwritten; name another --directory, or --force"
        fail(says, WRONG_USAGE)


def _tested(answers: Answers, password: str | None, directory: Path, tools: Tools) -> Answers:
    typer.echo(f"Logging in at {answers.imap.host} and {answers.smtp.host} ...", err=True)
    answers, problems = tools.try_logins(answers, password, directory, _today())
    if problems:
        told = "\n\n".join(check_report.as_block(problem) for problem in problems)
        fail(f"nothing was written, since the login test failed:\n\n{told}\n", FAILED)
    typer.echo("Both logins work.", err=True)
    return answers


def _rendered(answers: Answers, password: str | None, directory: Path) -> list[NewFile]:
    """The new files, proved to load."""
    from triage import setup_files as files  # noqa: PLC0415 - brings jinja2
    from triage.config_file import parse_config  # noqa: PLC0415 - brings pydantic
    from triage.errors import ConfigError  # noqa: PLC0415
    from triage.policy_file import parse_policy  # noqa: PLC0415

    config = files.render_config(answers, _today())
    policy = files.render_policy(answers, _today())
    try:
        parse_config(config, directory / files.CONFIG_NAME)
        parse_policy(policy, directory / files.POLICY_NAME)
    except ConfigError as error:
        fail_config(error)
    new = [
        files.NewFile(name=files.CONFIG_NAME, content=config),
        files.NewFile(name=files.POLICY_NAME, content=policy),
        files.NewFile(
            name=files.KEY_NAME, content=f"{files.new_key()}\n", mode=files.PRIVATE, keep=True
        ),
    ]
    if password is not None:
        content = f"{password}\n"
        new.append(files.NewFile(name=files.PASSWORD_NAME, content=content, mode=files.PRIVATE))
    return new


def _write(new: Sequence[NewFile], directory: Path) -> None:
    from triage.setup_files import write_files  # noqa: PLC0415

    try:
        write_files(new, directory)
    except OSError as error:
        says = f"nothing was written into {directory}: {error.strerror}; see that you may write"
        fail(says, FAILED)


def _farewell(new: Sequence[NewFile], directory: Path, *, login: bool) -> str:
    """What was written, and the next commands."""
    here = directory == Path.cwd()
    at = "" if here else f" --config {directory / 'triage.toml'}"
    written = [f"  {file.name:14} {_WRITTEN[file.name]}" for file in new]
    day = _today().replace(day=1).isoformat()
    return "\n".join(
        [
            f"Written to {directory}:",
            *written,
            "",
            "Next:",
            *([f"  triage login{at}"] if login else []),
            f"  triage check{at}",
            f"  triage replay --since {day}{at}   what would have been escalated; sends nothing",
            f"  triage run{at}",
        ]
    )
