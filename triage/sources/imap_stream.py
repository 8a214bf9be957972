"""imaplib with its own read buffer and the waiting that IDLE needs.

imaplib reads through a buffered file, which has three faults here: during IDLE a closed
connection looks like silence, a line split over two packets looks like a broken one, and lines
that came together with the answer to IDLE lie unseen in the buffer. With a buffer of our own
the three cases can be told apart. `open`, `read`, `readline` and `shutdown` are the methods
that imaplib documents as replaceable.
"""

from __future__ import annotations

import contextlib
import imaplib
import socket
import ssl
import time
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from triage.sources.wake import Wake

_CHUNK: Final = 64 * 1024
_MAX_LINE: Final = 32 * 1024 * 1024  # one SEARCH answer may name every mail in the folder
_MAX_LITERAL: Final = 512 * 1024 * 1024  # a server may not make us hold more at once
_SLOWEST_BYTES_PER_S: Final = 4096  # a literal that comes slower counts as a stall
_STOPPED: Final = "the server stopped in the middle of an answer"
_CLOSED: Final = "the server closed the connection"


class ImapStream(imaplib.IMAP4):
    """One connection. `tls` is given when the connection starts with TLS.

    Every wait for the server is bounded by `timeout_s`: a line must be whole by then, and a
    literal gets as much longer as its size allows.
    """

    def __init__(
        self, host: str, port: int, *, timeout_s: float, tls: ssl.SSLContext | None
    ) -> None:
        self._unread = bytearray()
        self._searched = 0  # bytes of `_unread` known to hold no line end
        self._tls = tls
        super().__init__(host, port, timeout_s)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Connect, without the delay that small packets meet by default (RFC 896)."""
        self.host, self.port = host, port
        sock = socket.create_connection((host, port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A failed handshake closes the socket itself.
        self.sock = self._tls.wrap_socket(sock, server_hostname=host) if self._tls else sock

    def starttls(
        self, ssl_context: ssl.SSLContext | None = None
    ) -> tuple[Literal["OK"], list[None]]:
        """Go over to TLS (RFC 3501, 6.2.1), or fail.

        Bytes that the server sent in the clear behind its OK would be read as if they came
        through TLS; a connection with such bytes is refused.
        """
        if ssl_context is None:
            raise self.error("STARTTLS needs a context that verifies certificates")
        kind, _ = self._simple_command("STARTTLS")
        if kind != "OK":
            raise self.error("STARTTLS was refused")
        if self._unread:
            raise self.abort("unencrypted data after STARTTLS")
        self.sock = ssl_context.wrap_socket(self.sock, server_hostname=self.host)
        self._tls_established = True
        self._get_capabilities()
        return "OK", [None]

    def read(self, size: int) -> bytes:
        """Read exactly `size` bytes of a literal."""
        if size > _MAX_LITERAL:
            raise self.abort("the server sent more at once than can be taken")
        patience_s = (self.sock.gettimeout() or 0.0) + size / _SLOWEST_BYTES_PER_S
        deadline = time.monotonic() + patience_s
        while len(self._unread) < size:
            self._receive(deadline)
        return self._take(size)

    def readline(self) -> bytes:
        """Read one line with its line end."""
        deadline = time.monotonic() + (self.sock.gettimeout() or 0.0)
        while (end := self._line_end()) == 0:
            self._receive(deadline)
        return self._take(end)

    def shutdown(self) -> None:
        """Close the connection, whatever state it is in."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def begin_idle(self) -> None:
        """Ask for news as it comes (RFC 2177). No command may follow before `end_idle`."""
        self._idle_tag = self._command("IDLE")
        while self._get_response() is not None:  # news may come before the "+"
            if self.tagged_commands[self._idle_tag]:
                raise self.error("IDLE was refused")

    def end_idle(self) -> None:
        """Take commands again. News that came meanwhile lies in `untagged_responses`."""
        self.send(b"DONE\r\n")
        self._command_complete("IDLE", self._idle_tag)

    def wait_line(self, timeout_s: float, wake: Wake) -> bytes:
        """Wait for a whole line; empty when `wake` rings or after `timeout_s`.

        Raises:
            EOFError: the server has closed the connection.
            TimeoutError: a line was begun and not finished within the read time-out.
            OSError: the connection is broken.
        """
        deadline = time.monotonic() + timeout_s
        line_deadline = 0.0  # 0: no line has been begun
        while True:
            self._receive_ready()
            if end := self._line_end():
                return self._take(end)
            now = time.monotonic()
            if self._unread and not line_deadline:
                line_deadline = now + (self.sock.gettimeout() or 0.0)
            if line_deadline and now >= line_deadline:
                raise TimeoutError(_STOPPED)
            if wake.rang() or now >= deadline:
                return b""
            wake.sleep(min(deadline, line_deadline or deadline) - now, self.sock)

    def _receive_ready(self) -> None:
        """Take what has come, without waiting. A TLS record may bring nothing for us."""
        patience_s = self.sock.gettimeout()
        self.sock.settimeout(0)
        try:
            while data := self.sock.recv(_CHUNK):
                self._unread += data
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        finally:
            self.sock.settimeout(patience_s)
        if not self._line_end():  # whole lines are handed out before the end is told
            raise EOFError(_CLOSED)

    def _receive(self, deadline: float) -> None:
        if time.monotonic() >= deadline:
            raise TimeoutError(_STOPPED)
        data = self.sock.recv(_CHUNK)
        if not data:
            raise EOFError(_CLOSED)
        self._unread += data

    def _line_end(self) -> int:
        """Length of the first whole line in the buffer, 0 when there is none yet."""
        end = self._unread.find(b"\n", self._searched) + 1
        if end == 0:
            self._searched = len(self._unread)
            if self._searched > _MAX_LINE:
                raise self.abort("the server sent a line that does not end")
        return end

    def _take(self, size: int) -> bytes:
        taken = bytes(memoryview(self._unread)[:size])
        del self._unread[:size]
        self._searched = 0
        return taken
