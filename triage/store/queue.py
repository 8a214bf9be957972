"""Jobs in Procrastinate's tables, put down in the transaction that makes them due.

Rule: no queueing lock, since a job whose worker died would keep its successors out.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from procrastinate import App, SyncPsycopgConnector
from procrastinate.schema import SchemaManager

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from triage.store.jobs import Job, Step

BATCH = 20  # mails that one job decides: scored at once, but not all by one worker
_SCHEMA_LOCK = 0x7472696167650003


@cache
def _app() -> App:
    """For putting down only: each job goes through the connection of a transaction of ours."""
    return App(connector=SyncPsycopgConnector())


def defer(tx: Connection, wanted: Sequence[Job]) -> None:
    """Put jobs down; they are there when the transaction is, or not at all."""
    together: defaultdict[tuple[Step, float], list[int]] = defaultdict(list)
    for job in dict.fromkeys(wanted):
        together[job.step, job.at].append(job.number)
    for (step, at), numbers in together.items():
        task = _app().configure_task(
            step,
            queue=step,
            schedule_at=datetime.fromtimestamp(at, UTC) if at else None,
            connection=tx.connection.driver_connection,
        )
        task.batch_defer(*_arguments(step, sorted(numbers)))


def ensure_schema(tx: Connection) -> None:
    """Make Procrastinate's tables, where they are not there."""
    if _has_schema(tx):
        return
    tx.exec_driver_sql(f"select pg_advisory_xact_lock({_SCHEMA_LOCK})")
    driver = tx.connection.driver_connection
    assert driver is not None
    if not _has_schema(tx):
        driver.execute(SchemaManager.get_schema())


def _has_schema(tx: Connection) -> bool:
    """Read from the catalogue itself: a look-up of the name would be remembered, lock or not."""
    query = (
        "select 1 from pg_class where relname = 'procrastinate_jobs' and pg_table_is_visible(oid)"
    )
    return tx.exec_driver_sql(query).first() is not None


def _arguments(step: Step, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """One job a number, but mails go together."""
    if step != "decide":
        return [{"number": number} for number in numbers]
    starts = range(0, len(numbers), BATCH)
    return [{"numbers": list(numbers[start : start + BATCH])} for start in starts]
