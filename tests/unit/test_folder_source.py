"""Maildir, mbox and .eml files as sources: what is listed, how it is known, what is gone."""

from __future__ import annotations

import errno
import mailbox
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from triage.config import FolderAccount, Limits
from triage.errors import FolderMissingError, SourceError
from triage.sources.folder import FolderSource
from triage.sources.listing import EmlFolder

if TYPE_CHECKING:
    from io import BufferedReader

    from triage.messages import RawMessage

Kind = Literal["maildir", "mbox", "eml"]

ONE = b"Subject: one\n\nfirst\n"
TWO = b"Subject: two\n\nsecond\n"
LONG_AGO = datetime(2020, 5, 4, 12, tzinfo=UTC).timestamp()


def source(path: Path, kind: Kind, **changes: Any) -> FolderSource:
    limits = changes.pop("limits", Limits())
    keywords = {k: changes.pop(k) for k in ("clock", "lister") if k in changes}
    account = FolderAccount(name="disk", path=path, type=kind, **changes)
    return FolderSource(account, limits, **keywords)


def later() -> float:
    """A clock for which every file has long been whole."""
    return time.time() + 60


def listed(of: FolderSource, since: date | None = None) -> list[int]:
    return of.list_uids(after=0, since=since)


def read(of: FolderSource) -> list[bytes]:
    return [f.raw.content for f in of.fetch(listed(of)) if f.raw]


def one(of: FolderSource, uid: int) -> RawMessage | None:
    [fetched] = of.fetch([uid])
    return fetched.raw


def put(path: Path, content: bytes, at: float = LONG_AGO) -> Path:
    path.write_bytes(content)
    os.utime(path, (at, at))
    return path


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for part in ("cur", "new", "tmp"):
        (tmp_path / "box" / part).mkdir(parents=True)
    return tmp_path / "box"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "eml").mkdir()
    return tmp_path / "eml"


def test_a_state_without_order_is_told(folder: Path) -> None:
    state = source(folder, "eml").open()
    assert (state.uid_validity, state.uid_next, state.ordered) == (1, 1, False)


@pytest.mark.parametrize("kind", ["maildir", "mbox", "eml"])
def test_a_missing_mailbox_is_named(tmp_path: Path, kind: Kind) -> None:
    with pytest.raises(FolderMissingError, match=r"disk: .*nowhere.*Check path and type"):
        source(tmp_path / "nowhere", kind).open()


def test_a_folder_that_is_no_maildir_says_what_is_missing(folder: Path) -> None:
    with pytest.raises(FolderMissingError, match="cur and new"):
        source(folder, "maildir").open()


# Maildir


def test_a_maildir_is_read_in_both_folders_oldest_first(maildir: Path) -> None:
    put(maildir / "new" / "2.x", TWO, LONG_AGO + 1)
    put(maildir / "cur" / "1.x:2,S", ONE)
    put(maildir / "tmp" / "3.x", b"not yet delivered")
    put(maildir / "new" / ".hidden", b"no mail")
    assert read(source(maildir, "maildir")) == [ONE, TWO]


def test_mail_keeps_its_number_when_somebody_reads_it(maildir: Path) -> None:
    path = put(maildir / "new" / "1.x", ONE)
    box = source(maildir, "maildir")
    [uid] = listed(box)
    path.rename(maildir / "cur" / "1.x:2,")
    assert listed(box) == [uid]
    (maildir / "cur" / "1.x:2,").rename(maildir / "cur" / "1.x:2,RS")
    assert listed(source(maildir, "maildir")) == [uid]
    assert 0 < uid < 2**63


def test_mail_that_is_renamed_between_listing_and_reading_is_still_read(maildir: Path) -> None:
    path = put(maildir / "new" / "1.x", ONE)
    box = source(maildir, "maildir")
    [uid] = listed(box)
    path.rename(maildir / "cur" / "1.x:2,S")
    raw = one(box, uid)
    assert raw is not None
    assert raw.content == ONE


def test_mail_that_vanishes_is_reported_as_gone(maildir: Path) -> None:
    path = put(maildir / "new" / "1.x", ONE)
    box = source(maildir, "maildir")
    [uid] = listed(box)
    path.unlink()
    assert one(box, uid) is None


