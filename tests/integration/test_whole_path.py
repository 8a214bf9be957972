"""From a delivery into Dovecot to a brief that an SMTP server accepted."""

from __future__ import annotations

import json
import mailbox as stdlib_mailbox
import socket
import time
from typing import TYPE_CHECKING

from tests.imap_proxy import ImapProxy
from tests.integration.rig import PLAIN, STUCK, Rig, mail, stop, until
from tests.smtp_sink import Sink, SinkOptions
from triage.store import inbox, mailboxes, outbox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dovecot import Dovecot, Mailbox
    from triage.runners.embedded import EmbeddedRunner


def outcomes(runner: EmbeddedRunner) -> dict[str, int]:
    with runner.sender.store.read() as tx:
        return inbox.outcomes(tx)


def flags(mailbox: Mailbox, folder: str = "INBOX") -> dict[int, set[bytes]]:
    with mailbox.session(folder) as session:
        found = session.get_flags(session.search("ALL"))
    return {uid: set(each) - {b"\\Recent"} for uid, each in found.items()}


def test_a_delivered_mail_becomes_a_brief_for_each_manager(rig: Rig) -> None:
    content = mail(1)
    with rig.running():
        started = time.monotonic()
        rig.mailbox.deliver(content)
        until(lambda: len(rig.briefs()) == 2)
        elapsed = time.monotonic() - started
    assert {b.recipient for b in rig.briefs()} == {"ben@radial.example", "marshall@radial.example"}
    assert all(content.strip() in b.content for b in rig.briefs())
    assert elapsed < 5  # IDLE, not the poll of four minutes


def test_the_mailbox_is_left_as_it_was(rig: Rig) -> None:
    with rig.running():
        rig.mailbox.deliver(mail(1), mail(2, PLAIN))
        until(lambda: len(rig.briefs()) == 2)
    assert flags(rig.mailbox) == {1: set(), 2: set()}


def test_escalated_mail_is_marked_and_moved_when_configured(rig: Rig) -> None:
    rig.account = '[accounts.after]\nkeyword = "Escalated"\nmove_to = "Done"\n'
    with rig.running():
        rig.mailbox.deliver(mail(1), mail(2, PLAIN))
        until(lambda: len(rig.briefs()) == 2)
        until(lambda: list(flags(rig.mailbox)) == [2])
    assert flags(rig.mailbox, "Done") == {1: {b"Escalated"}}
    assert flags(rig.mailbox) == {2: set()}


def test_mail_that_somebody_opened_first_is_still_triaged(rig: Rig) -> None:
    with rig.running():
        pass
    rig.mailbox.deliver(mail(1))
    with rig.mailbox.session("INBOX") as session:
        session.add_flags([1], [b"\\Seen"])
    with rig.running():
        until(lambda: len(rig.briefs()) == 2)


def test_mail_that_came_while_the_program_was_down_is_triaged_once(rig: Rig) -> None:
    rig.mailbox.deliver(mail(1))  # before the first start: not ours
    with rig.running():
        pass
    rig.mailbox.deliver(mail(2), mail(3))
    for _ in range(2):
        with rig.running():
            until(lambda: len(rig.briefs()) == 4)
    assert rig.originals() == ["Portal 2", "Portal 3"]


def test_a_folder_that_is_numbered_anew_repeats_and_skips_nothing(rig: Rig) -> None:
    rig.mailbox.create_folder("Clients")
    rig.folders = ("Clients",)
    with rig.running():
        rig.mailbox.deliver(mail(1), folder="Clients")
        until(lambda: len(rig.briefs()) == 2)
    rig.mailbox.delete_folder("Clients")
    rig.mailbox.create_folder("Clients")
    rig.mailbox.deliver(mail(1), mail(2), folder="Clients")
    with rig.running() as runner:
        until(lambda: len(rig.briefs()) == 4)
        until(lambda: outcomes(runner).get("duplicate") == 1)
    assert rig.originals() == ["Portal 1", "Portal 2"]


