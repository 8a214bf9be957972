"""Notices leave by SMTP (RFC 5321), one recipient a transaction, and every end is named.

Rules: until the final dot is written the server cannot have accepted anything, so all that fails
before it is certain; after it only an answer makes it certain. The claim comes last, right before
the dot, so that a slow upload does not count against its deadline. A connection is kept for the
next notice only after a transaction that ended cleanly.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.channels.smtp_session import (
    LOGIN_CODES,
    SessionError,
    clean,
    describe_reply,
    drop,
    explain,
    open_session,
    place,
    quit_politely,
)
from triage.errors import ChannelError
from triage.messages import Delivery, DeliveryStatus

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from triage.channels.smtp_session import Reply
    from triage.config import Outgoing
    from triage.messages import Notice

_GO_AHEAD = 354
_CHUNK_BYTES = 64 * 1024  # each gets its own time-out, so a large mail may take long
_IDLE_LIMIT_S = 30.0  # firewalls forget quiet connections without telling either side
_MAX_PER_CONNECTION = 100  # servers limit this; a fresh connection is cheaper than a 421
_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_ADDRESS = re.compile(r"[!-;=?-~]+@[A-Za-z0-9.\-\[\]:]+")  # printable ASCII, no space, no < >


class _LostError(Exception):
    """The session broke before the claim: certainly nothing was accepted."""


@dataclass(slots=True, kw_only=True)
class _Session:
    """A connection at rest between transactions. Times in seconds of the channel's clock."""

    smtp: smtplib.SMTP
    used: int = 0
    rested_at: float = 0.0


