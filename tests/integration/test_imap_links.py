"""Links that stall, break and come back, with a real Dovecot behind a misbehaving proxy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.imap_faults import Do, Fault
from tests.imap_helpers import HELLO, ProxyOf, SourceOf, Waiting, contents, fetch_all, mail
from tests.imap_proxy import ImapProxy
from triage.config import Limits
from triage.errors import SourceError

if TYPE_CHECKING:
    from tests.dovecot import Dovecot, Mailbox

pytestmark = pytest.mark.dovecot


def test_a_server_that_stalls_is_noticed_within_the_time_out(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    mailbox.deliver(mail(1, b"x" * 20_000))
    proxy = proxy_of(mailbox)
    source = source_of(mailbox, port=proxy.port, timeout_s=1)
    source.open()
    proxy.inject(Fault(do=Do.STALL, when=b"BODY[]"))
    start = time.monotonic()
    with pytest.raises(SourceError, match=r"shared \(127.0.0.1:\d+\).*time-out"):
        fetch_all(source)
    assert time.monotonic() - start < 3


def test_a_server_that_does_not_greet_is_noticed_within_the_time_out(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    proxy = proxy_of(mailbox)
    proxy.inject(Fault(do=Do.STALL, when=b"* OK"))
    source = source_of(mailbox, port=proxy.port, timeout_s=1)
    start = time.monotonic()
    with pytest.raises(SourceError, match="Check host, port"):
        source.open()
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("how", [Do.CUT, Do.HALF, Do.BYE])
def test_a_link_that_breaks_while_reading_is_a_source_error_and_can_be_made_again(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf, how: Do
) -> None:
    mailbox.deliver(mail(1), mail(2))
    proxy = proxy_of(mailbox)
    source = source_of(mailbox, port=proxy.port)
    source.open()
    proxy.inject(Fault(do=how, when=b"BODY[]"))
    with pytest.raises(SourceError, match="connection broke"):
        fetch_all(source)
    source.close()
    source.open()
    assert contents(source) == [mail(1), mail(2)]


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_closed_connection_is_noticed_at_once_while_waiting(
    source_of: SourceOf, own_dovecot: Dovecot, security: str
) -> None:
    mailbox = own_dovecot.new_mailbox()
    source = source_of(
        mailbox,
        security=security,
        port=own_dovecot.tls_port if security == "tls" else own_dovecot.port,
        ca_file=own_dovecot.certificates.authority,
    )
    source.open()
    waiting = Waiting(source)
    start = time.monotonic()
    own_dovecot.kill()
    assert waiting.seconds_since(start) < 1
    assert "closed the connection" in str(waiting.error)


def test_a_goodbye_while_waiting_is_a_source_error(
    source_of: SourceOf, own_dovecot: Dovecot
) -> None:
    source = source_of(own_dovecot.new_mailbox())
    source.open()
    waiting = Waiting(source)
    start = time.monotonic()
    own_dovecot.stop()
    assert waiting.seconds_since(start) < 2
    assert "BYE" in str(waiting.error)


def test_a_cut_link_while_sleeping_without_idle_is_noticed_at_once(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    proxy = proxy_of(mailbox)
    source = source_of(mailbox, port=proxy.port, idle=False)
    source.open()
    waiting = Waiting(source)
    start = time.monotonic()
    proxy.cut_all()
    assert waiting.seconds_since(start) < 1
    assert waiting.error is not None


def test_a_line_that_comes_in_two_pieces_is_one_line(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    proxy = proxy_of(mailbox)
    source = source_of(mailbox, port=proxy.port)
    source.open()
    waiting = Waiting(source)
    proxy.inject(Fault(do=Do.SPLIT, when=b"EXISTS"))
    mailbox.deliver(HELLO)
    start = time.monotonic()
    assert waiting.seconds_since(start) < 2
    assert waiting.error is None
    assert proxy.hits == 1
    assert contents(source) == [HELLO]


def test_half_a_line_and_no_more_is_a_source_error(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    proxy = proxy_of(mailbox)
    source = source_of(mailbox, port=proxy.port, timeout_s=1)
    source.open()
    waiting = Waiting(source)
    start = time.monotonic()
    proxy.say(b"* 1 EXI")
    assert 0.5 < waiting.seconds_since(start) < 2
    assert "time-out" in str(waiting.error)


def test_after_a_restart_of_the_server_the_source_opens_again(
    source_of: SourceOf, own_dovecot: Dovecot
) -> None:
    mailbox = own_dovecot.new_mailbox()
    mailbox.deliver(mail(1))
    source = source_of(mailbox)
    before = source.open()
    own_dovecot.kill()
    with pytest.raises(SourceError):
        source.list_uids(after=0, since=None)
    source.close()
    with pytest.raises(SourceError, match="nothing listens"):
        source.open()
    mailbox.deliver(mail(2))  # comes while nobody watches
    own_dovecot.start()
    assert source.open().uid_validity == before.uid_validity
    assert contents(source) == [mail(1), mail(2)]


def test_close_is_quick_when_the_server_hangs(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    proxy = proxy_of(mailbox)
    source = source_of(mailbox, port=proxy.port, timeout_s=30)
    source.open()
    proxy.inject(Fault(do=Do.STALL))
    start = time.monotonic()
    source.close()
    source.close()
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_over_a_bad_link_every_mail_is_read_whole_and_once(
    mailbox: Mailbox, source_of: SourceOf, seed: int
) -> None:
    mails = [mail(n, b"x" * (n * 37 % 3000) + b"\r\n") for n in range(1, 121)]
    mailbox.deliver(*mails)
    read: list[bytes] = []
    with ImapProxy(mailbox.server.port, seed=seed, rate=0.1) as proxy:
        source = source_of(mailbox, port=proxy.port, limits=Limits(batch_messages=3))
        for _ in range(200):
            try:
                source.open()
                for fetched in source.fetch(source.list_uids(after=len(read), since=None)):
                    assert fetched.uid == len(read) + 1
                    assert fetched.raw is not None
                    assert fetched.raw.complete
                    read.append(fetched.raw.content)
                break
            except SourceError:
                source.close()
        source.close()
        assert proxy.hits > 5
    assert read == mails
