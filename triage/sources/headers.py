"""The little that a source must know of a message's headers. Pure; never raises."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HEADERS: Final = 64 * 1024
_DATE: Final = re.compile(rb"^date:[ \t]*([^\r\n]{1,200})", re.IGNORECASE | re.MULTILINE)
_END: Final = re.compile(rb"\r?\n\r?\n")


def date_of(content: bytes) -> datetime:
    """The Date header in UTC, the epoch when there is none: for mail without a time of receipt.

    The present would not do: the same mail must look the same at every reading.
    """
    found = _DATE.search(_END.split(content[:_HEADERS], maxsplit=1)[0])
    try:
        date = parsedate_to_datetime(found.group(1).decode("ascii")) if found else EPOCH
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return EPOCH
