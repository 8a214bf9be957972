"""What every mail of ours has: who to whom, about what, and the marks that no robot answers.

All kinds of mail that we send are put together here, so that none of them lacks a mark.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING

from triage.messages import LOOP_HEADER, Notice
from triage.rendering import mime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from triage.messages import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail of ours but for its words.

    Attributes:
        loop: what kind of mail it is, in the header that keeps it from being triaged.
        submitted: `auto-generated`, or `auto-replied` to what a person wrote (RFC 3834).
        further: more header lines, each with its CRLF.
    """

    sender: Address
    recipient: Address
    subject: str
    message_id: str
    date: datetime
    loop: str
    submitted: str = "auto-generated"
    further: Sequence[bytes] = ()

    def plain(self, text: str) -> Notice:
        """The finished mail, of text alone."""
        return self._notice(mime.plain(self._head(), text))

    def full(self, *, text: str, html: str, original: bytes | None = None) -> Notice:
        """The finished mail, as text and HTML, with the original attached byte for byte."""
        seed = self.message_id
        content = mime.assemble(self._head(), text=text, html=html, original=original, seed=seed)
        return self._notice(content)

    def _head(self) -> bytes:
        lines = [
            mime.address_line("From", self.sender),
            mime.address_line("To", self.recipient),
            mime.header_line("Subject", self.subject),
            mime.header_line("Date", format_datetime(self.date)),
            mime.ids_line("Message-ID", [self.message_id]),
            mime.header_line("Auto-Submitted", self.submitted),
            # Exchange would else answer with absence notes, which look like an acknowledgement.
            mime.header_line("X-Auto-Response-Suppress", "All"),
            mime.header_line(LOOP_HEADER, self.loop),
            *self.further,
        ]
        return b"".join(lines)

    def _notice(self, content: bytes) -> Notice:
        return Notice(
            message_id=self.message_id,
            sender=mime.ascii_address(self.sender.address),
            recipient=mime.ascii_address(self.recipient.address),
            subject=self.subject,
            content=content,
        )
