"""The finished mail as bytes: headers, text and HTML, and the original as it came.

Rules:
- The original's bytes are spliced in, never parsed and written again, which would alter half of
  all mails. Where mail transport could not carry them (see `travels_as_mail`) they go as base64.
- A mail with 8-bit bytes in it needs a server with 8BITMIME (RFC 6152); text and HTML are
  always quoted-printable, so only the original can cause that.
- Every line ends with CRLF and no header value can start a new line.
- The same input gives the same bytes: boundaries are computed, not drawn.
"""

from __future__ import annotations

import base64
import hashlib
import re
from email.header import Header
from email.message import MIMEPart
from email.policy import SMTP
from typing import TYPE_CHECKING

from triage.summary.wording import clean_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.messages import Address

CRLF = b"\r\n"
MAX_WORD = 75  # RFC 2047, section 2
MAX_LINE = 998  # RFC 5322, section 2.1.1, without CRLF
BASE64_LINE_BYTES = 57  # 76 characters
LONE_CR = re.compile(rb"\r(?!\n)")
LONE_LF = re.compile(rb"(?<!\r)\n")


def header_line(name: str, value: str) -> bytes:
    """Write an unstructured header; encode what is not ASCII or could be taken for encoded."""
    clean = clean_line(value)
    if not clean.isascii() or "=?" in clean:
        clean = _encoded(clean, name)
    return f"{name}: {clean}".encode("ascii") + CRLF


def address_line(name: str, address: Address) -> bytes:
    """Write a header with one mailbox.

    Raises:
        ValueError: the address needs SMTPUTF8 or is none; configure another.
    """
    mailbox = ascii_address(address.address)
    display = clean_line(address.name)
    if not display:
        return f"{name}: {mailbox}".encode("ascii") + CRLF
    if display.isascii() and "=?" not in display:
        quoted = display.replace("\\", "\\\\").replace('"', '\\"')
        return f'{name}: "{quoted}" <{mailbox}>'.encode("ascii") + CRLF
    return f"{name}: {_encoded(display, name)} <{mailbox}>".encode("ascii") + CRLF


def _encoded(text: str, name: str) -> str:
    """Return encoded words of at most 75 characters each, folded (RFC 2047)."""
    return Header(text, "utf-8", MAX_WORD, header_name=name).encode(linesep="\r\n")


def ascii_address(address: str) -> str:
    """Return an address with an ASCII domain.

    Raises:
        ValueError: it cannot be written in ASCII or is no address.
    """
    local, _, domain = address.rpartition("@")
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    if not re.fullmatch(r"[!-;=?A-~]+", local) or not re.fullmatch(r"[A-Za-z0-9.\[\]:-]+", domain):
        msg = f"{address!r} cannot be written to; give an address of the form name@domain in ASCII"
        raise ValueError(msg)
    return f"{local}@{domain}"


def ids_line(name: str, ids: Sequence[str]) -> bytes:
    """Write a header of message ids, one a line."""
    return f"{name}: ".encode("ascii") + b"\r\n ".join(i.encode("ascii") for i in ids) + CRLF


def travels_as_mail(content: bytes) -> bool:
    """Whether these bytes can be a message/rfc822 part and arrive unchanged.

    Not with NUL, bare CR or over-long lines, nor with two kinds of line ends, which servers
    would make one. A file whose lines all end in bare LF is a mail as Unix stores it.
    """
    mixed = b"\r\n" in content and LONE_LF.search(content)
    return not (
        b"\0" in content
        or mixed
        or LONE_CR.search(content)
        or any(len(line) > MAX_LINE for line in content.replace(CRLF, b"\n").split(b"\n"))
    )


def original_part(content: bytes) -> bytes:
    """Return the part that carries the original, headers included."""
    if not travels_as_mail(content):
        return _base64_part(content)
    as_sent = LONE_LF.sub(CRLF, content)
    encoding = "7bit" if _is_7bit(content) else "8bit"
    head = (
        "Content-Type: message/rfc822\r\n"
        'Content-Disposition: attachment; filename="original.eml"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode("ascii") + as_sent


def _base64_part(content: bytes) -> bytes:
    head = (
        b'Content-Type: application/octet-stream; name="original.eml"\r\n'
        b'Content-Disposition: attachment; filename="original.eml"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    )
    starts = range(0, len(content), BASE64_LINE_BYTES)
    return head + CRLF.join(
        base64.b64encode(content[start : start + BASE64_LINE_BYTES]) for start in starts
    )


def _is_7bit(content: bytes) -> bool:
    return content.isascii()


def _body_part(text: str, subtype: str) -> bytes:
    part = MIMEPart(policy=SMTP)
    part.set_content(text, subtype=subtype, charset="utf-8", cte="quoted-printable")
    return part.as_bytes()


def _boundary(seed: str, parts: Sequence[bytes]) -> str:
    """Return a boundary that occurs in no part; `=_` cannot occur in quoted-printable."""
    for attempt in range(1_000_000):  # the first one fits unless somebody foresaw it
        digest = hashlib.sha256(f"{seed}:{attempt}".encode()).hexdigest()
        boundary = f"=_{digest[:32]}"
        if not any(boundary.encode() in part for part in parts):
            return boundary
    msg = "no boundary found that does not occur in the message"
    raise AssertionError(msg)


def _multipart(subtype: str, seed: str, parts: Sequence[bytes]) -> bytes:
    boundary = _boundary(seed, parts)
    encoding = "7bit" if all(_is_7bit(part) for part in parts) else "8bit"
    head = (
        f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    fence = f"--{boundary}".encode("ascii")
    # The CRLF before a boundary belongs to the boundary (RFC 2046, section 5.1.1).
    body = b"".join(fence + CRLF + part + CRLF for part in parts)
    return head.encode("ascii") + body + fence + b"--" + CRLF


def plain(head: bytes, text: str) -> bytes:
    """Put a mail together that is nothing but text. `head` as for `assemble`."""
    return head + b"MIME-Version: 1.0\r\n" + _body_part(text, "plain")


def assemble(head: bytes, *, text: str, html: str, original: bytes | None, seed: str) -> bytes:
    """Put the whole mail together.

    Args:
        head: header lines, each with its CRLF, without the MIME ones.
        text: the brief in plain text.
        html: the same in HTML.
        original: the message to attach, byte for byte.
        seed: what the boundaries are computed from; the Message-ID.
    """
    bodies = (_body_part(text, "plain"), _body_part(html, "html"))
    content = _multipart("alternative", f"{seed}:a", bodies)
    if original is not None:
        content = _multipart("mixed", f"{seed}:m", (content, original_part(original)))
    return head + b"MIME-Version: 1.0\r\n" + content
