"""Microsoft 365, by msal: an app that logs in as itself, or a person who allows it once.

App-only wants the application permissions IMAP.AccessAsApp and SMTP.SendAsApp, granted by an
administrator, and the mailbox opened to the app (Add-MailboxPermission). What is kept is msal's
own cache.
"""

from __future__ import annotations

import json
import time
import warnings
from typing import TYPE_CHECKING, Any

import msal
import requests

from triage.errors import LoginError
from triage.oauth.base import (
    Browser,
    DevicePrompt,
    IssuerError,
    Token,
    refusal,
    registration_advice,
)
from triage.oauth.generic import not_yet
from triage.oauth.transport import TIMEOUT_S, Session, unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from triage.config import OAuthLogin

APP_SCOPES = ("https://outlook.office365.com/.default",)
DELEGATED_SCOPES = (
    "https://outlook.office.com/IMAP.AccessAsUser.All",
    "https://outlook.office.com/SMTP.Send",
)
_WELL_KNOWN = "https://login.microsoftonline.com"
# msal lets all of them out.
_TROUBLE = (requests.RequestException, msal.exceptions.MsalError, OSError, ValueError, KeyError)


class MicrosoftIssuer:
    """Implements `triage.oauth.base.Issuer` for one registration in one directory."""

    def __init__(
        self,
        name: str,
        login: OAuthLogin,
        secret: Callable[[], str] | None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`secret`: asked when needed."""
        self._name = name
        self._login = login
        self._secret = secret
        self._clock = clock
        default = APP_SCOPES if login.app_only else DELEGATED_SCOPES
        self._scopes = list(login.scopes or default)

    has_device = True

    def renew(self, kept: str, *, fresh: bool) -> tuple[Token, str]:
        """See `Issuer.renew`."""
        cache = _cache(kept)
        app = self._app(cache)
        try:
            if self._login.app_only:
                if fresh:
                    app.remove_tokens_for_client()
                answer = app.acquire_token_for_client(scopes=self._scopes)
            else:
                accounts = app.get_accounts()
                if not accounts:
                    raise not_yet(self._name)
                answer = app.acquire_token_silent_with_error(
                    self._scopes, account=accounts[0], force_refresh=fresh
                )
        except _TROUBLE as error:
            raise unreachable(self._name, error) from None
        if answer is None:
            raise not_yet(self._name)
        return self._token(answer), cache.serialize()

    def device(self, show: Callable[[DevicePrompt], None]) -> str:
        """See `Issuer.device`."""
        cache = msal.SerializableTokenCache()
        app = self._app(cache)
        try:
            flow = app.initiate_device_flow(scopes=self._scopes)
            if "device_code" not in flow:
                raise refusal(flow, self._name)
            show(
                DevicePrompt(
                    url=flow["verification_uri"],
                    code=flow["user_code"],
                    expires_in_s=float(flow.get("expires_in", 900)),
                )
            )
            answer = app.acquire_token_by_device_flow(flow)
        except _TROUBLE as error:
            raise unreachable(self._name, error) from None
        self._token(answer)
        return str(cache.serialize())

    def browser(self, redirect_uri: str) -> Browser:
        """See `Issuer.browser`."""
        cache = msal.SerializableTokenCache()
        app = self._app(cache)
        try:
            with warnings.catch_warnings():
                # msal would rather have a form posted. An address can be pasted from elsewhere,
                # stays on that machine, and is worth nothing without the verifier (RFC 7636).
                warnings.simplefilter("ignore", UserWarning)
                flow = app.initiate_auth_code_flow(self._scopes, redirect_uri=redirect_uri)
        except _TROUBLE as error:
            raise unreachable(self._name, error) from None

        def finish(came: Mapping[str, str]) -> str:
            try:
                answer = app.acquire_token_by_auth_code_flow(flow, dict(came))
            except (ValueError, RuntimeError):  # msal's words for a state or nonce not of this flow
                answer = {"error": "state", "error_description": "it belongs to another login"}
            except _TROUBLE as error:
                raise unreachable(self._name, error) from None
            self._token(answer)
            return str(cache.serialize())

        return Browser(url=flow["auth_uri"], finish=finish)

    def _app(self, cache: msal.SerializableTokenCache) -> Any:
        """Msal's application, made anew each time: it is cheap, and the cache holds the state."""
        authority = f"{self._login.authority.rstrip('/')}/{self._login.tenant}"
        settings: dict[str, Any] = {
            "authority": authority,
            "token_cache": cache,
            "http_client": Session(self._login),
            "timeout": TIMEOUT_S,
            # Another cloud, or a stub, is not among those that Microsoft's directory knows.
            "instance_discovery": self._login.authority.rstrip("/") == _WELL_KNOWN,
        }
        try:
            if self._login.app_only:
                assert self._secret is not None  # the rules of the file see to it
                return msal.ConfidentialClientApplication(
                    self._login.client_id, client_credential=self._secret(), **settings
                )
            return msal.PublicClientApplication(self._login.client_id, **settings)
        except ValueError:  # what it says is for programmers
            msg = f"login {self._name}: there is no directory {authority}; check tenant"
            raise LoginError(msg) from None
        except _TROUBLE as error:
            raise unreachable(self._name, error) from None

    def _token(self, answer: Mapping[str, Any]) -> Token:
        if "access_token" not in answer:
            advice = registration_advice(self._name) if self._login.app_only else ""
            raise refusal(answer, self._name, advice)
        life_s = float(answer.get("expires_in", 0))
        if life_s <= 0:
            msg = f"login {self._name}: the issuer gave a token that has ended already"
            raise IssuerError(msg)
        return Token(text=str(answer["access_token"]), expires_at=self._clock() + life_s)


def _cache(kept: str) -> msal.SerializableTokenCache:
    """Msal's cache; an empty one where the file is no longer its own."""
    cache = msal.SerializableTokenCache()
    try:
        whole = isinstance(json.loads(kept), dict)
    except ValueError:
        whole = False
    if whole:
        cache.deserialize(kept)
    return cache
