"""The whole product between a real Dovecot and a real SMTP server, started as users start it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING

from tests.at_work import at_work
from tests.dovecot import PASSWORD
from tests.fakes import WordClassifier
from triage import app, app_mail
from triage.app import load_settings
from triage.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage

    from tests.dovecot import Mailbox
    from tests.smtp_ledger import Accepted
    from tests.smtp_sink import Sink
    from triage.runners.embedded import EmbeddedRunner

STUCK = "We are stuck since Monday and our testers wait."
PLAIN = "Thanks, see you on Monday."


def mail(number: int, text: str = STUCK, headers: str = "", size: int = 0) -> bytes:
    """A mail from a client; at least `size` bytes."""
    return (
        f"From: Dana <dana{number}@client.example>\r\nTo: hello@radial.example\r\n"
        f"Subject: Portal {number}\r\nMessage-ID: <m{number}@client.example>\r\n{headers}\r\n"
        f"{text}\r\n{'x' * 70}\r\n".ljust(size, "y")
    ).encode()


@dataclass(kw_only=True)
class Rig:
    """A folder with settings for one mailbox and one SMTP server."""

    folder: Path
    mailbox: Mailbox
    sink: Sink
    port: int = 0
    smtp_port: int = 0  # of a server before the sink
    password: str = PASSWORD
    folders: tuple[str, ...] = ("INBOX",)
    login: str = ""  # of [logins], in place of the password
    account: str = ""  # further lines of [[accounts]]
    outgoing: str = ""  # further lines of [outgoing]
    first: str = ""  # further lines at the top
    more: str = ""  # further tables
    storm_mails: int = 0  # so many are told before the rest makes a storm; 0: each is told
    environment: dict[str, str] = field(default_factory=dict)

    def write(self) -> Path:
        """Write `triage.toml` and the policy."""
        password = self.folder / "password"
        password.write_text(self.password)
        password.chmod(0o600)
        demo = resource("data") / "demo"
        policy = (demo / "policy.toml").read_text(encoding="utf-8")
        told_each = policy.replace("mails = 3", f"mails = {self.storm_mails}")
        (self.folder / "policy.toml").write_text(told_each, encoding="utf-8")
        names = ", ".join(f'"{name}"' for name in self.folders)
        path = self.folder / "triage.toml"
        path.write_text(
            f"""
{self.first}
[firm]
name = "Radial"
domains = ["radial.example"]

[[accounts]]
name = "inbox"
type = "imap"
host = "127.0.0.1"
port = {self.port or self.mailbox.server.port}
security = "none"
username = "{self.mailbox.user}"
{f'login = "{self.login}"' if self.login else 'password_file = "password"'}
folders = [{names}]
timeout_s = 5
{self.account}

[outgoing]
host = "127.0.0.1"
port = {self.smtp_port or self.sink.port}
security = "none"
sender = "triage@radial.example"
timeout_s = 5
retry_first_s = 1
retry_max_s = 2
{self.outgoing}
{self.more}
"""
        )
        return path

    def make(self) -> EmbeddedRunner:
        """The program, not begun, with a classifier that knows a few words."""
        settings = load_settings(self.write())
        return app.make_runner(
            settings,
            app.open_store(settings.config.store),
            app_mail.make_channel(settings.config),
            WordClassifier(),
            prober=app_mail.make_prober(settings.config),
        )

    @contextmanager
    def running(self, *, wait_for: int = 0) -> Iterator[EmbeddedRunner]:
        """The same in this process, at work.

        `wait_for`: so many folders are to be read once before anything else; 0: all of them.
        """
        runner = self.make()
        with closing(runner.sender.store), at_work(runner):
            until(lambda: self.looked(runner, wait_for))
            yield runner

    @staticmethod
    def looked(runner: EmbeddedRunner, number: int = 0) -> bool:
        """Whether so many folders have been read to their end once; 0: all of them."""
        from triage.store import mailboxes  # noqa: PLC0415

        with runner.sender.store.read() as tx:
            boxes = mailboxes.everything(tx)
        return sum(bool(box.looked_at) for box in boxes) >= (number or len(runner.watchers))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`triage ...` as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "triage", *arguments, "--config", str(self.write())],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.environment},
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`triage ...` to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def briefs(self) -> list[Accepted]:
        """What the SMTP server has accepted."""
        return self.sink.accepted()

    def originals(self) -> list[str]:
        """Subjects of the mails that were forwarded, one for each brief to Ben, in order."""
        wanted = [b for b in self.briefs() if b.recipient == "ben@radial.example"]
        return [str(original(b.content)["Subject"]) for b in wanted]


def original(brief: bytes) -> EmailMessage:
    """The mail that a brief carries."""
    message = message_from_bytes(brief, policy=policy.default)
    for part in message.iter_attachments():
        if part.get_content_type() == "message/rfc822":
            return part.get_content()  # type: ignore[no-any-return]
    raise AssertionError(message.as_string()[:2000])


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for a condition; fail when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def stop(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """SIGTERM, as a service manager sends it."""
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err
