"""One life of the program with a trap at one of its steps, in a process that was forked for it.

The program is the shipped one, wired as `triage run` wires it; the trap lies at its borders, where
tests may stand: around the source, the channel, the prober and the classifier, and at the
transactions of its database engine, which are known by what they wrote. The model is loaded
once, before the fork, so that a life begins in a tenth of a second.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

# What `triage run` imports only when it needs it, imported before the fork.
import triage.channels.smtp
import triage.sources.imap
import triage.sources.probe
import triage.store.engine  # noqa: F401
from classifiers import registry
from classifiers.api import Document
from tests.soak.world import make_workspace
from triage import app, app_digests, app_mail, logs
from triage.messages import Delivery, DeliveryStatus
from triage.resources import resource
from triage.runners.retention import Purger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from classifiers.api import Classifier, Verdict
    from tests.soak.plan import Trap
    from triage.channels.base import Channel, Prober
    from triage.messages import Notice
    from triage.runners.embedded import EmbeddedRunner
    from triage.sources.base import Fetched, FolderState, MailSource
    from triage.store.engine import Store

MODEL = registry.load(resource("models"))
MODEL.classify([Document(text="Good morning", from_role="client")])  # loads the rest


class Reaper:
    """Counts how often the boundary was reached, in any thread."""

    def __init__(self, trap: Trap) -> None:
        self._trap = trap
        self._left = trap.nth
        self._lock = threading.Lock()

    def reach(self, boundary: str) -> None:
        """Die here, if this is the place."""
        if boundary != self._trap.boundary:
            return
        with self._lock:
            self._left -= 1
            if self._left != 0:
                return
        time.sleep(self._trap.delay_s)
        sys.stderr.write(f"reached {boundary}\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGTERM if self._trap.asks else signal.SIGKILL)


# What a statement begins with, its first value where that tells, and the step that it belongs to.
_STEPS = (
    ("INSERT INTO messages", "", "store"),
    ("UPDATE mailboxes SET last_uid", "", "position"),
    ("UPDATE messages SET state", "decided", "decide"),
    ("INSERT INTO outbox", "", "spool"),
    ("UPDATE outbox SET state", "sending", "claim"),
    ("UPDATE outbox SET state", "sent", "sent"),
    ("UPDATE messages SET moved_to", "", "intended"),
    ("UPDATE messages SET mark", "done", "move"),
)


class Transactions:
    """Watches an engine: which step a transaction belongs to, and when it is committed."""

    def __init__(self, engine: Engine, reach: Callable[[str], None]) -> None:
        self._reach = reach
        self._touched = threading.local()
        event.listen(engine, "begin", lambda _connection: self._steps().clear())
        event.listen(engine, "after_cursor_execute", self._executed)
        event.listen(engine, "commit", lambda _connection: self._say("before commit"))
        event.listen(engine, "rollback", lambda _connection: self._steps().clear())
        event.listen(engine, "checkin", lambda _dbapi, _record: self._committed())

    def _steps(self) -> list[str]:
        if not hasattr(self._touched, "steps"):
            self._touched.steps = []
        return self._touched.steps  # type: ignore[no-any-return]

    def _executed(
        self, _connection: Any, _cursor: Any, statement: str, values: Any, *_more: Any
    ) -> None:
        text = " ".join(statement.split())
        for begins, word, step in _STEPS:
            if text.startswith(begins) and (not word or word == _first(values)):
                if step not in self._steps():
                    self._steps().append(step)
                self._reach(f"{step}: written")
        if text.startswith("INSERT INTO audit") and "the answer was lost" in str(values):
            self._steps().append("settle")

    def _say(self, when: str) -> None:
        for step in self._steps():
            self._reach(f"{step}: {when}")

    def _committed(self) -> None:
        if "intended" in self._steps():
            self._reach("move: intended")
        self._say("committed")
        self._steps().clear()


def _first(values: Any) -> Any:
    """The first value of a statement."""
    found = list(values.values()) if isinstance(values, dict) else values
    return found[0] if found else None


class TrappedSource:
    """A `MailSource` with the trap behind reading, marking and moving."""

    def __init__(self, inner: MailSource, reach: Callable[[str], None]) -> None:
        self._inner, self._reach = inner, reach
        self.account, self.folder, self.ordered = inner.account, inner.folder, inner.ordered

    def open(self) -> FolderState:
        return self._inner.open()

    def list_uids(self, *, after: int, since: Any) -> list[int]:
        return self._inner.list_uids(after=after, since=since)

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        for fetched in self._inner.fetch(uids):
            self._reach("fetch: in hand")
            yield fetched

    def wait(self, timeout_s: float) -> None:
        self._inner.wait(timeout_s)

    def interrupt(self) -> None:
        self._inner.interrupt()

    def set_keyword(self, uids: Sequence[int], keyword: str) -> None:
        self._inner.set_keyword(uids, keyword)
        self._reach("mark: known")

    def move(self, uids: Sequence[int], folder: str) -> None:
        self._inner.move(uids, folder)
        self._reach("move: known")

    def close(self) -> None:
        self._inner.close()


class TrappedChannel:
    """A `Channel` with the trap before the claim and behind the answer."""

    def __init__(self, inner: Channel, reach: Callable[[str], None]) -> None:
        self._inner, self._reach = inner, reach

    def deliver(self, notice: Notice, claim: Callable[[], bool]) -> Delivery:
        def traced() -> bool:
            self._reach("send: content written")
            return claim()

        delivery = self._inner.deliver(notice, traced)
        if delivery.status is DeliveryStatus.SENT:
            self._reach("250: read")
        return delivery

    def check(self) -> None:
        self._inner.check()

    def close(self) -> None:
        self._inner.close()


class TrappedProber:
    """A `Prober` with the trap behind its answer."""

    def __init__(self, inner: Prober, reach: Callable[[str], None]) -> None:
        self._inner, self._reach = inner, reach

    def arrived(self, message_id: str, since: datetime) -> bool:
        found = self._inner.arrived(message_id, since)
        self._reach("probe: known")
        return found


class TrappedClassifier:
    """A `Classifier` with the trap behind its verdict."""

    def __init__(self, inner: Classifier, reach: Callable[[str], None]) -> None:
        self._inner, self._reach = inner, reach
        self.tags, self.version = inner.tags, inner.version

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        verdicts = self._inner.classify(documents)
        self._reach("decide: judged")
        return list(verdicts)


def live(config: Path, log: Path, trap: Trap) -> None:
    """Be `triage run` until death. Called in a process of its own."""
    with log.open("ab") as words:
        os.dup2(words.fileno(), 1)
        os.dup2(words.fileno(), 2)
    logs.set_up("plain", logging.INFO)
    settings = app.load_settings(config)
    with app.only_instance(settings.config.store):
        store = app.open_store(settings.config.store)
        runner = make_runner(settings, store, Reaper(trap).reach)
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: threading.Thread(target=runner.request_stop).start())
        try:
            runner.run()
        finally:
            store.close()


def make_runner(
    settings: app.Settings, store: Store, reach: Callable[[str], None]
) -> EmbeddedRunner:
    """The whole program, with `reach` at its borders."""
    Transactions(store._engine, reach)
    prober = app_mail.make_prober(settings.config)
    runner = app.make_runner(
        settings,
        store,
        TrappedChannel(app_mail.make_channel(settings.config), reach),
        TrappedClassifier(MODEL, reach),
        prober=TrappedProber(prober, reach) if prober else None,
    )
    runner.watchers = [
        replace(each, source=TrappedSource(each.source, reach)) for each in runner.watchers
    ]
    runner.chores = [
        app_digests.make_digester(settings, store, runner).look,
        app.make_watchman(settings, store, runner).look,
        Purger(store=store, settings=settings.config.retention).look,
    ]
    return runner


def warm_up() -> None:
    """Load whatever a life loads, so that its forks have it: a life costs a third of the time."""
    with TemporaryDirectory(prefix="triage-warm-") as folder:
        space = make_workspace(Path(folder), imap_port=1, smtp_port=1)
        settings = app.load_settings(space.config)
        store = app.open_store(space.store)
        make_runner(settings, store, lambda _boundary: None)
        store.close()


warm_up()
