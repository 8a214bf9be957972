"""Logging in by a link that works once, and out again.

Rule: looking at a link does not use it up, since mail programs and previews look too; the button
below it does.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route

from triage.web.guard import error_page, post, read_form
from triage.web.roles import Role
from triage.web.shield import is_our_origin
from triage.web.views import render

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from triage.web.guard import Visit
    from triage.web.site import Site

log = logging.getLogger(__name__)

PATH = "/login"
KEY = "key"
USED_UP = (
    "This link was used before, or is too old. Make a new one where triage runs: "
    "triage serve --link run"
)


def routes(site: Site) -> list[BaseRoute]:
    """The login page, its button, and the way out."""

    async def show(request: Request) -> Response:
        return await run_in_threadpool(_show, site, request)

    async def enter(request: Request) -> Response:
        form = await read_form(request)
        return await run_in_threadpool(_enter, site, request, form.get(KEY, [""])[-1])

    return [
        Route(PATH, show, methods=["GET"]),
        Route(PATH, enter, methods=["POST"]),
        post("/logout", site, _leave, Role.READ),
    ]


def _show(site: Site, request: Request) -> Response:
    key = request.query_params.get(KEY, "")
    visitor = site.sessions.offered(key, site.clock()) if key else None
    if visitor is None:
        return error_page(site, request, 401, says=USED_UP if key else "")
    shown = render(
        site, "login.html", identity=None, path=PATH, values={"visitor": visitor, "key": key}
    )
    return HTMLResponse(shown)


def _enter(site: Site, request: Request, key: str) -> Response:
    if not is_our_origin(request.headers, site):
        return error_page(site, request, 400, says="Open the link itself, and press its button.")
    secret = site.sessions.redeem(key, site.clock())
    if secret is None:
        return error_page(site, request, 401, says=USED_UP)
    visitor = site.sessions.visitor(secret, site.clock())
    if visitor:
        facts = {"action": "login", "by": visitor.by, "role": visitor.role.word}
        log.info("somebody has logged in to the page", extra=facts)
    answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    url = site.settings.config.page.url
    by_url = request.headers.get("host", "").lower() == urlsplit(url).netloc.lower()
    answer.set_cookie(
        site.cookie,
        secret,
        max_age=int(site.sessions.session_s),
        httponly=True,
        samesite="strict",
        secure=by_url and url.startswith("https:"),
    )
    return answer


def _leave(visit: Visit) -> Response:
    site = visit.site
    site.sessions.end(visit.request.cookies.get(site.cookie, ""))
    answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    answer.delete_cookie(site.cookie, httponly=True, samesite="strict")
    return answer
