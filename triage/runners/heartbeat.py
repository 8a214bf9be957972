"""Signs of life of each loop, and the service manager's watchdog fed from them.

The watchdog is told "alive" only while every loop makes progress, so a hung thread gets the
service restarted instead of leaving a process that only looks alive.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Heartbeats:
    """The last sign of life of each loop. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._loops: dict[str, tuple[float, float]] = {}

    def beat(self, name: str, limit_s: float) -> None:
        """The loop `name` is alive; it may stay silent for `limit_s` from now."""
        with self._lock:
            self._loops[name] = (self._clock(), limit_s)

    def forget(self, name: str) -> None:
        """The loop `name` has ended as it should."""
        with self._lock:
            self._loops.pop(name, None)

    def silent(self) -> list[str]:
        """Names of loops that have been silent for longer than they may."""
        now = self._clock()
        with self._lock:
            return [name for name, (at, limit_s) in self._loops.items() if now - at > limit_s]


def notify(message: str) -> None:
    """Tell systemd (sd_notify(3)); does nothing outside of it.

    Errors do not count, as its manual advises: the variable may be inherited from elsewhere. Nor
    is a manager waited for that does not read: the next sign of life will do.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, kind) as out:
        out.setblocking(False)
        out.sendto(message.encode(), address)


def watchdog_interval_s() -> float | None:
    """Half of what systemd allows between two signs of life; None when it does not watch."""
    allowed_us = os.environ.get("WATCHDOG_USEC", "")
    return int(allowed_us) / 2e6 if allowed_us.isdigit() else None
