"""Secrets of every origin, looked for in all that the program says, shows or writes down."""

from __future__ import annotations

import json
import sys
import tarfile
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import certificates, dovecot
from tests.dovecot import free_port
from tests.integration.rig import Rig, mail, stop, until
from tests.keyring_file import FILE
from tests.oauth_stub import Issuer
from tests.smtp_sink import Sink, SinkOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dovecot import Mailbox

pytestmark = pytest.mark.dovecot

SMTP_PASSWORD = "canary-of-smtp"
WRONG = "canary-that-is-wrong"
KEY = "ca9a" * 16

QUIET = "[learning]\nretrain_after = 0\n"


@dataclass(kw_only=True)
class CanaryRig(Rig):
    """A rig whose passwords lie in two places of these kinds. `secrets` may be nowhere else."""

    mailbox_origin: str = "file"
    smtp_origin: str = "file"
    secrets: dict[str, str] = field(default_factory=dict)

    def write(self) -> Path:
        """The settings, and each secret where they say it is."""
        key = self.folder / "triage.key"
        key.write_text(KEY)
        key.chmod(0o600)
        path = super().write()
        (self.folder / "password").unlink()
        text = path.read_text()
        line = self._put("mailbox", self.mailbox_origin)
        text = text.replace('password_file = "password"', line)
        line = self._put("smtp", self.smtp_origin)
        text = text.replace("[outgoing]\n", f'[outgoing]\nusername = "smtp"\n{line}\n')
        path.write_text(text)
        return path

    def _put(self, name: str, origin: str) -> str:
        """Put a secret down; the line that tells where."""
        secret = self.secrets[name]
        if origin == "env":
            self.environment[f"{name.upper()}_PASSWORD"] = secret
            return f'password_env = "{name.upper()}_PASSWORD"'
        if origin == "keyring":
            entries = self.folder / "entries.json"
            entries.write_text(json.dumps({f"triage/{name}": secret}))
            self.environment |= {
                "PYTHON_KEYRING_BACKEND": "tests.keyring_file.FileKeyring",
                "PYTHONPATH": str(Path(__file__).parents[2]),
                FILE: str(entries),
            }
            return f'password_keyring = "triage/{name}"'
        kept = self.folder / f"{name}-password"
        kept.write_text(secret)
        kept.chmod(0o600)
        if origin == "file":
            return f'password_file = "{name}-password"'
        code = f"import sys; s = open({str(kept)!r}).read(); print(s); print(s, file=sys.stderr)"
        return f"password_command = {json.dumps([sys.executable, '-c', code])}"


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    options = SinkOptions(login=("smtp", SMTP_PASSWORD))
    with Sink(tmp_path / "sink", options=options) as running:
        yield running


@pytest.fixture
def rig(tmp_path: Path, mailbox: Mailbox, sink: Sink) -> CanaryRig:
    home = tmp_path / "home"
    home.mkdir()
    secrets = {"mailbox": dovecot.PASSWORD, "smtp": SMTP_PASSWORD}
    return CanaryRig(
        folder=home,
        mailbox=mailbox,
        sink=sink,
        secrets=secrets,
        account="everything = true",
        more=QUIET,
    )


def said(rig: Rig, *words: str) -> str:
    """All that a command prints."""
    done = rig.run(*words)
    return f"{done.args}{done.stdout}{done.stderr}"


def shown_while_running(pid: int, port: int) -> dict[str, bytes]:
    """What other programs can see of a process, its threads included."""
    proc = Path(f"/proc/{pid}")
    found = {str(p): p.read_bytes() for p in (proc / "cmdline", *proc.glob("task/*/comm"))}
    for page in ("metrics", "healthz"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=10) as answer:
            found[page] = answer.read()
    return found


def helpers_of(pid: int) -> dict[str, bytes]:
    """Environment and arguments of the processes that one has started."""
    lists = [p.read_text().split() for p in Path(f"/proc/{pid}/task").glob("*/children")]
    return {
        f"{name} of helper {child}": Path(f"/proc/{child}/{name}").read_bytes()
        for children in lists
        for child in children
        for name in ("cmdline", "environ")
    }


