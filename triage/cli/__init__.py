"""The command line: one function a verb. Results on stdout, talk on stderr.

Exit status: 0 done, 1 the work failed, 2 wrong usage or configuration. Heavy imports happen
inside the verbs, so that `triage --help` is quick.
"""

from __future__ import annotations

import sys

import typer

from classifiers.api import ClassifierError
from triage import __version__
from triage.cli import (
    backup,
    cases,
    demo,
    digest,
    doctor,
    examples,
    forget,
    label,
    login,
    models,
    parse,
    policy,
    responses,
    run,
    serve,
    setup,
    store,
    verify,
)
from triage.errors import ConfigError, TriageError

EXIT_FAILED = 1
EXIT_USAGE = 2

app = typer.Typer(
    name="triage",
    help="Watch a shared inbox, tag what management must see, and forward it as a brief.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _version(
    *, version: bool = typer.Option(False, "--version", help="Print the version and exit.")
) -> None:
    if version:
        typer.echo(f"triage {__version__}")
        raise typer.Exit


for _verbs in (
    demo,
    setup,
    login,
    run,
    serve,
    policy,
    cases,
    digest,
    doctor,
    verify,
    label,
    examples,
    parse,
    responses,
    models,
    backup,
    store,
    forget,
):
    _verbs.register(app)


def main() -> None:
    """Run the program; an error that a person can mend is one sentence and an exit status."""
    try:
        app()
    except ConfigError as error:
        sys.exit(_complain(error, EXIT_USAGE))
    except (TriageError, ClassifierError) as error:
        sys.exit(_complain(error, EXIT_FAILED))
    except BrokenPipeError:  # `triage status | head` is no error
        sys.stderr.close()


def _complain(error: Exception, status: int) -> int:
    for line in str(error).splitlines():
        typer.echo(f"triage: {line}", err=True)
    return status
