"""What a server is to be told so that it lets us in: a password, or a token of a login.

Rule: asked for at each login and never kept; whatever cannot be had says whose it is.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from triage.config import ImapAccount, Secret
from triage.oauth import KeptTokens
from triage.secrets import read_secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from triage.config import Config, OAuthLogin, Outgoing
    from triage.oauth.base import Issuer


def credential(config: Config, at: ImapAccount | Outgoing) -> Callable[[], str]:
    """What asks for the password, or for a token: then it is a `KeptTokens`."""
    if at.login:
        return tokens_of(config, at.login, at.username)
    whose = f"account {at.name}" if isinstance(at, ImapAccount) else "the outgoing server"
    return partial(read_secret, at.password or Secret(), f"the password of {whose}")


def tokens_of(config: Config, name: str, mailbox: str) -> KeptTokens:
    """The tokens of one of `[logins]`. `mailbox`: whom a Google service account acts for."""
    login = config.logins[name]
    # Such an account gets a token for each mailbox; all others get one for whatever they may see.
    each = login.type == "google" and login.app_only
    file = f"{name}.{quote(mailbox, safe='@')}.json" if each else f"{name}.json"
    return KeptTokens(name, issuer_of(name, login, mailbox), config.tokens / file)


def issuer_of(name: str, login: OAuthLogin, mailbox: str) -> Issuer:
    """The issuer of a login; its library is loaded only here."""
    secret = None
    if login.client_secret is not None:
        secret = partial(read_secret, login.client_secret, f"the client secret of login {name}")
    if login.type == "microsoft":
        from triage.oauth.microsoft import MicrosoftIssuer  # noqa: PLC0415 - loads msal

        return MicrosoftIssuer(name, login, secret)
    if login.type == "google":
        from triage.oauth import google  # noqa: PLC0415 - loads google-auth

        filled = replace(
            login,
            token_url=login.token_url or google.TOKEN_URL,
            authorize_url=login.authorize_url or google.AUTHORIZE_URL,
            scopes=login.scopes or google.SCOPES,
        )
        return google.GoogleIssuer(name, filled, secret, mailbox)
    from triage.oauth.generic import GenericIssuer  # noqa: PLC0415 - loads requests

    return GenericIssuer(name, login, secret)
