"""Work inside a transaction that may fail without taking the transaction, or the program, along."""

from __future__ import annotations

import logging
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from triage.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

log = logging.getLogger(__name__)

_FRAMES = 8  # innermost ones


@contextmanager
def contained(tx: Connection, action: str, **facts: object) -> Iterator[None]:
    """Undo and log what fails inside; only trouble of the store itself goes on upwards.

    A brief that cannot be written must not stop the loop that writes all others.
    """
    try:
        with tx.begin_nested():
            yield
    except Exception as error:
        if is_of_store(error):
            raise
        report("a step failed", error, action=action, **facts)


def report(event: str, error: Exception, **facts: object) -> None:
    """Log what kind of error happened where, without its message, which may hold mail text."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    where = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
    log.error(event, extra={**facts, "error": type(error).__name__, "where": where})


def is_of_store(error: Exception) -> bool:
    """Whether the store is at fault: full, locked or damaged. Then nothing may go on."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - only when something went wrong

    return isinstance(error, StoreError | SQLAlchemyError)