def test_several_folders_and_accounts_are_watched_together(
    rig: Rig, shared_dovecot: Dovecot
) -> None:
    other = shared_dovecot.new_mailbox()
    rig.mailbox.create_folder("Kundenpost für uns")
    rig.folders = ("INBOX", "Kundenpost für uns")
    rig.account = (
        f'[[accounts]]\nname = "other"\ntype = "imap"\nhost = "127.0.0.1"\n'
        f'port = {shared_dovecot.port}\nsecurity = "none"\nusername = "{other.user}"\n'
        'password_file = "password"\n'
    )
    with rig.running():
        rig.mailbox.deliver(mail(1))
        rig.mailbox.deliver(mail(2), folder="Kundenpost für uns")
        other.deliver(mail(3))
        until(lambda: len(rig.briefs()) == 6)
    assert sorted(rig.originals()) == ["Portal 1", "Portal 2", "Portal 3"]


def test_a_huge_mail_reaches_the_fallback_person_and_stops_nothing(rig: Rig) -> None:
    rig.more = "[limits]\nmax_message_bytes = 200000\n"
    with rig.running():
        rig.mailbox.deliver(mail(1, size=600_000), mail(2))
        until(lambda: len(rig.briefs()) == 3)
    assert rig.briefs()[0].recipient == "priya@radial.example"
    assert rig.originals() == ["Portal 2"]


def test_a_server_that_stalls_is_left_and_met_again(rig: Rig) -> None:
    with ImapProxy(rig.mailbox.server.port) as proxy:
        rig.port = proxy.port
        with rig.running():
            rig.mailbox.deliver(mail(1))
            until(lambda: len(rig.briefs()) == 2)
            proxy.cut_all()
            rig.mailbox.deliver(mail(2))
            until(lambda: len(rig.briefs()) == 4)
    assert rig.originals() == ["Portal 1", "Portal 2"]


def test_a_server_that_is_down_for_a_while_is_waited_for(
    tmp_path: Path, own_dovecot: Dovecot, sink: Sink
) -> None:
    box = own_dovecot.new_mailbox()
    rig = Rig(folder=tmp_path, mailbox=box, sink=sink)
    with rig.running() as runner:
        own_dovecot.stop()

        def trouble() -> str:
            with runner.sender.store.read() as tx:
                return mailboxes.everything(tx)[0].problem

        until(trouble)
        own_dovecot.start()
        box.deliver(mail(1))
        until(lambda: len(rig.briefs()) == 2)
        until(lambda: not trouble())


def test_an_smtp_server_that_is_down_gets_the_brief_later(tmp_path: Path, mailbox: Mailbox) -> None:
    with Sink(tmp_path / "first") as first:
        port = first.port
        rig = Rig(folder=tmp_path, mailbox=mailbox, sink=first)
        rig.write()
    with rig.running() as runner:
        mailbox.deliver(mail(1))

        def waits() -> bool:
            with runner.sender.store.read() as tx:
                return [row.attempts for row in outbox.unfinished(tx)] >= [1, 1]

        until(waits)
        with Sink(tmp_path / "second", options=SinkOptions(port=port)) as second:
            until(lambda: len(second.accepted()) == 2)


def test_a_maildir_is_watched_too(rig: Rig, tmp_path: Path) -> None:
    maildir = stdlib_mailbox.Maildir(tmp_path / "maildir", create=True)
    rig.account = (
        f'[[accounts]]\nname = "disk"\ntype = "maildir"\npath = "{tmp_path}/maildir"\n'
        "poll_interval_s = 1\n"
    )
    with rig.running():
        maildir.add(mail(7))
        until(lambda: len(rig.briefs()) == 2)
    assert rig.originals() == ["Portal 7"]


def test_two_hundred_waiting_mails_each_end_in_one_outcome(rig: Rig) -> None:
    rig.account = "everything = true"
    rig.mailbox.deliver(*(mail(n, STUCK if n % 10 == 0 else PLAIN) for n in range(200)))
    with rig.running() as runner:
        until(lambda: sum(outcomes(runner).values()) == 200)
        until(lambda: len(rig.briefs()) == 40, 60)
        assert outcomes(runner) == {"escalated": 20, "left": 180}
    assert sorted(rig.originals()) == sorted(f"Portal {n}" for n in range(0, 200, 10))


