"""Look through the folders of one account that mean a tag, and learn what people moved there.

Rules: a folder that was there when it was first read only teaches, since whoever prepares a
hundred examples wants no hundred briefs; one mail the program stumbles over stops no other; the
connection is not held up by thinking longer than one batch takes.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.errors import FolderMissingError, SourceError
from triage.pipeline.contained import is_of_store, report
from triage.store import moves
from triage.watcher import pause_s

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from triage.messages import RawMessage
    from triage.pipeline.moves import MoveTaker, Result
    from triage.sources.base import TagFolderReader
    from triage.store.engine import Store

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 5.0  # when a mail was moved that is not decided yet
LEAST_PAUSE_S = 1.0  # between two looks, however much goes on in the watched folders


@dataclass(kw_only=True)
class TagWatcher:
    """Watches the tag folders of one account. `look` is one look; `run` looks for ever.

    `learned` is called after something was learned; `create` makes missing folders at the start.
    """

    folders: TagFolderReader
    store: Store
    taker: MoveTaker
    clock: Callable[[], float]
    create: bool = False
    look_every_s: float = 60.0
    batch_messages: int = 50
    learned: Callable[[], None] = lambda: None
    _known: dict[str, tuple[int, int]] = field(default_factory=dict, repr=False)
    _missed: set[str] = field(default_factory=set, repr=False)
    _woken: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def name(self) -> str:
        """For logs and threads."""
        return f"{self.folders.account}/tag folders"

    def open(self) -> None:
        """Connect, and make what is missing if that is wanted. Raises SourceError."""
        self.folders.open()
        if self.create and (made := self.folders.create()):
            self._begin(made)

    def look(self, go_on: Callable[[], bool] = lambda: True) -> bool:
        """Learn from everything new; whether something has to wait for its decision."""
        found = self.folders.find()
        self._tell_missing(set(found.values()))
        later = False
        for tag, folder in found.items():
            if go_on():
                with suppress(FolderMissingError):  # removed since it was listed
                    later |= self._read(tag, folder, go_on)
        return later

    def run(self, stop: threading.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Look until told to stop, over whatever trouble the server makes."""

        def go_on() -> bool:
            beat()
            return not stop.is_set()

        failures = 0
        while go_on():
            try:
                self.open()
                while go_on():
                    pause = LOOK_AGAIN_S if self.look(go_on) else self.look_every_s
                    failures = 0
                    self._wait(pause, stop, beat)
            except SourceError as error:
                failures += 1
                self._troubled(error, failures)
                self.folders.close()
                self._known.clear()
                self._wait(pause_s(failures, error), stop, beat)
        self.folders.close()

    def wake(self) -> None:
        """Look soon: something has left a watched folder, or the program stops."""
        self._woken.set()

    def _wait(self, seconds: float, stop: threading.Event, beat: Callable[[], None]) -> None:
        stop.wait(LEAST_PAUSE_S)
        deadline = time.monotonic() + seconds
        while not stop.is_set() and time.monotonic() < deadline:
            if self._woken.wait(min(10.0, max(0.0, deadline - time.monotonic()))):
                break
            beat()
        self._woken.clear()

    def _begin(self, made: Mapping[str, str]) -> None:
        """Folders of our own making are empty: whatever comes into them was moved there."""
        with self.store.write() as tx:
            for tag, folder in made.items():
                moves.looked(tx, self.folders.account, folder, tag, self.clock())
        names = ", ".join(made.values())
        extra = {"action": "made", "mailbox": self.name, "folders": names}
        log.info("made tag folders", extra=extra)

    def _read(self, tag: str, folder: str, go_on: Callable[[], bool]) -> bool:
        account = self.folders.account
        state = self.folders.enter(folder)
        now_is = (state.uid_validity, state.uid_next)
        if state.ordered and self._known.get(folder) == now_is:
            return False
        listed = self.folders.list_uids()
        with self.store.read() as tx:
            known = moves.known(tx, account, folder)
            new = moves.unseen(tx, account, folder, state.uid_validity, listed)
            gone = moves.gone(tx, account, folder, state.uid_validity, listed)
        acts = known is not None
        later = False
        for start in range(0, len(new), self.batch_messages):
            if not go_on():
                return False
            some = self.folders.fetch(new[start : start + self.batch_messages])
            raws = [fetched.raw for fetched in some if fetched.raw is not None]
            later |= self._take(raws, tag, acts=acts)
        if new or gone or known is None or known.problem:
            with self.store.write() as tx:
                moves.left(tx, gone)
                moves.looked(tx, account, folder, tag, self.clock())
        if not later:
            self._known[folder] = now_is
        return later

    def _take(self, raws: Sequence[RawMessage], tag: str, *, acts: bool) -> bool:
        results: list[Result] = []
        with self.store.write() as tx:
            results += [self._take_safely(tx, raw, tag, acts=acts) for raw in raws]
        if "labelled" in results:
            self.learned()
        return "later" in results

    def _take_safely(self, tx: Connection, raw: RawMessage, tag: str, *, acts: bool) -> Result:
        now = self.clock()
        try:
            with tx.begin_nested():
                return self.taker.take(tx, raw, tag, now=now, acts=acts)
        except Exception as error:
            if is_of_store(error):
                raise
            report("learning from a move failed", error, action="stumbled", ref=str(raw.ref))
            moves.put(tx, raw.ref, tag=tag, message_id=None, outcome="failed", now=now)
            return "failed"

    def _tell_missing(self, found: set[str]) -> None:
        """Say once that a folder which was read before is there no longer."""
        with self.store.read() as tx:
            rows = moves.folders(tx)
        mine = {row.folder for row in rows if row.account == self.folders.account}
        for folder in sorted(mine - found - self._missed):
            log.warning(
                "a tag folder is gone; make it again, or give its new name under tag_folders",
                extra={"action": "missing", "mailbox": f"{self.folders.account}/{folder}"},
            )
        self._missed = mine - found

    def _troubled(self, error: SourceError, failures: int) -> None:
        log.log(
            logging.WARNING if failures == 1 else logging.INFO,
            "tag folders cannot be read: %s",
            error,
            extra={"action": "trouble", "mailbox": self.name, "failures": failures},
        )
        with self.store.write() as tx:
            moves.troubled(tx, self.folders.account, str(error), self.clock())
