"""Drives the month through the whole program: its settings, store, runner and outbox are real.

In memory are the inbox, the outgoing mail server, and the clock. The program is closed and opened
again on the same store: for hours or a night, and in the middle of deciding and of sending.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlalchemy import select

from tests.fakes import Clock, ListProber, MemorySource
from tests.month.answering import Reply
from tests.month.cards import Sent
from tests.month.mails import INBOX, Planted, bytes_of
from tests.month.surroundings import SETTLE_S, MailServer, PowerCutError, write_files
from tests.month.world import FIRM_DOMAIN, ROUTES, address
from tests.tag_fakes import MemoryTagFolders
from triage import app
from triage.app_labels import make_labeller
from triage.messages import MessageRef, RawMessage
from triage.pipeline.moves import MoveTaker
from triage.store import outbox, timers
from triage.store.tables import messages
from triage.store.tables import outbox as outbox_table
from triage.tag_watcher import TagWatcher
from triage.watcher import Beginning, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.month.cards import Move
    from tests.month.mails import Mail
    from tests.month.oracle import Oracle
    from tests.month.world import World
    from triage.messages import Notice
    from triage.runners.embedded import EmbeddedRunner
    from triage.store.engine import Store
    from triage.store.outbox import OutboxRow


TAGS = ("", *ROUTES)


@dataclass(kw_only=True)
class Seen:
    """What came of the month.

    Attributes:
        sent: what was delivered; the mail of each by its planned number.
        actions: the outcome of each arrival, by number or key.
        delivered: the notices with their minutes, as they were sent.
        unfinished: how many notices have not left.
    """

    sent: list[Sent] = field(default_factory=list)
    actions: dict[int | str, list[str]] = field(default_factory=dict)
    delivered: list[tuple[int, Notice]] = field(default_factory=list)
    restarts: int = 0
    unfinished: int = 0


@dataclass(kw_only=True)
class Drive:
    """One month in one folder."""

    folder: Path
    world: World
    oracle: Oracle
    clock: Clock = field(default_factory=Clock)
    seen: Seen = field(default_factory=Seen)

    def __post_init__(self) -> None:
        self.server = MailServer(clock=self.clock)
        self.source = MemorySource()
        self.folders = MemoryTagFolders(names={tag: f"Triage/{tag or 'None'}" for tag in TAGS})
        self._keys: list[int | str] = []
        self._by_number = {mail.number: mail for mail in self.oracle.planned}
        write_files(self.folder, self.world)

    def run(self) -> Seen:
        """Step from event to event until the month is over."""
        self._start(self.world.begin)
        arrivals, moves = list(self.oracle.arrivals), list(self.oracle.moves)
        events = [*self.oracle.sent, *arrivals, *moves]
        starts = [end for _, end in self.world.downs]
        begin, end = self.world.begin, self.world.end
        planned = {begin, *(each.at for each in events), *self.world.crashes, *starts}
        moments = sorted(moment for moment in planned if moment < end)
        crashes = list(self.world.crashes)
        for start, following in pairwise([*moments, end]):
            for now in self._between(start, following):
                if not self._is_down(now):
                    self._advance(now, arrivals, moves, crashes)
        self._finish()
        return self.seen

    def _between(self, start: int, end: int) -> Iterator[int]:
        """The planned moment, then whatever the program itself wants to be woken for."""
        now: int | None = start
        while now is not None and now < end:
            yield now
            now = self._wants(now)

    def _wants(self, now: int) -> int | None:
        """The next minute at which a timer or the outbox has something to do."""
        with self.store.read() as tx:
            claimed = tx.execute(
                select(outbox_table.c.claimed_at).where(outbox_table.c.state == "sending")
            ).scalars()
            wanted = [
                timers.next_due_at(tx),
                outbox.next_due_at(tx),
                *((at or 0) + SETTLE_S for at in claimed),
            ]
        minutes = [-int(-at // 60) for at in wanted if at is not None]
        later = [max(minute, now + 1) for minute in minutes]
        return min(later, default=None)

    def _is_down(self, minute: int) -> bool:
        return any(begin <= minute < end for begin, end in self.world.downs)

    # ---- One moment ------------------------------------------------------------------------------

    def _advance(
        self, now: int, arrivals: list[Mail | Reply], moves: list[Move], crashes: list[int]
    ) -> None:
        ends = [end for _, end in self.world.downs]
        self.clock.now = now * 60.0
        while arrivals and arrivals[0].at <= now:
            self._arrive(arrivals.pop(0))
        if now in ends:
            self._restart()
        if crashes and crashes[0] <= now:
            crashes.pop(0)
            self.server.cut = True
            self._read()
            self.runner.decide_some()  # decided, not sent
            self._restart()
        if moves and moves[0].at <= now:
            self._decide()
            while moves and moves[0].at <= now:
                self._move(moves.pop(0))
        self._look()

    def _decide(self) -> None:
        self._read()
        while self.runner.decide_some():
            pass

    def _move(self, move: Move) -> None:
        """Somebody moves a mail to a tag folder, and the program looks there."""
        mail = self._by_number[move.mail]
        for folder in self.folders.mail.values():
            for uid in [n for n, raw in folder.items() if raw.content == self._bytes(mail)]:
                del folder[uid]
        name = self.folders.names[move.tag]
        self.folders.put(name, self._bytes(mail), mail.at * 60.0)
        [watcher] = self.runner.tag_watchers
        watcher.look()

    def _bytes(self, mail: Mail) -> bytes:
        return bytes_of(mail, self._by_number)

    def _read(self) -> None:
        for watcher in self.runner.watchers:
            watcher.sync(watcher.open())

    def _look(self) -> None:
        self._read()
        try:
            self.runner.drain()
        except PowerCutError:
            self._restart()
            self._read()
            self.runner.drain()

    def _start(self, minute: int) -> None:
        self.clock.now = minute * 60.0
        self.settings = app.load_settings(self.folder / "triage.toml")
        self.store: Store = app.open_store(self.settings.config.store)
        found = {notice.message_id for _, notice in self.server.delivered}
        self.runner: EmbeddedRunner = app.make_runner(
            self.settings,
            self.store,
            self.server,
            Planted(self.oracle.planned),
            prober=ListProber(found=found),
            clock=self.clock,
        )
        watcher = Watcher(
            source=self.source,
            store=self.store,
            clock=self.clock,
            beginning=Beginning(everything=True),
        )
        self.runner.watchers = [watcher]
        self.runner.tag_watchers = [self._tag_watcher()]
        self.runner.follow_up.folders = [(self.source.account, self.source.folder)]

    def _tag_watcher(self) -> TagWatcher:
        labeller = make_labeller(self.settings, app.make_writer(self.settings))
        watcher = TagWatcher(
            folders=self.folders,
            store=self.store,
            taker=MoveTaker(labeller=labeller, firm=self.settings.config.firm),
            clock=self.clock,
        )
        watcher.look()
        return watcher

    def _restart(self) -> None:
        self.store.close()
        self.seen.restarts += 1
        self._start(int(self.clock.now) // 60)

    # ---- Mail ------------------------------------------------------------------------------------

    def _arrive(self, event: Mail | Reply) -> None:
        """Put it into the inbox; an answer to a brief that never came is never written."""
        if isinstance(event, Reply):
            content = self._answer(event)
            if content is not None:
                self._put(event.key, content, event.at)
        else:
            content = self._bytes(event)
            self._put(event.number, content, event.at, broken=event.sort == "broken")

    def _put(self, key: int | str, content: bytes, at: int, *, broken: bool = False) -> None:
        self._keys.append(key)
        ref = MessageRef(
            account=self.source.account,
            folder=self.source.folder,
            uid_validity=self.source.uid_validity,
            uid=len(self._keys),
        )
        self.source.add(
            RawMessage(
                ref=ref,
                content=content,
                received_at=datetime.fromtimestamp(at * 60, UTC),
                size=len(content),
                complete=not broken,
                problem="the server sent half of it" if broken else "",
            )
        )

    def _answer(self, reply: Reply) -> bytes | None:
        """The mail that answers a brief; None when that brief never came."""
        brief = self._brief(reply.to)
        if brief is None:
            return None
        message = EmailMessage(policy=SMTP)
        message["From"] = address(reply.person)
        message["To"] = f"triage@{FIRM_DOMAIN}, {INBOX}"
        message["Date"] = format_datetime(datetime.fromtimestamp(reply.at * 60, UTC))
        message["Message-ID"] = f"<r{len(self._keys)}@{FIRM_DOMAIN}>"
        message["Subject"] = f"Re: {brief.subject}"
        message["In-Reply-To"] = brief.message_id
        message.set_content(reply.answer.words)
        return message.as_bytes()

    def _brief(self, to: Sent) -> Notice | None:
        for sent, (_, notice) in zip(self._sent(), self.server.delivered, strict=True):
            if sent == to:
                return notice
        return None

    def _sent(self) -> list[Sent]:
        """What has been delivered so far, in the oracle's terms."""
        known = len(self.seen.sent)
        fresh = self.server.delivered[known:]
        if fresh:
            ids = [notice.message_id for _, notice in fresh]
            with self.store.read() as tx:
                rows: dict[str, OutboxRow] = {}
                for start in range(0, len(ids), 50):
                    found = outbox.by_rfc_ids(tx, ids[start : start + 50])
                    rows |= {row.rfc_id: row for row in found}
                uids = {
                    row.id: row.uid for row in tx.execute(select(messages.c.id, messages.c.uid))
                }
            for minute, notice in fresh:
                row = rows[notice.message_id]
                key = self._keys[uids[row.message_id] - 1]
                self.seen.sent.append(
                    Sent(
                        at=minute,
                        person=row.recipient.removesuffix(f"@{FIRM_DOMAIN}"),
                        occasion=row.occasion,
                        mail=key if isinstance(key, int) else -1,
                    )
                )
        return self.seen.sent

    def _finish(self) -> None:
        self._sent()
        self.seen.delivered = self.server.delivered
        with self.store.read() as tx:
            for uid, action in tx.execute(select(messages.c.uid, messages.c.action)):
                self.seen.actions.setdefault(self._keys[uid - 1], []).append(action)
            self.seen.unfinished = len(outbox.unfinished(tx))
        self.store.close()
