"""Real servers on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import dovecot, web_rig
from tests.conftest import need
from tests.dovecot import PASSWORD, Mailbox
from tests.imap_helpers import account
from tests.imap_proxy import ImapProxy
from tests.integration.rig import Rig
from tests.smtp_sink import Sink
from triage.config import Limits
from triage.sources.imap import ImapSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


chromium, served = web_rig.chromium, web_rig.served


@pytest.fixture(scope="session")
def shared_dovecot() -> Iterator[dovecot.Dovecot]:
    """One server for all tests that leave it standing; use it through `mailbox`."""
    need("Dovecot", present=dovecot.available())
    with dovecot.Dovecot() as server:
        yield server


@pytest.fixture
def mailbox(shared_dovecot: dovecot.Dovecot) -> dovecot.Mailbox:
    """An empty mailbox of its own on the shared server."""
    return shared_dovecot.new_mailbox()


@pytest.fixture
def own_dovecot() -> Iterator[dovecot.Dovecot]:
    """A server that a test may stop, kill and start."""
    need("Dovecot", present=dovecot.available())
    with dovecot.Dovecot() as server:
        yield server


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    """An SMTP server that takes everything."""
    with Sink(tmp_path / "sink") as running:
        yield running


@pytest.fixture
def rig(tmp_path: Path, mailbox: dovecot.Mailbox, sink: Sink) -> Rig:
    """Settings for the whole product between the two."""
    return Rig(folder=tmp_path, mailbox=mailbox, sink=sink)


@pytest.fixture
def source_of() -> Iterator[Callable[..., ImapSource]]:
    """Make a source for a mailbox; closed after the test."""
    made: list[ImapSource] = []

    def make(mailbox: Mailbox, folder: str = "INBOX", **changes: Any) -> ImapSource:
        limits = changes.pop("limits", Limits())
        password = changes.pop("secret", PASSWORD)
        renew_s = changes.pop("idle_renew_s", 540.0)
        source = ImapSource(
            account(mailbox, **changes), folder, lambda: password, limits, idle_renew_s=renew_s
        )
        made.append(source)
        return source

    yield make
    for source in made:
        source.close()


@pytest.fixture
def proxy_of() -> Iterator[Callable[[Mailbox], ImapProxy]]:
    """Put a misbehaving proxy in front of a mailbox's server."""
    made: list[ImapProxy] = []

    def make(mailbox: Mailbox) -> ImapProxy:
        made.append(ImapProxy(mailbox.server.port))
        return made[-1]

    yield make
    for proxy in made:
        proxy.close()
