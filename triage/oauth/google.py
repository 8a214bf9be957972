"""Google, by google-auth: a service account that may act for the mailbox, or a person's consent.

A service account needs domain-wide delegation for the one scope. Google gives no device codes for
mail, so a person's login runs in the browser.
"""

from __future__ import annotations

import json
import time
from datetime import UTC
from typing import TYPE_CHECKING, Any

from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import credentials, service_account

from triage.errors import LoginError
from triage.oauth.base import Browser, IssuerError, NeedsLoginError, Token
from triage.oauth.generic import GenericIssuer, not_yet, refresh_token_of
from triage.oauth.transport import Session, unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from triage.config import OAuthLogin
    from triage.oauth.base import DevicePrompt

SCOPES = ("https://mail.google.com/",)
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
AUTHORIZE_URL = "https://accounts.google.com/o/oauth2/v2/auth"


class GoogleIssuer:
    """Implements `triage.oauth.base.Issuer`; `mailbox` is whom a service account acts for."""

    has_device = False

    def __init__(
        self,
        name: str,
        login: OAuthLogin,
        secret: Callable[[], str] | None,
        mailbox: str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`login` has Google's addresses filled in; `secret`: asked when needed."""
        self._name = name
        self._login = login
        self._secret = secret
        self._mailbox = mailbox
        self._session = Session(login)
        extra = {"access_type": "offline", "prompt": "consent"}  # or there is nothing to renew with
        self._browser = GenericIssuer(name, login, secret, extra=extra, clock=clock)

    def renew(self, kept: str, *, fresh: bool) -> tuple[Token, str]:
        """See `Issuer.renew`; a new token is asked for each time, so `fresh` changes nothing."""
        del fresh
        made = self._robot() if self._login.app_only else self._person(kept)
        try:
            made.refresh(Request(session=self._session))
        except RefreshError as error:
            raise _refused(self._name, error) from None
        except (GoogleAuthError, OSError, ValueError) as error:
            raise unreachable(self._name, error) from None
        ends_at = made.expiry.replace(tzinfo=UTC).timestamp()
        refresh = getattr(made, "refresh_token", None)  # a service account has none
        to_keep = json.dumps({"refresh_token": refresh}) if refresh else kept
        return Token(text=str(made.token), expires_at=ends_at), to_keep

    def device(self, show: Callable[[DevicePrompt], None]) -> str:
        """Not with Google."""
        del show
        msg = f"login {self._name}: Google gives no codes for mail; leave --device out"
        raise LoginError(msg)

    def browser(self, redirect_uri: str) -> Browser:
        """See `Issuer.browser`."""
        return self._browser.browser(redirect_uri)

    def _person(self, kept: str) -> Any:
        refresh = refresh_token_of(kept)
        if not refresh:
            raise not_yet(self._name)
        return credentials.Credentials(  # type: ignore[no-untyped-call]  # google-auth has few types
            token=None,
            refresh_token=refresh,
            token_uri=self._login.token_url,
            client_id=self._login.client_id,
            client_secret=self._secret() if self._secret else None,
            scopes=list(self._login.scopes),
        )

    def _robot(self) -> Any:
        path = self._login.service_account
        assert path is not None  # the rules of the file see to it
        try:
            return service_account.Credentials.from_service_account_file(  # type: ignore[no-untyped-call]
                str(path), scopes=list(self._login.scopes), subject=self._mailbox
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no key of a service account"
            msg = f"login {self._name}: {path} cannot be used ({why}); download the key anew"
            raise LoginError(msg) from None


def _refused(name: str, error: RefreshError) -> NeedsLoginError | IssuerError:
    """google-auth says whether trying again may help; its text may hold the whole answer."""
    if error.retryable:
        return IssuerError(f"login {name}: Google cannot help now; it will be tried again")
    answer = error.args[1] if len(error.args) > 1 else None
    code = answer.get("error", "") if isinstance(answer, dict) else ""
    says = f" ({code})" if isinstance(code, str) and code.isidentifier() else ""
    return NeedsLoginError(f"login {name}: Google refuses{says}; run: triage login {name}")
