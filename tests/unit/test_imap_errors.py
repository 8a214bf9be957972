"""What the errors of a mail server become: which kind, and which words."""

from __future__ import annotations

import imaplib
import socket
import ssl

import pytest

from triage.addresses import is_loopback
from triage.config import ImapAccount, Secret
from triage.errors import LoginError, SourceError
from triage.sources.imap_errors import (
    RefusedError,
    command_error,
    connect_error,
    login_error,
    server_words,
)

ACCOUNT = ImapAccount(
    name="shared", host="mail.example.org", username="inbox", password=Secret(env="X")
)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("b'[AUTHENTICATIONFAILED] Authentication failed.'", LoginError),
        ("[AUTHENTICATIONFAILED] Invalid credentials (Failure)", LoginError),
        ("AUTHENTICATE failed.", LoginError),
        ("[ALERT] Application-specific password required", LoginError),
        ("[AUTHENTICATIONFAILED] temporarily locked", LoginError),
        ("[UNAVAILABLE] Temporary authentication failure.", SourceError),
        ("[ALERT] Too many simultaneous connections. (Failure)", SourceError),
        ("[INUSE] mailbox is busy", SourceError),
        ("Server Unavailable. 15", SourceError),
    ],
)
def test_a_refusal_is_told_apart_from_a_server_that_cannot_now(
    words: str, kind: type[SourceError]
) -> None:
    assert type(login_error(ACCOUNT, imaplib.IMAP4.error(words), "pw")) is kind


@pytest.mark.parametrize(
    "broken",
    [imaplib.IMAP4.abort("socket error: EOF"), TimeoutError(), EOFError("x"), ssl.SSLError("x")],
)
def test_a_link_that_breaks_at_the_login_is_no_refusal(broken: Exception) -> None:
    assert type(login_error(ACCOUNT, broken, "pw")) is SourceError


def test_a_password_that_the_server_echoes_is_struck_out() -> None:
    echo = imaplib.IMAP4.error("LOGIN command error: BAD [b'unknown: LOGIN inbox s3same']")
    text = str(login_error(ACCOUNT, echo, "s3same"))
    assert "s3same" not in text
    assert "***" in text


@pytest.mark.parametrize(
    ("exc", "says"),
    [
        (ssl.SSLCertVerificationError("certificate verify failed"), "ca_file"),
        (ssl.SSLCertVerificationError("certificate has expired"), "must be renewed"),
        (ssl.SSLCertVerificationError("Hostname mismatch, certificate is"), "check host"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "Check port and security"),
        (socket.gaierror(-2, "Name or service not known"), "Check host and network"),
        (TimeoutError("timed out"), "no answer within 60 s"),
        (ConnectionRefusedError(111, "Connection refused"), "nothing listens there"),
        (imaplib.IMAP4.error("TLS not supported by server"), "TLS not supported"),
    ],
)
def test_a_failed_connection_names_account_server_and_what_to_do(exc: Exception, says: str) -> None:
    text = str(connect_error(ACCOUNT, exc))
    assert text.startswith("shared (mail.example.org:993): cannot connect")
    assert says in text


@pytest.mark.parametrize(
    "exc",
    [
        imaplib.IMAP4.error("fetch failed: NO"),
        ValueError("unexpected message list format"),
        AttributeError("'int' object has no attribute 'upper'"),
        TypeError("x"),
        IndexError("x"),
        RecursionError("x"),
    ],
)
def test_an_answer_that_makes_no_sense_leaves_the_connection_usable(exc: Exception) -> None:
    error = command_error(ACCOUNT, "fetching", exc)
    assert isinstance(error, RefusedError)
    assert "while fetching" in str(error)


def test_words_of_a_server_are_one_bounded_line_without_control_characters() -> None:
    words = server_words(imaplib.IMAP4.error("b'bad\\r\\n' \x1b[31m" + "x" * 5000))
    assert "\x1b" not in words
    assert "\n" not in words
    assert len(words) <= 300


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("mail.example.org", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
    ],
)
def test_only_this_machine_counts_as_this_machine(host: str, *, here: bool) -> None:
    assert is_loopback(host) is here
