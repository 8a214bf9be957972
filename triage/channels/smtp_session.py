"""From nothing to a logged-in SMTP connection, and words for whatever stands in the way.

Rules: encryption that the configuration asks for is never given up quietly (RFC 3207 section 6),
mail leaves unencrypted only towards this very machine, and no password ever reaches a message.
"""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
import unicodedata
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from triage.addresses import is_loopback
from triage.errors import ChannelError, TriageError
from triage.oauth import IssuerError, KeptTokens, sasl
from triage.tls import client_context, ends_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from triage.config import Outgoing

    Reply = tuple[int, bytes]

LOGIN_CODES = frozenset(
    {530, 534, 535, 538}
)  # RFC 4954: the session lacks a login, or a better one
_MAX_WORDS = 300  # characters of a server's answer worth keeping
_QUIT_TIMEOUT_S = 5
_LOGGED_IN, _CHALLENGE = 235, 334  # RFC 4954
_OK = range(200, 300)


class SessionError(Exception):
    """No usable session. The message says why and what to do; no notice is to blame."""

    def __init__(self, message: str, *, login_refused: bool = False) -> None:
        """Remember whether the credentials were the reason."""
        super().__init__(message)
        self.login_refused = login_refused


def open_session(outgoing: Outgoing, password: Callable[[], str] | None) -> smtplib.SMTP:
    """Connect, encrypt, greet and log in as configured. Raises SessionError."""
    try:
        smtp = _connect(outgoing)
    except smtplib.SMTPResponseException as error:
        words = describe_reply((error.smtp_code, as_bytes(error.smtp_error)))
        msg = f"{place(outgoing)} turned the connection away: {words}"
        raise SessionError(msg) from None
    except (OSError, ValueError) as error:
        raise SessionError(explain(error, outgoing)) from None
    try:
        _prepare(smtp, outgoing, password)
    except smtplib.SMTPResponseException as error:
        drop(smtp)
        words = describe_reply((error.smtp_code, as_bytes(error.smtp_error)))
        msg = f"{place(outgoing)} refused the session: {words}"
        raise SessionError(msg) from None
    except (OSError, ValueError) as error:
        drop(smtp)
        raise SessionError(explain(error, outgoing)) from None
    except BaseException:
        drop(smtp)
        raise
    return smtp


def certificate_ends(outgoing: Outgoing) -> float:
    """Until when the server's certificate holds, in epoch seconds. Raises ChannelError."""
    try:
        smtp = open_session(replace(outgoing, username=""), None)
    except SessionError as error:
        raise ChannelError(str(error)) from None
    try:
        return ends_at(smtp.sock)
    except OSError as error:
        raise ChannelError(explain(error, outgoing)) from None
    finally:
        quit_politely(smtp)


def drop(smtp: smtplib.SMTP) -> None:
    """Close without a word, so that a transaction under way is void. Never raises."""
    with suppress(OSError):
        smtp.close()


def quit_politely(smtp: smtplib.SMTP) -> None:
    """Say QUIT, but wait only briefly for the answer. Never raises."""
    with suppress(OSError, ValueError):
        if smtp.sock is not None:
            smtp.sock.settimeout(_QUIT_TIMEOUT_S)
            smtp.docmd("QUIT")
    drop(smtp)


def place(outgoing: Outgoing) -> str:
    """`host:port`, as every message names it."""
    return f"{outgoing.host}:{outgoing.port}"


def describe_reply(reply: Reply, secrets: Iterable[str] = ()) -> str:
    """A server's answer fit for logs: one line, capped, no control characters, no secrets."""
    code, words = reply
    if code < 0:
        return f"an answer that is not SMTP ({clean(words)})"
    return f"{code} {clean(words, secrets)}".strip()


def clean(words: bytes, secrets: Iterable[str] = ()) -> str:
    """Server bytes as one printable line of at most 300 characters."""
    text = words.decode("utf-8", errors="replace")
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    printable = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    line = " ".join(printable.split())
    return line if len(line) <= _MAX_WORDS else line[: _MAX_WORDS - 3] + "..."


