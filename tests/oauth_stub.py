"""A small issuer on loopback: RFC 6749, 7636 and 8628, with faults on request.

It speaks as Microsoft's directory does below `/<tenant>/`, and plainly at `/token`. Tokens that it
handed out can be looked up at `/introspect`, which is how Dovecot judges them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

if TYPE_CHECKING:
    from tests.certificates import Certificates

Fields = dict[str, str]


@dataclass(kw_only=True)
class Issuer:
    """What the stub knows. `user` is who logs in; `mode` is how it behaves.

    Attributes:
        life_s: how long it says that tokens live.
        error: answered to every wish for a token, when set; `HTTP 500` for trouble of its own.
        pending: so many times a device code is not entered yet.
        rotating: each refresh token works once only, as with many issuers.
        valid: access tokens that a mail server may take.
        asked: every form that came to the token address.
    """

    user: str = "inbox@example.org"
    secret: str = "client-secret-canary"
    life_s: int = 3600
    error: str = ""
    pending: int = 1
    rotating: bool = False
    certificates: Certificates
    valid: set[str] = field(default_factory=set)
    refresh: set[str] = field(default_factory=set)
    asked: list[Fields] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self._nonce = ""
        self._challenges: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        context = self.certificates.server_context()
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://localhost:{self._server.server_port}"
        self.authority = self.certificates.authority

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def withdraw_tokens(self) -> None:
        """No mail server takes any token that was handed out until now."""
        self.valid.clear()

    def withdraw_consent(self) -> None:
        """Nothing is renewed any more, as after a changed password."""
        self.refresh.clear()

    def answer(self, path: str, fields: Fields) -> tuple[int, dict[str, Any]]:
        """Status and JSON for one request."""
        last = path.rsplit("/", 1)[-1]
        if last == "introspect":
            active = fields.get("token", "") in self.valid
            return 200, {"active": active, "username": self.user, "email": self.user}
        if last == "openid-configuration":
            return 200, self._description(path.split("/")[1])
        if last in {"device", "devicecode"}:
            start = {"device_code": "dev", "user_code": "ABCD-EFGH", "expires_in": 900}
            return 200, {**start, "verification_uri": f"{self.url}/enter", "interval": 1}
        if last == "token":
            self.asked.append(fields)
            return self._token(fields)
        return 404, {}

    def authorize(self, fields: Fields) -> str:
        """Where the browser is sent after the login."""
        self._nonce = fields.get("nonce", "")
        self._challenges["code-1"] = fields["code_challenge"]
        came = {"code": "code-1", "state": fields["state"]}
        return f"{fields['redirect_uri']}?{urlencode(came)}"

    def _token(self, fields: Fields) -> tuple[int, dict[str, Any]]:
        if self.error == "HTTP 500":
            return 500, {}
        refused = self.error or self._refusal(fields)
        if refused:
            return 400, {"error": refused, "error_description": f"no: {refused}\nTrace ID: 1"}
        number = next(self._numbers)
        token, refresh = f"access-canary-{number}", f"refresh-canary-{number}"
        self.valid.add(token)
        answer: dict[str, Any] = {"access_token": token, "token_type": "Bearer"}
        answer |= {"expires_in": self.life_s, "scope": fields.get("scope", "mail")}
        if fields.get("grant_type") != "client_credentials":
            if self.rotating:
                self.refresh.discard(fields.get("refresh_token", ""))
            self.refresh.add(refresh)
            answer |= {"refresh_token": refresh, "id_token": _id_token(self.user, self._nonce)}
            answer["client_info"] = _b64(json.dumps({"uid": "u", "utid": "t"}).encode())
        return 200, answer

    def _refusal(self, fields: Fields) -> str:
        grant = fields.get("grant_type", "")
        if "client_secret" in fields and fields["client_secret"] != self.secret:
            return "invalid_client"
        if grant == "refresh_token" and fields["refresh_token"] not in self.refresh:
            return "invalid_grant"
        if grant.endswith("device_code") and self.pending > 0:
            self.pending -= 1
            return "authorization_pending"
        if grant == "authorization_code":
            digest = hashlib.sha256(fields["code_verifier"].encode()).digest()
            good = self._challenges.get(fields["code"]) == _b64(digest)
            return "" if good else "invalid_grant"
        return ""

    def _description(self, tenant: str) -> dict[str, str]:
        base = f"{self.url}/{tenant}/oauth2/v2.0"
        return {
            "issuer": f"{self.url}/{tenant}/v2.0",
            "token_endpoint": f"{base}/token",
            "authorization_endpoint": f"{base}/authorize",
            "device_authorization_endpoint": f"{base}/devicecode",
        }


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _id_token(user: str, nonce: str) -> str:
    """Unsigned, as msal takes it from the token address itself."""
    claims: dict[str, object] = {"iss": "stub", "aud": "client-1", "sub": "u", "oid": "u"}
    claims |= {"preferred_username": user, "tid": "t", "exp": 4102444800, "iat": 0, "nonce": nonce}
    head = _b64(json.dumps({"alg": "none"}).encode())
    return f"{head}.{_b64(json.dumps(claims).encode())}."


def _handler(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            fields = dict(parse_qsl(parts.query))
            if parts.path.endswith("/authorize"):
                self.send_response(302)
                self.send_header("Location", issuer.authorize(fields))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._say(*issuer.answer(parts.path, fields))

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            fields = dict(parse_qsl(self.rfile.read(length).decode()))
            self._say(*issuer.answer(urlsplit(self.path).path, fields))

        def _say(self, status: int, found: dict[str, Any]) -> None:
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
