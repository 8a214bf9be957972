"""`triage doctor` beside the running program, with real servers behind TLS."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests import certificates, dovecot
from tests.integration.rig import mail, stop, until
from tests.smtp_sink import Sink, SinkOptions
from triage.resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.dovecot import Mailbox

pytestmark = pytest.mark.dovecot


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    made = certificates.make_certificates(tmp_path / "sink-certificates", days=10)
    with Sink(tmp_path / "sink", options=SinkOptions(tls=made.server_context())) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, mailbox: Mailbox, sink: Sink) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / "password").write_text(dovecot.PASSWORD)
    (home / "password").chmod(0o600)
    demo = resource("data") / "demo" / "policy.toml"
    (home / "policy.toml").write_text(demo.read_text(encoding="utf-8"), encoding="utf-8")
    path = home / "triage.toml"
    path.write_text(
        f"""
[firm]
name = "Radial"
domains = ["radial.example"]
[[accounts]]
name = "inbox"
host = "localhost"
port = {mailbox.server.tls_port}
ca_file = "{mailbox.server.certificates.authority}"
username = "{mailbox.user}"
password_file = "password"
[outgoing]
host = "localhost"
port = {sink.port}
ca_file = "{tmp_path}/sink-certificates/ca.pem"
sender = "triage@radial.example"
[learning]
retrain_after = 0
"""
    )
    return path


def triage(settings: Path, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "triage", verb, *arguments, "--config", str(settings)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def doctor(settings: Path) -> tuple[int, dict[str, Any]]:
    done = triage(settings, "doctor", "--json")
    return done.returncode, json.loads(done.stdout)


def state(folder: Path) -> dict[str, str]:
    """What may not change; the file that programs share the log of the store by is no content."""
    files = (p for p in folder.rglob("*") if p.is_file() and p.suffix != ".db-shm")
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_doctor_tells_a_working_installation_from_a_stopped_one(
    settings: Path, mailbox: Mailbox, sink: Sink
) -> None:
    command = [sys.executable, "-m", "triage", "run", "--config", str(settings)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        mailbox.deliver(mail(1))
        until((settings.parent / "triage.db").exists, 60)
        assert triage(settings, "backup", str(settings.parent / "monday.tar.gz")).returncode == 0
        until(lambda: doctor(settings)[0] == 0, 120)
        status, well = doctor(settings)
    finally:
        _, _, err = stop(running)
    assert status == 0, err
    told = {each["where"]: each["what"] for each in well["sound"]}
    assert f"process {running.pid}" in told["triage run"]
    assert "read" in told["inbox/INBOX"]
    assert "holds until" in told[f"inbox (localhost:{mailbox.server.tls_port})"]
    [ending] = [p for p in well["problems"] if p["area"] == "certificate" and "out" in p["where"]]
    assert ending["severity"] == "warning"
    assert ending["where"] == f"outgoing (localhost:{sink.port})"
    before = state(settings.parent)
    status, ill = doctor(settings)
    assert status == 1
    assert [p["where"] for p in ill["problems"] if p["severity"] == "error"] == ["triage run"]
    assert state(settings.parent) == before