def as_bytes(words: bytes | str) -> bytes:
    """One type for the words of a reply, where smtplib has two."""
    return words if isinstance(words, bytes) else words.encode("utf-8", errors="replace")


def explain(error: Exception, outgoing: Outgoing) -> str:
    """Why the server cannot be used, and what to do about it."""
    return f"{place(outgoing)}: {_advice(error, outgoing)}"


def _advice(error: Exception, outgoing: Outgoing) -> str:
    if isinstance(error, ssl.SSLError):
        return _tls_advice(error, outgoing)
    if isinstance(error, socket.gaierror):
        return "the name was not found; check outgoing.host and this machine's DNS"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused; check outgoing.port and that the server runs"
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return (
            f"no answer within {outgoing.timeout_s} s; check outgoing.port, outgoing.security "
            "(port 465 wants tls, 587 wants starttls) and the firewalls between"
        )
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the server hung up; try again later, or ask whoever runs it"
    return f"{clean(as_bytes(str(error)))}; check [outgoing] and the network"


def _tls_advice(error: ssl.SSLError, outgoing: Outgoing) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate does not verify ({error.verify_message}); set outgoing.ca_file to "
            "the authority that signed it, or outgoing.host to the name in the certificate"
        )
    other = "starttls" if outgoing.security == "tls" else "tls"
    return (
        f"TLS could not be agreed ({clean(as_bytes(str(error)))}); check outgoing.port, or try "
        f'outgoing.security = "{other}"'
    )


def _connect(outgoing: Outgoing) -> smtplib.SMTP:
    name = ehlo_name(outgoing.sender)
    if outgoing.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            outgoing.host,
            outgoing.port,
            local_hostname=name,
            timeout=outgoing.timeout_s,
            context=_tls_context(outgoing),
        )
    else:
        if outgoing.security == "none" and not is_loopback(outgoing.host):
            msg = (
                f"{place(outgoing)}: mail and passwords would cross the network unencrypted; set "
                'outgoing.security to "starttls" or "tls" ("none" is for this machine only)'
            )
            raise SessionError(msg)
        smtp = smtplib.SMTP(
            outgoing.host, outgoing.port, local_hostname=name, timeout=outgoing.timeout_s
        )
    if smtp.sock is not None:  # always set here; small writes must not wait for an old ACK
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return smtp


def _prepare(smtp: smtplib.SMTP, outgoing: Outgoing, password: Callable[[], str] | None) -> None:
    if outgoing.security == "starttls":
        _start_tls(smtp, outgoing)
    smtp.ehlo_or_helo_if_needed()
    if outgoing.username:
        _log_in(smtp, outgoing, password)


def _start_tls(smtp: smtplib.SMTP, outgoing: Outgoing) -> None:
    smtp.ehlo_or_helo_if_needed()
    if not smtp.has_extn("starttls"):
        msg = (
            f"{place(outgoing)} does not offer STARTTLS, so nothing was sent; check outgoing.port, "
            'or use outgoing.security = "tls" where the server wants TLS from the start'
        )
        raise SessionError(msg)
    smtp.starttls(context=_tls_context(outgoing))
    if not isinstance(smtp.sock, ssl.SSLSocket):
        msg = f"{place(outgoing)}: STARTTLS left the connection unencrypted"
        raise SessionError(msg)


def _tls_context(outgoing: Outgoing) -> ssl.SSLContext:
    try:
        return client_context(outgoing.ca_file)
    except (OSError, ValueError) as error:
        msg = (
            f"{place(outgoing)}: outgoing.ca_file {outgoing.ca_file} cannot be used "
            f"({error}); it must be a readable file with PEM certificates"
        )
        raise SessionError(msg) from None


