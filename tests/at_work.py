"""A program at work in a thread of the test, which hears of whatever ended it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.runners.embedded import EmbeddedRunner

STOP_WITHIN_S = 60


@contextmanager
def at_work(runner: EmbeddedRunner) -> Iterator[EmbeddedRunner]:
    """The program, running; at the end it is stopped, and must have ended without an error."""
    errors: list[BaseException] = []

    def work() -> None:
        try:
            runner.run()
        except BaseException as error:  # noqa: BLE001 - shown by the test
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield runner
    finally:
        runner.request_stop()
        thread.join(STOP_WITHIN_S)
    assert not thread.is_alive()
    assert errors == []
