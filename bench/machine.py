"""Facts about this machine that a figure is worth nothing without."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = b"x" * 4096
_SYNC_PROBE_S = 1.0


def describe() -> dict[str, str]:
    """Cores, versions and how busy the machine is with other work, each as a short phrase."""
    return {
        "cores": f"{len(os.sched_getaffinity(0))} cores",
        "python": f"Python {platform.python_version()}",
        "dovecot": f"Dovecot {_dovecot_version()}",
        "load": f"load before the start {os.getloadavg()[0]:.2f}",
    }


def syncs_per_s(folder: Path, seconds: float = _SYNC_PROBE_S) -> float:
    """How many 4 KB appends the disk of `folder` makes durable in a second (fdatasync(2)).

    It differs tenfold between a quiet and a busy disk, so it belongs beside every figure that
    has commits in it, measured in the same minute.
    """
    path = folder / "sync-probe"
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    count, began = 0, time.perf_counter()
    try:
        while (spent := time.perf_counter() - began) < seconds:
            os.write(handle, _BLOCK)
            os.fdatasync(handle)
            count += 1
    finally:
        os.close(handle)
        path.unlink()
    return count / spent


def say(words: str) -> None:
    """Progress, on standard error."""
    print(words, file=sys.stderr, flush=True)


def _dovecot_version() -> str:
    binary = shutil.which("dovecot") or "/usr/sbin/dovecot"
    done = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[0]
