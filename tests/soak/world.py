"""What the soak is made of: mail to deliver, and the files that the program reads."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import TYPE_CHECKING

from tests.dovecot import PASSWORD, USER

if TYPE_CHECKING:
    from tests.soak.plan import Uncertain

ROOT = Path(__file__).resolve().parent.parent.parent
PROBE_FOLDER = "Sent"
MOVED_TO = "Escalated"
ANSWER_TIMEOUT_S = 1
UNCERTAIN_AFTER_S = 2


class MailMaker:
    """Mails from the labelled starter set: tagged and not, threads, robots, odd ones."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"mails {seed}")
        self._made = 0
        self._ids: list[str] = []
        rows = [
            json.loads(line)
            for file in sorted((ROOT / "data" / "starter").glob("*.jsonl"))
            for line in file.read_text().splitlines()
        ]
        self._tagged = [row for row in rows if row["tags"]]
        self._plain = [row for row in rows if not row["tags"]]

    def next(self) -> bytes:
        """One more mail; no two have the same bytes."""
        self._made += 1
        if self._rng.random() < 0.02:
            return b"\xff\xfe no mail %d: %s\r\n" % (self._made, self._rubbish())
        row = self._rng.choice(self._tagged if self._rng.random() < 0.75 else self._plain)
        mail = EmailMessage(policy=SMTP)
        mail["From"] = f"Client {self._made % 17} <client{self._made % 17}@northwind.example>"
        mail["To"] = USER
        mail["Subject"] = " ".join(row["subject"].split()) or "(none)"
        mail["X-Soak"] = str(self._made)
        self._thread(mail)
        if self._rng.random() < 0.04:
            mail["Auto-Submitted"] = "auto-replied"
        mail.set_content(row["body"], cte="8bit")
        return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    def _rubbish(self) -> bytes:
        """Bytes that IMAP hands out as they are: it alters NUL and single line ends."""
        return self._rng.randbytes(60).translate(None, b"\0\r\n")

    def _thread(self, mail: EmailMessage) -> None:
        """An id of its own (rarely somebody else's too), sometimes an answer to an earlier one."""
        reused = self._ids and self._rng.random() < 0.02
        own = self._rng.choice(self._ids) if reused else f"<soak{self._made}@northwind.example>"
        mail["Message-ID"] = own
        if self._ids and self._rng.random() < 0.25:
            earlier = self._rng.choice(self._ids)
            mail["In-Reply-To"] = mail["References"] = earlier
        self._ids.append(own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The configuration of one soak, in a folder of its own."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "triage.toml"

    @property
    def store(self) -> Path:
        return self.folder / "triage.db"

    @property
    def log(self) -> Path:
        return self.folder / "triage.log"


def make_workspace(
    folder: Path, *, imap_port: int, smtp_port: int, uncertain: Uncertain = "probe"
) -> Workspace:
    """Write the files that `triage run` reads; all waiting times are short."""
    space = Workspace(folder=folder)
    policy = (ROOT / "data" / "demo" / "policy.toml").read_text(encoding="utf-8")
    told_each = policy.replace("mails = 3", "mails = 0")  # else many mails are told as one
    (folder / "policy.toml").write_text(told_each, encoding="utf-8")
    for name, secret in (("inbox.secret", PASSWORD), ("triage.key", "ab" * 32)):
        (folder / name).write_text(secret + "\n")
        (folder / name).chmod(0o600)
    config = _CONFIG + (_PROBE if uncertain == "probe" else "")
    space.config.write_text(
        config.format(
            imap_port=imap_port,
            smtp_port=smtp_port,
            user=USER,
            uncertain=uncertain,
            moved_to=MOVED_TO,
            answer_timeout_s=ANSWER_TIMEOUT_S,
            uncertain_after_s=UNCERTAIN_AFTER_S,
        )
    )
    return space


_CONFIG = """
policy = "policy.toml"
store = "triage.db"
key_file = "triage.key"

[firm]
name = "Radial"
domains = ["radial.example"]

[[accounts]]
name = "inbox"
host = "127.0.0.1"
port = {imap_port}
security = "none"
username = "{user}"
password_file = "inbox.secret"
everything = true
timeout_s = 2

[accounts.after]
keyword = "$Escalated"
move_to = "{moved_to}"

[outgoing]
host = "127.0.0.1"
port = {smtp_port}
security = "none"
sender = "triage@radial.example"
timeout_s = 2
answer_timeout_s = {answer_timeout_s}
retry_first_s = 1
retry_max_s = 2
uncertain = "{uncertain}"
uncertain_after_s = {uncertain_after_s}
"""
_PROBE = f"""
[outgoing.probe]
account = "inbox"
folder = "{PROBE_FOLDER}"
"""
