"""Reading from a real Dovecot: which mail, in which state, and what is gone or withheld."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.dovecot import PASSWORD, Mailbox
from tests.imap_faults import Do, Fault
from tests.imap_helpers import (
    HELLO,
    ProxyOf,
    SourceOf,
    account,
    contents,
    fetch_all,
    flags,
    mail,
    only,
)
from triage.config import Limits
from triage.errors import SourceError
from triage.sources.imap import list_folders

if TYPE_CHECKING:
    from triage.messages import RawMessage

pytestmark = pytest.mark.dovecot


def test_mail_is_read_as_the_very_bytes_the_server_holds(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    hostile = b'Subject: \xff\xfe\r\n\r\n(parens) {12}\r\n"quotes" \\ a1 OK done\r\n'
    mailbox.deliver(HELLO, hostile)
    source = source_of(mailbox)
    state = source.open()
    assert state.uid_next == 3
    assert contents(source) == [HELLO, hostile]


def test_the_time_of_receipt_and_the_place_come_with_each_mail(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    mailbox.deliver(HELLO)
    source = source_of(mailbox)
    state = source.open()
    raw = only(fetch_all(source))
    assert abs(raw.received_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert (raw.ref.account, raw.ref.folder, raw.ref.uid) == ("shared", "INBOX", 1)
    assert raw.ref.uid_validity == state.uid_validity
    assert (raw.size, raw.complete) == (len(HELLO), True)


def test_reading_changes_nothing_on_the_server(mailbox: Mailbox, source_of: SourceOf) -> None:
    mailbox.deliver(HELLO, HELLO)
    before = sorted(p.name for p in (mailbox.server.maildir(user=mailbox.user) / "new").iterdir())
    source = source_of(mailbox)
    source.open()
    fetch_all(source)
    source.close()
    after = sorted(p.name for p in (mailbox.server.maildir(user=mailbox.user) / "new").iterdir())
    assert after == before  # still new: another program is the first to see them
    assert flags(mailbox) == {1: (b"\\Recent",), 2: (b"\\Recent",)}


def test_mail_that_somebody_has_already_opened_is_read_too(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    mailbox.deliver(HELLO)
    with mailbox.session("INBOX") as client:
        client.fetch([1], ["BODY[]"])
    assert b"\\Seen" in flags(mailbox)[1]
    source = source_of(mailbox)
    source.open()
    assert contents(source) == [HELLO]


def test_500_mails_come_in_order_and_once(mailbox: Mailbox, source_of: SourceOf) -> None:
    mails = [mail(n, b"x" * (n * 7 % 4000) + b"\r\n") for n in range(500)]
    mailbox.deliver(*mails)
    source = source_of(mailbox, limits=Limits(batch_messages=64, batch_bytes=100_000))
    source.open()
    assert contents(source) == mails


def test_the_order_asked_for_is_the_order_given(mailbox: Mailbox, source_of: SourceOf) -> None:
    mailbox.deliver(*(mail(n) for n in range(1, 6)))
    source = source_of(mailbox)
    source.open()
    assert [f.uid for f in source.fetch([4, 2, 5, 2, 1])] == [4, 2, 5, 1]


def test_only_uids_above_the_last_one_are_listed(mailbox: Mailbox, source_of: SourceOf) -> None:
    mailbox.deliver(mail(1), mail(2), mail(3))
    source = source_of(mailbox)
    source.open()
    assert source.list_uids(after=1, since=None) == [2, 3]
    assert source.list_uids(after=3, since=None) == []  # where IMAP itself names the last one
    assert source.list_uids(after=99, since=None) == []


def test_since_leaves_older_mail_out(mailbox: Mailbox, source_of: SourceOf) -> None:
    with mailbox.session() as client:
        client.append("INBOX", mail(1), msg_time=datetime(2020, 3, 1, 12, tzinfo=UTC))
        client.append("INBOX", mail(2), msg_time=datetime(2024, 3, 1, 12, tzinfo=UTC))
    source = source_of(mailbox)
    source.open()
    assert source.list_uids(after=0, since=date(2022, 1, 1)) == [2]


def test_mail_delivered_while_connected_is_listed_without_waiting(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    source = source_of(mailbox)
    source.open()
    mailbox.deliver(HELLO)
    assert source.list_uids(after=0, since=None) == [1]


def test_a_folder_name_with_umlauts_and_ampersand_is_found(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    name = "Entwürfe & Büro/日本語"
    mailbox.create_folder(name)
    mailbox.deliver(HELLO, folder=name)
    source = source_of(mailbox, name)
    source.open()
    assert contents(source) == [HELLO]
    assert source.folder == name
    assert name in list_folders(account(mailbox), lambda: PASSWORD)


def test_a_folder_made_anew_shows_another_uid_validity(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    mailbox.create_folder("Clients")
    source = source_of(mailbox, "Clients")
    first = source.open()
    mailbox.delete_folder("Clients")
    time.sleep(1.1)  # Dovecot derives UIDVALIDITY from seconds
    mailbox.create_folder("Clients")
    assert source.open().uid_validity != first.uid_validity


# Mail that is gone, huge, or withheld


def test_mail_removed_before_it_is_read_is_reported_as_gone(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    mailbox.deliver(mail(1), mail(2), mail(3))
    source = source_of(mailbox)
    source.open()
    uids = source.list_uids(after=0, since=None)
    mailbox.expunge(2)
    found = list(source.fetch(uids))
    assert [(f.uid, f.raw is None) for f in found] == [(1, False), (2, True), (3, False)]


def test_mail_removed_in_the_middle_of_reading_is_reported_as_gone(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    mailbox.deliver(*(mail(n) for n in range(1, 7)))
    source = source_of(mailbox, limits=Limits(batch_messages=2))
    source.open()
    reading = source.fetch(source.list_uids(after=0, since=None))
    found = [next(reading)]
    mailbox.expunge(4, 5)
    found += reading
    assert [f.uid for f in found if f.raw is None] == [4, 5]
    assert [f.raw.content for f in found if f.raw] == [mail(n) for n in (1, 2, 3, 6)]


def test_of_a_huge_mail_only_the_first_part_is_read(mailbox: Mailbox, source_of: SourceOf) -> None:
    huge = mail(2, b"0123456789abcde\r\n" * 40_000)
    mailbox.deliver(mail(1), huge, mail(3))
    source = source_of(mailbox, limits=Limits(max_message_bytes=500_000))
    source.open()
    found = [f.raw for f in fetch_all(source) if f.raw]
    assert [raw.complete for raw in found] == [True, False, True]
    assert found[1].content == huge[: 256 * 1024]
    assert found[1].size == len(huge)
    assert "500000" in found[1].problem


@pytest.mark.parametrize("how", [Do.NIL_BODY, Do.NO_BODY])
def test_a_body_left_out_of_an_answer_is_asked_for_again(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf, how: Do
) -> None:
    mailbox.deliver(mail(1), mail(2))
    proxy = proxy_of(mailbox)
    proxy.inject(Fault(do=how, when=b"BODY[]"))
    source = source_of(mailbox, port=proxy.port)
    source.open()
    assert contents(source) == [mail(1), mail(2)]
    assert proxy.hits == 1


def test_a_body_that_is_always_left_out_becomes_an_incomplete_message(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    mailbox.deliver(HELLO)
    proxy = proxy_of(mailbox)
    proxy.inject(Fault(do=Do.NIL_BODY, when=b"BODY[]", times=99))
    source = source_of(mailbox, port=proxy.port)
    source.open()
    raw = only(fetch_all(source))
    assert (raw.complete, raw.content, raw.size) == (False, b"", len(HELLO))
    assert "not handed over" in raw.problem


@pytest.mark.parametrize("how", [Do.SHORT_BODY, Do.OTHER_UIDS, Do.NOTHING, Do.NONSENSE, Do.REFUSE])
def test_a_wrong_answer_is_asked_for_again_and_the_mail_read_whole(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf, how: Do
) -> None:
    mailbox.deliver(mail(1), mail(2))
    proxy = proxy_of(mailbox)
    proxy.inject(Fault(do=how, verb="BODY"))
    source = source_of(mailbox, port=proxy.port)
    source.open()
    assert contents(source) == [mail(1), mail(2)]
    assert proxy.struck == {f"BODY:{how}": 1}


def test_a_server_that_overstates_sizes_is_believed_when_it_repeats_itself(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    mailbox.deliver(HELLO)
    proxy = proxy_of(mailbox)
    proxy.replace(b"RFC822.SIZE %d" % len(HELLO), b"RFC822.SIZE %d" % (len(HELLO) + 100))
    source = source_of(mailbox, port=proxy.port)
    source.open()
    raw = only(fetch_all(source))
    assert (raw.content, raw.complete, raw.problem) == (HELLO, True, "")


def test_a_mail_that_breaks_every_connection_does_not_hold_up_the_others(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    mailbox.deliver(mail(1), mail(2), mail(3))
    proxy = proxy_of(mailbox)
    proxy.inject(Fault(do=Do.CUT, when=b"Subject: mail 2", times=99))
    source = source_of(mailbox, port=proxy.port)
    read: dict[int, RawMessage | None] = {}
    for _ in range(12):
        source.open()
        left = [uid for uid in source.list_uids(after=0, since=None) if uid not in read]
        try:
            for fetched in source.fetch(left):
                read[fetched.uid] = fetched.raw
            break
        except SourceError:
            continue
    assert list(read) == [1, 2, 3]
    assert [raw.complete for raw in read.values() if raw] == [True, False, True]
