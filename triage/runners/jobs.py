"""Takes jobs from Procrastinate's tables and runs the steps that they ask for.

Rules: what fails is tried again, and counted, never given up in silence; the jobs of a worker that
fell silent are handed to others within seconds; a lost connection ends no program.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException
from psycopg import Error
from psycopg_pool import PoolTimeout

from triage.errors import StoreUnavailableError
from triage.pipeline.contained import report
from triage.store.postgresql import connection_words

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from triage.config import Database

log = logging.getLogger(__name__)

ALIVE_EVERY_S = 2.0
SILENT_S = 8.0  # a worker that was not heard of for so long loses its jobs to others
RESCUE_EVERY_S = 2.0
LOOK_EVERY_S = 2.0  # for jobs whose time has come, of which no notification tells
TRY_AGAIN_S = 5  # longer by so much each time
MOST_TRIES = 20  # of one job; its row is found again by who looks for rows without a job
AWAY_S = 1.0  # pause before a server that cannot be reached is tried again
KEEP_FAILED_H = 24
_STEPS = ("decide", "send", "follow_up")
_AWAY = (ConnectorException, Error, PoolTimeout, StoreUnavailableError, OSError)


class StepFailedError(Exception):
    """A step failed; what happened is in the log, without words of any mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What jobs ask for: numbers of messages, of a brief, of a timer."""

    decide: Callable[[Sequence[int]], None]
    send: Callable[[int], None]
    follow_up: Callable[[int], None]


@dataclass(kw_only=True)
class JobLoop:
    """Runs jobs until `stop`; one of each step at a time."""

    database: Database
    steps: Steps
    stop: threading.Event
    rescued: int = field(default=0, init=False)
    failed: int = field(default=0, init=False)

    def run(self) -> None:
        """Take jobs for as long as the program runs, whatever the server does meanwhile."""
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # it tells of every job
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
        while not self.stop.is_set():
            try:
                asyncio.run(self._work())
            except _AWAY as error:
                log.warning("jobs cannot be taken: %s", error, extra={"action": "jobs-away"})
            self.stop.wait(0 if self.stop.is_set() else AWAY_S)

    async def _work(self) -> None:
        app = self._app()
        async with app.open_async():
            loops = [asyncio.create_task(self._take(app, step)) for step in _STEPS]
            loops += [
                asyncio.create_task(each)
                for each in (self._rescue(app), self._tidy(app), self._stopped())
            ]
            done, others = await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            for task in done:
                task.result()

    def _app(self) -> App:
        words = connection_words(self.database)
        connector = PsycopgConnector(kwargs=words, min_size=1, max_size=6, timeout=10.0)
        app = App(connector=connector)
        again = RetryStrategy(max_attempts=MOST_TRIES, linear_wait=TRY_AGAIN_S)
        for step in _STEPS:
            app.task(name=step, queue=step, retry=again)(self._guarded(getattr(self.steps, step)))
        return app

    def _guarded(self, step: Callable[[Any], None]) -> Callable[..., None]:
        """The step, whose failures are told by their kind only: they may quote mail."""

        def run(number: int = 0, numbers: Sequence[int] = ()) -> None:
            try:
                step(numbers or number)
            except Exception as error:  # noqa: BLE001 - told by its kind, and raised as that
                self.failed += 1
                report("a step failed; it is tried again", error, action="step-failed")
                raise StepFailedError(type(error).__name__) from None

        return run

    async def _take(self, app: App, step: str) -> None:
        await app.run_worker_async(
            queues=[step],
            name=step,
            concurrency=1,
            install_signal_handlers=False,
            delete_jobs="successful",
            fetch_job_polling_interval=LOOK_EVERY_S,
            update_heartbeat_interval=ALIVE_EVERY_S,
            stalled_worker_timeout=SILENT_S,
        )

    async def _rescue(self, app: App) -> None:
        """Hand the jobs of workers that fell silent to others; each by itself."""
        while True:
            await asyncio.sleep(RESCUE_EVERY_S)
            stalled = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_S)
            for job in stalled:
                try:
                    await app.job_manager.retry_job(job)
                except ConnectorException as error:  # another was quicker
                    log.info("not rescued: %s", error, extra={"action": "rescue", "job": job.id})
                    continue
                self.rescued += 1
                log.warning("rescued a job", extra={"action": "rescued", "job": job.call_string})

    async def _tidy(self, app: App) -> None:
        """Let go of jobs that were given up long ago."""
        while True:
            await app.job_manager.delete_old_jobs(nb_hours=KEEP_FAILED_H, include_failed=True)
            await asyncio.sleep(3600)

    async def _stopped(self) -> None:
        while not self.stop.is_set():  # noqa: ASYNC110 - it is set by another thread
            await asyncio.sleep(0.1)