def test_since_and_the_time_of_receipt_go_by_the_file(maildir: Path) -> None:
    put(maildir / "new" / "1.x", ONE)
    box = source(maildir, "maildir")
    [uid] = listed(box, date(2020, 5, 4))
    assert listed(box, date(2020, 5, 5)) == []
    raw = one(box, uid)
    assert raw is not None
    assert raw.received_at == datetime(2020, 5, 4, 12, tzinfo=UTC)


def test_maildir_mail_moves_into_a_subfolder_that_is_made(maildir: Path) -> None:
    put(maildir / "new" / "1.x", ONE)
    put(maildir / "cur" / "2.x:2,S", TWO)
    box = source(maildir, "maildir")
    box.move([*listed(box), 4711], "Escalated")
    moved = maildir / ".Escalated" / "cur"
    assert sorted(p.name for p in moved.iterdir()) == ["1.x:2,", "2.x:2,S"]
    assert listed(box) == []


@pytest.mark.parametrize("name", ["", "..", "a/../b", "/etc"])
def test_mail_does_not_move_out_of_the_maildir(maildir: Path, name: str) -> None:
    with pytest.raises(SourceError, match="no name of a folder"):
        source(maildir, "maildir").move([1], name)


# A folder of .eml files


def test_eml_files_are_read_in_subfolders_too_and_nothing_else(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / ".git").mkdir()
    put(folder / "a" / "1.EML", ONE)
    put(folder / "2.eml", TWO)
    for other in ("notes.txt", ".hidden.eml", "3.eml~", "4.eml.part", ".git/5.eml"):
        put(folder / other, b"no mail")
    put(folder / "empty.eml", b"")
    os.mkfifo(folder / "pipe.eml")  # would block the program for ever
    (folder / "6.eml").mkdir()
    assert sorted(read(source(folder, "eml", clock=later))) == sorted([ONE, TWO])


def test_a_file_read_again_is_the_same_and_written_anew_another(folder: Path) -> None:
    path = put(folder / "1.eml", ONE)
    eml = source(folder, "eml", clock=later)
    [first] = listed(eml)
    put(path, ONE, LONG_AGO + 99)
    assert listed(eml) == listed(source(folder, "eml", clock=later)) == [first]
    put(path, TWO)
    [second] = listed(eml)
    assert second != first
    assert one(eml, first) is None


def test_a_file_written_anew_between_listing_and_reading_is_gone(folder: Path) -> None:
    path = put(folder / "1.eml", ONE)
    eml = source(folder, "eml", clock=later)
    [uid] = listed(eml)
    put(path, TWO + b"longer than before")
    assert one(eml, uid) is None


def test_a_file_put_here_counts_from_now_though_the_copy_keeps_an_old_time(folder: Path) -> None:
    put(folder / "1.eml", ONE)
    eml = source(folder, "eml", clock=later)
    raw = one(eml, listed(eml)[0])
    assert raw is not None
    assert (datetime.now(UTC) - raw.received_at).total_seconds() < 60


def test_a_file_just_being_written_is_left_for_the_next_look(folder: Path) -> None:
    now = [LONG_AGO + 60]
    put(folder / "1.eml", ONE)
    eml = source(folder, "eml", clock=lambda: now[0])
    [first] = listed(eml)
    half = put(folder / "2.eml", TWO[:10], now[0] - 0.5)
    assert listed(eml) == [first]
    put(half, TWO, now[0])
    now[0] += 1.5
    assert sorted(read(eml)) == sorted([ONE, TWO])


def test_the_first_look_waits_for_a_file_just_put_there(folder: Path) -> None:
    (folder / "1.eml").write_bytes(ONE)
    assert read(source(folder, "eml")) == [ONE]


def test_the_wait_is_short_while_something_is_being_written(folder: Path) -> None:
    now = time.time()
    eml = source(folder, "eml", poll_interval_s=60, clock=lambda: now)
    listed(eml)
    put(folder / "1.eml", ONE, now)
    listed(eml)
    start = time.monotonic()
    eml.wait(60)
    assert time.monotonic() - start < 3


