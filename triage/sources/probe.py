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
    from collections.abc import Callable
    from datetime import datetime

    from triage.config import ImapAccount
    from triage.sources.imap_connection import Item

_ID: Final = re.compile(r"<[!-~]+@[!-~]+>")
_HEADER: Final = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
_CANDIDATES: Final = 50


class ImapProber:
    """A Prober over one folder. It connects for each question: they are rare."""

    def __init__(self, account: ImapAccount, folder: str, password: Callable[[], str]) -> None:
        self._account = account
        self._folder = folder
        self._password = password

    def arrived(self, message_id: str, since: datetime) -> bool:
        """Whether a message with exactly this Message-ID came on or after the day of `since`.

        A search by header finds parts of words too, so the header itself is compared. One day
        is added in front, since the server's calendar need not be ours.
        """
        if not _ID.fullmatch(message_id) or '"' in message_id:
            message = f"{where(self._account)}: {message_id!r} is no Message-ID to look for"
            raise SourceError(message)
        connection = ImapConnection(self._account, self._password)
        try:
            connection.select(self._folder, readonly=True)
            day = (since - timedelta(days=1)).date()
            found = connection.search(["SINCE", day, "HEADER", "Message-ID", message_id])
            items = connection.fetch(found[-_CANDIDATES:], [_HEADER]) if found else {}
        finally:
            connection.close()
        return any(_message_id(item) == message_id for item in items.values())


def _message_id(item: Item) -> str:
    for key, value in item.items():
        if key.startswith(b"BODY[") and isinstance(value, bytes):
            return str(BytesHeaderParser().parsebytes(value).get("Message-ID", "")).strip()
    return ""