class SmtpChannel:
    """Implements `triage.channels.base.Channel` over one kept SMTP connection.

    Args:
        outgoing: server, sender, time-outs.
        password: asked at each login; None where the server wants no login.
        clock: monotonic seconds; decides when a quiet connection is too old to trust.
    """

    def __init__(
        self,
        outgoing: Outgoing,
        password: Callable[[], str] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outgoing = outgoing
        self._password = password
        self._clock = clock
        self._resting: _Session | None = None

    def deliver(self, notice: Notice, claim: Callable[[], bool]) -> Delivery:
        """Try once to hand the notice over; see `Channel.deliver`."""
        if problem := _unusable_address(notice):
            return Delivery(status=DeliveryStatus.REFUSED, detail=problem)
        session = self._wake()
        if session is not None:
            # Nothing was accepted when a kept connection breaks: a fresh one may try again.
            with suppress(_LostError):
                return self._attempt(session, notice, claim)
        try:
            session = _Session(smtp=open_session(self._outgoing, self._password))
            return self._attempt(session, notice, claim)
        except SessionError as error:
            return _deferred(str(error), login_refused=error.login_refused)
        except _LostError as error:
            return _deferred(str(error))

    def check(self) -> None:
        """Connect, log in and name the sender; send nothing. Raises ChannelError."""
        outgoing = self._outgoing
        try:
            smtp = open_session(outgoing, self._password)
        except SessionError as error:
            raise ChannelError(str(error)) from None
        try:
            reply = smtp.mail(outgoing.sender)
        except (OSError, ValueError) as error:
            raise ChannelError(explain(error, outgoing)) from None
        finally:
            quit_politely(smtp)
        if not _accepted(reply):
            msg = (
                f"{place(outgoing)} does not let us send as {outgoing.sender}: "
                f"{describe_reply(reply)}; check outgoing.sender and outgoing.username"
            )
            raise ChannelError(msg)

    def close(self) -> None:
        """Let go of the connection. Never raises."""
        session, self._resting = self._resting, None
        if session is not None:
            quit_politely(session.smtp)

    def _wake(self) -> _Session | None:
        """The kept connection, if it is fit for another transaction."""
        session, self._resting = self._resting, None
        if session is None:
            return None
        tired = session.used >= _MAX_PER_CONNECTION
        if tired or self._clock() - session.rested_at > _IDLE_LIMIT_S:
            quit_politely(session.smtp)
            return None
        return session

    def _rest(self, session: _Session) -> None:
        session.used += 1
        session.rested_at = self._clock()
        self._resting = session

    def _attempt(self, session: _Session, notice: Notice, claim: Callable[[], bool]) -> Delivery:
        """One transaction. Whoever does not come out of it cleanly loses the connection."""
        smtp, clean_end = session.smtp, False
        try:
            delivery = self._until_dot(session, notice)
            if delivery is None and not claim():
                delivery = Delivery(status=DeliveryStatus.NOT_CLAIMED)
            elif delivery is None:
                delivery = self._dot(smtp)
                clean_end = delivery.status is DeliveryStatus.SENT
            else:
                clean_end = _reset(smtp)
        finally:
            if clean_end:
                self._rest(session)
            else:
                drop(smtp)
        return delivery

    def _until_dot(self, session: _Session, notice: Notice) -> Delivery | None:
        """Envelope and content. None means: all written but the final dot."""
        smtp, content = session.smtp, _LINE_END.sub(b"\r\n", notice.content)
        try:
            refusal = self._envelope(session, notice, content)
            if refusal is None:
                _write(smtp, _LEADING_DOT.sub(b"..", content))
                if not content.endswith(b"\r\n"):
                    _write(smtp, b"\r\n")
        except (OSError, ValueError) as error:
            raise _LostError(explain(error, self._outgoing)) from None
        return refusal

    def _envelope(self, session: _Session, notice: Notice, content: bytes) -> Delivery | None:
        """MAIL, RCPT, DATA. None when the server says 354."""
        smtp = session.smtp
        reply = smtp.mail(notice.sender, _mail_options(smtp, content))
        if not _accepted(reply):
            if session.used:  # "too many mails in this session" and the like
                raise smtplib.SMTPServerDisconnected(describe_reply(reply))
            return self._refusal("MAIL FROM", reply)
        reply = smtp.rcpt(notice.recipient)
        if not _accepted(reply):
            return self._refusal(f"RCPT TO {notice.recipient}", reply)
        reply = smtp.docmd("DATA")
        return None if reply[0] == _GO_AHEAD else self._refusal("DATA", reply)

    def _dot(self, smtp: smtplib.SMTP) -> Delivery:
        """The final dot and its answer: from here on only an answer makes it certain."""
        if (said := _said_early(smtp)) is not None:
            return _deferred(f"{place(self._outgoing)} broke off before the final dot{said}")
        sock = _socket(smtp)
        try:
            sock.sendall(b".\r\n")
        except OSError as error:
            # Not every byte of the dot was handed to the network, so the server cannot have it.
            return _deferred(f"the final dot could not be sent: {explain(error, self._outgoing)}")
        try:
            sock.settimeout(self._outgoing.answer_timeout_s)
            reply = smtp.getreply()
            sock.settimeout(self._outgoing.timeout_s)
        except OSError as error:
            return Delivery(
                status=DeliveryStatus.UNCERTAIN,
                detail=f"{place(self._outgoing)} was given the whole mail and then no answer came "
                f"({clean(str(error).encode())})",
            )
        return self._verdict(reply)

    def _verdict(self, reply: Reply) -> Delivery:
        detail = f"{place(self._outgoing)}: {describe_reply(reply)}"
        if _accepted(reply):
            return Delivery(status=DeliveryStatus.SENT, detail=detail)
        if reply[0] in range(400, 600):
            return self._refusal("the mail", reply)
        return Delivery(status=DeliveryStatus.UNCERTAIN, detail=f"{detail} (not a final answer)")

    def _refusal(self, stage: str, reply: Reply) -> Delivery:
        """Temporary or for good, by the first digit; a missing login is not the notice's fault."""
        detail = f"{place(self._outgoing)} refused {stage}: {describe_reply(reply)}"
        if reply[0] in LOGIN_CODES:
            return _deferred(
                f"{detail}; set outgoing.username and outgoing.password", login_refused=True
            )
        if reply[0] in range(500, 600):
            return Delivery(status=DeliveryStatus.REFUSED, detail=detail)
        return _deferred(detail)


def _deferred(detail: str, *, login_refused: bool = False) -> Delivery:
    return Delivery(status=DeliveryStatus.DEFERRED, detail=detail, login_refused=login_refused)


def _accepted(reply: Reply) -> bool:
    return reply[0] in range(200, 300)


def _unusable_address(notice: Notice) -> str:
    """What is wrong with the envelope, or nothing. Guards the command line against injection."""
    for address in (notice.sender, notice.recipient):
        if not _ADDRESS.fullmatch(address):
            return (
                f"{address!r} cannot be used as an address in SMTP; write it as local@domain in "
                "plain ASCII (policy.toml for people, triage.toml for the sender)"
            )
    return ""


def _mail_options(smtp: smtplib.SMTP, content: bytes) -> list[str]:
    """SIZE (RFC 1870) and BODY (RFC 6152), where the server knows them."""
    options = [f"SIZE={len(content)}"] if smtp.has_extn("size") else []
    if not content.isascii() and smtp.has_extn("8bitmime"):
        options.append("BODY=8BITMIME")
    return options


def _write(smtp: smtplib.SMTP, data: bytes) -> None:
    sock, view = _socket(smtp), memoryview(data)
    for start in range(0, len(view), _CHUNK_BYTES):
        sock.sendall(view[start : start + _CHUNK_BYTES])


def _socket(smtp: smtplib.SMTP) -> socket.socket:
    if smtp.sock is None:
        raise smtplib.SMTPServerDisconnected("the connection is closed")
    return smtp.sock


def _said_early(smtp: smtplib.SMTP) -> str | None:
    """What the server said, or that it hung up, when it should be listening; None when quiet.

    Asked before the dot this turns many an uncertain end into a certain one.
    """
    if smtp.sock is None:
        return " (it hung up)"
    sock, before = smtp.sock, smtp.sock.gettimeout()
    try:
        sock.settimeout(0)
        words = (smtp.file.peek(1) if smtp.file else b"") or sock.recv(1024)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None  # TLS housekeeping, not words
    except OSError as error:
        return f" ({clean(str(error).encode())})"
    finally:
        sock.settimeout(before)
    return f": {clean(words)}" if words else " (it hung up)"


def _reset(smtp: smtplib.SMTP) -> bool:
    """RSET, so that a refused transaction does not cost the connection."""
    try:
        return _accepted(smtp.rset())
    except OSError:
        return False
