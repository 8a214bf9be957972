"""What hostile mails are made of: a kind, its number, and the pieces that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SENDER = b"From: Dana Roe <dana@client.example>\r\n"
TO = b"To: hello@firm.example\r\n"
SUBJECT = b"Subject: Portal\r\n"
MESSAGE_ID = b"Message-ID: <hostile@client.example>\r\n"
WORDS = b"We are disappointed with the portal. Nobody answers our mails.\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of hostile mail. `ends` are the outcomes that are right for it."""

    number: int
    name: str
    build: Callable[[], bytes]
    ends: tuple[str, ...] = ("escalated",)

    @property
    def id(self) -> str:
        """The number and the name, for lists of tests."""
        return f"{self.number:03d} {self.name}"


def mail(
    body: bytes = WORDS,
    *,
    sender: bytes = SENDER,
    to: bytes = TO,
    subject: bytes = SUBJECT,
    message_id: bytes = MESSAGE_ID,
    more: bytes = b"",
) -> bytes:
    """A whole mail; every header given with its line end."""
    return sender + to + subject + message_id + more + b"\r\n" + body


def typed(content_type: str, body: bytes) -> bytes:
    """A mail of one part of that type."""
    return mail(body, more=f"MIME-Version: 1.0\r\nContent-Type: {content_type}\r\n".encode())


def html(markup: str) -> bytes:
    """A mail in HTML only."""
    return typed("text/html; charset=utf-8", markup.encode())


def part(headers: str, body: bytes) -> bytes:
    """One part to go into `mixed`."""
    return headers.encode() + b"\r\n\r\n" + body + b"\r\n"


def mixed(*parts: bytes, subtype: str = "mixed", boundary: str = "b") -> bytes:
    """A mail of several parts."""
    fence = f"--{boundary}".encode()
    body = b"".join(fence + b"\r\n" + piece for piece in parts) + fence + b"--\r\n"
    return typed(f'multipart/{subtype}; boundary="{boundary}"', body)


TEXT = part("Content-Type: text/plain", WORDS)


def attached(name: str, data: bytes, content_type: str = "application/octet-stream") -> bytes:
    """Words, and a file of that name."""
    head = f'Content-Type: {content_type}\r\nContent-Disposition: attachment; filename="{name}"'
    return mixed(TEXT, part(head, data))
