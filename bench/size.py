"""What a new mail costs in a small store and in a large one, and how large the store is.

`python -m bench.size [--sizes 1000,10000,100000,1000000] [--json] [--out DIR]`. A store is filled
with so many decided mails, one in ten of them escalated, over two years; then new mails are
received, decided and sent. Verdicts come from the labels, so that the store's part shows: the model
costs the same whatever the store holds.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
import zlib
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.alone import run_sizes
from bench.machine import say
from bench.mails import make
from bench.plot import Line, lines
from bench.program import make_workspace
from bench.sink import Sink
from bench.stand_in import KnownAnswers
from bench.tables import table
from triage.app import load_settings, make_runner, open_store
from triage.app_mail import make_channel
from triage.messages import MessageRef, RawMessage
from triage.store import inbox

if TYPE_CHECKING:
    from triage.runners.embedded import EmbeddedRunner
    from triage.store.engine import Store

SIZES = (1_000, 10_000, 100_000, 1_000_000)
NEW = 300
MIB = 1024 * 1024
_SPAN_S = 2 * 365 * 86400.0
_KEPT = 200  # different mails whose bytes are kept over and over

# Each takes the number of mails, now, and the seconds between two mails.
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :mails) "
_FILL = (
    """INSERT INTO cases (id, status, tags, urgency, client, subject, subject_key, recipients,
      opened_at, updated_at, acknowledged_by, outcome, resolved_at)
      SELECT i / 10, CASE WHEN i > :mails - 2000 THEN 'open' ELSE 'resolved' END, '["blocker"]', 2,
      'dana' || (i % 4000) || '@client' || (i % 400) || '.example', 'Portal ' || i, 'portal ' || i,
      '["ben"]', :now - (:mails - i) * :step, :now - (:mails - i) * :step, '', '',
      CASE WHEN i > :mails - 2000 THEN NULL ELSE :now END FROM n WHERE i % 10 = 0""",
    """INSERT INTO messages (id, account, folder, uid_validity, uid, sha256, size, complete,
      problem, received_at, stored_at, state, attempts, error, action, why, kind, role, subject,
      sender, client, case_id, mark, text_digest)
      SELECT i, 'inbox', 'INBOX', 1, i, lower(hex(randomblob(32))), 4096, 1, '',
      :now - (:mails - i) * :step, :now - (:mails - i) * :step, 'decided', 0, '',
      CASE WHEN i % 10 = 0 THEN 'escalated' WHEN i % 25 = 1 THEN 'unsure' ELSE 'left' END,
      'no tag', 'ordinary', 'client', 'Portal ' || i,
      'Dana <dana' || (i % 4000) || '@client' || (i % 400) || '.example>',
      'dana' || (i % 4000) || '@client' || (i % 400) || '.example',
      CASE WHEN i % 10 = 0 THEN i / 10 END, '', lower(hex(randomblob(32))) FROM n""",
    """INSERT INTO raw_messages (message_id, content) SELECT i, bytes FROM n
      JOIN temp.sample ON sample.id = i % :kept""",
    """INSERT INTO thread_ids (rfc_id, message_id)
      SELECT '<' || lower(hex(randomblob(12))) || '@mail.example>', i FROM n""",
    """INSERT INTO verdicts (message_id, model, policy, tags, unsure_tags, scores, evidence,
      decided_at)
      SELECT i, 'model', 'policy', CASE WHEN i % 10 = 0 THEN '["blocker"]' ELSE '[]' END, '[]',
      '{"blocker": 0.1, "upsell": 0.1, "dissatisfaction": 0.1, "scope_mismatch": 0.1}', '[]',
      :now - (:mails - i) * :step FROM n""",
    """INSERT INTO outbox (rfc_id, case_id, message_id, occasion, urgency, sender, recipient,
      subject, content, state, attempts, next_attempt_at, created_at, finished_at, detail)
      SELECT '<' || lower(hex(randomblob(16))) || '@radial.example>', i / 10, i, 'new', 2,
      'triage@radial.example', 'ben@radial.example', 'Portal ' || i, bytes, 'sent', 1,
      :now - (:mails - i) * :step, :now - (:mails - i) * :step, :now - (:mails - i) * :step,
      '250 ok'
      FROM n JOIN temp.sample ON sample.id = i % :kept WHERE i % 10 = 0""",
    """INSERT INTO timers (case_id, message_id, kind, due_at, done_at)
      SELECT i / 10, i, 'remind', :now - (:mails - i) * :step, :now FROM n WHERE i % 10 = 0""",
    """INSERT INTO audit (at, action, case_id, message_id, detail)
      SELECT :now - (:mails - i) * :step, 'escalated', i / 10, i, 'new: blocker to Ben West'
      FROM n WHERE i % 10 = 0""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One size of the store; milliseconds a new mail, by the wall and by the processor."""

    mails: int
    wall_ms: float
    cpu_ms: float
    store_mib: float
    fill_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All sizes."""

    sizes: tuple[Size, ...]
    load: float

    @property
    def growth(self) -> float:
        """Processor time of a mail in the largest store, as a multiple of that in the smallest."""
        return self.sizes[-1].cpu_ms / self.sizes[0].cpu_ms

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return asdict(self) | {"growth": self.growth}

    def as_text(self) -> str:
        """A table."""
        rows = [
            (
                f"{size.mails:,}",
                f"{size.wall_ms:.2f}",
                f"{size.cpu_ms:.2f}",
                f"{size.store_mib:,.0f}",
                f"{size.store_mib * 1024 / size.mails:.1f}",
            )
            for size in self.sizes
        ]
        heads = ("mails stored", "ms a new mail", "CPU ms", "store MiB", "KiB a mail")
        notes = [
            f"CPU ms in the largest store: {self.growth:.2f} times that in the smallest.",
            f"Verdicts came from the labels. Load at the start: {self.load:.2f}.",
        ]
        return "\n".join(["Cost against size of the store", "", table(heads, rows), "", *notes])

    def as_svg(self) -> str:
        """Milliseconds over the size."""
        drawn = [
            Line(name="wall", points=[(size.mails, size.wall_ms) for size in self.sizes]),
            Line(name="processor", points=[(size.mails, size.cpu_ms) for size in self.sizes]),
        ]
        return lines("What a new mail costs", "mails in the store", "milliseconds", drawn)


