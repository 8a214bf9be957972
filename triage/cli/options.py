"""What every verb of the command line shares: where the configuration is, and how to fail.

Exit status: 0 done, 1 the work failed, 2 wrong usage or configuration.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from triage.errors import ConfigError

FAILED, WRONG_USAGE = 1, 2
DEFAULT_CONFIG = Path("triage.toml")
CONFIG_VARIABLE = "TRIAGE_CONFIG"

# Use as: def verb(config: ConfigOption = None), and then config_path(config).
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="PATH",
        envvar=CONFIG_VARIABLE,
        help="The settings; else triage.toml in this folder.",
        show_default=False,
    ),
]


def config_path(given: Path | None) -> Path:
    """The settings file: from the option, else TRIAGE_CONFIG, else `triage.toml` here."""
    return given or DEFAULT_CONFIG


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Say on standard error what went wrong and what to do, and end with `code`."""
    typer.echo(f"triage: {message}", err=True)
    raise typer.Exit(code)


def fail_config(error: ConfigError) -> NoReturn:
    """List every mistake of a file that cannot be used, and end with status 2."""
    if len(error.problems) == 1:
        fail(error.problems[0], WRONG_USAGE)
    listed = "\n".join(f"  {problem}" for problem in error.problems)
    fail(f"{len(error.problems)} mistakes:\n{listed}", WRONG_USAGE)
