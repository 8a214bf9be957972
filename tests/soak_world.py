"""What the soak is made of: mail to deliver, the program under test, and the moment to kill it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import TYPE_CHECKING

from tests.dovecot import PASSWORD, USER

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
PROBE_FOLDER = "Sent"
_LAST_WORDS = 5  # lines of the log
_KILL, _TERM = signal.SIGKILL, signal.SIGTERM


class MailMaker:
    """Mails from the labelled starter set: tagged and not, threads, robots, odd ones."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
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
        row = self._rng.choice(self._tagged if self._rng.random() < 0.6 else self._plain)
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


def make_workspace(folder: Path, *, imap_port: int, smtp_port: int) -> Workspace:
    """Write the files that `triage run` reads; all waiting times are short."""
    space = Workspace(folder=folder)
    policy = (ROOT / "data" / "demo" / "policy.toml").read_text(encoding="utf-8")
    told_each = policy.replace("mails = 3", "mails = 0")  # else many mails are told as one
    (folder / "policy.toml").write_text(told_each, encoding="utf-8")
    for name, secret in (("inbox.secret", PASSWORD), ("triage.key", "ab" * 32)):
        (folder / name).write_text(secret + "\n")
        (folder / name).chmod(0o600)
    space.config.write_text(_CONFIG.format(imap_port=imap_port, smtp_port=smtp_port, user=USER))
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
timeout_s = 20

[outgoing]
host = "127.0.0.1"
port = {smtp_port}
security = "none"
sender = "triage@radial.example"
timeout_s = 5
answer_timeout_s = 3
retry_first_s = 1
retry_max_s = 3
uncertain = "probe"
uncertain_after_s = 3

[outgoing.probe]
account = "inbox"
folder = "Sent"
"""


class Program:
    """`triage run`, started and killed over and over."""

    def __init__(self, space: Workspace) -> None:
        self._space = space
        self._process: subprocess.Popen[bytes] | None = None
        self._began_at = 0  # where this run's words begin in the log
        self.crashes: list[str] = []

    def start(self) -> None:
        triage = Path(sys.executable).with_name("triage")
        with self._space.log.open("ab") as log:
            self._began_at = log.tell()
            self._process = subprocess.Popen(
                [triage, "run", "--config", self._space.config],
                stdout=log, stderr=log, cwd=self._space.folder,
            )  # fmt: skip

    def send(self, how: signal.Signals) -> None:
        """Any thread may call it, at any time."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def end(self, timeout_s: float = 60) -> None:
        """Wait for its end, and note one that was not of our making."""
        assert self._process is not None
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.crashes.append(f"SIGTERM was not obeyed within {timeout_s:.0f} s")
            self._process.kill()
            code = self._process.wait()
        if code not in {0, -_KILL, -_TERM}:
            said = self._space.log.read_bytes()[self._began_at :].decode(errors="replace")
            last = "\n".join(said.splitlines()[-_LAST_WORDS:])
            self.crashes.append(f"ended by itself with {code}:\n{last}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When one run is ended: at the nth time the server reaches a point, or after a while.

    `delay_s` counts from the point, or from the start when `point` is empty.
    """

    name: str
    how: signal.Signals = _KILL
    point: str = ""
    nth: int = 1
    delay_s: float = 0.0


def draw_plan(rng: random.Random) -> Plan:
    """Mostly in the middle of sending, where it hurts; sometimes anywhere, twice at once, or asked
    politely."""
    kind = rng.choices(["point", "anywhere", "quick", "term"], [12, 4, 2, 2])[0]
    if kind == "anywhere":
        return Plan(name="anywhere", delay_s=rng.uniform(0.5, 4.0))
    if kind == "quick":
        return Plan(name="quick", delay_s=rng.uniform(0.0, 0.4))
    point = rng.choices(
        ["connect", "mail", "rcpt", "data", "content", "dot", "answered"], [1, 1, 1, 1, 5, 5, 5]
    )[0]
    # Behind `content` comes the claim, behind `answered` the record of it: milliseconds each.
    delay_s = rng.uniform(0, 0.02) if point in {"content", "answered"} else rng.uniform(0, 0.005)
    if kind == "term":
        return Plan(name=f"term at {point}", how=_TERM, point=point, delay_s=delay_s)
    return Plan(name=f"at {point}", point=point, nth=rng.randint(1, 3), delay_s=delay_s)


@dataclass(kw_only=True)
class Trap:
    """Ends the program when the SMTP server reaches the planned point."""

    end: Callable[[signal.Signals], None]
    kinds: Counter[str] = field(default_factory=Counter)
    _plan: Plan | None = None
    _left: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, plan: Plan) -> None:
        with self._lock:
            self._plan, self._left = (plan, plan.nth) if plan.point else (None, 0)

    def take_down(self) -> None:
        with self._lock:
            self._plan = None

    def reached(self, point: str) -> None:
        """Called in the server's thread."""
        with self._lock:
            plan = self._plan
            if plan is None or plan.point != point:
                return
            self._left -= 1
            if self._left > 0:
                return
            self._plan = None
        time.sleep(plan.delay_s)  # the server stands still too: milliseconds
        self.end(plan.how)
