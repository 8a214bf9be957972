"""People move mail in their mail program while `triage run` watches: real Dovecot, real SMTP."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.dovecot import Dovecot
from tests.integration.rig import PLAIN, Rig, mail, stop, until
from tests.smtp_sink import Sink
from triage import app
from triage.app_labels import make_tag_folders
from triage.store import cases, inbox, labels, moves

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.dovecot import Mailbox
    from triage.runners.embedded import EmbeddedRunner
    from triage.store.labels import Label

pytestmark = pytest.mark.dovecot

TAG_FOLDERS = "[accounts.tag_folders]\ncreate = true\nlook_every_s = 1\n"


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path / "sink") as running:
        yield running


@pytest.fixture
def rig(tmp_path: Path, mailbox: Mailbox, sink: Sink) -> Rig:
    return Rig(folder=tmp_path, mailbox=mailbox, sink=sink, account=TAG_FOLDERS)


@contextmanager
def running(rig: Rig, tag_folders: int = 5) -> Iterator[EmbeddedRunner]:
    """The program, once it knows the tag folders."""
    with rig.running() as runner:
        until(lambda: len(folders(runner)) == tag_folders)
        yield runner


def folders(runner: EmbeddedRunner) -> list[str]:
    with runner.sender.store.read() as tx:
        return [each.folder for each in moves.folders(tx)]


def given(runner: EmbeddedRunner) -> list[Label]:
    with runner.sender.store.read() as tx:
        return labels.everything(tx)


def case(runner: EmbeddedRunner) -> cases.Case:
    with runner.sender.store.read() as tx:
        return cases.get(tx, 1)


def move(mailbox: Mailbox, uid: int, target: str, source: str = "INBOX") -> None:
    """As a mail program does; by COPY and deletion where the server has no MOVE."""
    with mailbox.session(source) as session:
        if session.has_capability("MOVE"):
            session.move([uid], target)
        else:
            session.copy([uid], target)
            session.delete_messages([uid])
            session.expunge([uid])


def settle(runner: EmbeddedRunner) -> None:
    """Let every tag folder be looked through once more after this moment."""
    watcher = runner.tag_watchers[0]
    watcher._known.clear()
    watcher.wake()
    until(lambda: len(watcher._known) == 5)


def test_a_move_by_another_client_corrects_the_case_and_the_label(rig: Rig) -> None:
    with running(rig) as runner:
        rig.mailbox.deliver(mail(1))
        until(lambda: len(rig.briefs()) == 2)
        started = time.monotonic()
        move(rig.mailbox, 1, "Triage/None")
        until(lambda: given(runner))
        elapsed = time.monotonic() - started
        [label] = given(runner)
        assert (label.tags, label.previous) == ((), ("blocker",))
        assert (label.by, label.how) == ("mailbox inbox", "move")
        assert case(runner).outcome == "not an escalation"
        assert elapsed < 5


def test_a_mail_that_was_left_alone_is_escalated_by_a_move(rig: Rig) -> None:
    with running(rig) as runner:
        rig.mailbox.deliver(mail(1, PLAIN))
        until(lambda: decided(runner))
        move(rig.mailbox, 1, "Triage/Blocker")
        until(lambda: len(rig.briefs()) == 2)
        assert case(runner).tags == ("blocker",)
    assert {b.recipient for b in rig.briefs()} == {"ben@radial.example", "marshall@radial.example"}
    assert all(b"moving this mail to Triage/Blocker" in b.content for b in rig.briefs())
    assert rig.originals() == ["Portal 1"]


def decided(runner: EmbeddedRunner) -> bool:
    with runner.sender.store.read() as tx:
        return [each.state for each in inbox.latest(tx, 1)] == ["decided"]


def test_moved_twice_the_last_folder_counts(rig: Rig) -> None:
    with running(rig) as runner:
        rig.mailbox.deliver(mail(1))
        until(lambda: len(rig.briefs()) == 2)
        move(rig.mailbox, 1, "Triage/Upsell")
        until(lambda: len(given(runner)) == 1)
        move(rig.mailbox, 1, "Triage/Scope mismatch", source="Triage/Upsell")
        until(lambda: len(given(runner)) == 2)
        assert [label.tags for label in given(runner)] == [("upsell",), ("scope_mismatch",)]


def test_moving_back_and_deleting_are_no_labels(rig: Rig) -> None:
    rig.mailbox.create_folder("Trash")
    with running(rig) as runner:
        rig.mailbox.deliver(mail(1), mail(2))
        until(lambda: len(rig.briefs()) == 4)
        move(rig.mailbox, 1, "Triage/Upsell")
        until(lambda: len(given(runner)) == 1)
        move(rig.mailbox, 1, "INBOX", source="Triage/Upsell")
        move(rig.mailbox, 2, "Trash")
        rig.mailbox.expunge(3)
        settle(runner)
        assert [label.tags for label in given(runner)] == [("upsell",)]
        assert len(rig.briefs()) == 4  # back in the inbox it is known, and told to nobody again


def test_our_own_keyword_and_move_are_no_labels(rig: Rig) -> None:
    rig.account = (
        '[accounts.after]\nkeyword = "Escalated"\nmove_to = "Triage/Blocker"\n' + TAG_FOLDERS
    )
    with running(rig) as runner:
        rig.mailbox.deliver(mail(1))
        with rig.mailbox.session("Triage/Blocker") as session:
            until(lambda: session.noop() and session.search("ALL"))
        settle(runner)
        assert given(runner) == []
        move(rig.mailbox, 1, "Triage/None", source="Triage/Blocker")
        until(lambda: given(runner))
        assert [label.tags for label in given(runner)] == [()]


def test_a_server_without_move_copies_and_deletes(tmp_path: Path, sink: Sink) -> None:
    with Dovecot(without=["MOVE"]) as server:
        rig = Rig(folder=tmp_path, mailbox=server.new_mailbox(), sink=sink, account=TAG_FOLDERS)
        with running(rig) as runner:
            rig.mailbox.deliver(mail(1))
            until(lambda: len(rig.briefs()) == 2)
            move(rig.mailbox, 1, "Triage/Upsell")
            until(lambda: given(runner))
            settle(runner)
            assert [label.tags for label in given(runner)] == [("upsell",)]


def test_a_renamed_folder_teaches_nothing_and_is_told(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    with running(rig) as runner:
        rig.mailbox.deliver(mail(1))
        until(lambda: len(rig.briefs()) == 2)
        move(rig.mailbox, 1, "Triage/Upsell")
        until(lambda: given(runner))
        with rig.mailbox.session() as session:
            session.rename_folder("Triage/Upsell", "Triage/Sales")
        until(lambda: any(getattr(r, "action", "") == "missing" for r in caplog.records))
    rig.account = TAG_FOLDERS + '[accounts.tag_folders.names]\nupsell = "Sales"\n'
    with running(rig, 6) as runner:
        settle(runner)
        assert len(given(runner)) == 1


def test_a_folder_made_anew_with_the_same_mail_teaches_nothing(rig: Rig) -> None:
    with running(rig) as runner:
        rig.mailbox.deliver(mail(1))
        until(lambda: len(rig.briefs()) == 2)
        move(rig.mailbox, 1, "Triage/Upsell")
        until(lambda: given(runner))
        with rig.mailbox.session() as session:
            session.create_folder("Aside")
            session.select_folder("Triage/Upsell")
            session.copy([1], "Aside")
        rig.mailbox.delete_folder("Triage/Upsell")
        rig.mailbox.create_folder("Triage/Upsell")
        move(rig.mailbox, 1, "Triage/Upsell", source="Aside")
        settle(runner)
        assert len(given(runner)) == 1


def test_a_mail_moved_while_the_program_was_down_is_learned_and_told(rig: Rig) -> None:
    with running(rig):
        pass
    rig.mailbox.deliver(mail(1, PLAIN))
    move(rig.mailbox, 1, "Triage/Blocker")
    with running(rig) as runner:
        until(lambda: len(rig.briefs()) == 2)
        assert [label.tags for label in given(runner)] == [("blocker",)]
    with running(rig) as runner:
        settle(runner)
        assert len(given(runner)) == 1
    assert len(rig.briefs()) == 2


@pytest.mark.parametrize(
    ("separator", "prefix", "root"),
    [(".", "INBOX.", "Triage"), (".", "INBOX.", "INBOX.Triage"), ("/", "", "Büro/Prüfung & mehr")],
)
def test_folders_follow_the_server_s_separator_and_prefix(
    tmp_path: Path, sink: Sink, separator: str, prefix: str, root: str
) -> None:
    with Dovecot(separator=separator, prefix=prefix) as server:
        mailbox = server.new_mailbox()
        account = TAG_FOLDERS + f'root = "{root}"\n'
        rig = Rig(folder=tmp_path, mailbox=mailbox, sink=sink, account=account)
        bare = root.removeprefix("INBOX.").replace("/", separator)
        target = f"{prefix}{bare}{separator}Scope mismatch"
        with running(rig) as runner:
            mailbox.deliver(mail(1))
            until(lambda: len(rig.briefs()) == 2)
            move(mailbox, 1, target)
            until(lambda: given(runner))
            assert [label.tags for label in given(runner)] == [("scope_mismatch",)]
            assert target in folders(runner)


def test_nothing_is_made_and_nothing_learned_without_the_setting(rig: Rig) -> None:
    rig.account = ""
    rig.mailbox.create_folder("Triage/None")
    with rig.running() as runner:
        rig.mailbox.deliver(mail(1))
        until(lambda: len(rig.briefs()) == 2)
        move(rig.mailbox, 1, "Triage/None")
        assert runner.tag_watchers == []
    with rig.mailbox.session() as session:
        names = [name for _, _, name in session.list_folders()]
    assert sorted(n for n in names if n.startswith("Triage")) == ["Triage", "Triage/None"]


def test_reading_the_folders_leaves_their_mail_unread(rig: Rig) -> None:
    with running(rig) as runner:
        rig.mailbox.deliver(mail(1))
        until(lambda: len(rig.briefs()) == 2)
        move(rig.mailbox, 1, "Triage/Upsell")
        until(lambda: given(runner))
    with rig.mailbox.session("Triage/Upsell") as session:
        assert set(session.get_flags([1])[1]) <= {b"\\Recent"}


def test_check_makes_the_folders_and_says_which_are_missing(rig: Rig) -> None:
    rig.account = "[accounts.tag_folders]\n"
    told = rig.run("check")
    assert "there is no folder Triage/Dissatisfaction, Triage/" in told.stdout
    made = rig.run("check", "--create-folders")
    assert "inbox: made Triage/Dissatisfaction, Triage/" in made.stderr
    assert "there is no folder" not in made.stdout
    again = rig.run("check", "--create-folders")
    assert "inbox: all tag folders are there" in again.stderr
    with rig.mailbox.session() as session:
        subscribed = [name for _, _, name in session.list_sub_folders()]
    assert "Triage/Scope mismatch" in subscribed


def test_run_once_learns_and_sends(rig: Rig) -> None:
    assert rig.run("run", "--once").returncode == 0
    rig.mailbox.deliver(mail(1, "Thank you, see you on Monday."))
    assert rig.run("run", "--once").returncode == 0
    move(rig.mailbox, 1, "Triage/Blocker")
    done = rig.run("run", "--once")
    assert done.returncode == 0, done.stderr
    assert len(rig.briefs()) == 2


def test_a_service_that_is_told_to_stop_stops_at_once(rig: Rig) -> None:
    process = rig.start("run")
    assert process.stderr is not None
    while "watching" not in process.stderr.readline():
        assert process.poll() is None
    started = time.monotonic()
    code, _, errors = stop(process)
    assert code == 0, errors
    assert time.monotonic() - started < 10


def test_settings_that_cannot_be_meant_are_told(rig: Rig) -> None:
    rig.account = '[accounts.tag_folders.names]\nblocker = "None"\nupsel = "Sales"\n'
    told = rig.run("check", "--create-folders")
    assert told.returncode == 2
    assert 'there is no tag "upsel"' in told.stderr
    assert "blocker and none have the same folder" in told.stderr


def test_the_names_that_exist_are_found_whatever_their_case(rig: Rig) -> None:
    rig.mailbox.create_folder("Triage/UPSELL")
    rig.account = "[accounts.tag_folders]\n"
    [(_, found)] = make_tag_folders(app.load_settings(rig.write()))
    found.open()
    try:
        assert found.find() == {"upsell": "Triage/UPSELL"}
    finally:
        found.close()
