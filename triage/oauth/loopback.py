"""The way back from the browser: a listener on this machine for one redirect (RFC 8252, 7.3)."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from triage.oauth.base import NeedsLoginError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAGE = (
    "<!doctype html><meta charset=utf-8><title>triage</title>"
    "<p style='font: 16px system-ui; margin: 3em'>Thank you. You can close this window and go back "
    "to triage."
)


class Loopback:
    """Listens on a free port of 127.0.0.1 from the moment it is made."""

    def __init__(self) -> None:
        self._came: dict[str, str] = {}
        came = self._came

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = parameters(self.path)
                if "code" in found or "error" in found:  # not the browser's wish for an icon
                    came.update(found)
                body = _PAGE.encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing: the request line holds the code."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.redirect_uri = f"http://localhost:{self._server.server_port}/"

    def wait(self, timeout_s: float) -> Mapping[str, str]:
        """The parameters of the redirect. Raises NeedsLoginError when none comes in time."""
        ends_at = time.monotonic() + timeout_s
        with self._server:
            while not self._came:
                left = ends_at - time.monotonic()
                if left <= 0:
                    msg = "nobody came back from the browser in time; begin anew"
                    raise NeedsLoginError(msg)
                self._server.timeout = min(left, 1.0)
                self._server.handle_request()
        return dict(self._came)

    def close(self) -> None:
        """Listen no more."""
        self._server.server_close()


def parameters(url: str) -> dict[str, str]:
    """What a redirect brought, also when a person pastes the whole address."""
    return dict(parse_qsl(urlsplit(url.strip()).query))
