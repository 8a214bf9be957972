"""Many mailboxes in one process: memory, and how soon new mail is decided.

`python -m bench.mailboxes [--sizes 1,20,100,200,500] [--json] [--out DIR]`. A Dovecot has so many
users; `triage run` watches the inbox of each, with the shipped model. Then mails are delivered,
each to another mailbox, as many as there are mailboxes and at most a hundred. Dovecot itself tells
of new mail half a second after it came.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.alone import run_sizes
from bench.machine import say
from bench.mails import OUR_DOMAIN, make
from bench.plot import Line, lines
from bench.program import (
    Workspace,
    cpu_s,
    make_workspace,
    start,
    status_of,
    triage,
    wait_until,
)
from bench.sink import Sink
from bench.tables import percentile, table
from tests.dovecot import Dovecot

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

SIZES = (1, 20, 100, 200, 500)
MOST_MAILS = 100
_APART_S = 0.1
_SETTLE_S = 3.0
_LIMIT_S = 180.0
_LOOKED = "SELECT count(*) FROM mailboxes WHERE looked_at IS NOT NULL"
_DONE = "SELECT count(*) FROM messages WHERE state = 'decided'"
_DECIDED = """
SELECT thread_ids.rfc_id, min(verdicts.decided_at) FROM thread_ids
JOIN verdicts ON verdicts.message_id = thread_ids.message_id GROUP BY thread_ids.rfc_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One number of mailboxes. Times in seconds, memory in MiB.

    `ready_s`: from the start until every mailbox was read once. `decided_s`: from each delivery
    until the verdict was in the store. `idle_cpu_s`: processor time of one quiet minute.
    """

    mailboxes: int
    ready_s: float
    rss_mib: float
    peak_mib: float
    threads: int
    idle_cpu_s: float
    decided_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All sizes."""

    sizes: tuple[Size, ...]
    load: float

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return asdict(self)

    def as_text(self) -> str:
        """A table."""
        heads = ("mailboxes", "ready s", "MiB", "peak MiB", "CPU s a quiet minute", "decided s",
                 "p95", "slowest")  # fmt: skip
        rows = [
            (
                str(size.mailboxes),
                f"{size.ready_s:.1f}",
                f"{size.rss_mib:.0f}",
                f"{size.peak_mib:.0f}",
                f"{size.idle_cpu_s:.1f}",
                *(f"{percentile(size.decided_s, share):.2f}" for share in (0.5, 0.95, 1.0)),
            )
            for size in self.sizes
        ]
        notes = [
            "decided s: median from delivery to the verdict in the store, of which Dovecot waits",
            f"0.5 before it tells. Load at the start: {self.load:.2f}.",
        ]
        return "\n".join(["Many mailboxes in one process", "", table(heads, rows), "", *notes])

    def as_svg(self) -> str:
        """Memory over the number of mailboxes."""
        drawn = [
            Line(name="at rest", points=[(s.mailboxes, s.rss_mib) for s in self.sizes]),
            Line(name="peak", points=[(s.mailboxes, s.peak_mib) for s in self.sizes]),
        ]
        return lines("Memory of one process", "mailboxes", "MiB", drawn)


def measure(sizes: tuple[int, ...] = SIZES, *, stand_in: bool = False) -> Result:
    """One server for all sizes; a process and a store for each."""
    load = os.getloadavg()[0]
    with (
        Dovecot(sessions=max(sizes)) as server,
        Sink() as sink,
        tempfile.TemporaryDirectory(prefix="triage-bench-", dir=server.folder.parent) as scratch,
    ):
        found = []
        for number in sizes:
            say(f"{number} mailboxes ...")
            space = _workspace(Path(scratch) / str(number), server, sink, number)
            found.append(_measured(space, server, number, stand_in=stand_in))
        return Result(sizes=tuple(found), load=load)


def _user(number: int, box: int) -> str:
    return f"box{box}.of{number}@{OUR_DOMAIN}"


def _workspace(folder: Path, server: Dovecot, sink: Sink, number: int) -> Workspace:
    """The usual settings, with a table of inboxes instead of the one account."""
    space = make_workspace(folder, imap_port=server.port, smtp_port=sink.port, user="nobody")
    settings = space.folder / "triage.toml"
    text = settings.read_text()
    begin, end = text.index("[[accounts]]"), text.index("[outgoing]")
    shared = (
        f'[account_defaults]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
        f'username = "{{name}}@{OUR_DOMAIN}"\npassword_file = "inbox.secret"\n\n'
    )
    first = 'accounts_file = "inboxes.csv"\n'
    settings.write_text(first + text[:begin] + shared + text[end:])
    names = [_user(number, box).partition("@")[0] for box in range(number)]
    (space.folder / "inboxes.csv").write_text("\n".join(["name", *names]) + "\n")
    return space


def _measured(space: Workspace, server: Dovecot, number: int, *, stand_in: bool) -> Size:
    began = time.monotonic()
    process = start(triage(space, stand_in=stand_in), space.log)
    try:
        _await(space, process, lambda: _asked(space, _LOOKED) >= number)
        ready_s = time.monotonic() - began
        time.sleep(_SETTLE_S)
        before = cpu_s(process.pid)
        time.sleep(_SETTLE_S)
        idle = (cpu_s(process.pid) - before) * 60 / _SETTLE_S
        rss, threads = status_of(process.pid, "VmRSS"), status_of(process.pid, "Threads")
        delivered = _deliver(server, number)
        _await(space, process, lambda: _asked(space, _DONE) >= len(delivered))
        times = _decided(space)  # a robot's mail is decided without a verdict
        return Size(
            mailboxes=number,
            ready_s=ready_s,
            rss_mib=rss / 1024,
            peak_mib=status_of(process.pid, "VmHWM") / 1024,
            threads=threads,
            idle_cpu_s=idle,
            decided_s=tuple(times[name] - at for name, at in delivered.items() if name in times),
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=120)


def _deliver(server: Dovecot, number: int) -> dict[str, float]:
    """When each mail was delivered, by its Message-ID; no mailbox gets two."""
    mails = min(number, MOST_MAILS)
    found = {}
    for n, mail in enumerate(make(mails, tagged_share=0.1, seed=number)):
        found[mail.message_id] = time.time()
        server.deliver(mail.content, user=_user(number, n * number // mails))
        time.sleep(_APART_S)
    return found


def _decided(space: Workspace) -> dict[str, float]:
    with closing(_connect(space)) as db:
        return dict(db.execute(_DECIDED))


def _asked(space: Workspace, query: str) -> int:
    try:
        with closing(_connect(space)) as db:
            return int(db.execute(query).fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # not made yet


def _connect(space: Workspace) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{space.store}?mode=ro", uri=True, timeout=10)


def _await(space: Workspace, process: subprocess.Popen[bytes], done: Callable[[], bool]) -> None:
    wait_until(done, [process], [space.log], _LIMIT_S)


def main() -> None:
    run_sizes("mailboxes", __doc__, ("--sizes", SIZES, "numbers of mailboxes"), measure)


if __name__ == "__main__":
    main()
