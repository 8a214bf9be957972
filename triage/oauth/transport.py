"""HTTP to an issuer: verified TLS, one time-out, no redirects with secrets in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from triage.oauth.base import IssuerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.config import OAuthLogin

TIMEOUT_S = 30.0
_SERVER_TROUBLE = 500


class Session(requests.Session):
    """A session that always verifies and never waits for ever."""

    def __init__(self, login: OAuthLogin) -> None:
        super().__init__()
        self.trust_env = login.ca_file is None  # else REQUESTS_CA_BUNDLE would win over our file
        self.verify = str(login.ca_file) if login.ca_file else True

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """As `requests`, with the time-out that it lacks."""
        kwargs["timeout"] = kwargs.get("timeout") or TIMEOUT_S
        return super().request(*args, **kwargs)


def post(session: Session, url: str, fields: Mapping[str, str], login: str) -> dict[str, Any]:
    """A form in, a JSON object out, also when it says what is wrong. Raises IssuerError."""
    try:
        answer = session.post(
            url, data=fields, headers={"Accept": "application/json"}, allow_redirects=False
        )
    except (requests.RequestException, OSError) as error:
        raise unreachable(login, error) from None
    if answer.status_code >= _SERVER_TROUBLE:
        msg = f"login {login}: the issuer has trouble of its own (HTTP {answer.status_code})"
        raise IssuerError(msg)
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        msg = f"login {login}: {url} gave no JSON (HTTP {answer.status_code}); check the address"
        raise IssuerError(msg)
    return found


def unreachable(login: str, error: Exception) -> IssuerError:
    """That an issuer could not be asked; by the kind of error, since its text holds the request."""
    kind = type(error).__name__
    if isinstance(error, requests.exceptions.SSLError):
        kind = "its certificate does not verify; for a private authority set ca_file"
    return IssuerError(f"login {login}: the issuer cannot be reached ({kind})")
