"""Begins a training when enough new labels have come, in a process of its own.

Rules: the watcher never waits for it, and its memory goes back when it ends; whether one is due is
read from the store, so a restart forgets nothing; a lock in the training itself keeps it alone.
"""

from __future__ import annotations

import logging
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.store import trainings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from triage.store.engine import Store

log = logging.getLogger(__name__)

LOOK_S = 60.0
RESUME_S = 3600.0  # an interrupted training is tried again so long after it began
STOP_S = 10.0  # patience with a training that is told to stop


def is_due(
    last: trainings.Training | None,
    new_labels: int,
    *,
    after_labels: int,
    interval_s: float,
    now: float,
) -> bool:
    """Whether a training should begin; `after_labels` 0 means never by itself."""
    if not after_labels or new_labels < after_labels:
        return False
    if last is None:
        return True
    interrupted = last.outcome in {"", "interrupted"}
    return now >= last.started_at + (min(RESUME_S, interval_s) if interrupted else interval_s)


@dataclass(kw_only=True)
class Retrainer:
    """Runs `command` when a training is due. `look` is cheap and never waits.

    Attributes:
        after_labels: so many mails must have been labelled since the last training.
        interval_s: and so long it must be since that one began.
        output: where what the training says ends, written anew each time.
        look_s: how often the labels are counted.
    """

    store: Store
    command: Sequence[str]
    after_labels: int
    interval_s: float
    output: Path
    look_s: float = LOOK_S
    _process: subprocess.Popen[bytes] | None = None
    _next_look_at: float = 0.0

    def look(self, now: float) -> None:
        """See what became of the training that runs, or whether one is due."""
        if self._process is not None:
            self._reap(self._process, now)
        elif now >= self._next_look_at:
            self._next_look_at = now + self.look_s
            with self.store.read() as tx:
                last, new = trainings.last(tx), trainings.new_labels(tx)
            if is_due(
                last, new, after_labels=self.after_labels, interval_s=self.interval_s, now=now
            ):
                self._begin(new)

    def stop(self) -> None:
        """End a training that runs; it has changed nothing, or everything."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _begin(self, new: int) -> None:
        try:
            self.output.parent.mkdir(parents=True, exist_ok=True)
            with self.output.open("wb") as talk:
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,  # it quotes subjects; the report is kept elsewhere
                    stderr=talk,
                    start_new_session=True,  # Ctrl-C is for us; `stop` tells the training
                )
        except OSError as error:
            log.warning(
                "a training cannot be started: %s", error, extra={"action": "training-failed"}
            )
            return
        log.info("a training begins", extra={"action": "training-begun", "labels": new})

    def _reap(self, process: subprocess.Popen[bytes], now: float) -> None:
        status = process.poll()
        if status is None:
            return
        self._process = None
        facts: dict[str, object] = {"status": status, "output": str(self.output)}
        if status:
            self._next_look_at = now + RESUME_S  # it may have failed before its row was written
            log.warning("a training failed", extra={"action": "training-failed", **facts})
        else:
            log.info("a training has ended", extra={"action": "training-ended", **facts})