def test_of_a_huge_file_only_the_first_part_is_read(folder: Path) -> None:
    huge = b"Subject: huge\n\n" + b"0123456789abcde\n" * 40_000
    put(folder / "1.eml", huge)
    eml = source(folder, "eml", clock=later, limits=Limits(max_message_bytes=1000))
    raw = one(eml, listed(eml)[0])
    assert raw is not None
    assert (raw.complete, raw.size, raw.content) == (False, len(huge), huge[: 256 * 1024])
    assert "1000" in raw.problem


def forbidden(path: Path) -> BufferedReader:
    """A disk on which one file may not be read."""
    if path.name == "1.eml":
        raise PermissionError(errno.EACCES, "Permission denied", str(path))
    return path.open("rb")


def test_a_file_that_may_not_be_read_is_reported_and_the_others_are_read(folder: Path) -> None:
    put(folder / "1.eml", ONE)
    put(folder / "2.eml", TWO)
    eml = source(folder, "eml", clock=later, lister=EmlFolder(folder, forbidden))
    found = [f.raw for f in eml.fetch(listed(eml)) if f.raw]
    problems = {raw.content: raw.problem for raw in found}
    assert "Permission denied" in problems[b""]
    assert problems[TWO] == ""
    assert [raw.complete for raw in found] == [not raw.problem for raw in found]


def full_table(path: Path) -> BufferedReader:
    """A system out of file handles."""
    raise OSError(errno.EMFILE, "Too many open files", str(path))


def test_trouble_that_is_not_the_files_own_is_a_source_error(folder: Path) -> None:
    put(folder / "1.eml", ONE)
    eml = source(folder, "eml", clock=later, lister=EmlFolder(folder, full_table))
    with pytest.raises(SourceError, match="Too many open files"):
        listed(eml)


# mbox

MBOX = (
    b"From a@example.org Mon May  4 12:00:00 2020 +0000\n"
    b"Subject: one\n\nfirst\n>From the start\n>>From deeper\n\n"
    b"From b@example.org Tue May  5 12:00:00 2020 +0000\n"
    b"Subject: two\n\nFrom: not a separator\n\nFrom here on it is text\n"
)


def test_an_mbox_gives_the_messages_that_were_put_in(tmp_path: Path) -> None:
    put(tmp_path / "m", MBOX)
    assert read(source(tmp_path / "m", "mbox", clock=later)) == [
        b"Subject: one\n\nfirst\nFrom the start\n>From deeper\n",
        b"Subject: two\n\nFrom: not a separator\n\nFrom here on it is text\n",
    ]


def test_an_mbox_written_by_the_standard_library_comes_back(tmp_path: Path) -> None:
    written = mailbox.mbox(str(tmp_path / "m"))
    for number in range(3):
        message = EmailMessage()
        message["Subject"] = f"mail {number}"
        message.set_content("Hello\n\nFrom me to you\n")
        written.add(message)
    written.close()
    subjects = [c.split(b"\n")[0] for c in read(source(tmp_path / "m", "mbox", clock=later))]
    assert subjects == [b"Subject: mail 0", b"Subject: mail 1", b"Subject: mail 2"]
    assert b"\nFrom me to you" in read(source(tmp_path / "m", "mbox", clock=later))[0]


def test_an_mbox_with_crlf_and_bare_separators_is_read(tmp_path: Path) -> None:
    stored = (
        b"From \r\nSubject: a\r\n\r\nx\r\n\r\nFrom - Mon May 04 12:00:00 2020\r\nSubject: b\r\n"
    )
    put(tmp_path / "m", stored)
    expected = [b"Subject: a\r\n\r\nx\r\n", b"Subject: b\r\n"]
    assert sorted(read(source(tmp_path / "m", "mbox", clock=later))) == expected


def test_mbox_mail_keeps_its_number_when_others_come_and_go(tmp_path: Path) -> None:
    path = put(tmp_path / "m", MBOX)
    box = source(path, "mbox", clock=later)
    first, second = listed(box)
    third = b"\nFrom c@example.org Wed May  6 12:00:00 2020\nSubject: three\n\nx\n"
    put(path, MBOX + third, LONG_AGO + 1)
    assert listed(box)[:2] == [first, second]
    put(path, MBOX[MBOX.index(b"From b@") :], LONG_AGO + 2)
    assert listed(box) == [second]
    assert one(box, first) is None


