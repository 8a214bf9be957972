"""Puts the page together, and serves it until it is told to stop."""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from triage.app import make_writer, read_key
from triage.app_labels import make_gestures, make_labeller
from triage.errors import TriageError
from triage.resources import resource
from triage.secrets import read_secret
from triage.web.book import Book, InForce
from triage.web.guard import error_page, get
from triage.web.pages import case, cases, login, models, operations, policy, review
from triage.web.sessions import Sessions
from triage.web.shield import Shield
from triage.web.site import Site
from triage.web.visitors import identify

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from triage.app import Settings
    from triage.pipeline.labelling import Labeller
    from triage.store.engine import Store

HOUR_S = 3600
STOP_WITHIN_S = 5
PAGES = (  # each answers for its paths
    login,
    cases,
    review,
    operations,
    policy,
    models,
    case,
)


def make_site(
    settings: Settings,
    store: Store,
    *,
    host: str,
    port: int,
    clock: Callable[[], float] = time.time,
    labeller: Labeller | None = None,
    sample: bool = False,
) -> Site:
    """What the pages are made from. `labeller`: one that is there already.

    `sample`: each page says that the mail is invented.

    Raises:
        TriageError: a key, a template or a secret cannot be had.
    """
    page = settings.config.page
    secret = page.proxy.secret if page.proxy else None
    return Site(
        book=Book(_in_force(settings, labeller), _in_force),
        store=store,
        sessions=sessions_of(settings),
        key=read_key(settings.config.key_file),
        proxy_secret=read_secret(secret, "the secret of [page.proxy]") if secret else "",
        host=host,
        port=port,
        clock=clock,
        sample=sample,
    )


def _in_force(settings: Settings, labeller: Labeller | None = None) -> InForce:
    labeller = labeller or make_labeller(settings, make_writer(settings))
    gestures = make_gestures(settings, labeller)
    return InForce(settings=settings, labeller=labeller, gestures=gestures)


def sessions_of(settings: Settings) -> Sessions:
    """Who is logged in to the page of these settings."""
    store = settings.config.store_file or settings.config.path.with_name("triage.db")
    session_s = settings.config.page.session_hours * HOUR_S
    return Sessions(path=store.with_name(f"{store.name}.logins"), session_s=session_s)


def build_app(site: Site) -> Starlette:
    """The page as an ASGI application."""

    def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        identity = identify(request, site)
        return error_page(site, request, error.status_code, identity, error.detail)

    def failed(request: Request, error: Exception) -> Response:
        return error_page(site, request, 503, says=str(error))

    static = StaticFiles(directory=resource("templates") / "web" / "static")
    return Starlette(
        routes=[
            get("/", site, lambda _: RedirectResponse("/cases", 303)),
            Mount("/static", static),
            *(route for page in PAGES for route in page.routes(site)),
        ],
        exception_handlers={HTTPException: refused, TriageError: failed},
        middleware=[Middleware(Shield, site=site)],
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises TriageError."""
    try:
        return socket.create_server((host, port), family=_family(host), backlog=128)
    except OSError as error:
        why = error.strerror or error
        msg = f"the page cannot listen on {host}:{port}: {why}; choose another --host or --port"
        raise TriageError(msg) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def serve(app: Starlette, listener: socket.socket) -> None:
    """Answer until SIGTERM or Ctrl-C; what is being answered then is answered to its end."""
    config = uvicorn.Config(
        app,
        access_log=False,  # addresses hold what somebody searches for
        log_config=None,
        server_header=False,
        proxy_headers=False,  # only the settings say whom to believe
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    for sign in (signal.SIGTERM, signal.SIGINT):  # which uvicorn raises once more when it is done
        signal.signal(sign, stop)
    server.run(sockets=[listener])
