"""Waiting that another thread can end, without a thread or a timer of its own."""

from __future__ import annotations

import contextlib
import select
import socket
import weakref
from typing import Final

_READABLE: Final = select.POLLIN | select.POLLHUP | select.POLLERR


class Wake:
    """A sleeper that `ring()` wakes at once, also when it rings before the sleep begins.

    It is a socket pair, so that the sleeper can watch a network socket at the same time.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        weakref.finalize(self, _close, self._reader, self._writer)

    def ring(self) -> None:
        """End the current or the next sleep. Safe from any thread and from a signal handler."""
        with contextlib.suppress(BlockingIOError):  # full: it has rung often enough
            self._writer.send(b"!")

    def rang(self) -> bool:
        """Whether somebody rang since the last time this was asked."""
        try:
            return bool(self._reader.recv(4096))
        except BlockingIOError:
            return False

    def sleep(self, timeout_s: float, beside: socket.socket | None = None) -> bool:
        """Sleep until rung, until `beside` can be read, or for `timeout_s`.

        Returns:
            Whether `beside` can be read (or has been closed by the other side).
        """
        poller = select.poll()
        poller.register(self._reader, _READABLE)
        if beside is not None:
            poller.register(beside, _READABLE)
        ready = {fd for fd, _ in poller.poll(max(0.0, timeout_s) * 1000)}
        return beside is not None and beside.fileno() in ready


def _close(*ends: socket.socket) -> None:
    for end in ends:
        end.close()
