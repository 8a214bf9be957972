"""Work inside a transaction that may fail without taking the transaction, or the program, along."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from triage.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

log = logging.getLogger(__name__)


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
        log.exception("a step failed", extra={"action": action, **facts})


def is_of_store(error: Exception) -> bool:
    """Whether the store is at fault: full, locked or damaged. Then nothing may go on."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - only when something went wrong

    return isinstance(error, StoreError | SQLAlchemyError)
