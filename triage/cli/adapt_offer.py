"""The question, once, whether to fit the shipped model to the inbox before watching begins.

Rule: it must never hold up a service. It is asked on a terminal only, and who does not answer in
time has said no for now.
"""

from __future__ import annotations

import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

import typer

from triage.resources import resource
from triage.store import audit

if TYPE_CHECKING:
    from triage.config import Config
    from triage.store.engine import Store

WAIT_S: Final = 60.0
_QUESTION = (
    "The model that came with the program has never seen mail of yours. Shall it read the last\n"
    "500 mails of the watched folders, to find from what probability on to forward? Nothing is\n"
    "sent, marked or moved. It takes some minutes; `triage adapt` does it at any time. [y/N] "
)


def offer(config: Config, store: Store) -> None:
    """Ask once, and run `triage adapt` if the answer is yes; its end, good or bad, is no matter."""
    if not (_on_terminal() and _is_unfitted(config)) or _was_asked(store):
        return
    typer.echo(_QUESTION, nl=False)
    answer = _answer(WAIT_S)
    if answer is None:
        typer.echo("\nno answer: going on without, and asking again at the next start")
        return
    yes = answer.strip().lower() in {"y", "yes"}
    with store.write() as tx:
        detail = "yes" if yes else "no; `triage adapt` does it at any time"
        audit.note(tx, "fitting-offered", now=time.time(), detail=detail)
    if yes:  # a process of its own, so that the memory for training goes back
        command = [sys.executable, "-m", "triage", "adapt", "--config", str(config.path)]
        subprocess.run(command, check=False)  # noqa: S603 - our own program


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _is_unfitted(config: Config) -> bool:
    """Whether the model in use is the one that came with the program."""
    from triage.app import models_root  # noqa: PLC0415 - keeps --help quick

    return models_root(config) == resource("models")


def _was_asked(store: Store) -> bool:
    with store.read() as tx:
        return audit.last(tx, "fitting-offered") is not None


def _answer(timeout_s: float) -> str | None:
    """A line from standard input; None when none comes in time."""
    ready, _, _ = select.select([sys.stdin], [], [], timeout_s)
    return sys.stdin.readline() if ready else None
