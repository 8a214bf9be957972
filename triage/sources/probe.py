"""Looking whether a brief whose answer was lost has arrived, in a folder on an IMAP server."""

from __future__ import annotations

import re
from datetime import timedelta
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING, Final

from triage.errors import SourceError
from triage.sources.imap_connection import ImapConnection
from triage.sources.imap_errors import where

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from triage.config import ImapAccount
    from triage.sources.imap_connection import Item

_ID: Final = re.compile(r"<[!-~]+@[!-~]+>")
_HEADER: Final = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
_CANDIDATES: Final = 50


class ImapProber:
    """A Prober over one folder. It connects for each question: they are rare.

    A wrong "no" sends a brief twice, so it takes two looks over two connections, the second without
    regard to dates; and an answer in which something is missing is no answer.
    """

    def __init__(self, account: ImapAccount, folder: str, password: Callable[[], str]) -> None:
        self._account = account
        self._folder = folder
        self._password = password

    def arrived(self, message_id: str, since: datetime) -> bool:
        """Whether a message with exactly this Message-ID came on or after the day of `since`.

        One day is added in front, since the server's calendar need not be ours. Where it is not
        found so, all days are searched: one of the two clocks may have been wrong altogether.
        """
        if not _ID.fullmatch(message_id) or '"' in message_id:
            message = f"{where(self._account)}: {message_id!r} is no Message-ID to look for"
            raise SourceError(message)
        day = (since - timedelta(days=1)).date()
        return self._look(message_id, ["SINCE", day]) or self._look(message_id, [])

    def _look(self, message_id: str, criteria: Sequence[str | date]) -> bool:
        """A search by header finds parts of words too, so the header itself is compared."""
        connection = ImapConnection(self._account, self._password)
        try:
            connection.select(self._folder, readonly=True)
            found = connection.search([*criteria, "HEADER", "Message-ID", message_id])
            asked = found[-_CANDIDATES:]
            items = connection.fetch(asked, [_HEADER]) if asked else {}
        finally:
            connection.close()
        headers = [_message_id(items.get(uid, {})) for uid in asked]
        if message_id not in headers and None in headers:
            message = f"{where(self._account)}: the server shows no Message-ID of what it found"
            raise SourceError(message)
        return message_id in headers


def _message_id(item: Item) -> str | None:
    """The Message-ID in an answer; None where the answer has no header."""
    for key, value in item.items():
        if key.startswith(b"BODY[") and isinstance(value, bytes):
            return str(BytesHeaderParser().parsebytes(value).get("Message-ID", "")).strip()
    return None
