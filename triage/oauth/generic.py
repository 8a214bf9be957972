"""Any issuer that keeps to the standards, by plain POSTs.

RFC 6749 (tokens, client credentials, refresh), RFC 7636 (PKCE), RFC 8252 (browser), RFC 8628
(another device). What is kept is a JSON object with the refresh token.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from triage.oauth.base import (
    Browser,
    DevicePrompt,
    IssuerError,
    NeedsLoginError,
    Token,
    refusal,
    registration_advice,
)
from triage.oauth.transport import Session, post

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from triage.config import OAuthLogin

_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_POLL_S = 5.0  # RFC 8628: where the issuer names no interval
_LIFE_S = 3600.0  # RFC 6749 leaves the life of a token optional


class GenericIssuer:
    """Implements `triage.oauth.base.Issuer` for one registration."""

    def __init__(
        self,
        name: str,
        login: OAuthLogin,
        secret: Callable[[], str] | None,
        *,
        extra: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`extra`: more parameters for the address of the browser; `secret`: asked when needed."""
        self._name = name
        self._login = login
        self._secret = secret
        self._extra = dict(extra or {})
        self._clock = clock
        self._sleep = sleep
        self._session = Session(login)

    @property
    def has_device(self) -> bool:
        """Whether the issuer hands out device codes."""
        return bool(self._login.device_url)

    def renew(self, kept: str, *, fresh: bool) -> tuple[Token, str]:
        """See `Issuer.renew`; a new token is asked for each time, so `fresh` changes nothing."""
        del fresh
        if self._login.app_only:
            fields = {"grant_type": "client_credentials", "scope": self._scope}
            return self._token(self._ask(fields)), kept
        refresh = refresh_token_of(kept)
        if not refresh:
            raise not_yet(self._name)
        answer = self._ask({"grant_type": "refresh_token", "refresh_token": refresh})
        return self._token(answer), self._kept(answer, refresh)

    def device(self, show: Callable[[DevicePrompt], None]) -> str:
        """See `Issuer.device`."""
        fields = {"client_id": self._login.client_id, "scope": self._scope}
        start = post(self._session, self._login.device_url, fields, self._name)
        if "device_code" not in start:
            raise refusal(start, self._name)
        wait_s = float(start.get("interval", _POLL_S))
        life_s = float(start.get("expires_in", 900))
        # The complete address holds the code, so that nobody has to type it; not all give one.
        url = start.get("verification_uri_complete") or start["verification_uri"]
        show(DevicePrompt(url=url, code=start.get("user_code", ""), expires_in_s=life_s))
        ends_at = self._clock() + life_s
        while self._clock() < ends_at:
            self._sleep(wait_s)
            answer = self._try({"grant_type": _DEVICE_GRANT, "device_code": start["device_code"]})
            if answer.get("error") == "slow_down":
                wait_s += _POLL_S
            elif answer.get("error") != "authorization_pending":
                return self._first(answer)
        msg = f"login {self._name}: nobody entered the code in time; run: triage login {self._name}"
        raise NeedsLoginError(msg)

    def browser(self, redirect_uri: str) -> Browser:
        """See `Issuer.browser`."""
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        digest = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._login.client_id,
            "redirect_uri": redirect_uri,
            "scope": self._scope,
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **self._extra,
        }

        def finish(came: Mapping[str, str]) -> str:
            if not secrets.compare_digest(came.get("state", ""), state):
                msg = f"login {self._name}: this answer belongs to another login; begin anew"
                raise NeedsLoginError(msg)
            if "code" not in came:
                raise refusal(came, self._name)
            fields = {"grant_type": "authorization_code", "code": came["code"]}
            fields |= {"redirect_uri": redirect_uri, "code_verifier": verifier}
            return self._first(self._try(fields))

        return Browser(url=f"{self._login.authorize_url}?{urlencode(query)}", finish=finish)

    @property
    def _scope(self) -> str:
        return " ".join(self._login.scopes)

    def _try(self, fields: dict[str, str]) -> dict[str, Any]:
        fields = {"client_id": self._login.client_id, **fields}
        if self._secret is not None:
            fields["client_secret"] = self._secret()
        return post(self._session, self._login.token_url, fields, self._name)

    def _ask(self, fields: dict[str, str]) -> dict[str, Any]:
        answer = self._try(fields)
        if "access_token" not in answer:
            advice = registration_advice(self._name) if self._login.app_only else ""
            raise refusal(answer, self._name, advice)
        return answer

    def _first(self, answer: dict[str, Any]) -> str:
        if "access_token" not in answer:
            raise refusal(answer, self._name)
        if not answer.get("refresh_token"):
            msg = (
                f"login {self._name}: the issuer gave nothing to renew the token with; ask for it "
                'in scopes (often "offline_access")'
            )
            raise NeedsLoginError(msg)
        return self._kept(answer, "")

    def _token(self, answer: Mapping[str, Any]) -> Token:
        try:
            life_s = float(answer.get("expires_in") or _LIFE_S)
        except (TypeError, ValueError):
            life_s = _LIFE_S
        text = str(answer["access_token"])
        if not text.isprintable() or " " in text:
            msg = f"login {self._name}: the issuer's token holds characters that none may hold"
            raise IssuerError(msg)
        return Token(text=text, expires_at=self._clock() + life_s)

    @staticmethod
    def _kept(answer: Mapping[str, Any], before: str) -> str:
        """A new refresh token takes the place of the old one; many issuers give none."""
        return json.dumps({"refresh_token": answer.get("refresh_token") or before})


def refresh_token_of(kept: str) -> str:
    """The refresh token in what was kept; "" where there is none, or the file is no longer ours."""
    try:
        found = json.loads(kept) if kept else {}
    except ValueError:
        return ""
    token = found.get("refresh_token", "") if isinstance(found, dict) else ""
    return token if isinstance(token, str) else ""


def not_yet(name: str) -> NeedsLoginError:
    """That nobody has logged in."""
    return NeedsLoginError(f"login {name}: nobody has logged in yet; run: triage login {name}")
