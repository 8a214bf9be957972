"""Set-up against a real Dovecot and a real SMTP server."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from tests import certificates, dovecot
from tests.smtp_sink import Sink, SinkOptions
from triage.check import check_all
from triage.cli.setup import register
from triage.config_file import load_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

    from tests.dovecot import Dovecot, Mailbox
    from triage.check import Problem

pytestmark = pytest.mark.dovecot

TAGS = ("upsell", "dissatisfaction", "scope_mismatch", "blocker")


@pytest.fixture
def sink(tmp_path: Path, mailbox: Mailbox) -> Iterator[Sink]:
    """An SMTP server that wants STARTTLS and the mailbox's own login."""
    made = certificates.make_certificates(tmp_path / "sink-certificates")
    options = SinkOptions(tls=made.server_context(), login=(mailbox.user, dovecot.PASSWORD))
    server = Sink(tmp_path / "sink", options=options).start()
    yield server
    server.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the set-up goes."""
    made = tmp_path / "setup"
    made.mkdir()
    return made


@pytest.fixture
def authority(tmp_path: Path, sink: Sink, mailbox: Mailbox) -> Path:
    """One file that vouches for both servers."""
    path = tmp_path / "authorities.pem"
    path.write_text(
        mailbox.server.certificates.authority.read_text()
        + (tmp_path / "sink-certificates" / "ca.pem").read_text()
    )
    return path


def init(folder: Path, mailbox: Mailbox, sink: Sink, *arguments: str, typed: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    flags = [
        *("--directory", str(folder), "--provider", "generic", "--firm", "Radial"),
        *("--address", mailbox.user, "--username", mailbox.user),
        *("--manager", "Marshall Smith <marshall@example.org>"),
        *("--timezone", "Europe/Berlin"),  # a zone that tells the country, and so the holidays
        *("--imap-host", "localhost", "--imap-port", str(mailbox.server.tls_port)),
        *("--smtp-host", "localhost", "--smtp-port", str(sink.port)),
    ]
    return CliRunner().invoke(app, ["init", *flags, *arguments], input=f"{typed}\n\n")


def check(folder: Path) -> list[Problem]:
    path = folder / "triage.toml"
    return check_all(path, today=date(2026, 11, 27), read_tags=lambda _: TAGS)


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))


def test_init_logs_in_at_both_servers_and_what_it_writes_passes_the_check(
    folder: Path, mailbox: Mailbox, sink: Sink, authority: Path
) -> None:
    result = init(folder, mailbox, sink, "--ca-file", str(authority), typed=dovecot.PASSWORD)
    assert result.exit_code == 0, result.output
    assert "Both logins work" in result.stderr
    assert (folder / "secrets" / "inbox").read_text() == f"{dovecot.PASSWORD}\n"
    assert check(folder) == []
    assert sink.accepted() == []


def test_a_wrong_password_writes_nothing_and_says_so_for_both_servers(
    folder: Path, mailbox: Mailbox, sink: Sink, authority: Path
) -> None:
    result = init(folder, mailbox, sink, "--ca-file", str(authority), typed="wrong-password")
    assert result.exit_code == 1
    assert "refused the login" in result.stderr
    assert f"outgoing (localhost:{sink.port})" in result.stderr
    assert "wrong-password" not in result.output
    assert list(folder.iterdir()) == []


def test_a_certificate_nobody_vouches_for_writes_nothing(
    folder: Path, mailbox: Mailbox, sink: Sink
) -> None:
    result = init(folder, mailbox, sink, typed=dovecot.PASSWORD)
    assert result.exit_code == 1
    assert result.stderr.count("certificate does not verify") == 2
    assert list(folder.iterdir()) == []


def test_a_folder_that_does_not_exist_is_told_with_those_that_do(
    folder: Path, mailbox: Mailbox, sink: Sink, authority: Path
) -> None:
    mailbox.create_folder("Clients")
    arguments = ("--ca-file", str(authority), "--folder", "Client")
    result = init(folder, mailbox, sink, *arguments, typed=dovecot.PASSWORD)
    assert result.exit_code == 1
    assert "folder Client does not exist; there are: Clients, INBOX" in result.stderr
    assert list(folder.iterdir()) == []


def test_a_sent_folder_by_another_name_is_no_failure(
    folder: Path,
    mailbox: Mailbox,
    sink: Sink,
    authority: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INBOX_PASSWORD", dovecot.PASSWORD)
    arguments = ("--provider", "gmail", "--password-env", "INBOX_PASSWORD")
    result = init(folder, mailbox, sink, "--ca-file", str(authority), *arguments, typed="")
    assert result.exit_code == 0, result.output
    assert load_config(folder / "triage.toml").outgoing.uncertain == "hold"


def test_a_sent_folder_that_is_there_is_used(
    folder: Path,
    mailbox: Mailbox,
    sink: Sink,
    authority: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mailbox.create_folder("[Gmail]/Sent Mail")
    monkeypatch.setenv("INBOX_PASSWORD", dovecot.PASSWORD)
    arguments = ("--provider", "gmail", "--password-env", "INBOX_PASSWORD")
    result = init(folder, mailbox, sink, "--ca-file", str(authority), *arguments, typed="")
    assert result.exit_code == 0, result.output
    assert load_config(folder / "triage.toml").outgoing.uncertain == "probe"
    assert check(folder) == []


def test_check_tells_different_problems_of_files_and_servers_at_once(
    folder: Path, mailbox: Mailbox, sink: Sink, authority: Path, shared_dovecot: Dovecot
) -> None:
    init(folder, mailbox, sink, "--ca-file", str(authority), typed=dovecot.PASSWORD)
    edit(folder, "triage.toml", 'folders = ["INBOX"]', 'folders = ["INBOX", "Nowhere"]')
    edit(folder, "policy.toml", "marshall@example.org", mailbox.user)
    edit(folder, "policy.toml", "[routes.upsell]", "[routes.upsel]")
    edit(folder, "policy.toml", "[[routes.upsell.raise]]", "[[routes.upsel.raise]]")
    text = (folder / "policy.toml").read_text()  # and the kinds of issue beneath it
    (folder / "policy.toml").write_text(text.replace('"upsell"', '"upsel"'))
    authority.write_text(shared_dovecot.certificates.authority.read_text())
    told = [(problem.severity, problem.where) for problem in check(folder)]
    assert told == [
        ("error", "policy.toml, people.marshall.address"),
        ("error", "policy.toml, routes.upsell"),
        ("warning", "policy.toml, routes.upsel"),
        ("error", f"inbox (localhost:{mailbox.server.tls_port})"),
        ("error", f"outgoing (localhost:{sink.port})"),
    ]
    words = [problem.what for problem in check(folder)]
    assert "folder Nowhere does not exist" in words[3]
    assert "certificate does not verify" in words[4]


def test_a_password_command_is_run_once_for_each_server_however_many_folders_there_are(
    folder: Path, mailbox: Mailbox, sink: Sink, authority: Path
) -> None:
    init(folder, mailbox, sink, "--ca-file", str(authority), typed=dovecot.PASSWORD)
    mailbox.create_folder("Clients")
    edit(folder, "triage.toml", 'folders = ["INBOX"]', 'folders = ["INBOX", "Clients"]')
    asked = folder / "asked"
    script = f"echo x >> {asked}; cat {folder / 'secrets' / 'inbox'}"
    command = f"password_command = {json.dumps(['/bin/sh', '-c', script])}"
    text = (folder / "triage.toml").read_text()
    (folder / "triage.toml").write_text(text.replace('password_file = "secrets/inbox"', command))
    assert check(folder) == []
    assert asked.read_text().split() == ["x", "x"]
