"""What went wrong with a server, in our words: who, where, why, and what to do.

Pure functions over exceptions. IMAPClient's errors come from unrelated families: imaplib's
`error` (and `abort`, its child), OSError with TLS, time-outs and DNS, EOFError, and whatever its
parser meets in a malformed answer (ValueError, TypeError, LookupError, AttributeError,
RecursionError).
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from typing import TYPE_CHECKING, Final

from triage.errors import LoginError, SourceError

if TYPE_CHECKING:
    from triage.config import ImapAccount

FAILURES: Final = (
    imaplib.IMAP4.error,
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
)

# RFC 5530 response codes, and the words of servers that send none.
_TEMPORARY: Final = re.compile(
    r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]"
    r"|too many|try (again )?later|temporar|internal (server )?error|unavailable",
    re.IGNORECASE,
)
_PERMANENT: Final = re.compile(
    r"\[(AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|EXPIRED|PRIVACYREQUIRED|CONTACTADMIN)\]"
)


class RefusedError(SourceError):
    """The server refused one command or answered it with nonsense; the connection still serves."""


def where(account: ImapAccount) -> str:
    """The start of every message: account and server."""
    return f"{account.name} ({account.host}:{account.port})"


def connect_error(account: ImapAccount, exc: Exception) -> SourceError:
    """Why no connection came about."""
    return SourceError(f"{where(account)}: cannot connect: {_connect_reason(account, exc)}")


def login_error(account: ImapAccount, exc: Exception, password: str) -> SourceError:
    """Why the login failed: LoginError where only a person can help."""
    advice = "Check username and password; many providers want an app password for IMAP"
    return _refused(account, exc, password, advice)


def token_error(account: ImapAccount, exc: Exception, token: str, status: str) -> SourceError:
    """The same for a token; `status` is the server's own word for why."""
    advice = (
        f"{f'It says: {status}. ' if status else ''}Check that username is the mailbox, that IMAP"
        " is allowed for it, and that the login may read it; then run:"
        f" triage login {account.login}"
    )
    return _refused(account, exc, token, advice)


def _refused(account: ImapAccount, exc: Exception, secret: str, advice: str) -> SourceError:
    """Servers may echo what they were sent; the secret is struck out."""
    words = server_words(exc)
    if secret:
        words = words.replace(secret, "***")
    if is_broken(exc) or (_TEMPORARY.search(words) and not _PERMANENT.search(words)):
        return SourceError(
            f"{where(account)}: the server cannot take the login of {account.username} now:"
            f" {words}. It will be tried again"
        )
    return LoginError(
        f"{where(account)}: the server refused the login of {account.username}: {words}. {advice}"
    )


def command_error(account: ImapAccount, doing: str, exc: Exception) -> SourceError:
    """Why a command failed: RefusedError when the connection can go on, else SourceError."""
    if is_broken(exc):
        return SourceError(
            f"{where(account)}: the connection broke while {doing}: {server_words(exc)}."
            " It will be made again"
        )
    if isinstance(exc, imaplib.IMAP4.error):
        return RefusedError(f"{where(account)}: refused while {doing}: {server_words(exc)}")
    return RefusedError(
        f"{where(account)}: an answer that cannot be read while {doing}:"
        f" {type(exc).__name__}: {server_words(exc)}"
    )


def is_broken(exc: Exception) -> bool:
    """Whether the connection is of no further use."""
    return isinstance(exc, (imaplib.IMAP4.abort, OSError, EOFError))


def server_words(exc: Exception) -> str:
    """The message of an exception on one line of bounded length, without byte-string marks."""
    if isinstance(exc, TimeoutError):
        return "no answer within the time-out"
    text = re.sub(r"\[?b'(.*?)'\]?", r"\1", str(exc)) or type(exc).__name__
    return " ".join(re.sub(r"[^ -~\u00a0-\uffff]", " ", text).split())[:300].rstrip(". ")


def _connect_reason(account: ImapAccount, exc: Exception) -> str:
    words = server_words(exc)
    if isinstance(exc, ssl.SSLCertVerificationError):
        reason = getattr(exc, "verify_message", "") or words
        return (
            f"the certificate does not verify ({reason.rstrip('.')}). {_certificate_hint(reason)}"
        )
    if isinstance(exc, ssl.SSLError):
        return f'{words}. Check port and security ("tls" is usual on 993, "starttls" on 143)'
    if isinstance(exc, socket.gaierror):
        return f"the name {account.host} is not known ({words}). Check host and network"
    if isinstance(exc, TimeoutError):
        return f"no answer within {account.timeout_s} s. Check host, port, security and firewall"
    if isinstance(exc, ConnectionRefusedError):
        return f"nothing listens there ({words}). Check host and port"
    return f"{words}. It will be tried again"


def _certificate_hint(reason: str) -> str:
    if "expired" in reason:
        return "The server's certificate must be renewed"
    if "mismatch" in reason:
        return "It is for another name: check host"
    return "If the server uses a private certificate authority, name its file as ca_file"
