"""Whatever bytes a server answers, the source ends in mail or in a SourceError, and soon."""

from __future__ import annotations

import random
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from triage.config import ImapAccount, Limits, Secret
from triage.errors import SourceError
from triage.sources.imap import ImapSource

if TYPE_CHECKING:
    from collections.abc import Iterator

_SENSE = {
    b"EXAMINE": [
        b"* FLAGS (\\Seen)",
        b"* OK [PERMANENTFLAGS (\\*)] flags",
        b"* 2 EXISTS",
        b"* OK [UIDVALIDITY 7] valid",
        b"* OK [UIDNEXT 3] next",
    ],
    b"CAPABILITY": [b"* CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN"],
    b"SEARCH": [b"* SEARCH 1 2"],
    b"SIZE": [
        b'* 1 FETCH (UID 1 RFC822.SIZE 10 INTERNALDATE "01-Jan-2024 10:00:00 +0000")',
        b'* 2 FETCH (UID 2 RFC822.SIZE 3 INTERNALDATE "01-Jan-2024 10:00:00 +0000")',
    ],
    b"BODY": [b"* 1 FETCH (UID 1 BODY[] {10}\r\n0123456789)", b'* 2 FETCH (BODY[] "abc" UID 2)'],
    b"NOOP": [b"* 3 EXISTS"],
    b"IDLE": [b"* 4 EXISTS"],
    b"LOGOUT": [b"* BYE goodbye"],
}
_NONSENSE = [
    *(b"NIL", b"(", b")", b"{5}", b"{99999}", b'"', b"\\", b" ", b"\x00", b"\xff", b"-1", b""),
    *(b"99999999999999999999", b"* BYE x\r\n", b"[", b"]", b"+ ", b"\r\n", b"* 1 FETCH NIL\r\n"),
    *(b"BODY[]<0> NIL", b"(" * 2000, b"a1 OK x\r\n", b"* OK [UIDVALIDITY 0]\r\n"),
]


class NonsenseServer:
    """Speaks enough IMAP for one session and garbles lines after the login, from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._thread.join()

    def _serve(self) -> None:
        with self._listener, self._listener.accept()[0] as connection:
            connection.settimeout(0.15)  # a client left waiting is hung up on
            try:
                self._talk(connection)
            except OSError:
                return

    def _talk(self, connection: socket.socket) -> None:
        connection.sendall(b"* OK ready\r\n")
        sane, idle_tag = True, b""
        while line := connection.recv(4096):
            tag, _, command = line.upper().partition(b" ")
            if tag == b"DONE\r\n":
                tag = idle_tag
            if command.startswith(b"AUTHENTICATE"):
                connection.sendall(b"+ \r\n")
                connection.recv(4096)
                sane = False
            answer = next((said for word, said in _SENSE.items() if word in command), [])
            lines = [said if sane else self._garbled(said) for said in answer]
            if command.startswith(b"IDLE"):
                idle_tag = tag
                connection.sendall(b"+ idling\r\n" + b"".join(said + b"\r\n" for said in lines))
            else:
                done = b"OK" if sane or self._random.random() < 0.97 else b"NO"
                lines.append(tag + b" " + done + b" done")
                connection.sendall(b"".join(said + b"\r\n" for said in lines))

    def _garbled(self, line: bytes) -> bytes:
        while self._random.random() < 0.12:
            start = self._random.randint(0, len(line))
            end = min(len(line), start + self._random.randint(0, 6))
            line = line[:start] + self._random.choice(_NONSENSE) + line[end:]
        return line


@pytest.fixture(params=range(60))
def server(request: pytest.FixtureRequest) -> Iterator[NonsenseServer]:
    made = NonsenseServer(request.param)
    yield made
    made.close()


def test_nonsense_from_a_server_ends_in_mail_or_a_source_error(server: NonsenseServer) -> None:
    account = ImapAccount(
        name="odd",
        host="127.0.0.1",
        port=server.port,
        security="none",
        username="u",
        password=Secret(env="UNUSED"),
        timeout_s=1,
    )
    source = ImapSource(account, "INBOX", lambda: "p", Limits())
    start = time.monotonic()
    try:
        source.open()
        source.list_uids(after=0, since=None)
        found = list(source.fetch([1, 2]))
        assert [fetched.uid for fetched in found] == [1, 2]
        source.wait(0.05)
    except SourceError:
        pass  # the promised way out
    finally:
        source.close()
    assert time.monotonic() - start < 5