def measure(sizes: tuple[int, ...] = SIZES, *, new: int = NEW) -> Result:
    """Each size in a store of its own. `new`: so many mails are timed, after a third as many."""
    load = os.getloadavg()[0]
    found = []
    for mails in sizes:
        with Sink() as sink, tempfile.TemporaryDirectory(prefix="triage-bench-") as scratch:
            say(f"a store of {mails:,} mails ...")
            found.append(_measured(Path(scratch) / "work", sink, mails, new))
    return Result(sizes=tuple(found), load=load)


def _measured(folder: Path, sink: Sink, mails: int, new: int) -> Size:
    space = make_workspace(folder, imap_port=1, smtp_port=sink.port, user="nobody")
    settings = load_settings(space.folder / "triage.toml")
    store = open_store(settings.config.store)
    try:
        began = time.monotonic()
        fill(space.store, mails)
        fill_s = time.monotonic() - began
        store_mib = sum(f.stat().st_size for f in space.folder.glob("triage.db*")) / MIB
        runner = make_runner(settings, store, make_channel(settings.config), KnownAnswers())
        first = mails + 1 + new // 3
        _work(runner, store, range(mails + 1, first))
        wall, cpu = time.perf_counter(), time.process_time()
        _work(runner, store, range(first, first + new))
        return Size(
            mails=mails,
            wall_ms=(time.perf_counter() - wall) * 1000 / new,
            cpu_ms=(time.process_time() - cpu) * 1000 / new,
            store_mib=store_mib,
            fill_s=fill_s,
        )
    finally:
        store.close()


def _work(runner: EmbeddedRunner, store: Store, uids: range) -> None:
    """Receive, decide and send so many new mails, the same for every size."""
    mails = make(len(uids), tagged_share=0.1, seed=len(uids))
    for uid, mail in zip(uids, mails, strict=True):
        ref = MessageRef(account="inbox", folder="INBOX", uid_validity=1, uid=uid)
        now = datetime.now(UTC)
        raw = RawMessage(ref=ref, content=mail.content, received_at=now, size=len(mail.content))
        with store.write() as tx:
            inbox.receive(tx, raw, now.timestamp())
    runner.drain()


def fill(path: Path, mails: int) -> None:
    """Write so many decided mails straight into the tables of a store that is there."""
    values = {"mails": mails, "now": time.time() - 60, "step": _SPAN_S / mails, "kept": _KEPT}
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("CREATE TEMP TABLE sample (id INTEGER PRIMARY KEY, bytes BLOB)")
        contents = (zlib.compress(mail.content, 1) for mail in make(_KEPT, tagged_share=0.1))
        db.executemany("INSERT INTO temp.sample VALUES (?, ?)", enumerate(contents))
        for statement in _FILL:
            head, _, rest = statement.partition("SELECT")
            with db:
                db.execute(f"{head}{_NUMBERS}SELECT{rest}", values)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def main() -> None:
    run_sizes("size", __doc__, ("--sizes", SIZES, "mails in the store"), measure)


if __name__ == "__main__":
    main()