def _log_in(smtp: smtplib.SMTP, outgoing: Outgoing, password: Callable[[], str] | None) -> None:
    """By password, or by a token, which is renewed once when the server refuses it."""
    if password is None:
        msg = (
            f"{place(outgoing)}: outgoing.username is set but there is no password; "
            "set outgoing.password, or remove the username"
        )
        raise SessionError(msg, login_refused=True)
    secret = _secret(outgoing, password)
    if not isinstance(password, KeptTokens):
        _login(smtp, outgoing, secret)
        return
    try:
        _login_with_token(smtp, outgoing, secret)
    except SessionError as error:
        if not error.login_refused:
            raise
        _login_with_token(smtp, outgoing, _secret(outgoing, partial(password.fresh, secret)))


def _secret(outgoing: Outgoing, password: Callable[[], str]) -> str:
    try:
        return password()
    except TriageError as error:
        msg = f"{place(outgoing)}: {error}"
        raise SessionError(msg, login_refused=not isinstance(error, IssuerError)) from None


def _login_with_token(smtp: smtplib.SMTP, outgoing: Outgoing, token: str) -> None:
    """AUTH XOAUTH2 or OAUTHBEARER; a refusal comes as a challenge first."""
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    mechanism = sasl.choose(offered)
    if not mechanism:
        msg = (
            f"{place(outgoing)} takes no OAuth2 tokens (it offers: "
            f"{clean(as_bytes(' '.join(offered))) or 'none'}); use a password, or check "
            "outgoing.port and outgoing.security"
        )
        raise SessionError(msg, login_refused=True)
    first = sasl.initial_response(
        mechanism, username=outgoing.username, token=token, host=outgoing.host, port=outgoing.port
    )
    reply: Reply = smtp.docmd(f"AUTH {mechanism} {_b64(first)}")
    if reply[0] == _CHALLENGE:
        reply = smtp.docmd(_b64(sasl.last_word(mechanism)))
    if reply[0] == _LOGGED_IN:
        return
    words = describe_reply(reply, (token, _b64(first)))
    advice = (
        "check that outgoing.username is the one who logged in, and that SMTP AUTH is allowed for "
        f"the mailbox; then run: triage login {outgoing.login}"
    )
    _refuse_login(outgoing, reply[0], words, advice)


def _login(smtp: smtplib.SMTP, outgoing: Outgoing, secret: str) -> None:
    """Log in once, by the first method both sides know.

    smtplib's own login tries every method with the same password, which locks accounts, and
    fails on passwords with letters outside ASCII (RFC 4616 says UTF-8).
    """
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in offered:
        both = f"\0{outgoing.username}\0{secret}"
        steps = [f"AUTH PLAIN {_b64(both)}"]
    elif "LOGIN" in offered:
        both = secret
        steps = ["AUTH LOGIN", _b64(outgoing.username), _b64(secret)]
    else:
        msg = (
            f"{place(outgoing)} offers no login by password "
            f"(it offers: {clean(as_bytes(' '.join(offered))) or 'none'}); check outgoing.port and "
            "outgoing.security, or remove outgoing.username if none is needed"
        )
        raise SessionError(
            msg,
            login_refused=True,
        )
    reply: Reply = (-1, b"")
    for number, step in enumerate(steps, start=1):
        reply = smtp.docmd(step)
        if reply[0] != (_LOGGED_IN if number == len(steps) else _CHALLENGE):
            break
    else:
        return
    words = describe_reply(reply, (secret, _b64(secret), _b64(both)))
    _refuse_login(outgoing, reply[0], words)


def _refuse_login(
    outgoing: Outgoing,
    code: int,
    words: str,
    advice: str = (
        "check outgoing.username and the password (many providers want an app password)"
    ),
) -> None:
    if code in range(500, 600):
        msg = f"{place(outgoing)} refused the login of {outgoing.username} ({words}); {advice}"
        raise SessionError(msg, login_refused=True)
    msg = f"{place(outgoing)} cannot take a login now: {words}"
    raise SessionError(msg)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def ehlo_name(sender: str) -> str:
    """The name to greet with: the sender's domain, so that nothing of this machine leaks."""
    domain = sender.rpartition("@")[2]
    try:
        name = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return "localhost"
    usable = all(c.isalnum() or c in ".-" for c in name) and name.strip(".-")
    return name if usable else "localhost"
