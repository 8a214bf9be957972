"""Past mail to learn from: the newest of all folders, robots passed over, nothing touched."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from triage import past_mail
from triage.config import (
    AfterDecision,
    Config,
    Firm,
    FolderAccount,
    ImapAccount,
    Limits,
    Outgoing,
    Secret,
)
from triage.errors import SourceError
from triage.messages import LOOP_HEADER, MessageRef, RawMessage
from triage.sources.base import Fetched, FolderState
from triage.sources.folder import FolderSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from triage.past_mail import PastMail

FIRM = Firm(name="Radial", domains=("radial.example",))
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def raw(number: int, text: str = "Thanks.", headers: str = "", **changes: Any) -> RawMessage:
    content = f"From: Dana <d@client.example>\nSubject: Mail {number}\n{headers}\n{text}\n".encode()
    ref = MessageRef(account="inbox", folder="INBOX", uid_validity=1, uid=number)
    received = changes.pop("at", NOON + timedelta(minutes=number))
    return RawMessage(ref=ref, content=content, received_at=received, size=len(content), **changes)


class Shelf(FolderSource):
    """A folder in memory that counts what is read, and breaks when told to."""

    def __init__(self, *mails: RawMessage, breaks: Sequence[int] = (), validity: int = 1) -> None:
        self.mails = {mail.ref.uid: mail for mail in mails}
        self.breaks = list(breaks)  # at these messages, once for each time they are named
        self.validity = validity
        self.opened = 0
        self.read: list[int] = []
        self.closed = False

    @property
    def account(self) -> str:
        return "inbox"

    @property
    def folder(self) -> str:
        return "INBOX"

    def open(self) -> FolderState:
        self.opened += 1
        return FolderState(uid_validity=self.validity if self.opened > 1 else 1, uid_next=99)

    def list_uids(self, *, after: int, since: object) -> list[int]:
        assert (after, since) == (0, None)
        return [*self.mails, 1000]  # the last has gone since

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        for uid in uids:
            if uid in self.breaks:
                self.breaks.remove(uid)
                message = "the connection broke"
                raise SourceError(message)
            self.read.append(uid)
            yield Fetched(uid=uid, raw=self.mails.get(uid))

    def close(self) -> None:
        self.closed = True


def read(*sources: Shelf, last: int = 100) -> PastMail:
    return past_mail.read_newest(sources, FIRM, last, progress=lambda _: None)


def subjects(mail: PastMail) -> list[str]:
    return [document.subject for document in mail.documents]


def test_the_newest_mails_of_all_folders_together_are_read_newest_first() -> None:
    here, there = Shelf(raw(1), raw(4), raw(5)), Shelf(raw(2, "b"), raw(3, "b"))
    found = read(here, there, last=3)
    assert subjects(found) == ["Mail 5", "Mail 4", "Mail 3"]
    assert found.read == 3
    assert here.closed
    assert there.closed


def test_no_more_of_a_folder_is_read_than_needed() -> None:
    shelf = Shelf(*(raw(number) for number in range(1, 50)))
    read(shelf, last=5)
    assert len(shelf.read) <= 6


def test_what_the_classifier_would_not_judge_is_passed_over_and_counted() -> None:
    found = read(
        Shelf(
            raw(1, "We are stuck."),
            raw(2, headers="Auto-Submitted: auto-replied\n"),
            raw(3, headers=f"{LOOP_HEADER}: triage\n"),
            raw(4, headers="List-Id: <news.shop.example>\nPrecedence: bulk\nFeedback-ID: 1\n"),
            raw(5, ""),
            raw(6, complete=False, problem="too large"),
            raw(7, headers="Content-Type: multipart/report; report-type=delivery-status\n"),
        )
    )
    assert subjects(found) == ["Mail 1"]
    assert found.read == 7
    assert found.skipped == {
        "an automatic reply": 1,
        "sent by this program": 1,
        "a newsletter or mailing list": 1,
        "a delivery report": 1,
        "nothing to read in it": 2,
    }


def test_one_mail_in_two_folders_counts_once() -> None:
    found = read(Shelf(raw(1)), Shelf(raw(1)))
    assert subjects(found) == ["Mail 1"]
    assert found.skipped == {"a copy of another": 1}


def test_reading_goes_on_where_the_connection_broke() -> None:
    shelf = Shelf(raw(1, "a"), raw(2, "b"), raw(3, "c"), breaks=[2, 2, 1])
    assert subjects(read(shelf)) == ["Mail 3", "Mail 2", "Mail 1"]
    assert shelf.read == [1000, 3, 2, 1]


def test_a_folder_that_keeps_breaking_is_told() -> None:
    with pytest.raises(SourceError, match="broke"):
        read(Shelf(raw(1), breaks=[1] * 99))


def test_a_folder_that_was_made_anew_meanwhile_is_not_read_by_old_numbers() -> None:
    with pytest.raises(SourceError, match="broke"):
        read(Shelf(raw(1), breaks=[1], validity=2))


def test_no_account_may_change_its_mailbox(tmp_path: Path) -> None:
    after = AfterDecision(keyword="Escalated", move_to="Done")
    imap = ImapAccount(name="a", host="h", username="u", password=Secret(env="X"), after=after)
    disk = FolderAccount(name="b", path=tmp_path)
    config = Config(
        path=tmp_path / "triage.toml",
        firm=FIRM,
        accounts=(imap, disk),
        outgoing=Outgoing(host="h", sender="t@radial.example"),
    )
    reading = past_mail.untouched(config)
    assert isinstance(reading.accounts[0], ImapAccount)
    assert reading.accounts[0].after == AfterDecision()
    assert reading.accounts[1] == disk


def test_mail_on_disk_is_read_by_the_age_of_its_files(tmp_path: Path) -> None:
    for part in ("cur", "new"):
        (tmp_path / part).mkdir()
    for number in range(4):
        path = tmp_path / "cur" / f"{number}.x:2,"
        path.write_bytes(raw(number, f"text {number}").content)
        at = (NOON - timedelta(days=number)).timestamp()
        os.utime(path, (at, at))
    source = FolderSource(FolderAccount(name="disk", path=tmp_path, type="maildir"), Limits())
    before = {path: path.stat() for path in tmp_path.rglob("*")}
    found = past_mail.read_newest([source], FIRM, 2, progress=lambda _: None)
    assert subjects(found) == ["Mail 0", "Mail 1"]
    after = {path: path.stat() for path in tmp_path.rglob("*")}
    assert {p: (s.st_mtime_ns, s.st_ino) for p, s in before.items()} == {
        p: (s.st_mtime_ns, s.st_ino) for p, s in after.items()
    }
