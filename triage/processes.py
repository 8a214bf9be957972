"""Programs on this machine, as Linux tells of them in /proc: who holds a lock, and since when.

Rule: looking disturbs nobody. Where there is no /proc, the lock is tried for a moment instead.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_START_FIELD = 21  # `starttime` of proc_pid_stat(5), counted from 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A running program. `pid` is 0 and `started_at` (epoch seconds) None where nobody tells."""

    pid: int = 0
    started_at: float | None = None


def holder(lock: Path) -> Program | None:
    """The program that holds a lock file, see `durable.locked`; None when none does."""
    try:
        inode = lock.stat().st_ino
    except OSError:
        return None
    try:
        lines = (_PROC / "locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return Program() if _is_taken(lock) else None
    for line in lines:  # `1: FLOCK  ADVISORY  WRITE 812 fe:00:2147356 0 EOF`, proc_locks(5)
        words = line.split()
        if words[1:2] == ["FLOCK"] and words[5].rpartition(":")[2] == str(inode):
            return Program(pid=int(words[4]), started_at=started_at(int(words[4])))
    return None


def started_at(pid: int) -> float | None:
    """When a process began, in epoch seconds; None when it is gone, or nobody tells."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
        boot = (_PROC / "stat").read_text(encoding="ascii")
        # The name in brackets may hold anything, so what follows is counted from its end.
        ticks = int(stat.rpartition(") ")[2].split()[_START_FIELD - 2])
        booted = next(int(line.split()[1]) for line in boot.splitlines() if line[:5] == "btime")
    except (OSError, ValueError, IndexError, StopIteration):
        return None
    return booted + ticks / os.sysconf("SC_CLK_TCK")


def _is_taken(lock: Path) -> bool:
    handle = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
