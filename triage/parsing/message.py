"""Puts the pieces together: one function from bytes to `Email`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from triage.messages import Address, Email, MailKind
from triage.parsing import addresses, body, engine, headers, kind, limits, quotes, subjects
from triage.parsing.forwards import Forward, inline
from triage.parsing.headers import Headers

if TYPE_CHECKING:
    from email.message import Message

    from triage.parsing.body import Content
    from triage.parsing.engine import Parsed

_BOM = b"\xef\xbb\xbf"
_MAX_FIRST_LINE = 8_192
_HEADER_LINE = re.compile(rb"[!-9;-~]+:")
_KNOWN_HEADERS = re.compile(
    rb"(?:(?:from|to|subject|date|received|return-path|message-id|mime-version|content-type):"
    rb"[^\n]*\n(?:[ \t][^\n]*\n)*){2}",
    re.IGNORECASE,
)
_MAIL_HEADERS = {"from", "to", "cc", "subject", "date", "received", "return-path"} | {
    "message-id",
    "mime-version",
    "content-type",
}
_SAMPLE_BYTES = 4_096
_NOBODY = Address(address="")


def parse(raw: bytes) -> Email:
    """Read any bytes as a mail. Never raises; what was wrong stands in `problems`.

    A mail beyond the limits, or one that no parser can read, comes back with its headers only and
    kind UNREADABLE.
    """
    raw = _without_leading_rubbish(raw)
    broken = limits.exceeded(raw)
    if broken:
        return _unreadable(raw, broken)
    try:
        parsed = engine.parse_tree(raw)
        if parsed is not None and _is_no_mail(raw, parsed):
            return _unreadable(raw, ("no mail: neither headers nor text in it",))
        if parsed is not None and (len(Headers(parsed.message)) or parsed.message.get_payload()):
            return _email(parsed)
    except Exception as error:  # noqa: BLE001 - the promise of this function: any bytes, no error
        return _unreadable(raw, (f"could not be read ({type(error).__name__})",))
    return _unreadable(raw, ("empty" if not raw.strip() else "could not be read",))


def _is_no_mail(raw: bytes, parsed: Parsed) -> bool:
    """No header that mail has, and bytes that are no text in any common charset."""
    if any(name.lower() in _MAIL_HEADERS for name in parsed.message.keys()):  # noqa: SIM118 - no dict
        return False
    sample = raw[:_SAMPLE_BYTES]
    odd = sum(byte < 32 and byte not in b"\t\n\f\r\x1b" for byte in sample)  # noqa: PLR2004
    return odd * 20 > len(sample)


def _without_leading_rubbish(raw: bytes) -> bytes:
    """Empty lines before the headers, a byte order mark, and a damaged first line."""
    raw = raw.removeprefix(_BOM).lstrip(b"\r\n")
    first, _, rest = raw[:_MAX_FIRST_LINE].partition(b"\n")
    if not rest or first.startswith(b"From ") or _HEADER_LINE.match(first):
        return raw
    return raw[len(first) + 1 :] if _KNOWN_HEADERS.match(rest) else raw


def _unreadable(raw: bytes, problems: tuple[str, ...]) -> Email:
    """Headers alone, or nothing at all."""
    try:
        parsed = engine.parse_headers(limits.header_block(raw)[: limits.MAX_HEADER_BYTES])
        return _email(parsed, unreadable=problems)
    except Exception:  # noqa: BLE001 - the last line of defence: a person will look at the raw mail
        return nothing_of(problems)


def nothing_of(problems: tuple[str, ...]) -> Email:
    """A mail of which nothing is known but why."""
    return Email(
        subject="",
        sender=_NOBODY,
        text="",
        new_text="",
        kind=MailKind.UNREADABLE,
        problems=problems,
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """The text of a mail, taken apart."""

    new_text: str
    forward: Forward | None


def _email(parsed: Parsed, unreadable: tuple[str, ...] = ()) -> Email:
    head = Headers(parsed.message)
    subject = headers.subject(head)
    senders = addresses.merge(parsed.senders, head.all_raw("from")[:1])
    sender = senders[0] if senders else _NOBODY
    sort = MailKind.UNREADABLE if unreadable else kind.decide(head, sender, subject)
    content = body.EMPTY if unreadable else body.read(parsed.message)
    words = _words(subject, content, sort)
    forward = words.forward
    return Email(
        subject=subject,
        sender=sender,
        to=_recipients(parsed.to, head.all_raw("to")),
        cc=_recipients(parsed.cc, head.all_raw("cc")),
        original_sender=forward.sender if forward else None,
        original_subject=forward.subject if forward else "",
        forward_note=forward.note if forward else "",
        forwarded_text=forward.text if forward else "",
        original_id=_attached_id(content),
        original_written=forward.written if forward else "",
        text=content.text if content.text.strip() or not forward else forward.whole,
        new_text=words.new_text,
        kind=sort,
        date=parsed.date or headers.date(head.raw("date")),
        utc_offset_s=headers.utc_offset_s(head.raw("date")),
        message_id=next(iter(headers.message_ids(head.raw("message-id"))), ""),
        in_reply_to=headers.message_ids(head.raw("in-reply-to"))[:10],
        references=headers.message_ids(head.raw("references")),
        attachments=content.attachments,
        loop=kind.is_loop(head),
        problems=(*unreadable, *_problems(parsed, head, content)),
        others=_others(head, senders),
    )


def _others(head: Headers, senders: tuple[Address, ...]) -> tuple[Address, ...]:
    """People of a mail beside its sender, by our own reading of every header that names some.

    mail-parser passes over what it cannot read, such as a domain that ends in a dot; a mail server
    may deliver there all the same.
    """
    names = ("from", "to", "cc", "reply-to", "sender", "bcc")
    again = ("resent-from", "resent-to", "resent-cc", "resent-sender")
    raw = [value for name in (*names, *again) for value in head.all_raw(name)]
    first = senders[0].address.lower() if senders else ""
    found = (*senders[1:], *addresses.merge((), tuple(raw)))
    known = {a.address.lower(): a for a in found if a.address and a.address.lower() != first}
    return tuple(known.values())


def _recipients(trusted: tuple[tuple[str, str], ...], raw: tuple[str, ...]) -> tuple[Address, ...]:
    """Those one could write to; a group without members has a name only."""
    return tuple(a for a in addresses.merge(trusted, raw) if a.address)


def _words(subject: str, content: Content, sort: MailKind) -> _Words:
    forward = None
    if sort is not MailKind.BOUNCE:
        forward = inline(subject, content.text) or _attached(subject, content)
    if forward and (forward.text or forward.sender):
        return _Words(forward.new_text, forward)
    return _Words(quotes.new_text(content.text), None)


def _attached(subject: str, content: Content) -> Forward | None:
    """A mail forwarded as an attachment: the subject says so, or there is nothing else to read."""
    if content.forwarded is None:
        return None
    note = quotes.stripped(content.text)
    if note and not subjects.is_forward(subject):
        return None
    return _forward_of(content.forwarded, note)


def _forward_of(message: Message, note: str, levels: int = 5) -> Forward:
    head = Headers(message)
    content = body.read(message)
    subject = headers.subject(head)
    deeper = inline(subject, content.text)
    if deeper:
        return replace(deeper, note=note, text=deeper.new_text, whole=content.text)
    own = quotes.new_text(content.text)
    if content.forwarded is not None and not own and levels:
        return _forward_of(content.forwarded, note, levels - 1)
    found = addresses.parse(head.raw("from"))
    return Forward(
        sender=found[0] if found else None,
        subject=subject,
        note=note,
        text=own,
        whole=content.text,
        written=head.text("date"),
    )


def _attached_id(content: Content) -> str:
    """Message-ID of the mail that is attached."""
    if content.forwarded is None:
        return ""
    raw = Headers(content.forwarded).raw("message-id")
    return next(iter(headers.message_ids(raw)), "")


def _problems(parsed: Parsed, head: Headers, content: Content) -> tuple[str, ...]:
    problems = [*parsed.problems, *content.problems]
    if not head.raw("from").strip():
        problems.append("no From header")
    if parsed.defects:
        problems.append("malformed: " + ", ".join(parsed.defects))
    return tuple(problems)
