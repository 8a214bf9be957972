"""The way to every page: log in, have the role, send the form from our own page.

A handler is an ordinary function from a `Visit` to a response. It runs in a thread, so that the
store may be waited for, and whatever it raises becomes a page that says what to do.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route

from triage.errors import NotFoundError, RefusedError, TriageError
from triage.pipeline.contained import report
from triage.web.notes import Note
from triage.web.roles import Role
from triage.web.shield import is_our_origin
from triage.web.views import render
from triage.web.visitors import Identity, identify

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from triage.web.roles import Visitor
    from triage.web.site import Site

    Handler = Callable[["Visit"], Response]

FORM_BYTES = 256 * 1024
FORM_FIELDS = 500
TOKEN_FIELD, TOKEN_HEADER = "token", "x-triage-token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of somebody who may make it, with the form they sent."""

    site: Site
    request: Request
    identity: Identity
    form: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def who(self) -> Visitor:
        """Who asks."""
        return self.identity.who

    @property
    def now(self) -> float:
        """Epoch seconds."""
        return self.site.clock()

    def number(self, name: str = "id") -> int:
        """A number out of the path."""
        return int(self.request.path_params[name])

    def value(self, name: str, default: str = "") -> str:
        """One field of the form."""
        return self.form.get(name, [default])[-1]

    def values(self, name: str) -> list[str]:
        """All fields of the form with this name, such as ticked boxes."""
        return self.form.get(name, [])

    def query(self, name: str, default: str = "") -> str:
        """One parameter of the address."""
        return self.request.query_params.get(name, default)

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page, see `views.render`."""
        shown = render(
            self.site, template, identity=self.identity, path=self.request.url.path, values=values
        )
        return HTMLResponse(shown, status)

    def back(self, path: str, note: str = "", *, refused: bool = False) -> Response:
        """After a change: on to this page of ours, which says what came of it."""
        if note:
            self.site.notes.put(self.identity.token, Note(text=note, refused=refused))
        return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def get(path: str, site: Site, handler: Handler, role: Role = Role.READ) -> Route:
    """A page to look at."""
    return Route(path, _guarded(site, handler, role), methods=["GET"])


def post(path: str, site: Site, handler: Handler, role: Role = Role.CORRECT) -> Route:
    """A change."""
    return Route(path, _guarded(site, handler, role), methods=["POST"])


def _guarded(site: Site, handler: Handler, role: Role) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        form = await read_form(request) if request.method == "POST" else {}
        return await run_in_threadpool(_answer, site, handler, role, request, form)

    return endpoint


def _answer(
    site: Site, handler: Handler, role: Role, request: Request, form: Mapping[str, list[str]]
) -> Response:
    """What a handler answers; or why not. Errors of the program are logged without mail text."""
    identity: Identity | None = None
    try:
        site.book.look()
        identity = identify(request, site)
        known = _admitted(site, request, identity, role, form)
        return handler(Visit(site=site, request=request, identity=known, form=form))
    except HTTPException as error:
        return error_page(site, request, error.status_code, identity, error.detail)
    except NotFoundError as error:
        return error_page(site, request, 404, identity, str(error))
    except RefusedError as error:
        return error_page(site, request, 409, identity, str(error))
    except TriageError as error:
        return error_page(site, request, 503, identity, str(error))
    except Exception as error:  # noqa: BLE001 - a page must not end the program, nor log mail text
        report("a page failed", error, action="page", path=request.url.path)
        return error_page(site, request, 500, identity)


def _admitted(
    site: Site,
    request: Request,
    identity: Identity | None,
    role: Role,
    form: Mapping[str, list[str]],
) -> Identity:
    """Whoever may do this, with this form. Raises HTTPException for anybody else."""
    if identity is None:
        raise HTTPException(HTTPStatus.UNAUTHORIZED)
    if request.method == "POST":
        check_form(site, request, identity, form)
    if identity.who.role < role:
        says = f"This needs a login that may {role.word}. Ask whoever runs triage for one."
        raise HTTPException(HTTPStatus.FORBIDDEN, says)
    return identity


async def read_form(request: Request) -> dict[str, list[str]]:
    """The fields of an ordinary form, of bounded size. Raises HTTPException."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"application/x-www-form-urlencoded", ""}:
        raise HTTPException(415, "Only ordinary forms are taken.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise HTTPException(413, "That is too long; shorten it and send it again.")
    try:
        text = body.decode("utf-8", "replace")
        return parse_qs(text, keep_blank_values=True, max_num_fields=FORM_FIELDS)
    except ValueError:
        raise HTTPException(413, "That has too many fields.") from None


def check_form(
    site: Site, request: Request, identity: Identity, form: Mapping[str, list[str]]
) -> None:
    """See that the form is one of ours, and sent by this visitor. Raises HTTPException."""
    given = request.headers.get(TOKEN_HEADER) or form.get(TOKEN_FIELD, [""])[-1]
    known = hmac.compare_digest(given.encode(), identity.token.encode())
    if not (known and is_our_origin(request.headers, site)):
        raise HTTPException(
            400, "This form was not sent from a page of your present login. Go back and reload it."
        )


def error_page(
    site: Site,
    request: Request,
    status: int,
    identity: Identity | None = None,
    says: str = "",
) -> Response:
    """A page that says what is wrong, and what to do."""
    known = HTTPStatus(status).phrase
    foreign = request.headers.get("sec-fetch-site") == "cross-site"
    shown = render(
        site,
        "error.html",
        identity=identity,
        path=request.url.path,
        values={
            "status": status,
            "says": says if says != known else "",
            # Browsers keep our cookie back from a link on somebody else's page; one click helps.
            "again": str(request.url.path) if status == HTTPStatus.UNAUTHORIZED and foreign else "",
        },
    )
    return HTMLResponse(shown, status)
