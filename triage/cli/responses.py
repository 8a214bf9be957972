"""`triage responses preview`: every suggested text, filled in with a sample mail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.options import (
    FAILED,
    WRONG_USAGE,
    ConfigOption,
    config_path,
    fail,
    fail_config,
)
from triage.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

responses_app = typer.Typer(help="The suggested answers.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.add_typer(responses_app, name="responses")


@responses_app.callback()
def _texts() -> None:
    """The suggested answers and the texts that keep people informed."""


@responses_app.command("preview")
def preview(
    config: ConfigOption = None,
    *,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page to read in a browser."),
    ] = None,
) -> None:
    """Show all suggested texts with a sample mail: professional, short, when not to use them.

    With settings at hand your own files are among them; without, those that ship.
    """
    from triage import response_page  # noqa: PLC0415 - loads Jinja
    from triage.resources import resource  # noqa: PLC0415
    from triage.responses import ResponseLibrary  # noqa: PLC0415

    own, firm, kinds = _settings(config)
    folders = [own / "responses"] if own else []
    try:
        library = ResponseLibrary.load(*folders, resource("templates") / "responses")
    except ConfigError as error:
        fail_config(error)
    names = {path.stem for folder in folders for path in folder.glob("*.md")}
    groups = response_page.groups(response_page.cards(library.responses, names), kinds)
    if html is None:
        typer.echo(response_page.as_text(groups))
        return
    try:
        _write(html, response_page.page(groups, firm=firm))
    except OSError as error:
        fail(f"{html} cannot be written: {error.strerror}; give --html another file", FAILED)
    typer.echo(f"{len(library.responses)} texts in {html}", err=True)


def _settings(given: Path | None) -> tuple[Path | None, str, Mapping[str, str]]:
    """The firm's own templates, its name and its kinds; the shipped ones where there is no file."""
    from triage.app import load_settings  # noqa: PLC0415 - loads Jinja

    path = config_path(given)
    if given is None and not path.exists():
        return None, "", _shipped_kinds()
    try:
        settings = load_settings(path)
    except ConfigError as error:
        fail_config(error)
    titles = {kind.id: kind.title for kind in settings.policy.kinds.values()}
    return settings.config.templates, settings.config.firm.name, titles or _shipped_kinds()


def _shipped_kinds() -> dict[str, str]:
    """The kinds that ship, with the titles of the demo's policy."""
    from triage.policy_file import load_policy  # noqa: PLC0415 - loads pydantic
    from triage.resources import resource  # noqa: PLC0415

    policy = load_policy(resource("data") / "demo" / "policy.toml")
    return {kind.id: kind.title for kind in policy.kinds.values()}


def _write(path: Path, text: str) -> None:
    """Write the page whole or not at all. Raises OSError."""
    if not path.resolve().parent.is_dir():
        fail(f"--html: there is no folder {path.resolve().parent}; make it first", WRONG_USAGE)
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
