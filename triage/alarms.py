"""Tell the operator when the program cannot do its work: once when it lasts, once when it is over.

Rules: the fallback person of the policy is told by mail, and a command of the settings besides,
since a way out that is shut cannot tell of itself; what was told is committed with its mail.
"""

from __future__ import annotations

import logging
import subprocess
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from triage.calendars import calendar_of
from triage.hearers import fallback_person
from triage.messages import Address, MessageRef, Occasion, Urgency
from triage.pipeline.envelope import EnvelopeGuard
from triage.rendering import notice_id, templates
from triage.rendering.letters import Letter
from triage.resources import resource
from triage.store import alarms, mailboxes, moves
from triage.summary.wording import clean_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from triage.config import Alerts, Firm
    from triage.messages import Notice
    from triage.policy import Person, Policy
    from triage.store.alarms import Alarm
    from triage.store.engine import Store

log = logging.getLogger(__name__)

LOOK_EVERY_S = 30.0
COMMAND_TIMEOUT_S = 60.0
STORE_CALM_S = 60.0  # without a failure to write it; while it lasts one comes every few seconds
OUTGOING = "outgoing"  # whose alarm goes by the command only: by mail it would come too late
_KEPT = {
    "mailbox": "mail waits on the server and is read as soon as that is possible",
    "tag folders": "moves are noticed as soon as the folders can be read",
    OUTGOING: "briefs wait in the outbox, and go out as soon as the server takes them",
    "judging": "the mail is in the store",
    "store": "mail waits on the server, and briefs in the outbox",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that does not work now. `key` names it for good: a kind, and which."""

    key: str
    since: float
    says: str

    @property
    def kind(self) -> str:
        """What to say of it."""
        return next(kind for kind in _KEPT if self.key.startswith(kind))


def troubles(tx: Connection) -> Iterator[Trouble]:
    """Whatever keeps mail from being read, judged or sent now, however short it is."""
    for box in mailboxes.everything(tx):
        if box.problem and box.problem_since is not None:
            key = f"mailbox {box.account}/{box.folder}"
            yield Trouble(key=key, since=box.problem_since, says=box.problem)
    for folder in moves.folders(tx):
        if folder.problem and folder.problem_since is not None:
            key = f"tag folders of {folder.account}"
            yield Trouble(key=key, since=folder.problem_since, says=folder.problem)
    if (mail := alarms.undecided(tx)) is not None:
        says = f"{mail.number} mails wait to be judged; the log of the program says why"
        yield Trouble(key="judging", since=mail.since, says=says)
    if (briefs := alarms.unsent(tx)) is not None:
        says = f"{briefs.number} briefs wait. The last attempt: {briefs.says}"
        yield Trouble(key=OUTGOING, since=briefs.since, says=says)


@dataclass(kw_only=True)
class Watchman:
    """Looks at the store now and then. `queued` is called when a mail came into the outbox."""

    store: Store
    policy: Policy
    firm: Firm
    settings: Alerts
    sender: Address
    key: bytes
    queued: Callable[[], None] = lambda: None
    _looked_at: float = field(default=float("-inf"), init=False)
    _store: Trouble | None = field(default=None, init=False)
    _store_busy_at: float = field(default=float("-inf"), init=False)
    _store_told: bool = field(default=False, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def store_is_busy(self, says: str, now: float) -> None:
        """The store was full or locked just now. What cannot be written goes by the command only.

        Any thread may call it.
        """
        with self._lock:
            self._store_busy_at = now
            if self._store is None:
                self._store = Trouble(key="store", since=now, says=says)
            lasts = now - self._store.since >= self.settings.after_s
            tell = lasts and not self._store_told
            self._store_told = self._store_told or lasts
        if tell:
            self._command(self._text(self._store, None))

    def _store_is_well(self, now: float) -> None:
        with self._lock:
            was, told = self._store, self._store_told
            if was is None or 0 <= now - self._store_busy_at < STORE_CALM_S:
                return
            self._store, self._store_told = None, False
        if told:
            self._command(self._text(was, now))

    def look(self, now: float) -> None:
        """Tell what has lasted, and what is over; cheap when nothing is. `now` in epoch seconds."""
        if 0 <= now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        self._store_is_well(now)
        with self.store.read() as tx:
            found = {each.key: each for each in troubles(tx)}
            known = {each.key: each for each in alarms.open_ones(tx)}
        new = [
            each
            for key, each in found.items()
            if key not in known and now - each.since >= self.settings.after_s
        ]
        over = [each for key, each in known.items() if key not in found]
        if new or over:
            self._tell(new, over, now)

    def _tell(self, new: list[Trouble], over: list[Alarm], now: float) -> None:
        texts = []
        with self.store.write() as tx:
            for each in new:
                number = alarms.begin(tx, key=each.key, says=each.says, since=each.since, now=now)
                text = self._text(each, None)
                texts.append(text)
                if each.kind != OUTGOING:
                    self._post(tx, f"{number}", f"{_title(each)} does not work", text, now)
            alarms.end(tx, [each.id for each in over], now)
            for ended in over:
                was = Trouble(key=ended.key, since=ended.since, says=ended.says)
                text = self._text(was, now)
                texts.append(text)
                self._post(tx, f"{ended.id} over", f"{_title(was)} works again", text, now)
        for each in new:
            log.error("trouble lasts: %s", each.says, extra={"action": "alarm", "what": each.key})
        for ended in over:
            log.warning("trouble is over", extra={"action": "alarm-over", "what": ended.key})
        self.queued()
        self._command("\n".join(texts))

    def _command(self, text: str) -> None:
        if self.settings.command:
            threading.Thread(target=self._run, args=(text,), daemon=True).start()

    def _text(self, trouble: Trouble, ended_at: float | None) -> str:
        env = templates.environment([resource("templates") / "alarm"])
        return env.get_template("alarm.txt").render(
            what=_title(trouble),
            says=clean_line(trouble.says),
            began=self._when(trouble.since),
            ended=self._when(ended_at) if ended_at else "",
            over=ended_at is not None,
            kept=_KEPT[trouble.kind],
        )

    def _when(self, at: float) -> str:
        return f"{datetime.fromtimestamp(at, ZoneInfo(self.firm.timezone)):%a %d %b, %H:%M}"

    def _post(self, tx: Connection, name: str, subject: str, text: str, now: float) -> None:
        person = self._operator(now)
        guard = EnvelopeGuard(policy=self.policy, firm=self.firm)
        guard.post(
            tx,
            self._notice(person, name, f"[triage] {subject}", text, now),
            email=None,
            case_id=None,
            message_id=None,
            occasion=Occasion.ALARM.value,
            urgency=Urgency.HIGH,
            now=now,
        )

    def _operator(self, now: float) -> Person:
        calendar = calendar_of(self.policy.hours, self.firm.timezone)
        return fallback_person(self.policy, calendar.day_of(now)).person

    def _notice(self, person: Person, name: str, subject: str, text: str, now: float) -> Notice:
        message_id = notice_id(
            key=self.key,
            ref=MessageRef(account=person.id, folder="alarm", uid_validity=0, uid=0),
            sha256=name,
            occasion=Occasion.ALARM.value,
            tags=(),
            recipient=person.address,
            domain=self.sender.domain or "triage.invalid",
        )
        letter = Letter(
            sender=self.sender,
            recipient=Address(address=person.address, name=clean_line(person.name)),
            subject=subject,
            message_id=message_id,
            date=datetime.fromtimestamp(int(now), UTC),
            loop="alarm",
        )
        return letter.plain(text)

    def _run(self, text: str) -> None:
        """The firm's own way to be told; whatever it does wrong stops nothing."""
        try:
            subprocess.run(  # noqa: S603 - the command is the configuration's own, no shell
                self.settings.command,
                input=text.encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=COMMAND_TIMEOUT_S,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            log.warning(
                "the command of [alerts] failed (%s); run it by hand to see why",
                type(error).__name__,
                extra={"action": "alarm-command"},
            )


def _title(trouble: Trouble) -> str:
    kind, rest = trouble.kind, trouble.key.removeprefix(trouble.kind).strip()
    return {
        "mailbox": f"Reading the mailbox {rest}",
        "tag folders": f"Reading the tag folders {rest}",
        OUTGOING: "Sending briefs",
        "judging": "Judging new mail",
        "store": "Writing the store",
    }[kind]
