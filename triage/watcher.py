"""Bring every new mail of one folder into the store, and keep doing so.

Rules: a message gets its row before the position moves past it; the session is never held while
the program thinks; whatever the server does, the folder is read again from where the store says.
"""

from __future__ import annotations

import logging
import random
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from triage.errors import LoginError, SourceError
from triage.messages import MessageRef
from triage.oauth import NeedsLoginError
from triage.reconciliation import OLDER, VANISHED
from triage.sources.seats import Seat
from triage.store import audit, inbox, listings, mailboxes, moves

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

    from triage.config import AfterDecision
    from triage.messages import RawMessage
    from triage.sources.base import FolderState, MailSource
    from triage.store.engine import Store
    from triage.store.mailboxes import Mailbox

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0
LOGIN_PAUSE_S = 10.0  # until somebody has run `triage login`; only a file is looked at
# Mail this much older than the first start still counts when it turns up later: a server's clock
# may differ from ours, and somebody may rescue Friday's complaint from the junk on Monday.
CLOCK_SLACK_S = 3 * 86400.0
LOOK_AGAIN_S = 240.0  # IDLE dies silently; look for new mail at least this often
ASK_AGAIN_S = 3600.0  # how often the server is asked for all it holds, so that it can be compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Where the very first start begins: now, a date, or everything there is."""

    since: date | None = None
    everything: bool = False


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """Watches one folder. `sync` is one look; `run` looks for ever.

    `seat` says when it may connect, `at_store` holds it back while too many others are at the
    store. `received` is called after new mail is in the store, `stirred`
    after something may have changed in the folder, such as a mail that left it; `clock` gives
    epoch seconds.
    """

    source: MailSource
    store: Store
    clock: Callable[[], float]
    beginning: Beginning
    after: AfterDecision | None = None
    batch_messages: int = 100
    batch_bytes: int = 16 << 20
    look_again_s: float = LOOK_AGAIN_S
    seat: Seat = field(default_factory=Seat)
    at_store: AbstractContextManager[object] = field(default_factory=nullcontext)
    received: Callable[[], None] = lambda: None
    stirred: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        """Account and folder, for logs and threads."""
        return f"{self.source.account}/{self.source.folder}"

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self.at_store, self.store.write() as tx:
            yield tx

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self.at_store, self.store.read() as tx:
            yield tx

    def open(self) -> Mailbox:
        """Connect, and find or begin the folder's row. Raises SourceError."""
        state = self.source.open()
        with self._writing() as tx:
            known = mailboxes.current(tx, self.source.account, self.source.folder)
            if known and known.uid_validity == state.uid_validity:
                if state.ordered and state.uid_next <= known.last_uid:
                    log.error(
                        "the server counts backwards: new mail may get numbers already seen",
                        extra={"action": "backwards", "mailbox": self.name},
                    )
                return known
            self._begin(tx, state, known)
            started = mailboxes.current(tx, self.source.account, self.source.folder)
        assert started is not None
        return started

    def sync(self, mailbox: Mailbox, go_on: Callable[[], bool] = lambda: True) -> int:
        """Store everything new, then make the changes that are due; how many mails came.

        `go_on` is asked after each batch; when it says no, the rest is left for the next look.
        """
        if mailbox.started_at > self.clock() and not self.beginning.since:
            mailbox = self._clock_was_ahead(mailbox)
        # Past the first UID the numbers alone say what is new; the date only bounds a first look.
        numbers_tell = mailbox.last_uid > 0 and self.source.ordered
        bounded = not numbers_tell
        since = counted_since(mailbox) if bounded else None
        listed = self.source.list_uids(after=mailbox.last_uid, since=since)
        with self._reading() as tx:
            uids = inbox.unknown(tx, mailbox.account, mailbox.folder, mailbox.uid_validity, listed)
        stored, finished = self._fetch(mailbox, uids, go_on)
        if not finished:
            return stored
        with self._writing() as tx:
            if listed:
                mailboxes.advance(tx, mailbox.id, max(listed))
            mailboxes.looked(tx, mailbox.account, mailbox.folder, self.clock())
            asked_at = listings.asked_at(tx, mailbox.id)
        self.mark(mailbox)
        if asked_at is None or not 0 <= self.clock() - asked_at < ASK_AGAIN_S:
            stored += self.compare(self._position(mailbox), go_on)
        return stored

    def compare(self, mailbox: Mailbox, go_on: Callable[[], bool] = lambda: True) -> int:
        """Ask for all that the server holds since the first start, and write that down.

        Mail that should have been read and has no row is read now; how many that were.
        """
        listed = self.source.list_uids(after=mailbox.first_uid, since=counted_since(mailbox))
        with self._writing() as tx:
            listings.put(tx, mailbox.id, listed, self.clock())
            listings.forget_vanished(tx, mailbox, listed)
            missing = inbox.unknown(
                tx, mailbox.account, mailbox.folder, mailbox.uid_validity, listed
            )
        passed = [uid for uid in missing if uid <= mailbox.last_uid and self.source.ordered]
        if passed:
            log.error(
                "mail was passed over without being read; reading it now",
                extra={"action": "unaccounted", "mailbox": self.name, "count": len(passed)},
            )
        # With them comes what has arrived this very moment: the server will not tell of it again.
        stored, finished = self._fetch(mailbox, missing, go_on)
        if finished and missing:
            with self._writing() as tx:
                mailboxes.advance(tx, mailbox.id, max(missing))
        return stored

    def _fetch(
        self, mailbox: Mailbox, uids: Sequence[int], go_on: Callable[[], bool]
    ) -> tuple[int, bool]:
        """Read these mails into the store: how many came, and whether all were seen to."""
        stored = 0
        batch: list[RawMessage] = []
        gone: list[int] = []
        for fetched in self.source.fetch(uids):
            if fetched.raw is None:
                gone.append(fetched.uid)
            else:
                batch.append(fetched.raw)
            if len(batch) >= self.batch_messages or _size(batch) >= self.batch_bytes:
                stored += self._keep(mailbox, batch, gone)
                batch, gone = [], []
                if not go_on():
                    return stored, False
        return stored + self._keep(mailbox, batch, gone), True

    def mark(self, mailbox: Mailbox) -> None:
        """Set the keyword on, or move, what was escalated, if the configuration asks for it."""
        if self.after is None or not (self.after.keyword or self.after.move_to):
            return
        with self._reading() as tx:
            due = inbox.to_mark(tx, mailbox.account, mailbox.folder, mailbox.uid_validity)
        if not due:
            return
        uids = [uid for _, uid in due]
        if self.after.move_to:
            with self._writing() as tx:
                moves.will_move(tx, [message_id for message_id, _ in due], self.after.move_to)
        try:
            if self.after.keyword:
                self.source.set_keyword(uids, self.after.keyword)
            if self.after.move_to:
                self.source.move(uids, self.after.move_to)
        except SourceError as error:  # reading goes on; it is tried again at the next look
            log.warning(
                "escalated mail could not be marked: %s",
                error,
                extra={"action": "marking", "mailbox": self.name},
            )
            return
        with self._writing() as tx:
            inbox.marked(tx, [message_id for message_id, _ in due])
            for message_id, _ in due:
                audit.note(tx, "marked", now=self.clock(), message_id=message_id)

    def run(self, stop: threading.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Look, wait, look again until `stop`; reconnect with a growing pause after trouble."""

        def go_on() -> bool:
            beat()
            return not stop.is_set()

        failures = 0

        def looked() -> None:
            nonlocal failures
            failures = 0
            beat()

        self._pause(stop, beat, self.seat.delay_s)
        while go_on():
            try:
                with self.seat.taken(go_on) as ours:
                    if ours:
                        self._stay(go_on, looked)
            except SourceError as error:
                failures += 1
                self._troubled(error, failures)
                self._pause(stop, beat, pause_s(failures, error))
            else:
                self._pause(stop, beat, self.look_again_s)
                self.stirred()
        self.source.close()

    def _stay(self, go_on: Callable[[], bool], looked: Callable[[], None]) -> None:
        """Look, and where the seat is our own, wait and look again until told to stop."""
        try:
            with self.seat.logging_in(go_on) as admitted:
                if not admitted:
                    return
                mailbox = self.open()
            while go_on():
                self.sync(mailbox, go_on)
                looked()
                if not self.seat.stays:
                    break
                self.source.wait(self.look_again_s)
                self.stirred()
                mailbox = self._position(mailbox)
        finally:
            self.source.close()  # before somebody else takes the turn

    def _begin(self, tx: Connection, state: FolderState, known: Mailbox | None) -> None:
        now = self.clock()
        since = self.beginning.since
        from_now = known is None and not since and not self.beginning.everything
        if since:
            started = datetime.combine(since, datetime.min.time(), UTC).timestamp()
        else:
            started = now - CLOCK_SLACK_S if state.ordered else now
        if known:
            started = known.started_at
            log.warning(
                "the server numbered the folder anew; reading it again without repeating anything",
                extra={"action": "renumbered", "mailbox": self.name},
            )
        mailboxes.begin(
            tx,
            account=self.source.account,
            folder=self.source.folder,
            uid_validity=state.uid_validity,
            last_uid=state.uid_next - 1 if from_now and state.ordered else 0,
            started_at=started,
            whole_history=known.whole_history if known else self.beginning.everything,
        )

    def _clock_was_ahead(self, mailbox: Mailbox) -> Mailbox:
        """The first start lies in the future: what looked older than it then is read after all."""
        started_at = self.clock() - CLOCK_SLACK_S
        with self.store.write() as tx:
            mailboxes.started_earlier(tx, mailbox.id, started_at)
            forgotten = listings.forget_older(tx, mailbox)
        log.error(
            "the clock of this machine was ahead when the folder was first read; reading anew what "
            "seemed too old",
            extra={"action": "clock", "mailbox": self.name, "count": forgotten},
        )
        return self._position(mailbox)

    def _keep(self, mailbox: Mailbox, batch: Sequence[RawMessage], gone: Iterable[int]) -> int:
        now = self.clock()
        counted = 0
        with self._writing() as tx:
            for raw in batch:
                if mailbox.whole_history or raw.received_at.timestamp() >= mailbox.started_at:
                    counted += inbox.receive(tx, raw, now) is not None
                else:
                    inbox.pass_over(tx, raw.ref, "not-triaged", OLDER, now)
            for uid in gone:
                ref = _ref(mailbox, uid)
                inbox.pass_over(tx, ref, VANISHED, "gone before it could be read", now)
        if counted:
            log.info(
                "mail received",
                extra={"action": "received", "mailbox": self.name, "count": counted},
            )
            self.received()
        return counted

    def _position(self, mailbox: Mailbox) -> Mailbox:
        with self._reading() as tx:
            return mailboxes.current(tx, mailbox.account, mailbox.folder) or mailbox

    def _troubled(self, error: SourceError, failures: int) -> None:
        level = logging.WARNING if failures == 1 else logging.INFO
        log.log(
            level,
            "mailbox cannot be read: %s",
            error,
            extra={"action": "trouble", "mailbox": self.name, "failures": failures},
        )
        with self._writing() as tx:
            account, folder = self.source.account, self.source.folder
            mailboxes.troubled(tx, account, folder, str(error), self.clock())

    @staticmethod
    def _pause(stop: threading.Event, beat: Callable[[], None], seconds: float) -> None:
        left = seconds
        while left > 0 and not stop.wait(min(left, 10.0)):
            beat()
            left -= 10.0


def pause_s(
    failures: int, error: SourceError, jitter: Callable[[], float] = random.random
) -> float:
    """Seconds before the next try: 1 to 300, doubling, with jitter; a refused login waits longest.

    Without the jitter a server that comes back is met by all its clients at once.
    """
    if isinstance(error, NeedsLoginError):
        return LOGIN_PAUSE_S
    if isinstance(error, LoginError):
        return LONGEST_PAUSE_S
    pause = min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 12), LONGEST_PAUSE_S)
    return pause * (0.75 + jitter() / 2)


def counted_since(mailbox: Mailbox) -> date | None:
    """From which day on mail of a folder counts; None: all of it does."""
    return None if mailbox.whole_history else _day_before(mailbox.started_at)


def _day_before(started_at: float) -> date:
    """IMAP SINCE compares dates in the server's own zone, so ask for one day more."""
    return (datetime.fromtimestamp(started_at, UTC) - timedelta(days=1)).date()


def _ref(mailbox: Mailbox, uid: int) -> MessageRef:
    return MessageRef(
        account=mailbox.account,
        folder=mailbox.folder,
        uid_validity=mailbox.uid_validity,
        uid=uid,
    )


def _size(batch: Iterable[RawMessage]) -> int:
    return sum(len(raw.content) for raw in batch)
