"""One key at a time: from a terminal without waiting for Enter, else from standard input."""

from __future__ import annotations

import os
import select
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

ESCAPE = "\x1b"
END = ""  # of the input, or Ctrl-D
_FOLLOWS_S = 0.05  # an arrow key is an escape with more behind it, sent at once


class Keys(Protocol):
    """Where keys come from."""

    def read(self) -> str:
        """The next key; empty at the end."""

    def forget(self) -> None:
        """Drop what was typed ahead: it was not meant for what is shown next."""


class PipedKeys:
    """Each character of a stream is a key."""

    def __init__(self, stream: TextIO) -> None:
        """Take the stream, usually standard input."""
        self._stream = stream

    def read(self) -> str:
        """The next character."""
        return self._stream.read(1)

    def forget(self) -> None:
        """Nobody types ahead here: a script means every key."""


class TerminalKeys:
    """Keys as they are pressed, in a terminal that is in cbreak mode."""

    def __init__(self, handle: int) -> None:
        """Take the terminal's file descriptor."""
        self._handle = handle

    def read(self) -> str:
        """The next key; one of several bytes, such as an arrow, comes as an escape."""
        key = os.read(self._handle, 1)
        if key in {b"", b"\x04"}:
            return END
        if key == b"\r":
            return "\n"
        if key == ESCAPE.encode() or key > b"\x7f":
            while select.select([self._handle], [], [], _FOLLOWS_S)[0]:
                os.read(self._handle, 32)
            return ESCAPE
        return key.decode("ascii")

    def forget(self) -> None:
        """Drop what was typed ahead."""
        import termios  # noqa: PLC0415 - not on every system

        termios.tcflush(self._handle, termios.TCIFLUSH)


@contextmanager
def keys() -> Iterator[Keys]:
    """Keys from standard input; a terminal is put back as it was, whatever happens."""
    if not sys.stdin.isatty():
        yield PipedKeys(sys.stdin)
        return
    import termios  # noqa: PLC0415 - not on every system
    import tty  # noqa: PLC0415

    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    try:
        tty.setcbreak(handle)
        yield TerminalKeys(handle)
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)
