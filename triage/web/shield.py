"""What holds for every answer of the page, whatever it is: who may ask, and what browsers may do.

Rules: a request under a name that is not ours is refused, since a foreign name may have been made
to point here (DNS rebinding); browsers are told to load and run nothing but our own files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from triage.addresses import is_ip, is_loopback

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from triage.web.site import Site

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    # Not `no-referrer`: browsers then hide the origin of our own forms too (Fetch, section 3.1).
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
STATIC = "/static/"
_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - recognised here, not listened on


class Shield:
    """The outermost part of the page."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what comes under a foreign name; add our headers to every answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        kept = "no-cache" if scope["path"].startswith(STATIC) else "no-store"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({**HEADERS, "cache-control": kept})
            await send(message)

        host = Headers(scope=scope).get("host", "")
        if not is_our_host(host, self._site):
            says = "This page is not known under that name. Use the address that triage serve gave."
            await PlainTextResponse(says, 421)(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)


def is_our_host(host: str, site: Site) -> bool:
    """Whether a Host header is a name of ours, with our port."""
    url = site.settings.config.page.url
    if url and host.lower() == urlsplit(url).netloc.lower():
        return True
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname or "", parts.port or 80
    except ValueError:
        return False
    if port != site.port or parts.path or parts.username is not None:
        return False
    # An address cannot be rebound; a name can, so only those that are this machine for certain.
    anywhere = site.host in _WILDCARDS and is_ip(name)
    return is_loopback(name) or name == site.host.strip("[]").lower() or anywhere


def is_our_origin(headers: Headers, site: Site) -> bool:
    """Whether a form was sent by a page of ours, as far as the browser says (RFC 6454)."""
    origin = headers.get("origin")
    if origin is None:  # an old browser, or no browser: the form's token must do
        return headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
    url = site.settings.config.page.url
    ours = {f"http://{headers.get('host', '')}".lower()}
    if url:
        parts = urlsplit(url)
        at_url = headers.get("host", "").lower() == parts.netloc.lower()
        ours = {f"{parts.scheme}://{parts.netloc}".lower()} if at_url else ours
    return origin.lower() in ours
