"""Asks the page in this process, as a browser would, without a server or a socket."""

from __future__ import annotations

import asyncio
import html
import re
import tempfile
from dataclasses import dataclass, field
from functools import lru_cache
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from tests.fakes import Clock
from tests.web_mails import fill
from triage.app import load_settings, make_writer, open_store
from triage.app_labels import make_labeller
from triage.web.roles import Role
from triage.web.server import build_app, make_site
from triage.web.visitors import visitor_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.applications import Starlette

    from tests.web_mails import Mail
    from triage.app import Settings
    from triage.pipeline.labelling import Labeller
    from triage.web.site import Site

PORT = 8717
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"
SETTINGS = """
[firm]
name = "Firm"
domains = ["firm.example"]
timezone = "Europe/Berlin"
[[accounts]]
name = "inbox"
type = "maildir"
path = "mail"
[outgoing]
host = "127.0.0.1"
security = "none"
sender = "triage@firm.example"
"""
POLICY = """
version = "1"
fallback = "priya"
[people.ben]
name = "Ben West"
address = "ben@firm.example"
[people.nora]
name = "Nora Quist"
address = "nora@firm.example"
[people.priya]
name = "Priya Shah"
address = "priya@firm.example"
[routes.blocker]
title = "Blocked work"
to = ["ben", "nora"]
urgency = "high"
clause = "If a story is blocked, tell Ben or Nora."
next_step = "Decide who removes the obstacle."
acknowledge_within = "4h"
[routes.dissatisfaction]
title = "Unhappy client"
to = ["ben"]
urgency = "high"
clause = "Tell Ben of unhappy clients."
next_step = "Call the client today."
[routes.scope_mismatch]
title = "Scope mismatch"
to = ["nora"]
clause = "Tell Nora what is not in the scope."
next_step = "Compare it with the scope of work."
[routes.upsell]
title = "Sales opening"
to = ["nora"]
clause = "Tell Nora of openings."
next_step = "Propose a time to talk."
[kinds.permits]
tags = ["blocker"]
title = "A permit is missing"
words = ["permit"]
situations = ["The city council has not granted the building permit for the crane."]
clause = "Tell Nora when a permit is missing."
next_step = "Ask the authority."
to = ["priya"]
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the page answered."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def words(self) -> str:
        """What a person reads, on one line."""
        bare = re.sub(r"<[^>]+>", " ", self.text.partition("<main")[2] or self.text)
        return " ".join(html.unescape(bare).split())


@dataclass
class Client:
    """A browser with its cookies. `site` is what the page is made from."""

    app: Starlette
    site: Site
    clock: Clock
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    peer: str = "127.0.0.1"

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Look at a page; the token of its forms is remembered."""
        answer = self.ask("GET", path, headers=headers or {})
        found = re.search(r'name="token" value="([0-9a-f]+)"', answer.text)
        self.token = found[1] if found else self.token
        return answer

    def post(
        self,
        path: str,
        fields: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a form from a page of ours."""
        body = urlencode({"token": self.token, **(fields or {})}, doseq=True).encode()
        sent = {"origin": ORIGIN, "content-type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, body=body, headers={**sent, **(headers or {})})

    def follow(self, answer: Answer) -> Answer:
        """Go where a change sends its visitor."""
        assert answer.status == 303, answer.text
        return self.get(answer.headers["location"])

    def log_in(self, role: str = "run", name: str = "nora") -> Client:
        """Use a link as a person would."""
        visitor = visitor_of(self.site.settings.policy, name, Role.of(role))
        key = self.site.sessions.new_link(visitor, self.clock())
        assert self.get(f"/login?key={key}").status == 200
        self.follow(self.post("/login", {"key": key}))
        return self

    def ask(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str]
    ) -> Answer:
        """One request."""
        parts = urlsplit(path)
        sent = {"host": HOST, **headers}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(k.lower().encode(), v.encode()) for k, v in sent.items() if v],
            "client": (self.peer, 50000),
            "server": ("127.0.0.1", PORT),
        }
        answer = asyncio.run(_run(self.app, scope, body))
        self._keep_cookies(answer)
        return answer

    def _keep_cookies(self, answer: Answer) -> None:
        for name, morsel in SimpleCookie(answer.headers.get("set-cookie", "")).items():
            self.cookies.pop(name, None)
            if morsel.value:
                self.cookies[name] = morsel.value


async def _run(app: Starlette, scope: dict[str, Any], body: bytes) -> Answer:
    sent: list[dict[str, Any]] = []
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.sleep(3600)
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    await app(scope, receive, send)
    start = sent[0]
    return Answer(
        status=start["status"],
        headers={k.decode(): v.decode() for k, v in start["headers"]},
        text=b"".join(message.get("body", b"") for message in sent[1:]).decode(),
    )


@lru_cache(maxsize=1)
def _labeller() -> Labeller:
    """Made once, as its templates take longer to compile than most tests."""
    with tempfile.TemporaryDirectory() as name:
        settings = write_settings(Path(name))
        return make_labeller(settings, make_writer(settings))


def write_settings(folder: Path, page: str = "") -> Settings:
    """Settings and policy of a small firm."""
    (folder / "triage.toml").write_text(SETTINGS + page)
    (folder / "policy.toml").write_text(POLICY)
    return load_settings(folder / "triage.toml")


@lru_cache(maxsize=8)
def _store_with(mails: tuple[Mail, ...], start: float) -> bytes:
    """Made once: to make it takes longer than most tests."""
    with tempfile.TemporaryDirectory() as name:
        settings = write_settings(Path(name))
        fill(settings, mails, start=start).close()
        return _file(settings).read_bytes()


def _file(settings: Settings) -> Path:
    assert settings.config.store_file is not None
    return settings.config.store_file


def make_client(
    folder: Path, page: str = "", *, clock: Clock | None = None, mails: Sequence[Mail] = ()
) -> Client:
    """A browser before the page of a store with these mails; `page` is the settings' `[page]`."""
    settings = write_settings(folder, page)
    now = clock or Clock()
    _file(settings).write_bytes(_store_with(tuple(mails), now.now))
    store = open_store(settings.config.store)
    site = make_site(settings, store, host="127.0.0.1", port=PORT, clock=now, labeller=_labeller())
    return Client(app=build_app(site), site=site, clock=now)
