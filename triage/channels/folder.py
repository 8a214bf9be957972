"""Notices as .eml files in a folder: the dry run, the demo, and a look at what would be sent.

Rules: a file appears whole or not at all, and a notice always gets the same name, so a repeat
replaces itself instead of standing beside it; clients' originals are in the files, so only their
owner may read them.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from datetime import UTC
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from triage.durable import sync_folder, write_synced
from triage.errors import ChannelError
from triage.messages import Delivery, DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from triage.messages import Notice

_UNSAFE = re.compile(r"[^a-z0-9@._+-]+")
_OWNER_FOLDER, _OWNER_FILE = 0o700, 0o600
_MAX_NAME_PART = 80  # characters; a whole name stays far below the 255 bytes of file systems


class FolderChannel:
    """Implements `triage.channels.base.Channel` over a folder, which is made when missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, notice: Notice, claim: Callable[[], bool]) -> Delivery:
        """Write the notice's bytes beside the others; see `Channel.deliver`."""
        target = self._folder / file_name(notice)
        draft = self._folder / f".{target.name}.{os.getpid()}.tmp"
        try:
            self._folder.mkdir(mode=_OWNER_FOLDER, parents=True, exist_ok=True)
            write_synced(draft, notice.content, mode=_OWNER_FILE)
        except OSError as error:
            _remove(draft)
            return self._deferred(error)
        try:
            if not claim():
                return Delivery(status=DeliveryStatus.NOT_CLAIMED)
            return self._publish(draft, target)
        finally:
            _remove(draft)

    def check(self) -> None:
        """Write and remove a file. Raises ChannelError."""
        trial = self._folder / f".check.{os.getpid()}.tmp"
        try:
            self._folder.mkdir(mode=_OWNER_FOLDER, parents=True, exist_ok=True)
            write_synced(trial, b"", mode=_OWNER_FILE)
        except OSError as error:
            raise ChannelError(self._advice(error)) from None
        finally:
            _remove(trial)

    def close(self) -> None:
        """Nothing is kept open."""

    def _publish(self, draft: Path, target: Path) -> Delivery:
        try:
            draft.replace(target)
            sync_folder(self._folder)
        except OSError as error:
            return self._deferred(error)  # a repeat replaces whatever did get there
        return Delivery(status=DeliveryStatus.SENT, detail=str(target))

    def _deferred(self, error: OSError) -> Delivery:
        return Delivery(status=DeliveryStatus.DEFERRED, detail=self._advice(error))

    def _advice(self, error: OSError) -> str:
        return (
            f"{self._folder} cannot be written to ({error.strerror or error}); "
            "check that it is a folder, who owns it, and that the disk has room"
        )


def file_name(notice: Notice) -> str:
    """`date-recipient-digest.eml`: sorts by date, is safe everywhere, and stays the same."""
    digest = hashlib.sha256(f"{notice.message_id}\n{notice.recipient}".encode()).hexdigest()[:12]
    recipient = _UNSAFE.sub("_", notice.recipient.lower())[:_MAX_NAME_PART].strip("._")
    return f"{_sent_at(notice.content)}-{recipient or 'nobody'}-{digest}.eml"


def _sent_at(content: bytes) -> str:
    """The Date header in UTC; a fixed word when there is none to read."""
    header = str(BytesHeaderParser().parsebytes(content)["Date"] or "")
    try:
        date = parsedate_to_datetime(header)
        known = date if date.tzinfo else date.replace(tzinfo=UTC)
        return known.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    except (ValueError, OverflowError):
        return "undated"


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
