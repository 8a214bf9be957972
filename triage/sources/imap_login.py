"""Making a connection: TLS, the login, and the class that lets IMAPClient use our stream.

Rule: a connection is encrypted and verified, or ends on this machine. Nothing that leaves here
holds the password.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from imapclient import IMAPClient

from triage.addresses import is_loopback
from triage.errors import LoginError, SourceError, TriageError
from triage.oauth import KeptTokens, sasl
from triage.sources.imap_errors import FAILURES, connect_error, login_error, token_error, where
from triage.sources.imap_stream import ImapStream
from triage.tls import client_context, ends_at

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


def certificate_ends(account: ImapAccount) -> float:
    """Until when the server's certificate holds, in epoch seconds. Raises SourceError."""
    client = connect(account)
    try:
        return ends_at(client.imap_stream.sock)
    except OSError as exc:
        raise connect_error(account, exc) from exc
    finally:
        client.imap_stream.shutdown()


def log_in(account: ImapAccount, stream: ImapStream, password: Callable[[], str]) -> None:
    """Authenticate with a token, with PLAIN (RFC 4616), or with LOGIN where that is all there is.

    A token that is refused is renewed once: it may have been withdrawn before its time.
    """
    secret = _ask(account, password)
    if isinstance(password, KeptTokens):
        try:
            _with_token(account, stream, secret)
        except LoginError:
            another = _ask(account, partial(password.fresh, secret))
            _with_token(account, stream, another)
        return
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


def _with_token(account: ImapAccount, stream: ImapStream, token: str) -> None:
    offered = {w.removeprefix("AUTH=") for w in stream.capabilities if w.startswith("AUTH=")}
    mechanism = sasl.choose(offered)
    if not mechanism:
        message = (
            f"{where(account)}: the server takes no OAuth2 tokens (it offers:"
            f" {', '.join(sorted(offered)) or 'nothing'}); use a password, or see that port and"
            " security are right"
        )
        raise LoginError(message)
    first = sasl.initial_response(
        mechanism, username=account.username, token=token, host=account.host, port=account.port
    )
    said: list[str] = []

    def answer(challenge: bytes) -> bytes:
        if not challenge:
            return first.encode()
        said.append(sasl.reason(challenge))
        return sasl.last_word(mechanism).encode()

    try:
        stream.authenticate(mechanism, answer)
    except FAILURES as exc:
        raise token_error(account, exc, token, "".join(said)) from None


def _ask(account: ImapAccount, password: Callable[[], str]) -> str:
    try:
        return password()
    except SourceError as exc:  # of the login: it says itself whether trying again may help
        message = f"{where(account)}: {exc}"
        raise type(exc)(message) from None
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
