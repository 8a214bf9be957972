"""Templates of the page, and the values that all of them may use.

Rules: a template is a file of ours, never text of a mail; every text that a template prints is
cleaned of control, bidi and invisible characters and escaped, whichever page prints it.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from triage import __version__
from triage.resources import resource
from triage.summary.wording import GAP, clean_text, duration, listed, moment, short_moment
from triage.web.roles import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.web.site import Site
    from triage.web.visitors import Identity

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
_LATEST_S = 253_370_764_800.0  # the year 9999 in any zone

# What stands in the navigation: path, title, least role.
TABS: tuple[tuple[str, str, Role], ...] = (
    ("/cases", "Cases", Role.READ),
    ("/review", "Review", Role.READ),
    ("/models", "Model", Role.READ),
    ("/policy", "Policy", Role.READ),
    ("/operations", "Running", Role.READ),
)


def render(
    site: Site,
    template: str,
    *,
    identity: Identity | None,
    path: str,
    values: Mapping[str, Any],
) -> str:
    """A page as HTML.

    Every template knows, besides `values`: `who` (a Visitor, or None), `token` for its forms,
    `may_correct`, `may_run`, `tabs`, `path`, `note`, `firm`, and `now` in epoch seconds.
    """
    role = identity.who.role if identity else 0
    token = identity.token if identity else ""
    common = {
        "who": identity.who if identity else None,
        "by_proxy": identity is not None and identity.by_proxy,
        "token": token,
        "may_correct": role >= Role.CORRECT,
        "may_run": role >= Role.RUN,
        "tabs": [tab for tab in TABS if role >= tab[2]],
        "path": path,
        "note": site.notes.take(token) if token else None,
        "firm": site.settings.config.firm.name,
        "version": __version__,
        "sample": site.sample,
        "now": site.clock(),
    }
    return environment(site.zone).get_template(template).render({**common, **values})


@lru_cache(maxsize=8)
def environment(zone: str) -> ImmutableSandboxedEnvironment:
    """The templates of the page, for times in this zone."""
    env = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([str(resource("templates") / "web")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    env.filters["when"] = partial(when, zone=zone)
    env.filters["short_when"] = partial(short_when, zone=zone)
    env.filters["iso"] = iso
    env.filters["span"] = span
    env.filters["listed"] = listed
    env.filters["paragraphs"] = paragraphs
    env.filters["coded"] = coded
    return env


def _harmless(value: Any) -> Any:
    """What an expression prints, without characters that nobody sees or that turn text around.

    Blanks and line ends stay as they are, since templates put words together.
    """
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return _harmless_text(value)


def _harmless_text(text: str) -> str:
    return "".join(map(_harmless_char, text))


def _harmless_char(char: str) -> str:
    if char.isprintable() or char == "\n":
        return char
    return " " if unicodedata.category(char) in GAP else ""


def paragraphs(text: str) -> list[list[str]]:
    """The lines of a text of a mail, by paragraph."""
    return [part.split("\n") for part in clean_text(text).split("\n\n") if part]


def coded(text: str) -> Markup:
    """A sentence of ours in which commands stand between backticks, as HTML."""
    parts = _harmless_text(text).split("`")
    if len(parts) % 2 == 0:  # one that is not closed
        return escape(_harmless_text(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part)
        for index, part in enumerate(parts)
    )


def when(at: float | None, zone: str) -> str:
    """A time in full, such as `Mon 2 Mar 2026, 09:14 GMT`; a dash for none."""
    return "-" if at is None else moment(_moment(at), zone)


def short_when(at: float | None, zone: str) -> str:
    """A time without year and zone, such as `Mon 2 Mar, 09:14`; a dash for none."""
    return "-" if at is None else short_moment(_moment(at), zone)


def iso(at: float) -> str:
    """A time for programs, in UTC."""
    return _moment(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def span(seconds: float) -> str:
    """A span of time in its largest sensible unit, such as `4 hours`, whatever its sign."""
    whole = round(abs(seconds))
    for unit_s in (DAY_S, HOUR_S, MINUTE_S):
        if whole >= unit_s:
            return duration(whole // unit_s * unit_s)
    return "less than a minute"


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(min(max(at, 0.0), _LATEST_S), UTC)
