"""Many mailboxes in one process: within what a server allows, and beside one that is dead."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from tests.conftest import need
from tests.dovecot import Dovecot, Mailbox, available
from tests.integration.rig import STUCK, Rig, mail, until
from tests.smtp_sink import Sink
from triage.store import inbox, mailboxes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.runners.embedded import EmbeddedRunner

BOXES = 24
CONNECTIONS = 8


@pytest.fixture
def server() -> Iterator[Dovecot]:
    need("Dovecot", present=available())
    with Dovecot(sessions=2 * BOXES) as running:
        yield running


@pytest.fixture
def mute() -> Iterator[int]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


@pytest.fixture
def rig(tmp_path: Path, server: Dovecot, mute: int) -> Iterator[Rig]:
    names = [f"box{n}" for n in range(BOXES)]
    lines = [f"{name},{name}@example.org,127.0.0.1,{server.port}" for name in names]
    lines += [f"mute{n},x,localhost,{mute}" for n in range(12)]
    (tmp_path / "inboxes.csv").write_text("\n".join(["name,username,host,port", *lines]))
    with Sink(tmp_path / "sink") as sink:
        yield Rig(
            folder=tmp_path,
            mailbox=Mailbox(server=server, user="box@example.org"),
            sink=sink,
            first='accounts_file = "inboxes.csv"',
            more=f"""
[account_defaults]
security = "none"
password_file = "password"
poll_interval_s = 1
timeout_s = 4
[hosts."127.0.0.1"]
connections = {CONNECTIONS}
logins_at_once = 3
""",
        )


class Most:
    """The most connections to a port that were ever seen at once, from the kernel's own table."""

    def __init__(self, port: int) -> None:
        self._wanted = f":{port:04X}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.number = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.01):
            rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
            established = sum(row[2].endswith(self._wanted) and row[3] == "01" for row in rows)
            self.number = max(self.number, established)


def decided(runner: EmbeddedRunner) -> int:
    with runner.sender.store.read() as tx:
        return sum(n for action, n in inbox.outcomes(tx).items() if action)


def looked_at(runner: EmbeddedRunner) -> list[str]:
    with runner.sender.store.read() as tx:
        return [box.account for box in mailboxes.everything(tx) if box.looked_at]


def test_all_are_read_within_the_servers_limit_while_another_server_is_dead(
    rig: Rig, server: Dovecot
) -> None:
    with Most(server.port) as most, rig.running(wait_for=BOXES + 1) as runner:
        for n in range(BOXES):
            server.deliver(mail(n, STUCK), user=f"box{n}@example.org")
        began = time.monotonic()
        until(lambda: decided(runner) == BOXES)
        took_s = time.monotonic() - began
        assert len(looked_at(runner)) == BOXES + 1  # and the one of the settings themselves
        stopping = time.monotonic()
    assert most.number <= CONNECTIONS
    assert took_s < 15
    assert time.monotonic() - stopping < 10  # nobody waits for a turn with the dead one
