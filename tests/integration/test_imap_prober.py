"""Looking on a real Dovecot for a brief whose answer was lost."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from tests.dovecot import PASSWORD, Mailbox
from tests.imap_faults import Do, Fault
from tests.imap_helpers import HELLO, ProxyOf, account
from triage.errors import FolderMissingError, SourceError
from triage.sources.probe import ImapProber

pytestmark = pytest.mark.dovecot


def test_a_brief_that_arrived_is_found_by_its_message_id(mailbox: Mailbox) -> None:
    mailbox.create_folder("Sent")
    mailbox.deliver(HELLO, folder="Sent")
    prober = ImapProber(account(mailbox), "Sent", lambda: PASSWORD)
    now = datetime.now(UTC)
    assert prober.arrived("<1@example.org>", now)
    assert not prober.arrived("<2@example.org>", now)


def test_a_message_id_that_only_contains_ours_is_not_ours(mailbox: Mailbox) -> None:
    mailbox.deliver(HELLO.replace(b"<1@example.org>", b"<x> <1@example.org>"))
    prober = ImapProber(account(mailbox), "INBOX", lambda: PASSWORD)
    assert not prober.arrived("<1@example.org>", datetime.now(UTC))


def test_a_prober_that_cannot_look_does_not_say_no(mailbox: Mailbox) -> None:
    missing = ImapProber(account(mailbox), "Sent", lambda: PASSWORD)
    with pytest.raises(FolderMissingError):
        missing.arrived("<1@example.org>", datetime.now(UTC))
    nobody = dataclasses.replace(account(mailbox), port=1)
    with pytest.raises(SourceError):
        ImapProber(nobody, "INBOX", lambda: PASSWORD).arrived("<1@a.org>", datetime.now(UTC))


def prober_behind(proxy_of: ProxyOf, mailbox: Mailbox, *faults: Fault) -> ImapProber:
    proxy = proxy_of(mailbox)
    proxy.inject(*faults)
    changed = dataclasses.replace(account(mailbox), port=proxy.port)
    return ImapProber(changed, "INBOX", lambda: PASSWORD)


@pytest.mark.parametrize("how", [Do.NOTHING, Do.OTHER_UIDS, Do.NONSENSE, Do.REFUSE])
def test_an_answer_in_which_something_is_missing_is_no_no(
    mailbox: Mailbox, proxy_of: ProxyOf, how: Do
) -> None:
    mailbox.deliver(HELLO)
    prober = prober_behind(proxy_of, mailbox, Fault(do=how, verb="PROBE"))
    now = datetime.now(UTC)
    with pytest.raises(SourceError):
        prober.arrived("<1@example.org>", now)
    assert prober.arrived("<1@example.org>", now)


def test_a_search_that_finds_nothing_is_believed_the_second_time_only(
    mailbox: Mailbox, proxy_of: ProxyOf
) -> None:
    mailbox.deliver(HELLO)
    prober = prober_behind(proxy_of, mailbox, Fault(do=Do.NOTHING, verb="SEARCH"))
    assert prober.arrived("<1@example.org>", datetime.now(UTC))


def test_a_brief_is_found_though_our_clock_was_wrong_by_a_month(mailbox: Mailbox) -> None:
    mailbox.deliver(HELLO)
    prober = ImapProber(account(mailbox), "INBOX", lambda: PASSWORD)
    assert prober.arrived("<1@example.org>", datetime.now(UTC) + timedelta(days=30))
