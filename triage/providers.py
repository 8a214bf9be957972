"""What is known of mail providers, so that set-up needs few questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.config import Security


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server of a provider."""

    host: str
    port: int
    security: Security


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider's servers and habits.

    Attributes:
        key: what `--provider` takes.
        domains: address domains that belong to it for certain.
        note: what its users must do before a login can work.
        sent_folder: where it keeps a copy of what was sent by SMTP; empty when it keeps none, so
            that a lost answer cannot be looked up.
        oauth: wants tokens rather than passwords.
        blanks_in_password: app passwords are shown in groups, and the blanks are no part of them.
    """

    key: str
    title: str
    imap: Server
    smtp: Server
    domains: tuple[str, ...] = ()
    note: str = ""
    sent_folder: str = ""
    blanks_in_password: bool = False
    oauth: bool = False


_GENERIC = "generic"

PROVIDERS: Mapping[str, Provider] = {
    provider.key: provider
    for provider in (
        Provider(
            key="gmail",
            title="Gmail or Google Workspace",
            imap=Server(host="imap.gmail.com", port=993, security="tls"),
            smtp=Server(host="smtp.gmail.com", port=587, security="starttls"),
            domains=("gmail.com", "googlemail.com"),
            note=(
                "Google wants an app password here, not the one you log in with: switch on "
                "2-step verification, then make one at https://myaccount.google.com/apppasswords"
            ),
            sent_folder="[Gmail]/Sent Mail",
            blanks_in_password=True,
        ),
        Provider(
            key="microsoft365",
            title="Microsoft 365 or Outlook",
            imap=Server(host="outlook.office365.com", port=993, security="tls"),
            smtp=Server(host="smtp.office365.com", port=587, security="starttls"),
            domains=("outlook.com", "hotmail.com", "live.com", "msn.com"),
            note=(
                "Microsoft wants OAuth2: register triage in your directory once (docs/oauth.md, "
                "ten minutes), then give its two ids here. See that IMAP and SMTP AUTH are on for "
                "the mailbox"
            ),
            oauth=True,
        ),
        Provider(
            key="fastmail",
            title="Fastmail",
            imap=Server(host="imap.fastmail.com", port=993, security="tls"),
            smtp=Server(host="smtp.fastmail.com", port=587, security="starttls"),
            domains=("fastmail.com", "fastmail.fm"),
            note=(
                "Fastmail wants an app password here: make one with access to mail (IMAP, SMTP) "
                "under Settings, Privacy & Security, Manage app passwords"
            ),
            blanks_in_password=True,
        ),
        Provider(
            key=_GENERIC,
            title="another provider or your own server",
            imap=Server(host="", port=993, security="tls"),
            smtp=Server(host="", port=587, security="starttls"),
        ),
    )
}


def guess_provider(address: str) -> Provider:
    """The provider an address surely belongs to, else the generic one without server names."""
    domain = address.rpartition("@")[2].lower()
    for provider in PROVIDERS.values():
        if domain in provider.domains:
            return provider
    return PROVIDERS[_GENERIC]


# Where anybody can have an address, so that the domain says nothing about the firm.
PUBLIC_DOMAINS = frozenset(
    domain for provider in PROVIDERS.values() for domain in provider.domains
) | {
    "aol.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "icloud.com",
    "mac.com",
    "mail.com",
    "me.com",
    "proton.me",
    "protonmail.com",
    "web.de",
    "yahoo.com",
    "yahoo.co.uk",
    "zoho.com",
}