def test_mbox_mail_keeps_its_number_when_a_mail_program_marks_it_as_read(tmp_path: Path) -> None:
    path = put(tmp_path / "m", MBOX)
    box = source(path, "mbox", clock=later)
    before = listed(box)
    marked = MBOX.replace(b"Subject: one\n", b"Subject: one\nStatus: RO\nX-Mozilla-Status: 0001\n")
    put(path, marked, LONG_AGO + 1)
    assert listed(box) == before


def test_equal_messages_in_an_mbox_are_two(tmp_path: Path) -> None:
    message = b"From a@example.org Mon May  4 12:00:00 2020\nSubject: one\n\nx\n\n"
    put(tmp_path / "m", message * 2)
    uids = listed(source(tmp_path / "m", "mbox", clock=later))
    assert len(set(uids)) == 2


def test_an_mbox_rewritten_between_listing_and_reading_gives_no_wrong_text(tmp_path: Path) -> None:
    path = put(tmp_path / "m", MBOX)
    box = source(path, "mbox", clock=later)
    first, second = listed(box)
    put(path, MBOX[MBOX.index(b"From b@") :], LONG_AGO + 1)
    raw = one(box, second)
    assert raw is not None
    assert raw.content.startswith(b"Subject: two")
    assert one(box, first) is None


def test_the_separator_says_when_mbox_mail_was_received(tmp_path: Path) -> None:
    put(tmp_path / "m", MBOX, LONG_AGO + 10 * 86400)
    box = source(tmp_path / "m", "mbox", clock=later)
    raws = [f.raw for f in box.fetch(listed(box)) if f.raw]
    assert [raw.received_at.day for raw in raws] == [4, 5]
    assert len(listed(box, date(2020, 5, 5))) == 1


def test_an_mbox_just_being_written_keeps_its_last_listing(tmp_path: Path) -> None:
    now = [LONG_AGO + 60]
    path = put(tmp_path / "m", MBOX)
    box = source(path, "mbox", clock=lambda: now[0])
    before = listed(box)
    put(path, MBOX + b"\nFrom c@example.org Wed May  6 12:00:00 2020\nSubje", now[0] - 0.5)
    assert listed(box) == before
    now[0] += 2
    assert len(listed(box)) == 3


LOCKER = """
import fcntl, sys
file = open(sys.argv[1], "r+b")
fcntl.lockf(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


def test_an_mbox_that_another_program_has_locked_is_left_alone(tmp_path: Path) -> None:
    path = put(tmp_path / "m", MBOX)
    box = source(path, "mbox", clock=later)
    command = [sys.executable, "-c", LOCKER, str(path)]
    pipe = subprocess.PIPE  # locks are held by processes, so it takes another one
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert listed(box) == []
        other.communicate()
    assert len(listed(box)) == 2


# Waiting and changing


@pytest.mark.parametrize("kind", ["mbox", "eml"])
def test_only_maildir_mail_can_be_moved_and_none_takes_keywords(folder: Path, kind: Kind) -> None:
    with pytest.raises(SourceError, match="only mail in a Maildir"):
        source(folder, kind).move([1], "x")
    with pytest.raises(SourceError, match="no keywords"):
        source(folder, kind).set_keyword([1], "x")


def test_the_wait_ends_after_the_poll_interval_or_the_time_out(folder: Path) -> None:
    start = time.monotonic()
    source(folder, "eml", poll_interval_s=1).wait(30)
    source(folder, "eml", poll_interval_s=30).wait(0.2)
    assert 1.1 < time.monotonic() - start < 2.5


def test_interrupt_ends_the_wait_once(folder: Path) -> None:
    eml = source(folder, "eml", poll_interval_s=30)
    threading.Timer(0.1, eml.interrupt).start()
    start = time.monotonic()
    eml.wait(30)
    assert time.monotonic() - start < 1
    eml.wait(0.2)
    assert time.monotonic() - start > 0.25
