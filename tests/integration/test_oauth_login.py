"""Tokens end to end: a stub issuer gives them, Dovecot takes them to read and to submit mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.certificates import make_certificates
from tests.conftest import need
from tests.dovecot import Dovecot, Mailbox, available
from tests.integration.rig import Rig, mail, until
from tests.oauth_stub import Issuer
from tests.smtp_sink import Sink
from triage.store import mailboxes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from triage.runners.embedded import EmbeddedRunner

pytestmark = pytest.mark.dovecot

USER = "shared@example.org"


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    with Issuer(certificates=make_certificates(tmp_path / "issuer"), user=USER) as running:
        yield running


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path / "sink") as running:
        yield running


@pytest.fixture
def server(issuer: Issuer, sink: Sink) -> Iterator[Dovecot]:
    need("Dovecot", present=available())
    with Dovecot(issuer=issuer, relay_port=sink.port) as running:
        yield running


def rig_of(tmp_path: Path, server: Dovecot, sink: Sink, issuer: Issuer, kind: str) -> Rig:
    """Settings in which both servers take the tokens of one login."""
    secret = tmp_path / "client-secret"
    secret.write_text(issuer.secret)
    secret.chmod(0o600)
    robot = 'app_only = true\nclient_secret_file = "client-secret"'
    microsoft = f'type = "microsoft"\ntenant = "firm"\nauthority = "{issuer.url}"'
    person = (
        f'type = "generic"\ntoken_url = "{issuer.url}/token"\ndevice_url = "{issuer.url}/device"'
        '\nscopes = ["mail"]'
    )
    login = f'client_id = "client-1"\nca_file = "{issuer.authority}"\n'
    login += f"{microsoft}\n{robot}" if kind == "app-only" else person
    return Rig(
        folder=tmp_path,
        mailbox=Mailbox(server=server, user=USER),
        sink=sink,
        login="office",
        outgoing=f'username = "{USER}"\nlogin = "office"',
        smtp_port=server.submission_port,
        more=f"[logins.office]\n{login}\n",
    )


def trouble(runner: EmbeddedRunner) -> str:
    with runner.sender.store.read() as tx:
        return " ".join(box.problem for box in mailboxes.everything(tx))


def test_an_app_of_its_own_reads_and_sends_without_anybody(
    tmp_path: Path, server: Dovecot, sink: Sink, issuer: Issuer
) -> None:
    rig = rig_of(tmp_path, server, sink, issuer, "app-only")
    with rig.running():
        rig.mailbox.deliver(mail(1))
        until(lambda: len(rig.briefs()) == 2)
    assert {form["grant_type"] for form in issuer.asked} == {"client_credentials"}
    assert len(issuer.asked) == 1  # one token for both servers


def test_a_token_that_was_withdrawn_before_its_time_is_renewed_within_the_login(
    tmp_path: Path, server: Dovecot, sink: Sink, issuer: Issuer
) -> None:
    rig = rig_of(tmp_path, server, sink, issuer, "app-only")
    with rig.running():
        issuer.withdraw_tokens()
        server.stop()
        server.start()
        rig.mailbox.deliver(mail(1))
        until(lambda: len(rig.briefs()) == 2)


def test_an_issuer_that_is_down_stops_nothing_while_the_token_holds(
    tmp_path: Path, server: Dovecot, sink: Sink, issuer: Issuer
) -> None:
    rig = rig_of(tmp_path, server, sink, issuer, "app-only")
    with rig.running():
        issuer.error = "HTTP 500"
        server.stop()
        server.start()
        rig.mailbox.deliver(mail(1))
        until(lambda: len(rig.briefs()) == 2)


def test_a_person_logs_in_by_a_code_and_again_when_the_consent_is_withdrawn(
    tmp_path: Path, server: Dovecot, sink: Sink, issuer: Issuer
) -> None:
    rig = rig_of(tmp_path, server, sink, issuer, "person")
    done = rig.run("login")
    assert done.returncode == 0, done.stderr
    assert "enter the code ABCD-EFGH" in done.stderr
    assert "Login office works" in done.stdout
    with rig.running() as runner:
        rig.mailbox.deliver(mail(1))
        until(lambda: len(rig.briefs()) == 2)
        issuer.withdraw_consent()
        issuer.withdraw_tokens()
        server.stop()
        server.start()
        until(lambda: "run: triage login office" in trouble(runner))
        asked = len(issuer.asked)
        rig.mailbox.deliver(mail(2))
        assert rig.run("login", "office").returncode == 0
        until(lambda: len(rig.briefs()) == 4, 40)
        assert len(issuer.asked) - asked < 8  # no storm at an issuer that has said no
    assert trouble_is_gone(rig)


def trouble_is_gone(rig: Rig) -> bool:
    told = rig.run("status")
    return "login office" not in told.stdout


def test_check_tells_that_somebody_must_log_in_and_no_secret_is_ever_told(
    tmp_path: Path, server: Dovecot, sink: Sink, issuer: Issuer
) -> None:
    rig = rig_of(tmp_path, server, sink, issuer, "person")
    told = rig.run("check")
    assert told.returncode == 2
    assert told.stdout.count("run: triage login office") == 2
    assert rig.run("login").returncode == 0
    rig.mailbox.deliver(mail(1))
    said = [rig.run(*words) for words in (("check",), ("run", "--once", "--verbose"), ("status",))]
    files = [p for p in rig.folder.glob("triage.db*") if p.is_file()]
    everything = "".join(s.stdout + s.stderr for s in said).encode()
    everything += b"".join(p.read_bytes() for p in files)
    assert b"canary" not in everything
