"""Several workers on one PostgreSQL store: mails a second, against the number of workers.

`python -m bench.workers [--sizes 1,2,4,8] [--json] [--out DIR]`. For each number: so many processes
of `triage worker` with the shipped model wait on an empty database of a throwaway PostgreSQL; then
a thousand mails, one in ten of them tagged, come into the store at once. The clock runs until all
are decided and every brief is sent. More workers than cores share the cores.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.alone import run_sizes
from bench.machine import say
from bench.mails import make
from bench.plot import Line, lines
from bench.program import cpu_s, make_workspace, start, status_of, triage, wait_until
from bench.sink import Sink
from bench.tables import table
from tests.postgresql import PASSWORD, Cluster, available, name_of
from triage.app import load_settings, open_store
from triage.messages import MessageRef, RawMessage
from triage.store import inbox

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from bench.program import Workspace
    from triage.config import Database

SIZES = (1, 2, 4, 8)
MAILS = 1000
_LIMIT_S = 300.0
_PROGRAMS = "SELECT count(*) FROM programs"
_LEFT = (
    "SELECT (SELECT count(*) FROM messages WHERE state <> 'decided')"
    " + (SELECT count(*) FROM outbox WHERE state <> 'sent')"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One number of workers. `cpu_s`, `rss_mib`: of all of them together."""

    workers: int
    seconds: float
    mails: int
    sent: int
    cpu_s: float
    rss_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All numbers of workers, or why there are none."""

    sizes: tuple[Size, ...]
    load: float
    left_out: str = ""

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return asdict(self)

    def as_text(self) -> str:
        """A table."""
        rows = [
            (
                str(size.workers),
                f"{size.mails / size.seconds:,.0f}",
                f"{size.seconds:.1f}",
                f"{size.cpu_s:.1f}",
                f"{size.rss_mib:.0f}",
                str(size.sent),
            )
            for size in self.sizes
        ]
        heads = ("workers", "mails/s", "seconds", "CPU s", "MiB together", "briefs")
        notes = [*([self.left_out] if self.left_out else [])]
        notes.append(f"Load at the start: {self.load:.2f}.")
        return "\n".join(["Workers on one store", "", table(heads, rows), "", *notes])

    def as_svg(self) -> str:
        """Mails a second over the number of workers."""
        points = [(size.workers, size.mails / size.seconds) for size in self.sizes]
        return lines("Workers on one PostgreSQL", "workers", "mails a second",
                     [Line(name="mails/s", points=points or [(1, 0.0)])])  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """The servers, how many mails come, and whether the model is left out."""

    cluster: Cluster
    sink: Sink
    mails: int
    stand_in: bool


def measure(
    sizes: tuple[int, ...] = SIZES, *, mails: int = MAILS, stand_in: bool = False
) -> Result:
    """Each number on a database of its own."""
    load = os.getloadavg()[0]
    if not available():
        return Result(sizes=(), load=load, left_out="Left out: PostgreSQL is not installed.")
    found = []
    with (
        Cluster() as cluster,
        Sink() as sink,
        tempfile.TemporaryDirectory(prefix="triage-bench-") as scratch,
    ):
        setting = _Setting(cluster=cluster, sink=sink, mails=mails, stand_in=stand_in)
        for number in sizes:
            say(f"{number} workers ...")
            found.append(_measured(setting, Path(scratch) / str(number), number))
    return Result(sizes=tuple(found), load=load)


def _workspace(folder: Path, sink: Sink, database: Database) -> Workspace:
    """The usual settings on a PostgreSQL store."""
    space = make_workspace(folder, imap_port=1, smtp_port=sink.port, user="nobody")
    settings = space.folder / "triage.toml"
    secret = space.folder / "store.secret"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    at = f'store = "{database.url}"\nstore_password_file = "store.secret"'
    settings.write_text(settings.read_text().replace('store = "triage.db"', at))
    return space


def _measured(setting: _Setting, folder: Path, workers: int) -> Size:
    cluster, sink, mails = setting.cluster, setting.sink, setting.mails
    database = cluster.database()
    space = _workspace(folder, sink, database)
    arrived = len(sink.arrivals)

    def asked(query: str) -> int:
        with cluster.connect(name_of(database)) as connection:
            row = connection.execute(query).fetchone()
            return int(str(row[0])) if row else 0

    with _working(space, workers, stand_in=setting.stand_in) as processes:
        _await(space, processes, lambda: asked(_PROGRAMS) >= workers)
        _receive(space, mails)
        began = time.monotonic()
        before = sum(cpu_s(process.pid) for process in processes)
        _await(space, processes, lambda: asked(_LEFT) == 0)
        return Size(
            workers=workers,
            seconds=time.monotonic() - began,
            mails=mails,
            sent=len(sink.arrivals) - arrived,
            cpu_s=sum(cpu_s(process.pid) for process in processes) - before,
            rss_mib=sum(status_of(process.pid, "VmRSS") for process in processes) / 1024,
        )


def _receive(space: Workspace, mails: int) -> None:
    """Put the mails into the store at once, as a watcher would."""
    settings = load_settings(space.folder / "triage.toml")
    store = open_store(settings.config.store)
    try:
        now = datetime.now(UTC)
        with store.write() as tx:
            for uid, mail in enumerate(make(mails, tagged_share=0.1), start=1):
                ref = MessageRef(account="inbox", folder="INBOX", uid_validity=1, uid=uid)
                content = mail.content
                raw = RawMessage(ref=ref, content=content, received_at=now, size=len(content))
                inbox.receive(tx, raw, now.timestamp())
    finally:
        store.close()


@contextmanager
def _working(
    space: Workspace, workers: int, *, stand_in: bool
) -> Iterator[list[subprocess.Popen[bytes]]]:
    with ExitStack() as ending:
        processes = []
        for n in range(workers):
            command = triage(space, stand_in=stand_in)
            command[command.index("run")] = "worker"
            process = start(command, space.folder / f"worker{n}.log")
            ending.callback(process.wait, 60)
            ending.callback(process.send_signal, signal.SIGTERM)
            processes.append(process)
        yield processes


def _await(
    space: Workspace, processes: list[subprocess.Popen[bytes]], done: Callable[[], bool]
) -> None:
    wait_until(done, processes, sorted(space.folder.glob("worker*.log")), _LIMIT_S)


def main() -> None:
    run_sizes("workers", __doc__, ("--sizes", SIZES, "numbers of workers"), measure)


if __name__ == "__main__":
    main()
