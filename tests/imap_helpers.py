"""What the tests of the IMAP source share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.dovecot import Mailbox
from tests.imap_proxy import ImapProxy
from triage.config import ImapAccount, Secret
from triage.errors import SourceError
from triage.sources.imap import ImapSource

if TYPE_CHECKING:
    from triage.messages import RawMessage
    from triage.sources.base import Fetched, MailSource

HELLO = b"Subject: hello\r\nMessage-ID: <1@example.org>\r\n\r\nGood morning\r\n"
IDLE_DELAY_S = 0.5  # Dovecot's own, from delivery to telling

SourceOf = Callable[..., ImapSource]  # takes fields of the account, `limits`, `secret`
ProxyOf = Callable[[Mailbox], ImapProxy]


def mail(number: int, body: bytes = b"text\r\n") -> bytes:
    return b"Subject: mail %d\r\n\r\n" % number + body


def account(mailbox: Mailbox, **changes: Any) -> ImapAccount:
    settings: dict[str, Any] = {
        "name": "shared",
        "host": "127.0.0.1",
        "port": mailbox.server.port,
        "security": "none",
        "username": mailbox.user,
        "password": Secret(env="UNUSED"),
        "timeout_s": 5,
    }
    return ImapAccount(**settings | changes)


def fetch_all(source: MailSource) -> list[Fetched]:
    return list(source.fetch(source.list_uids(after=0, since=None)))


def contents(source: MailSource) -> list[bytes]:
    return [f.raw.content for f in fetch_all(source) if f.raw]


def only(found: list[Fetched]) -> RawMessage:
    [one] = found
    assert one.raw is not None
    return one.raw


class Waiting:
    """A `wait` in another thread, timed."""

    def __init__(self, source: MailSource, timeout_s: float = 20) -> None:
        self.error: SourceError | None = None
        self.ended = 0.0
        self._source = source
        self._timeout_s = timeout_s
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        time.sleep(0.2)  # until the server has been told

    def _run(self) -> None:
        try:
            self._source.wait(self._timeout_s)
        except SourceError as error:
            self.error = error
        self.ended = time.monotonic()

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def seconds_since(self, start: float) -> float:
        self._thread.join(timeout=25)
        assert self.over
        return self.ended - start


def flags(mailbox: Mailbox) -> dict[int, tuple[bytes, ...]]:
    with mailbox.session() as client:
        client.select_folder("INBOX", readonly=True)
        found = client.fetch(client.search(), ["FLAGS"])
        return {uid: tuple(sorted(item[b"FLAGS"])) for uid, item in found.items()}
