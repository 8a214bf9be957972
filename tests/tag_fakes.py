"""A mailbox with tag folders in memory, and the watcher over it, beside the steps of a bench."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.factories import make_raw, make_ref
from tests.steps import FIRM, POLICY
from triage.errors import FolderMissingError
from triage.pipeline.again import Rewriter
from triage.pipeline.corrections import Corrector
from triage.pipeline.labelling import Labeller
from triage.pipeline.moves import MoveTaker
from triage.sources.base import Fetched, FolderState
from triage.store import inbox, labels
from triage.tag_watcher import TagWatcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.steps import Bench
    from triage.messages import RawMessage
    from triage.store.labels import Label

FOLDERS = {
    "blocker": "Triage/Blocker",
    "upsell": "Triage/Upsell",
    "dissatisfaction": "Triage/Dissatisfaction",
    "": "Triage/None",
}


@dataclass
class MemoryTagFolders:
    """Tag folders in memory, keyed by their names; `ordered` as on a server, or as on disk."""

    account: str = "inbox"
    ordered: bool = True
    validity: dict[str, int] = field(default_factory=dict)
    mail: dict[str, dict[int, RawMessage]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=lambda: dict(FOLDERS))
    next_uid: int = 1
    entered: str = ""
    fetched: int = 0

    def __post_init__(self) -> None:
        for name in self.names.values():
            self.mail.setdefault(name, {})
            self.validity.setdefault(name, 1)

    def put(self, folder: str, content: bytes, received_at: float, uid: int = 0) -> int:
        uid = uid or self.next_uid
        self.next_uid += 1
        ref = make_ref(account=self.account, folder=folder, uid_validity=1, uid=uid)
        when = datetime.fromtimestamp(received_at, UTC)
        self.mail[folder][uid] = make_raw(content, ref=ref, received_at=when)
        return uid

    def renumber(self, folder: str) -> None:
        self.validity[folder] += 1
        self.mail[folder] = dict(enumerate(self.mail[folder].values(), start=1))

    def open(self) -> None:
        """Always there."""

    def find(self) -> Mapping[str, str]:
        return {tag: name for tag, name in self.names.items() if name in self.mail}

    def missing(self) -> Mapping[str, str]:
        return {tag: name for tag, name in self.names.items() if name not in self.mail}

    def create(self) -> Mapping[str, str]:
        made = self.missing()
        for name in made.values():
            self.mail[name], self.validity[name] = {}, 1
        return made

    def enter(self, folder: str) -> FolderState:
        if folder not in self.mail:
            raise FolderMissingError(folder)
        self.entered = folder
        uid_next = self.next_uid if self.ordered else 1
        return FolderState(
            uid_validity=self.validity[folder], uid_next=uid_next, ordered=self.ordered
        )

    def list_uids(self) -> list[int]:
        return sorted(self.mail[self.entered])

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        for uid in uids:
            self.fetched += 1
            raw = self.mail[self.entered].get(uid)
            ref = make_ref(
                account=self.account,
                folder=self.entered,
                uid_validity=self.validity[self.entered],
                uid=uid,
            )
            yield Fetched(uid=uid, raw=replace(raw, ref=ref) if raw else None)

    def close(self) -> None:
        """Nothing to let go of."""


def make_labeller(bench: Bench) -> Labeller:
    rewriter = Rewriter(policy=POLICY, writer=bench.decider.writer)
    corrector = Corrector(policy=POLICY, rewriter=rewriter)
    return Labeller(policy=POLICY, firm=FIRM, rewriter=rewriter, corrector=corrector)


@dataclass
class Desk:
    """A bench with tag folders, as a person at their mail program sees it."""

    bench: Bench
    folders: MemoryTagFolders
    watcher: TagWatcher

    def move(self, message_id: int, folder: str, uid: int = 0) -> int:
        """Move a mail that was received; away from any other tag folder."""
        with self.bench.store.read() as tx:
            raw = inbox.load(tx, message_id).raw
        for name, mails in self.folders.mail.items():
            self.folders.mail[name] = {
                n: each for n, each in mails.items() if each.content != raw.content
            }
        return self.folders.put(folder, raw.content, raw.received_at.timestamp(), uid)

    def look(self) -> bool:
        return self.watcher.look()

    def labels(self) -> list[Label]:
        """Every label there ever was, in order."""
        with self.bench.store.read() as tx:
            return labels.everything(tx)

    def in_force(self, message_id: int) -> tuple[str, ...] | None:
        with self.bench.store.read() as tx:
            return labels.in_force(tx, message_id)


def make_desk(bench: Bench, *, looked: bool = True, ordered: bool = True) -> Desk:
    """`looked`: the folders were read once while they were empty."""
    folders = MemoryTagFolders(ordered=ordered)
    watcher = TagWatcher(
        folders=folders,
        store=bench.store,
        taker=MoveTaker(labeller=make_labeller(bench), firm=FIRM),
        clock=bench.clock,
    )
    desk = Desk(bench=bench, folders=folders, watcher=watcher)
    if looked:
        desk.look()
    return desk
