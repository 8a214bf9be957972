"""`triage` as a user runs it: a configuration in a folder, and a process that is watched."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from bench.mails import OUR_DOMAIN, ROOT
from tests.dovecot import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TICK_S = 0.02

_CONFIG = """
policy = "policy.toml"
store = "triage.db"
key_file = "triage.key"

[firm]
name = "Radial"
domains = ["{domain}"]

[[accounts]]
name = "inbox"
host = "127.0.0.1"
port = {imap_port}
security = "none"
username = "{user}"
password_file = "inbox.secret"
everything = true

[outgoing]
host = "127.0.0.1"
port = {smtp_port}
security = "none"
sender = "triage@{domain}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A folder with everything that `triage run` reads, and what it writes."""

    folder: Path

    @property
    def store(self) -> Path:
        """The database."""
        return self.folder / "triage.db"

    @property
    def log(self) -> Path:
        """What the program said on both outputs."""
        return self.folder / "triage.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A process that has ended: wall and processor time, and its largest resident size.

    `resident_kib`: its size once a second, from its start on.
    """

    seconds: float
    cpu_s: float
    peak_kib: int
    output: str
    resident_kib: tuple[int, ...] = ()

    @property
    def peak_mib(self) -> float:
        """Largest resident size in MiB."""
        return self.peak_kib / 1024

    @property
    def quarters_mib(self) -> tuple[float, ...]:
        """Its largest size in each quarter of its life: whether it grows with what it has done."""
        sizes = self.resident_kib
        ends = [len(sizes) * n // 4 for n in range(5)]
        return tuple(max(sizes[since:until], default=0) / 1024 for since, until in pairwise(ends))


def make_workspace(folder: Path, *, imap_port: int, smtp_port: int, user: str) -> Workspace:
    """Write the configuration: the demo's policy, both servers on loopback, no encryption."""
    folder.mkdir()
    policy = (ROOT / "data" / "demo" / "policy.toml").read_text(encoding="utf-8")
    told_each = policy.replace("mails = 3", "mails = 0")  # else many mails are told as one
    (folder / "policy.toml").write_text(told_each, encoding="utf-8")
    for name, secret in (("inbox.secret", PASSWORD), ("triage.key", "ab" * 32)):
        (folder / name).write_text(secret + "\n")
        (folder / name).chmod(0o600)
    config = _CONFIG.format(domain=OUR_DOMAIN, imap_port=imap_port, smtp_port=smtp_port, user=user)
    (folder / "triage.toml").write_text(config)
    return Workspace(folder=folder)


def triage(space: Workspace, *options: str, stand_in: bool) -> list[str]:
    """The command line of `triage run`; with `stand_in` no model is loaded."""
    installed = [str(Path(sys.executable).with_name("triage"))]
    program = [sys.executable, "-m", "bench.stand_in"] if stand_in else installed
    return [*program, "run", "--config", str(space.folder / "triage.toml"), *options]


def start(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a command whose output goes to a file."""
    with log.open("wb") as out:
        return subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)


def wait_until(
    done: Callable[[], bool],
    processes: Sequence[subprocess.Popen[bytes]],
    logs: Sequence[Path],
    limit_s: float,
) -> None:
    """Wait for something that processes do. Raises RuntimeError with their last words."""
    deadline = time.monotonic() + limit_s
    while not done():
        ended = any(process.poll() is not None for process in processes)
        if ended or time.monotonic() > deadline:
            words = "\n".join(log.read_text(errors="replace")[-2000:] for log in logs)
            msg = f"triage ended early or took longer than {limit_s:.0f} s; it says:\n{words}"
            raise RuntimeError(msg)
        time.sleep(0.1)


def run_to_end(command: Sequence[str], log: Path, *, allowed: Sequence[int] = (0,)) -> Ended:
    """Run a command and measure it, with its children. Raises RuntimeError when it fails."""
    began = time.perf_counter()
    process = start(command, log)
    peak_kib = 0
    resident: list[int] = []
    while True:
        # Not ru_maxrss: on Linux a child inherits the largest size of its parent there.
        peak_kib = max(peak_kib, _size_kib(process.pid, "VmHWM"))
        if time.perf_counter() - began >= len(resident):
            resident.append(_size_kib(process.pid, "VmRSS"))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(_TICK_S)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    output = log.read_text(errors="replace")
    if process.returncode not in allowed:
        msg = f"{' '.join(command)} ended with {process.returncode}:\n{output[-2000:]}"
        raise RuntimeError(msg)
    cpu_s = usage.ru_utime + usage.ru_stime
    return Ended(
        seconds=seconds,
        cpu_s=cpu_s,
        peak_kib=peak_kib,
        output=output,
        resident_kib=tuple(resident),
    )


def _size_kib(pid: int, which: str) -> int:
    """VmHWM or VmRSS of a process; 0 when it is just ending."""
    try:
        return status_of(pid, which)
    except (OSError, StopIteration):
        return 0


def status_of(pid: int, key: str) -> int:
    """A figure that the kernel tells of a process, such as `VmRSS` in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
