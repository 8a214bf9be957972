"""Waiting for mail on a real Dovecot: what wakes, how fast, and what must not be slept over."""

from __future__ import annotations

import time

import pytest

from tests.conftest import need
from tests.dovecot import Dovecot, Mailbox, available
from tests.imap_faults import Do, Fault
from tests.imap_helpers import HELLO, IDLE_DELAY_S, ProxyOf, SourceOf, Waiting, mail

pytestmark = pytest.mark.dovecot


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_new_mail_ends_the_wait_with_the_servers_own_delay(
    mailbox: Mailbox, source_of: SourceOf, security: str
) -> None:
    server = mailbox.server
    source = source_of(
        mailbox,
        security=security,
        port=server.tls_port if security == "tls" else server.port,
        ca_file=server.certificates.authority,
    )
    source.open()
    waiting = Waiting(source)
    start = time.monotonic()
    mailbox.deliver(HELLO)
    assert waiting.seconds_since(start) < IDLE_DELAY_S + 0.5
    assert source.list_uids(after=0, since=None) == [1]


def test_mail_that_is_told_while_another_is_read_is_not_slept_over(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    mailbox.deliver(mail(1))
    proxy = proxy_of(mailbox)
    source = source_of(mailbox, port=proxy.port)
    source.open()
    uids = source.list_uids(after=0, since=None)
    proxy.say(b"* 2 EXISTS\r\n")  # a server tells of each mail once, and IDLE will be silent
    list(source.fetch(uids))
    start = time.monotonic()
    source.wait(20)
    assert time.monotonic() - start < 0.3
    source.list_uids(after=0, since=None)
    start = time.monotonic()
    source.wait(0.5)  # what has been looked at is no news
    assert time.monotonic() - start > 0.4


def test_mail_that_came_just_before_idle_is_not_slept_over(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    source = source_of(mailbox)
    source.open()
    for number in range(1, 6):
        source.list_uids(after=0, since=None)
        mailbox.deliver(mail(number))
        start = time.monotonic()
        source.wait(20)
        assert time.monotonic() - start < 2


def test_idle_is_renewed_and_still_wakes(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    proxy = proxy_of(mailbox)
    source = source_of(mailbox, port=proxy.port, idle_renew_s=0.3)
    source.open()
    waiting = Waiting(source)
    time.sleep(1.0)
    assert not waiting.over
    assert proxy.heard.count(b"DONE\r\n") in (2, 3, 4)
    start = time.monotonic()
    mailbox.deliver(HELLO)
    assert waiting.seconds_since(start) < IDLE_DELAY_S + 0.5


def test_a_change_of_flags_does_not_end_the_wait_but_a_removal_does(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    mailbox.deliver(HELLO, HELLO)
    source = source_of(mailbox)
    source.open()
    source.list_uids(after=0, since=None)
    waiting = Waiting(source)
    with mailbox.session("INBOX") as client:
        client.add_flags([1], ["\\Flagged"])
    time.sleep(1.0)
    assert not waiting.over
    start = time.monotonic()
    mailbox.expunge(1)
    assert waiting.seconds_since(start) < IDLE_DELAY_S + 0.5


def test_the_wait_ends_after_its_time(mailbox: Mailbox, source_of: SourceOf) -> None:
    source = source_of(mailbox)
    source.open()
    start = time.monotonic()
    source.wait(0.3)
    assert 0.25 < time.monotonic() - start < 1


@pytest.mark.parametrize("idle", [True, False])
def test_interrupt_ends_the_wait_at_once(
    mailbox: Mailbox, source_of: SourceOf, *, idle: bool
) -> None:
    source = source_of(mailbox, idle=idle)
    source.open()
    waiting = Waiting(source)
    start = time.monotonic()
    source.interrupt()
    assert waiting.seconds_since(start) < 0.2
    assert waiting.error is None


def test_interrupt_before_the_wait_is_not_lost(mailbox: Mailbox, source_of: SourceOf) -> None:
    source = source_of(mailbox)
    source.open()
    source.interrupt()
    start = time.monotonic()
    source.wait(20)
    assert time.monotonic() - start < 0.2


def test_interrupt_does_not_wait_for_a_server_that_hangs(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    proxy = proxy_of(mailbox)
    source = source_of(mailbox, port=proxy.port)
    source.open()
    proxy.inject(Fault(do=Do.STALL, when=b"EXISTS"))
    waiting = Waiting(source)
    mailbox.deliver(HELLO)
    time.sleep(IDLE_DELAY_S + 0.2)
    start = time.monotonic()
    source.interrupt()
    assert waiting.seconds_since(start) < 0.2
    source.close()
    assert time.monotonic() - start < 3


def test_without_idle_the_poll_interval_ends_the_wait(source_of: SourceOf) -> None:
    need("Dovecot", present=available())
    with Dovecot(without=["IDLE"]) as server:
        mailbox = server.new_mailbox()
        source = source_of(mailbox, poll_interval_s=1)
        source.open()
        mailbox.deliver(HELLO)
        start = time.monotonic()
        source.wait(20)
        assert 0.9 < time.monotonic() - start < 2
        assert source.list_uids(after=0, since=None) == [1]
