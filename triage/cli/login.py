"""`triage login`: have a person allow the program to read and send, where tokens are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.options import WRONG_USAGE, ConfigOption, config_path, fail, fail_config
from triage.config import ImapAccount
from triage.errors import ConfigError, TriageError

if TYPE_CHECKING:
    from triage.config import Config, Outgoing
    from triage.oauth import Browser, DevicePrompt, KeptTokens
    from triage.oauth.base import Issuer

WAIT_S = 900.0  # as long as issuers themselves wait for a person


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(login)


def login(
    name: Annotated[
        str | None, typer.Argument(help="Which of [logins]; may be left out if there is one.")
    ] = None,
    config: ConfigOption = None,
    *,
    browser: Annotated[
        bool, typer.Option("--browser", help="In the browser of this machine, without a code.")
    ] = False,
    paste: Annotated[
        bool,
        typer.Option(
            "--paste", help="In a browser elsewhere; then paste the address where it ended."
        ),
    ] = False,
) -> None:
    """Log in with OAuth2 once, for a login under [logins] in triage.toml. Run it again at need."""
    from triage.config_file import load_config  # noqa: PLC0415 - loads pydantic
    from triage.credentials import issuer_of, tokens_of  # noqa: PLC0415

    try:
        settings = load_config(config_path(config))
    except ConfigError as error:
        fail_config(error)
    chosen = _chosen(name, settings)
    mailbox = _mailbox(chosen, settings)
    tokens = tokens_of(settings, chosen, mailbox)
    try:
        if not settings.logins[chosen].app_only:
            issuer = issuer_of(chosen, settings.logins[chosen], mailbox)
            _by_person(issuer, tokens, browser=browser, paste=paste)
        tokens()
    except TriageError as error:
        fail(str(error))
    typer.echo(f"Login {chosen} works. A running triage goes on with it by itself, within minutes.")


def _chosen(name: str | None, config: Config) -> str:
    names = list(config.logins)
    if not names:
        fail("there is no [logins.<name>] in triage.toml; passwords need no `login`", WRONG_USAGE)
    if name is None and len(names) == 1:
        return names[0]
    if name not in names:
        wanted = f"there is no login {name}" if name else "say which"
        fail(f"{wanted}; triage.toml has: {', '.join(names)}", WRONG_USAGE)
    return name


def _mailbox(name: str, config: Config) -> str:
    """Whose mail the login is for, as far as the file tells."""
    accounts = [each for each in config.accounts if isinstance(each, ImapAccount)]
    users: list[ImapAccount | Outgoing] = [*accounts, config.outgoing]
    return next((at.username for at in users if at.login == name), "")


def _by_person(issuer: Issuer, tokens: KeptTokens, *, browser: bool, paste: bool) -> None:
    if issuer.has_device and not (browser or paste):
        tokens.keep(issuer.device(_show))
        return
    from triage.oauth.loopback import Loopback, parameters  # noqa: PLC0415

    listener = Loopback()
    try:
        way = issuer.browser(listener.redirect_uri)
        _say_where(way, paste=paste)
        came = parameters(typer.prompt("Address", err=True)) if paste else listener.wait(WAIT_S)
    finally:
        listener.close()
    tokens.keep(way.finish(came))


def _show(prompt: DevicePrompt) -> None:
    typer.echo(f"Open {prompt.url} on any device and enter the code {prompt.code}", err=True)
    minutes = int(prompt.expires_in_s // 60)
    typer.echo(f"Log in as whoever may read the mailbox. It holds for {minutes} minutes.", err=True)


def _say_where(way: Browser, *, paste: bool) -> None:
    typer.echo(f"Open this address in a browser and log in:\n\n  {way.url}\n", err=True)
    if paste:
        typer.echo(
            "It ends on a page that cannot be shown. Copy the whole address of that page.", err=True
        )
        return
    typer.launch(way.url)
