"""`triage doctor`: what ails a live installation, and what to do about it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli import check_report
from triage.cli.options import FAILED, ConfigOption, config_path
from triage.cli.tables import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.doctor import Report


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(doctor)


def doctor(
    config: ConfigOption = None,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no server for its certificate.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Status 1 for warnings too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Look at a running installation: what ails it, and what to do. Changes nothing.

    May be used while `triage run` is running. Status 1: there is an error, see --strict.
    """
    from triage.doctor import examine  # noqa: PLC0415 - heavy, not for --help

    report = examine(config_path(config), now=time.time(), offline=offline)
    if as_json:
        typer.echo(to_json(report))
    else:
        for line in lines(report):
            typer.echo(line)
    serious = {"error", "warning"} if strict else {"error"}
    if any(problem.severity in serious for problem in report.problems):
        raise typer.Exit(FAILED)


def lines(report: Report) -> Iterator[str]:
    """What is well, a line each, then the problems as `triage check` tells them."""
    for sound in report.sound:
        yield f"ok  {plain(sound.where)}: {plain(sound.what)}"
    if report.sound:
        yield ""
    yield check_report.as_text(report.problems)


def to_json(report: Report) -> str:
    """As `triage check --json`, with what is well as `sound`; the keys are promised to scripts."""
    said = json.loads(check_report.as_json(report.problems))
    said["sound"] = [{"where": each.where, "what": each.what} for each in report.sound]
    return json.dumps(said, ensure_ascii=False, indent=2)
