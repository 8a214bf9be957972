"""`triage store`: moving what a file holds to a database server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from triage.cli.options import ConfigOption, config_path, fail

store_app = typer.Typer(help="Move the store to a database server.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.add_typer(store_app, name="store")


@store_app.callback()
def _store() -> None:
    """Move the store to a database server."""


@store_app.command()
def move(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The old store, such as triage.db.")],
    config: ConfigOption = None,
) -> None:
    """Copy all of an old store into the empty database that `store` in triage.toml names.

    Refused while triage runs on the file, which is left as it is. If it is broken off, nothing was
    copied: begin again.
    """
    from triage import app  # noqa: PLC0415
    from triage.config_file import load_config  # noqa: PLC0415
    from triage.store.moving import copy  # noqa: PLC0415 - brings SQLAlchemy

    settings = load_config(config_path(config))
    if settings.store_file is not None:
        fail('write store = "postgresql://..." into triage.toml first; see docs/scale.md', 2)
    with app.only_instance(file):
        old = app.open_store(file, create=False)
        new = app.open_store(settings.store)
        try:
            done = copy(old, new, lambda table, rows: typer.echo(f"  {table}: {rows}", err=True))
        finally:
            old.close()
            new.close()
    number = sum(each.rows for each in done)
    typer.echo(f"{number} rows of {len(done)} tables copied to {settings.store}; each compared.")
    typer.echo(f"Start triage now. Keep {file}, unused, until you are content; then delete it.")
