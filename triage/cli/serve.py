"""`triage serve`: the page to read, correct and understand."""

from __future__ import annotations

import logging
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import typer

from triage.cli.label import user_name
from triage.cli.options import WRONG_USAGE, ConfigOption, config_path, fail

if TYPE_CHECKING:
    from socket import socket

    from triage.app import Settings
    from triage.config import Page
    from triage.store.engine import Store


class RoleName(StrEnum):
    """What a login may do; each may do what those before it may."""

    READ = "read"
    CORRECT = "correct"
    RUN = "run"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(serve)


def serve(
    config: ConfigOption = None,
    *,
    host: Annotated[
        str, typer.Option("--host", help="Listen there; else as `[page]` says: this machine only.")
    ] = "",
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Else as `[page]` says; 0: any free one."),
    ] = None,
    network: Annotated[
        bool, typer.Option("--network", help="Yes, let other machines reach the page.")
    ] = False,
    link: Annotated[
        RoleName | None,
        typer.Option("--link", help="Only print a login link, while the page runs elsewhere."),
    ] = None,
    name: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="PERSON",
            help="Whom the link is for: an id or address of the policy, or a name.",
            show_default=False,
        ),
    ] = "",
) -> None:
    """Serve a page to read cases, answer and correct them. Runs beside `triage run`.

    Without settings at hand it shows a sample mailbox to try everything on: invented mail in a
    temporary folder, of which nothing leaves this machine.

    It prints a link that logs in once, within ten minutes. `triage serve --link correct --for ben`
    prints another one, for somebody who may read and correct. Stop it with Ctrl-C.
    """
    from triage import app, logs  # noqa: PLC0415

    path, who = config_path(config), user_name(name)
    if config is None and not path.is_file():
        if link:
            fail(f"{path}: there is no such file; name the settings of the page by --config", 2)
        if network or host:
            fail("without settings there is only a sample, for this machine alone", WRONG_USAGE)
        logs.set_up(level=logging.WARNING)
        _serve_sample(port, name)
        return
    settings = app.load_settings(path)
    at = settings.config.page
    host, port = host or at.host, at.port if port is None else port
    if link:
        typer.echo(_new_link(settings, link, who, _address(at, host, port)))
        return
    logs.set_up(level=logging.INFO)
    _check_reach(at, host, network=network)
    _serve(settings, host, port, who)


def _serve(settings: Settings, host: str, port: int, who: str) -> None:
    from triage import app  # noqa: PLC0415
    from triage.runners.searching import reading  # noqa: PLC0415
    from triage.web import server  # noqa: PLC0415 - loads the web server

    store = app.open_store(settings.config.store, create=False)
    try:
        with server.listen(host, port) as listener, reading(store):
            _answer(settings, store, listener, host, who)
    finally:
        store.close()
    typer.echo("stopped", err=True)


def _serve_sample(port: int | None, name: str) -> None:
    """The page over a sample mailbox in a temporary folder, with the program at work on it.

    Whoever names nobody looks at it as one of its managers, to whom cases can belong.
    """
    from triage import app, app_sample  # noqa: PLC0415
    from triage.web import server  # noqa: PLC0415 - loads the web server

    typer.echo(
        "no triage.toml here: this is a sample to try everything on; ready in some seconds",
        err=True,
    )
    with tempfile.TemporaryDirectory(prefix="triage-sample-") as folder, ExitStack() as held:
        settings = app_sample.lay_out(Path(folder))
        who = name or settings.policy.management[0]
        page = settings.config.page
        listener = held.enter_context(server.listen(page.host, page.port if port is None else port))
        app_sample.lay_out_models(settings, datetime.now(UTC))
        store = app.open_store(settings.config.store)
        held.callback(store.close)
        held.enter_context(app_sample.at_work(settings, store))
        typer.echo(f"mail put into {folder}/mailbox as .eml is judged too", err=True)
        _answer(settings, store, listener, page.host, who, sample=True)
    typer.echo("stopped; the sample is gone", err=True)


def _answer(
    settings: Settings,
    store: Store,
    listener: socket,
    host: str,
    who: str,
    *,
    sample: bool = False,
) -> None:
    """Say where the page is and how to log in, and serve it until told to stop."""
    from triage.web import server  # noqa: PLC0415 - loads the web server

    port = listener.getsockname()[1]
    site = server.make_site(settings, store, host=host, port=port, sample=sample)
    page = server.build_app(site)
    address = _address(settings.config.page, host, port)
    typer.echo(f"the page is at {address}; stop with Ctrl-C", err=True)
    typer.echo(f"log in within ten minutes: {_new_link(settings, RoleName.RUN, who, address)}")
    server.serve(page, listener)


def _check_reach(at: Page, host: str, *, network: bool) -> None:
    """Other machines reach the page only where somebody has said so."""
    from triage.addresses import is_loopback  # noqa: PLC0415

    if is_loopback(host):
        return
    if not network:
        says = (
            f"{host} lets other machines reach the page; if that is meant, add --network. "
            "Better: leave it on 127.0.0.1 and put a proxy with TLS before it ([page.proxy])"
        )
        fail(says, WRONG_USAGE)
    if not at.proxy:
        typer.echo(
            f"triage: WARNING: other machines can reach {host}, and nothing is encrypted: whoever "
            "listens on the network reads mail and can take over a login. Put a proxy with TLS "
            "before it (see docs/page.md)",
            err=True,
        )


def _address(at: Page, host: str, port: int) -> str:
    """Where people open the page."""
    if at.url:
        return at.url.rstrip("/")
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - names it, no more
    return f"http://{f'[{shown}]' if ':' in shown and '[' not in shown else shown}:{port}"


def _new_link(settings: Settings, role: RoleName, who: str, address: str) -> str:
    from triage.web.pages.login import KEY, PATH  # noqa: PLC0415
    from triage.web.roles import Role  # noqa: PLC0415
    from triage.web.server import sessions_of  # noqa: PLC0415
    from triage.web.visitors import visitor_of  # noqa: PLC0415

    visitor = visitor_of(settings.policy, who, Role.of(role))
    key = sessions_of(settings).new_link(visitor, time.time())
    return f"{address}{PATH}?{urlencode({KEY: key})}"
