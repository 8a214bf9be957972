"""`triage backup` and `triage restore`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from triage.cli.options import ConfigOption, config_path


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New file, such as monday.tar.gz.")],
    config: ConfigOption = None,
) -> None:
    """Copy store, key, settings and models into one file; also while triage runs.

    Passwords and tokens are left out, and so is a store on a database server: that is for pg_dump.
    """
    from triage.backup import back_up, note_backup  # noqa: PLC0415
    from triage.config_file import load_config  # noqa: PLC0415

    settings = load_config(config_path(config))
    names = back_up(settings, file)
    size = file.stat().st_size / 1e6
    typer.echo(f"{file}: {len(names)} files, {size:.1f} MB. Keep it safe: it holds your mail.")
    if isinstance(settings.store, Path):
        note_backup(settings.store, file, time.time())
        return
    typer.echo("The store is NOT in it: it lies on a database server. Copy that with", err=True)
    typer.echo(f'  pg_dump --format=custom --file=store.dump "{settings.store}"', err=True)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `triage backup` made.")],
    *,
    directory: Annotated[
        Path, typer.Option("--directory", metavar="PATH", help="Empty folder; else this one.")
    ] = Path(),
) -> None:
    """Write what a backup holds into an empty folder."""
    from triage.backup import restore as bring_back  # noqa: PLC0415

    done = bring_back(file, directory)
    typer.echo(f"Restored {len(done.files)} files into {directory.absolute()}.")
    for name, place in done.elsewhere.items():
        typer.echo(f"  {name} used to be {place}: put it there, or change triage.toml")
    typer.echo("Passwords and tokens are not in a backup: put them back (or `triage login`), then")
    typer.echo("`triage check`. Briefs sent since the backup may go out again; mail programs show")
    typer.echo("them once, since they have the same Message-ID.")
