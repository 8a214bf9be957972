"""`triage forget`: take everything of one person out of the store."""

from __future__ import annotations

from typing import Annotated

import typer

from triage.cli.options import ConfigOption, config_path, fail


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(forget)


def forget(
    address: Annotated[str, typer.Argument(help="Whose: an address such as dana@client.example.")],
    config: ConfigOption = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete all words, names and addresses of one person, and keep only counts.

    The mailbox itself, models that learnt from the mail, and backups are not touched.
    """
    from triage import app  # noqa: PLC0415
    from triage.addresses import address_problem  # noqa: PLC0415
    from triage.store import retention  # noqa: PLC0415

    if says := address_problem(address):
        fail(f"{address}: {says}", 2)
    settings = app.load_settings(config_path(config))
    store = app.open_store(settings.config.store, create=False)
    if not yes:
        typer.confirm(f"Delete all that {address} wrote, for good?", abort=True, err=True)
    with store.write() as tx:
        done = retention.forget(tx, address)
    if done.open_cases:
        listed = ", ".join(map(str, done.open_cases))
        fail(f"nothing was deleted: case {listed} is still open; close it first (triage resolve)")
    store.tidy()
    typer.echo(
        f"Deleted the words of {done.mails} mails, {done.cases} cases and {done.examples} imported "
        "texts. To have the model forget too: triage train"
    )
