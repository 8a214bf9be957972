"""What is changed in a mailbox when the account asks for it, on a real Dovecot."""

from __future__ import annotations

import pytest

from tests.conftest import need
from tests.dovecot import Dovecot, Mailbox, available
from tests.imap_helpers import ProxyOf, SourceOf, contents, flags, mail
from triage.config import AfterDecision
from triage.errors import SourceError

pytestmark = pytest.mark.dovecot


def test_a_keyword_is_set_when_the_account_asks_for_it(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    mailbox.deliver(mail(1), mail(2))
    source = source_of(mailbox, after=AfterDecision(keyword="$Escalated"))
    source.open()
    source.set_keyword([2, 77], "$Escalated")
    found = flags(mailbox)
    assert b"$Escalated" in found[2]
    assert b"\\Seen" not in found[2]
    assert b"$Escalated" not in found[1]


def test_reading_does_not_mark_as_read_even_where_keywords_are_set(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    mailbox.deliver(mail(1))
    source = source_of(mailbox, after=AfterDecision(keyword="$Escalated"))
    source.open()
    assert contents(source) == [mail(1)]
    assert b"\\Seen" not in flags(mailbox)[1]


@pytest.mark.parametrize("keyword", ["two words", "x)\r\na1 DELETE INBOX", "\\Deleted", "ü", ""])
def test_what_cannot_be_a_keyword_is_refused(
    mailbox: Mailbox, source_of: SourceOf, keyword: str
) -> None:
    mailbox.deliver(mail(1))
    source = source_of(mailbox, after=AfterDecision(keyword="x"))
    source.open()
    with pytest.raises(SourceError, match="cannot be a keyword"):
        source.set_keyword([1], keyword)


def test_a_folder_that_takes_no_new_keywords_says_so(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    mailbox.deliver(mail(1))
    proxy = proxy_of(mailbox)
    proxy.replace(b" \\*)", b")")
    source = source_of(mailbox, port=proxy.port, after=AfterDecision(keyword="Escalated"))
    source.open()
    with pytest.raises(SourceError, match="takes no new keywords"):
        source.set_keyword([1], "Escalated")


def test_nothing_can_be_changed_unless_the_account_asks_for_it(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    mailbox.deliver(mail(1))
    source = source_of(mailbox)
    source.open()
    with pytest.raises(SourceError, match="reading only"):
        source.set_keyword([1], "Escalated")
    with pytest.raises(SourceError, match="reading only"):
        source.move([1], "Escalated")


def _subjects(mailbox: Mailbox, folder: str) -> list[bytes]:
    with mailbox.session() as client:
        client.select_folder(folder, readonly=True)
        found = client.fetch(client.search(["NOT", "DELETED"]), ["BODY.PEEK[]"])
        return sorted(item[b"BODY[]"].split(b"\r\n")[0] for item in found.values())


@pytest.mark.parametrize("without", [[], ["MOVE"]])
def test_mail_is_moved_into_a_folder_that_is_made(source_of: SourceOf, without: list[str]) -> None:
    need("Dovecot", present=available())
    with Dovecot(without=without) as server:
        mailbox = server.new_mailbox()
        mailbox.deliver(*(mail(n) for n in range(1, 5)))
        with mailbox.session("INBOX") as client:  # somebody's own deletion, not ours to finish
            client.delete_messages([4])
        source = source_of(mailbox, after=AfterDecision(move_to="Büro/Escalated"))
        source.open()
        source.move([1, 3, 99], "Büro/Escalated")
        assert _subjects(mailbox, "Büro/Escalated") == [b"Subject: mail 1", b"Subject: mail 3"]
        assert list(flags(mailbox)) == [2, 4]


def test_without_move_and_uidplus_moved_mail_stays_marked_as_deleted(source_of: SourceOf) -> None:
    need("Dovecot", present=available())
    with Dovecot(without=["MOVE", "UIDPLUS"]) as server:
        mailbox = server.new_mailbox()
        mailbox.deliver(mail(1), mail(2))
        source = source_of(mailbox, after=AfterDecision(move_to="Escalated"))
        source.open()
        source.move([1], "Escalated")
        assert _subjects(mailbox, "Escalated") == [b"Subject: mail 1"]
        assert _subjects(mailbox, "INBOX") == [b"Subject: mail 2"]
        assert b"\\Deleted" in flags(mailbox)[1]


def test_nothing_the_server_volunteers_piles_up(mailbox: Mailbox, source_of: SourceOf) -> None:
    source = source_of(mailbox, after=AfterDecision(move_to="Escalated"))
    source.open()
    for number in range(1, 30):
        mailbox.deliver(mail(number))
        source.move(source.list_uids(after=0, since=None), "Escalated")
    assert not source._connection or not source._connection._stream.untagged_responses