def backed_up(rig: Rig) -> dict[str, bytes]:
    """A backup's own words, and what lies in it; the key belongs there."""
    target = rig.folder.parent / "backup.tar.gz"
    found = {"backup": said(rig, "backup", str(target)).encode()}
    with tarfile.open(target) as archive:
        for member in archive:
            opened = archive.extractfile(member)
            found[member.name] = member.name.encode() + (opened.read() if opened else b"")
    del found["triage.key"]
    return found


def written(folder: Path) -> dict[str, bytes]:
    """The store and whatever else the program wrote."""
    return {str(p): p.read_bytes() for p in folder.glob("triage.db*")}


def leaks(found: dict[str, bytes], secrets: list[str]) -> list[str]:
    return [
        f"{s} in {where}" for where, what in found.items() for s in secrets if s.encode() in what
    ]


@pytest.mark.parametrize(
    ("mailbox_origin", "smtp_origin"), [("env", "keyring"), ("command", "file")]
)
def test_passwords_are_nowhere_but_where_they_lie(
    rig: CanaryRig, mailbox_origin: str, smtp_origin: str
) -> None:
    rig.mailbox_origin, rig.smtp_origin = mailbox_origin, smtp_origin
    port = free_port()
    rig.more = f"{QUIET}[monitoring]\nport = {port}\n"
    rig.mailbox.deliver(mail(1))
    process = rig.start("run", "--verbose", "--log-format", "json")
    try:
        until(lambda: len(rig.briefs()) == 2, 60)
        found = shown_while_running(process.pid, port) | helpers_of(process.pid)
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
    finally:
        status, out, err = stop(process)
    assert (status, '"action": "settings"' in err) == (0, True)
    found |= {"run": f"{out}{err}".encode(), **written(rig.folder), **backed_up(rig)}
    for words in (["doctor", "--offline"], ["check", "--json"]):
        found[" ".join(words)] = said(rig, *words).encode()
    assert any(b"triage.parsing.worker" in what for what in found.values())
    assert leaks(found, [dovecot.PASSWORD, SMTP_PASSWORD, KEY]) == []
    kept_there = {rig.secrets[n] for n, o in _origins(rig) if o == "env"}
    assert {s for s in rig.secrets.values() if s.encode() in environment} == kept_there


def _origins(rig: CanaryRig) -> tuple[tuple[str, str], ...]:
    return ("mailbox", rig.mailbox_origin), ("smtp", rig.smtp_origin)


def test_refused_passwords_are_in_no_error(rig: CanaryRig) -> None:
    rig.secrets = {"mailbox": WRONG, "smtp": WRONG}
    rig.mailbox_origin, rig.smtp_origin = "command", "env"
    rig.mailbox.deliver(mail(1))
    found = {
        " ".join(words): said(rig, *words).encode()
        for words in (["run", "--once", "--verbose"], ["check"], ["status", "--json"])
    }
    assert b"refused the login" in found["check"]
    assert leaks(found | written(rig.folder), [WRONG, KEY]) == []


def test_client_secrets_and_tokens_are_nowhere_but_in_their_files(
    tmp_path: Path, mailbox: Mailbox
) -> None:
    with (
        Issuer(certificates=certificates.make_certificates(tmp_path / "issuer")) as issuer,
        Sink(tmp_path / "sink") as sink,
    ):
        secret = tmp_path / "client-secret"
        secret.write_text(issuer.secret)
        secret.chmod(0o600)
        login = (
            f'[logins.office]\ntype = "microsoft"\ntenant = "firm"\nauthority = "{issuer.url}"\n'
            f'client_id = "client-1"\nca_file = "{issuer.authority}"\napp_only = true\n'
            'client_secret_file = "client-secret"\n'
        )
        rig = Rig(folder=tmp_path, mailbox=mailbox, sink=sink, login="office", more=QUIET + login)
        words = ["run", "--once", "--verbose"], ["doctor", "--offline"]
        found = {" ".join(each): said(rig, *each).encode() for each in words}
    [kept] = (tmp_path / "tokens").glob("*.json")
    token = json.loads(kept.read_text())["token"]
    assert leaks(found | written(tmp_path) | backed_up(rig), [issuer.secret, token]) == []