def test_a_restart_in_the_middle_of_a_backlog_repeats_and_loses_nothing(rig: Rig) -> None:
    rig.account = "everything = true"
    rig.mailbox.deliver(*(mail(n) for n in range(60)))
    with rig.running():
        until(lambda: len(rig.briefs()) >= 10)
    seen = len(rig.briefs())
    with rig.running():
        until(lambda: len(rig.briefs()) == 120, 60)
    assert 10 <= seen < 120
    ids = [b.message_id for b in rig.briefs()]
    assert len(set(ids)) == 120
    assert sorted(rig.originals()) == sorted(f"Portal {n}" for n in range(60))


def test_the_service_stops_cleanly_when_asked_and_refuses_a_twin(rig: Rig) -> None:
    """The installed program with the shipped model, as systemd runs it."""
    notices = rig.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(notices))
        manager.settimeout(60)
        rig.environment = {"NOTIFY_SOCKET": str(notices), "WATCHDOG_USEC": "400000"}
        process = rig.start("run")
        try:
            assert b"READY=1" in manager.recv(1000)
            assert manager.recv(1000) == b"WATCHDOG=1"
            twin = rig.run("run")
            assert twin.returncode == 1
            assert "already running" in twin.stderr
        finally:
            status, _, err = stop(process)
    assert status == 0
    assert "nothing is half done" in err
    assert "Traceback" not in err


def test_once_works_off_the_backlog_with_the_shipped_model_and_exits(rig: Rig) -> None:
    rig.account = "everything = true"
    angry = (
        "I am very disappointed with the website you delivered. This is not what we paid for "
        "and nobody answers my calls. If this is not fixed we will cancel the contract."
    )
    rig.mailbox.deliver(mail(1, angry), mail(2, PLAIN))
    done = rig.run("run", "--once", "--log-format", "json")
    assert done.returncode == 0, done.stderr
    assert "2 mails decided" in done.stdout
    assert rig.originals() == ["Portal 1"]
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert {e["action"] for e in events} >= {"received", "escalated", "left", "sent"}
    assert "disappointed" not in done.stderr
    assert "Portal" not in done.stderr
    again = rig.run("run", "--once")
    assert (again.returncode, len(rig.originals())) == (0, 1)

    status = json.loads(rig.run("status", "--json").stdout)
    assert [case["tags"] for case in status["cases"]] == [["dissatisfaction"]]
    shown = rig.run("show", "1").stdout
    assert "ben@radial.example" in shown
    assert "sent" in shown
    assert rig.run("resolve", "1", "--outcome", "credit agreed").returncode == 0
    assert json.loads(rig.run("status", "--json").stdout)["cases"] == []


def test_a_dry_run_sends_nothing_and_spoils_nothing(rig: Rig) -> None:
    rig.account = "everything = true"
    rig.mailbox.deliver(
        mail(1, "Our site is down, nobody can work and we are stuck until you fix it.")
    )
    dry = rig.run("run", "--once", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert rig.briefs() == []
    assert len(list((rig.folder / "dry-run").glob("*.eml"))) == 2
    assert rig.run("run", "--once").returncode == 0
    assert len(rig.briefs()) == 2


def test_replay_reports_and_changes_nothing(rig: Rig) -> None:
    rig.mailbox.deliver(
        mail(1, "Our site is down, nobody can work and we are stuck until you fix it.")
    )
    found = rig.run("replay", "--since", "2020-01-01", "--json")
    assert found.returncode == 0, found.stderr
    [line] = found.stdout.splitlines()
    assert json.loads(line)["action"] == "escalated"
    told = rig.run("replay", "--since", "2020-01-01").stdout
    assert "1 of 1 would have been forwarded (100 %)" in told
    assert rig.briefs() == []
    assert not (rig.folder / "triage.db").exists()


def test_a_wrong_password_is_named_and_no_traceback_shown(rig: Rig) -> None:
    rig.password = "not-the-password-at-all"
    done = rig.run("run", "--once")
    assert done.returncode == 1
    assert "inbox" in done.stderr
    assert "not-the-password-at-all" not in done.stderr
    assert "Traceback" not in done.stderr
