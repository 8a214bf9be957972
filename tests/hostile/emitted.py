"""What may stand in anything that the program emits; each check says what it found."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.messages import Notice

UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
UNSAFE_IN_TEXT = re.compile(UNSAFE.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
HEADERS = frozenset(
    {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "X-Triage-Loop",
        "X-Triage-Case",
        "In-Reply-To",
        "References",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    }
)
_OF_NO_LINE = re.compile(rb"[\r\n\0]")
_MAX_LINE = 998  # RFC 5321, section 4.5.3.1.6
_LOADS = frozenset(
    ("img", "script", "iframe", "link", "object", "embed", "video", "audio", "source")
)
_LOADS |= {"form", "input", "base", "svg", "frame"}
_LOADING = re.compile(r"url\s*\(|@import|expression\s*\(|image-set", re.IGNORECASE)


class _Loading(HTMLParser):
    """Collects what a mail program would load, run or submit."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        if tag in _LOADS:
            self.found.append(tag)
        for name, value in attrs:
            odd = name.startswith("on") or name in ("src", "background", "srcset", "action")
            remote = name == "href" and not (value or "").startswith("mailto:")
            if odd or remote or (name == "style" and _LOADING.search(value or "")):
                self.found.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self._in_style and _LOADING.search(data):
            self.found.append("style sheet that loads")

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False


def loads(html: str) -> list[str]:
    """What the page would load from elsewhere, run or submit."""
    reader = _Loading()
    reader.feed(html)
    return reader.found


def message(notice: Notice) -> EmailMessage:
    """The mail as a mail program reads it, with the original unopened."""
    rest = b"\r\nContent-Disposition: attachment"  # a mail may speak of such a part in its text
    opaque = notice.content.replace(
        b"Content-Type: message/rfc822" + rest, b"Content-Type: application/octet-stream" + rest, 1
    )
    found = email.message_from_bytes(opaque, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def text_of(whole: EmailMessage, subtype: str) -> str:
    """The brief, plain or html."""
    part = whole.get_body((subtype,))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def troubles(notice: Notice) -> list[str]:
    """Everything that must not be in a brief."""
    whole = message(notice)
    found = [f"header {name}" for name, _ in whole.items() if name not in HEADERS]
    found += [f"{name}: {value!r}" for name, value in whole.items() if UNSAFE.search(value)]
    names = {part.get_filename() for part in whole.walk()}
    found += [f"file {name!r}" for name in names - {None, "original.eml"}]
    for subtype in ("plain", "html"):
        unsafe = UNSAFE_IN_TEXT.search(text_of(whole, subtype))
        found += [f"{subtype} holds {unsafe.group()!r}"] if unsafe else []
    found += loads(text_of(whole, "html"))
    if any(_OF_NO_LINE.search(line) or len(line) > _MAX_LINE for line in _lines(notice)):
        found.append("a line that SMTP may not carry")
    envelope = f"{notice.sender}{notice.recipient}{notice.message_id}{notice.subject}"
    return found + ([f"envelope {envelope!r}"] if UNSAFE.search(envelope) else [])


def _lines(notice: Notice) -> list[bytes]:
    return notice.content.split(b"\r\n")


def original_of(notice: Notice) -> bytes | None:
    """The attached original as it would be saved; None when none is attached."""
    whole = message(notice)
    last = list(whole.iter_attachments())[-1:]
    payload = last[0].get_payload(decode=True) if last else None
    assert payload is None or isinstance(payload, bytes)
    return payload
