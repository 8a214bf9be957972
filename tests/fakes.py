"""Small stand-ins for the ports. They hold their state in the open, for tests to look at."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from classifiers.api import Document, Evidence, Verdict
from triage.errors import SourceError
from triage.messages import Delivery, DeliveryStatus, Notice, RawMessage
from triage.sources.base import Fetched, FolderState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date, datetime

WORDS = {
    "upsell": "quote",
    "dissatisfaction": "disappointed",
    "scope_mismatch": "included",
    "blocker": "stuck",
}


class Clock:
    """Time that moves only when told."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class WordClassifier:
    """Gives a tag when its word stands in the text; `perhaps WORD` makes it unsure.

    A mail with `bitte` in it is novel.
    """

    tags = tuple(WORDS)
    version = "words-1"

    def __init__(self) -> None:
        self.fails_on = ""
        self.seen: list[Document] = []

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        self.seen += documents
        return [self._judge(document) for document in documents]

    def _judge(self, document: Document) -> Verdict:
        text = f"{document.subject} {document.text}".lower()
        if self.fails_on and self.fails_on in text:
            raise RuntimeError(self.fails_on)
        unsure = tuple(tag for tag, word in WORDS.items() if f"perhaps {word}" in text)
        found = tuple(t for t, word in WORDS.items() if word in text and t not in unsure)
        sentences = [s.strip() for s in document.text.split(".") if s.strip()]
        return Verdict(
            tags=found,
            unsure_tags=unsure,
            scores={tag: 0.9 if tag in found else 0.1 for tag in WORDS},
            evidence=tuple(
                Evidence(tag=tag, sentence=s, score=0.9)
                for tag in found
                for s in sentences
                if WORDS[tag] in s.lower()
            ),
            model=self.version,
            novel="bitte" in text,
        )


@dataclass
class ScriptedChannel:
    """Answers with the scripted statuses, then SENT. Claims as a real channel does."""

    script: list[DeliveryStatus] = field(default_factory=list)
    delivered: list[Notice] = field(default_factory=list)
    before_claim: Callable[[], None] = lambda: None

    def deliver(self, notice: Notice, claim: Callable[[], bool]) -> Delivery:
        status = self.script.pop(0) if self.script else DeliveryStatus.SENT
        if status in {DeliveryStatus.DEFERRED, DeliveryStatus.REFUSED}:
            return Delivery(status=status, detail="as scripted")
        self.before_claim()
        if not claim():
            return Delivery(status=DeliveryStatus.NOT_CLAIMED)
        if status is DeliveryStatus.SENT:
            self.delivered.append(notice)
        return Delivery(status=status, detail="as scripted")

    def check(self) -> None:
        """Always well."""

    def close(self) -> None:
        """Nothing to let go of."""


@dataclass
class ListProber:
    """Finds the Message-IDs it was given."""

    found: set[str] = field(default_factory=set)
    down: bool = False

    def arrived(self, message_id: str, since: datetime) -> bool:
        if self.down:
            msg = "down"
            raise SourceError(msg)
        return message_id in self.found


class MemorySource:
    """A folder in memory. `fail_next` makes the next call of that name raise."""

    def __init__(
        self, account: str = "inbox", folder: str = "INBOX", *, ordered: bool = True
    ) -> None:
        self.account = account
        self.folder = folder
        self.ordered = ordered
        self.uid_validity = 7
        self.messages: dict[int, RawMessage] = {}
        self.gone: set[int] = set()
        self.fetched: list[int] = []
        self.moved: dict[int, str] = {}
        self.keywords: dict[int, str] = {}
        self.fail_next = ""
        self.changed = threading.Event()

    def add(self, raw: RawMessage) -> None:
        self.messages[raw.ref.uid] = raw

    def open(self) -> FolderState:
        self._maybe_fail("open")
        uid_next = max(self.messages, default=0) + 1 if self.ordered else 1
        return FolderState(uid_validity=self.uid_validity, uid_next=uid_next, ordered=self.ordered)

    def list_uids(self, *, after: int, since: date | None) -> list[int]:
        self._maybe_fail("list_uids")
        return sorted(
            uid
            for uid, raw in self.messages.items()
            if (uid > after or not self.ordered)
            and (since is None or raw.received_at.date() >= since)
        )

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        for uid in uids:
            self._maybe_fail(f"fetch {uid}")
            self.fetched.append(uid)
            yield Fetched(uid=uid, raw=None if uid in self.gone else self.messages[uid])

    def wait(self, timeout_s: float) -> None:
        self.changed.wait(min(timeout_s, 0.05))
        self.changed.clear()

    def interrupt(self) -> None:
        self.changed.set()

    def set_keyword(self, uids: Sequence[int], keyword: str) -> None:
        self._maybe_fail("set_keyword")
        self.keywords.update(dict.fromkeys(uids, keyword))

    def move(self, uids: Sequence[int], folder: str) -> None:
        self._maybe_fail("move")
        self.moved.update(dict.fromkeys(uids, folder))

    def close(self) -> None:
        """Nothing to let go of."""

    def _maybe_fail(self, name: str) -> None:
        if self.fail_next == name:
            self.fail_next = ""
            msg = f"{name} failed as told"
            raise SourceError(msg)
