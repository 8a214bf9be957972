"""The inbox of cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.store import cases
from triage.web.guard import get

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from triage.web.guard import Visit
    from triage.web.site import Site


def routes(site: Site) -> list[BaseRoute]:
    """The list."""
    return [get("/cases", site, show)]


def show(visit: Visit) -> Response:
    """Open cases, the most urgent first."""
    with visit.site.store.read() as tx:
        found = cases.unresolved(tx)
    return visit.page("cases.html", cases=found)
