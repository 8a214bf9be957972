"""Connecting and logging in to a real Dovecot: who is let in, and what the errors say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import need
from tests.dovecot import PASSWORD, Dovecot, Mailbox, available
from tests.imap_faults import Do, Fault
from tests.imap_helpers import account
from triage.config import Limits
from triage.errors import ConfigError, FolderMissingError, LoginError, SourceError
from triage.sources.imap import ImapSource

if TYPE_CHECKING:
    from tests.imap_helpers import ProxyOf, SourceOf

pytestmark = pytest.mark.dovecot


def test_a_wrong_password_is_a_login_error_that_does_not_tell_it(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    source = source_of(mailbox, secret="sesame-4711")
    with pytest.raises(LoginError, match="refused the login") as caught:
        source.open()
    assert mailbox.user in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_a_password_with_quotes_and_umlauts_logs_in(source_of: SourceOf) -> None:
    need("Dovecot", present=available())
    server = Dovecot()
    server.add_user("quoted@example.org", 'pä"s\\s €wort')
    with server:
        source = source_of(
            Mailbox(server=server, user="quoted@example.org"), secret='pä"s\\s €wort'
        )
        source.open()
        source.close()


def test_a_link_cut_during_the_login_is_no_login_error(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    proxy = proxy_of(mailbox)
    proxy.inject(Fault(do=Do.CUT, when=b"Logged in"))
    with pytest.raises(SourceError) as caught:
        source_of(mailbox, port=proxy.port).open()
    assert not isinstance(caught.value, LoginError)


def test_a_missing_folder_is_named_with_those_there_are(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    mailbox.create_folder("Clients")
    with pytest.raises(FolderMissingError, match="folder Klients does not exist; there are: Cl"):
        source_of(mailbox, "Klients").open()


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_does_not_verify_is_refused(
    mailbox: Mailbox, source_of: SourceOf, security: str
) -> None:
    port = mailbox.server.tls_port if security == "tls" else mailbox.server.port
    with pytest.raises(SourceError, match=r"certificate does not verify.*ca_file"):
        source_of(mailbox, security=security, port=port).open()


def test_a_certificate_for_another_name_is_refused(source_of: SourceOf) -> None:
    need("Dovecot", present=available())
    with Dovecot(certificate_names="DNS:mail.example.org") as server:
        source = source_of(
            server.new_mailbox(),
            security="tls",
            port=server.tls_port,
            ca_file=server.certificates.authority,
        )
        with pytest.raises(SourceError, match="certificate does not verify"):
            source.open()


def test_starttls_is_not_given_up_when_the_server_does_not_offer_it(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    proxy = proxy_of(mailbox)
    proxy.replace(b"STARTTLS", b"STARTNOT")
    authority = mailbox.server.certificates.authority
    source = source_of(mailbox, security="starttls", port=proxy.port, ca_file=authority)
    with pytest.raises(SourceError, match="cannot connect"):
        source.open()
    assert b"AUTHENTICATE" not in proxy.heard


def test_a_server_that_claims_to_be_logged_in_already_is_refused_with_starttls(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    proxy = proxy_of(mailbox)
    proxy.replace(b"* OK [CAPABILITY", b"* PREAUTH [CAPABILITY")
    authority = mailbox.server.certificates.authority
    with pytest.raises(SourceError, match="cannot connect"):
        source_of(mailbox, security="starttls", port=proxy.port, ca_file=authority).open()


def test_words_slipped_in_before_tls_begins_are_not_believed(
    mailbox: Mailbox, source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    proxy = proxy_of(mailbox)
    proxy.replace(b"negotiation now.\r\n", b"negotiation now.\r\n* CAPABILITY IMAP4rev1\r\n")
    authority = mailbox.server.certificates.authority
    with pytest.raises(SourceError, match="unencrypted data after STARTTLS"):
        source_of(mailbox, security="starttls", port=proxy.port, ca_file=authority).open()


def test_a_server_that_knows_only_login_gets_quoted_words(
    source_of: SourceOf, proxy_of: ProxyOf
) -> None:
    need("Dovecot", present=available())
    server = Dovecot()
    server.add_user("quoted@example.org", 'pa"s\\s word')
    with server:
        mailbox = Mailbox(server=server, user="quoted@example.org")
        proxy = proxy_of(mailbox)
        proxy.replace(b"AUTH=PLAIN", b"AUTH=OTHER")
        source = source_of(mailbox, port=proxy.port, secret='pa"s\\s word')
        source.open()
        source.close()
        assert b'LOGIN "quoted@example.org" "pa\\"s\\\\s word"' in proxy.heard
        with pytest.raises(LoginError, match="printable ASCII"):
            source_of(mailbox, port=proxy.port, secret="x\r\na1 NOOP").open()


def test_the_password_is_asked_for_at_every_connection(mailbox: Mailbox) -> None:
    asked: list[str] = []

    def token() -> str:
        asked.append("once")
        return PASSWORD

    source = ImapSource(account(mailbox), "INBOX", token, Limits())
    source.open()
    source.close()
    source.open()
    source.close()
    assert len(asked) == 2


def test_a_password_that_cannot_be_had_is_a_login_error(mailbox: Mailbox) -> None:
    def missing() -> str:
        raise ConfigError(["the environment variable MAIL_PASSWORD is not set"])

    source = ImapSource(account(mailbox), "INBOX", missing, Limits())
    with pytest.raises(LoginError, match="MAIL_PASSWORD is not set"):
        source.open()


def test_nothing_is_sent_in_the_clear_beyond_this_machine(
    mailbox: Mailbox, source_of: SourceOf
) -> None:
    with pytest.raises(SourceError, match="in the clear"):
        source_of(mailbox, security="none", host="mail.example.org").open()


def test_a_missing_ca_file_is_named(mailbox: Mailbox, source_of: SourceOf) -> None:
    with pytest.raises(SourceError, match=r"ca_file /nowhere/ca.pem cannot be used"):
        source_of(mailbox, security="tls", ca_file=Path("/nowhere/ca.pem")).open()
