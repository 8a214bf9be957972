"""Mails are read in a process apart: the same result, and none of them takes the program along."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.factories import RAW
from tests.hostile import KINDS
from triage.messages import MailKind
from triage.parsing import message, parse, reading_apart
from triage.parsing.guard import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

# Reads as ever, but for mails that say what they do to whoever reads them.
HARMED = """
import os, signal, time
from triage.parsing import message, worker
def parse(raw):
    if b"crash" in raw: os.kill(os.getpid(), signal.SIGSEGV)
    if b"hang" in raw: time.sleep(60)
    if b"burn" in raw:
        while True: pass
    if b"eat" in raw: bytearray(1 << 31)
    if b"rubbish" in raw: os.write(1, worker.frame(b"no mail"))
    return message.parse(raw)
worker.parse, worker.CPU_S = parse, 1
worker.main()
"""


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.close()


@pytest.fixture
def harmed() -> Iterator[Reader]:
    made = Reader((sys.executable, "-c", HARMED), wait_s=20.0)
    yield made
    made.close()


def mail(word: str) -> bytes:
    return RAW.replace(b"Staging login", word.encode())


@pytest.mark.parametrize("kind", KINDS[::9], ids=lambda kind: kind.id)
def test_what_is_read_apart_is_what_is_read_here(reader: Reader, kind: object) -> None:
    content: bytes = kind.build()  # type: ignore[attr-defined]
    assert reader.parse(content) == message.parse(content)


def test_many_threads_get_their_own_mails(reader: Reader) -> None:
    found: dict[int, str] = {}

    def read(number: int) -> None:
        found[number] = reader.parse(mail(f"Subject {number}")).subject

    threads = [threading.Thread(target=read, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: f"Subject {n}" for n in range(12)}


@pytest.mark.parametrize(
    ("word", "says"), [("crash", "by signal 11"), ("burn", "1 s of processor time")]
)
def test_a_mail_that_ends_the_process_is_unreadable_and_the_next_one_is_read(
    harmed: Reader, word: str, says: str
) -> None:
    email = harmed.parse(mail(word))
    assert email.kind is MailKind.UNREADABLE
    if word == "crash":
        assert says in email.problems[0]
    else:
        assert "processor time" in email.problems[0]
    assert harmed.parse(RAW) == message.parse(RAW)


def test_a_mail_that_hangs_is_given_up_and_not_tried_at_every_look() -> None:
    hanging = Reader((sys.executable, "-c", HARMED), wait_s=3.0, tries=1)
    assert hanging.parse(RAW).subject == "Staging login"
    email = hanging.parse(mail("hang"))
    assert "took more than 3 s" in email.problems[0]
    assert hanging.parse(mail("hang")) == email  # at once, by its digest
    assert hanging._process is None  # which the second time did not begin
    hanging.close()


def test_a_mail_that_wants_too_much_memory_harms_nobody(harmed: Reader) -> None:
    assert harmed.parse(mail("eat")).kind is MailKind.UNREADABLE
    assert harmed.parse(RAW) == message.parse(RAW)


def test_an_answer_that_is_none_is_not_believed(harmed: Reader) -> None:
    assert harmed.parse(mail("rubbish")).subject == "rubbish"  # read here instead
    assert harmed.parse(RAW) == message.parse(RAW)


def test_where_no_process_can_be_had_mails_are_read_here() -> None:
    nowhere = Reader(("/nowhere/to/be/found",))
    assert nowhere.parse(RAW) == message.parse(RAW)


def test_the_process_is_not_told_of_signals_nor_of_our_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INBOX_PASSWORD", "canary")
    reader = Reader()
    reader.parse(RAW)
    assert reader._process
    pid = reader._process.pid
    assert os.getsid(pid) == pid  # Ctrl-C is for the terminal's own session
    assert b"canary" not in Path(f"/proc/{pid}/environ").read_bytes()
    os.kill(pid, signal.SIGTERM)  # as a service manager does to all processes of a service
    assert reader.parse(RAW) == message.parse(RAW)
    assert reader._process.pid == pid
    reader.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_only_while_it_is_asked_for_mails_are_read_apart(reader: Reader) -> None:
    with reading_apart(Reader((sys.executable, "-c", HARMED), tries=1)):
        assert parse(mail("crash")).kind is MailKind.UNREADABLE
    assert parse(mail("crash")).subject == "crash"
