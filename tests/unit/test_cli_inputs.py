"""PATH arguments: every layout that a person may point at gives its mails, once, in order."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from triage.cli.inputs import InputError, iter_mails

if TYPE_CHECKING:
    from pathlib import Path

ONE = b"Subject: one\n\nfirst\n"
TWO = b"Subject: two\n\nsecond\n"
MBOX = b"From a@b Thu Jan  1 00:00:00 2026\n" + ONE + b"\nFrom a@b Thu Jan  1 00:00:00 2026\n" + TWO


def read(*paths: Path | str) -> list[tuple[str, bytes]]:
    return list(iter_mails(paths))


def make_maildir(path: Path) -> Path:
    for name in ("cur", "new", "tmp"):
        (path / name).mkdir(parents=True)
    (path / "cur" / "1:2,S").write_bytes(ONE)
    (path / "new" / "2").write_bytes(TWO)
    (path / "tmp" / "3").write_bytes(b"Subject: half wri")
    return path


def test_a_named_file_is_one_mail_whatever_its_suffix(tmp_path: Path) -> None:
    file = tmp_path / "saved.txt"
    file.write_bytes(b"\xff\x00 not even a header")
    assert read(file) == [(str(file), b"\xff\x00 not even a header")]


def test_an_mbox_is_known_by_its_first_line(tmp_path: Path) -> None:
    file = tmp_path / "archive"
    file.write_bytes(MBOX)
    (_, one), (label, two) = read(file)
    assert (one.strip(), two.strip()) == (ONE.strip(), TWO.strip())
    assert label == f"{file}:2"


def test_an_empty_mbox_holds_no_mail(tmp_path: Path) -> None:
    (tmp_path / "empty.mbox").touch()
    assert read(tmp_path / "empty.mbox") == []


def test_a_maildir_gives_new_and_read_mail_but_nothing_half_written(tmp_path: Path) -> None:
    assert [raw for _, raw in read(make_maildir(tmp_path / "inbox"))] == [ONE, TWO]


def test_a_folder_is_searched_downwards_and_other_files_are_left(tmp_path: Path) -> None:
    make_maildir(tmp_path / "inbox")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a.EML").write_bytes(ONE)
    (tmp_path / "deep" / "plain").write_bytes(TWO)
    (tmp_path / "notes.txt").write_text("no mail")
    (tmp_path / "README").write_text("no mail either\n")
    assert [raw for _, raw in read(tmp_path)] == [ONE, TWO, ONE, TWO]


@pytest.mark.parametrize(("content", "count"), [(ONE, 1), (MBOX, 2)])
def test_standard_input_is_one_mail_or_one_mbox(
    content: bytes, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert len(read("-")) == count


def test_a_missing_path_and_an_empty_folder_say_what_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone does not exist; give an \.eml"):
        read(tmp_path / "gone")
    with pytest.raises(InputError, match="holds no mail"):
        read(tmp_path)


def test_an_empty_maildir_is_no_mistake(tmp_path: Path) -> None:
    maildir = make_maildir(tmp_path / "inbox")
    for file in maildir.rglob("*"):
        if file.is_file():
            file.unlink()
    assert read(maildir) == []
