"""Making a connection: TLS, the login, and the class that lets IMAPClient use our stream.

Rule: a connection is encrypted and verified, or ends on this machine. Nothing that leaves here
holds the password.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imapclient import IMAPClient

from triage.addresses import is_loopback
from triage.errors import LoginError, SourceError, TriageError
from triage.sources.imap_errors import FAILURES, connect_error, login_error, where
from triage.sources.imap_stream import ImapStream
from triage.tls import client_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from triage.config import ImapAccount


class Client(IMAPClient):  # type: ignore[misc]  # imapclient has no types
    """IMAPClient over our own stream."""

    imap_stream: ImapStream

    def __init__(self, account: ImapAccount, context: ssl.SSLContext) -> None:
        tls = account.security == "tls"
        self._open: Callable[[], ImapStream] = lambda: ImapStream(
            account.host,
            account.port,
            timeout_s=account.timeout_s,
            tls=context if tls else None,
        )
        super().__init__(account.host, account.port, ssl=tls, timeout=account.timeout_s)
        # IMAPClient formats every byte, mails and passwords included, for a log nobody reads.
        self.imap_stream.debug = 0
        self.normalise_times = False  # or INTERNALDATE comes without its time zone

    def _create_IMAP4(self) -> ImapStream:  # noqa: N802  # the library's own name
        self.imap_stream = self._open()
        return self.imap_stream


def tls_context(account: ImapAccount) -> ssl.SSLContext:
    """A context that verifies; with `ca_file` it trusts that authority and no other."""
    try:
        return client_context(account.ca_file)
    except OSError as exc:  # ssl.SSLError, when it is no certificate, is one too
        message = (
            f"{where(account)}: ca_file {account.ca_file} cannot be used"
            f" ({exc.strerror or exc}): it must be a readable file of certificates in PEM form"
        )
        raise SourceError(message) from exc


def connect(account: ImapAccount) -> Client:
    """Connect, encrypted. Raises SourceError."""
    if account.security == "none" and not is_loopback(account.host):
        message = (
            f'{where(account)}: security = "none" would send the password and all mail in the'
            ' clear; it is allowed for this machine only. Use "tls" or "starttls"'
        )
        raise SourceError(message)
    context = tls_context(account)
    try:
        client = Client(account, context)
        if account.security == "starttls":
            _start_tls(client, context)
    except FAILURES as exc:
        raise connect_error(account, exc) from exc
    return client


def _start_tls(client: Client, context: ssl.SSLContext) -> None:
    try:
        client.starttls(context)
    except BaseException:
        client.imap_stream.shutdown()
        raise


def log_in(account: ImapAccount, stream: ImapStream, password: Callable[[], str]) -> None:
    """Authenticate with PLAIN (RFC 4616), or with LOGIN where that is all there is."""
    secret = _ask(account, password)
    try:
        if "AUTH=PLAIN" in stream.capabilities:
            answer = f"\0{account.username}\0{secret}".encode()
            stream.authenticate("PLAIN", lambda _: answer)
        else:
            _plain_words(account, secret)
            stream.login(_quoted(account.username), secret)
    except FAILURES as exc:
        # Without the cause: a server may have echoed the password into it.
        raise login_error(account, exc, secret) from None


def _ask(account: ImapAccount, password: Callable[[], str]) -> str:
    try:
        return password()
    except (TriageError, OSError) as exc:
        message = f"{where(account)}: the password cannot be had: {exc}"
        raise LoginError(message) from exc


def _plain_words(account: ImapAccount, secret: str) -> None:
    """LOGIN carries printable ASCII only, and a line break in it would start a new command."""
    if not all(" " <= c <= "~" for c in account.username + secret):
        message = (
            f"{where(account)}: the server knows only LOGIN, which cannot carry the letters of"
            " this username or password: use printable ASCII"
        )
        raise LoginError(message)


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
