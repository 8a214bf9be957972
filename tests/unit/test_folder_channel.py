"""A folder of .eml files as a way out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from triage.channels.folder import FolderChannel, file_name
from triage.errors import ChannelError
from triage.messages import DeliveryStatus, Notice

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = (
    b"Date: Mon, 02 Mar 2026 10:14:00 +0100\r\nMessage-ID: <n1@radial.example>\r\n"
    b"Subject: Blocked\r\n\r\nOne line\xff\r\n.\r\n"
)
NOTICE = Notice(
    message_id="<n1@radial.example>",
    sender="triage@radial.example",
    recipient="ben@radial.example",
    subject="Blocked",
    content=CONTENT,
)


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_notice_becomes_one_file_with_its_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "when missing"
    delivery = FolderChannel(folder).deliver(NOTICE, lambda: True)
    assert delivery.status is DeliveryStatus.SENT
    assert [path.read_bytes() for path in folder.iterdir()] == [CONTENT]


def test_only_the_owner_may_read_what_clients_wrote(tmp_path: Path) -> None:
    folder = tmp_path / "briefs"
    FolderChannel(folder).deliver(NOTICE, lambda: True)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]


def test_a_repeat_replaces_itself(tmp_path: Path) -> None:
    channel = FolderChannel(tmp_path)
    for _ in range(3):
        assert channel.deliver(NOTICE, lambda: True).status is DeliveryStatus.SENT
    assert len(_files(tmp_path)) == 1


def test_nothing_is_visible_when_the_claim_is_asked(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def claim() -> bool:
        seen.append([name for name in _files(tmp_path) if name.endswith(".eml")])
        return True

    FolderChannel(tmp_path).deliver(NOTICE, claim)
    assert seen == [[]]


def test_without_the_claim_nothing_is_left(tmp_path: Path) -> None:
    delivery = FolderChannel(tmp_path).deliver(NOTICE, lambda: False)
    assert delivery.status is DeliveryStatus.NOT_CLAIMED
    assert _files(tmp_path) == []


def test_what_the_claim_raises_passes_through_and_nothing_is_left(tmp_path: Path) -> None:
    def claim() -> bool:
        raise OSError("the store is gone")

    with pytest.raises(OSError, match="the store is gone"):
        FolderChannel(tmp_path).deliver(NOTICE, claim)
    assert _files(tmp_path) == []


def test_names_sort_by_date_and_say_the_recipient() -> None:
    name = file_name(NOTICE)
    assert name.startswith("20260302T091400Z-ben@radial.example-")
    assert name.endswith(".eml")


def test_names_differ_by_message_id_and_by_recipient() -> None:
    others = [replace(NOTICE, message_id="<n2@x>"), replace(NOTICE, recipient="ann@x.example")]
    assert len({file_name(NOTICE), *map(file_name, others)}) == 3


@pytest.mark.parametrize("recipient", ["../../etc/passwd", "a/b\\c\0d@x", "", "." * 300, "ü" * 90])
def test_a_hostile_recipient_stays_within_the_folder(tmp_path: Path, recipient: str) -> None:
    delivery = FolderChannel(tmp_path).deliver(replace(NOTICE, recipient=recipient), lambda: True)
    assert delivery.status is DeliveryStatus.SENT
    assert len(_files(tmp_path)) == 1
    assert len(_files(tmp_path)[0]) < 200


@pytest.mark.parametrize("date", [b"", b"Date: soon\r\n", b"Date: 99 Foo 99999 99:99\r\n"])
def test_a_notice_without_a_readable_date_is_still_written(tmp_path: Path, date: bytes) -> None:
    notice = replace(NOTICE, content=date + b"\r\nbody\r\n")
    assert FolderChannel(tmp_path).deliver(notice, lambda: True).status is DeliveryStatus.SENT
    assert _files(tmp_path)[0].startswith("undated-ben@")


def test_a_folder_that_cannot_be_made_defers_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    channel = FolderChannel(tmp_path / "file" / "out")
    delivery = channel.deliver(NOTICE, lambda: True)
    assert delivery.status is DeliveryStatus.DEFERRED
    assert str(tmp_path / "file" / "out") in delivery.detail
    with pytest.raises(ChannelError, match="cannot be written"):
        channel.check()


def test_check_makes_the_folder_and_leaves_it_empty(tmp_path: Path) -> None:
    channel = FolderChannel(tmp_path / "out")
    channel.check()
    channel.close()
    assert _files(tmp_path / "out") == []
