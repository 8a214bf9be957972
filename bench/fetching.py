"""Reading a whole mailbox by plain IMAPClient, in batches, as fast as the server hands it out."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from imapclient import IMAPClient

from tests.dovecot import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 200


def batches(port: int, user: str) -> Iterator[list[bytes]]:
    """The mails of a user's INBOX, whole; nothing is marked as read."""
    client = IMAPClient("127.0.0.1", port, ssl=False, timeout=60)
    client.login(user, PASSWORD)
    client.select_folder("INBOX", readonly=True)
    uids = client.search(["ALL"])
    for begin in range(0, len(uids), BATCH):
        found = client.fetch(uids[begin : begin + BATCH], ["BODY.PEEK[]"])
        yield [item[b"BODY[]"] for item in found.values()]
    client.logout()


def arguments(words: str | None) -> argparse.ArgumentParser:
    """The options that every program here has which reads a mailbox."""
    parser = argparse.ArgumentParser(description=words)
    parser.add_argument("--imap-port", type=int, required=True)
    parser.add_argument("--user", required=True)
    return parser
