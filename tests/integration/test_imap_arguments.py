"""Words that would end an IMAP command are never sent; words of a server steer no terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dovecot import PASSWORD
from tests.hostile.emitted import UNSAFE_IN_TEXT
from tests.imap_helpers import HELLO, account
from triage.check.servers import check_imap
from triage.cli import check_report
from triage.config import Limits
from triage.errors import SourceError
from triage.sources.imap_connection import ImapConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.dovecot import Mailbox

pytestmark = pytest.mark.dovecot

ENDS = ("x\r\nA9 DELETE INBOX", "x\nA9 LOGOUT", "x\0y")


@pytest.fixture
def connection(mailbox: Mailbox) -> Iterator[ImapConnection]:
    made = ImapConnection(account(mailbox), lambda: PASSWORD)
    mailbox.deliver(HELLO)
    made.select("INBOX", readonly=False)
    yield made
    made.close()


@pytest.mark.parametrize("word", ENDS)
@pytest.mark.parametrize(
    "command",
    [
        lambda connection, word: connection.select(word, readonly=True),
        lambda connection, word: connection.create_folder(word),
        lambda connection, word: connection.folders(word),
        lambda connection, word: connection.search(["HEADER", "Message-ID", word]),
        lambda connection, word: connection.add_flag([1], word),
        lambda connection, word: connection.move([1], word),
        lambda connection, word: connection.copy([1], word),
    ],
    ids=["select", "create", "list", "search", "store", "move", "copy"],
)
def test_a_word_that_would_end_the_command_is_refused_before_it_is_sent(
    connection: ImapConnection,
    command: Callable[[ImapConnection, str], object],
    word: str,
) -> None:
    with pytest.raises(SourceError, match="line break in it") as refused:
        command(connection, word)
    assert word not in str(refused.value)
    connection.noop()  # the connection is as it was: nothing half said stands on it
    assert connection.search(["ALL"]) == [1]


def test_names_of_a_servers_folders_cannot_turn_the_lines_of_a_terminal(
    connection: ImapConnection, mailbox: Mailbox
) -> None:
    connection.create_folder("Invoices\u202egpj-exe")
    found = check_imap(account(mailbox), ["Missing"], lambda: PASSWORD, Limits())
    assert "Invoices" in found[0].what
    assert UNSAFE_IN_TEXT.search(check_report.as_text(found)) is None
