"""`triage serve` as a process of its own, and a real Chromium before it that is watched.

Integration tests know the fixtures `served` and `chromium`; a test opens `served.open(role)`, and
fails where the browser complains, or asks anybody but us.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import need
from tests.drawn import CHROMIUM
from tests.web_client import write_settings
from tests.web_mails import HOSTILE, MAILS, fill
from triage.web.roles import Role
from triage.web.server import sessions_of
from triage.web.visitors import visitor_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.web_mails import Mail
    from triage.app import Settings

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
DAY_S = 86400
SERIOUS = ("serious", "critical")


@dataclass
class Watched:
    """A page of the browser, and what was wrong on it."""

    page: Page
    url: str
    problems: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()  # parts of complaints that a test provokes

    def __post_init__(self) -> None:
        """Listen to the console and to the network."""
        self.page.on("console", lambda said: self._said(said.type, said.text))
        self.page.on("pageerror", lambda error: self._said("error", str(error)))
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.on("dialog", lambda dialog: self._said("error", f"a dialog: {dialog.message}"))

    def _said(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not any(each in text for each in self.expected):
            self.problems.append(f"{kind}: {text}")

    def _asked(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "blob:")):
            self.problems.append(f"asked for {url}")

    def go(self, path: str) -> Page:
        """Open a path of ours."""
        self.page.goto(f"{self.url}{path}")
        return self.page


@dataclass
class Served:
    """A running page over a filled store, and a browser."""

    settings: Settings
    url: str
    browser: Browser

    def link(self, role: str, name: str = "ben") -> str:
        """A link that logs in, once."""
        visitor = visitor_of(self.settings.policy, name, Role.of(role))
        key = sessions_of(self.settings).new_link(visitor, time.time())
        return f"{self.url}/login?key={key}"

    @contextmanager
    def open(self, role: str = "run", name: str = "ben", **options: Any) -> Iterator[Watched]:
        """A browser of its own, logged in; at its end nothing may have been wrong.

        `options` are Playwright's, such as `viewport`, `color_scheme`, `java_script_enabled`.
        """
        context: BrowserContext = self.browser.new_context(**{"viewport": DESKTOP, **options})
        context.set_default_timeout(15_000)
        watched = Watched(page=context.new_page(), url=self.url)
        try:
            watched.page.goto(self.link(role, name))
            watched.page.get_by_role("button", name="Log in").click()
            watched.page.wait_for_url(f"{self.url}/cases")
            yield watched
        finally:
            context.close()
        assert watched.problems == []


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a module. It ends with it: while it runs, nothing else may use asyncio."""
    need("Chromium", present=CHROMIUM is not None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page over a store with a few cases, one of them hostile."""
    folder = tmp_path_factory.mktemp("served")
    with serving(chromium, folder, (*MAILS, HOSTILE)) as found:
        yield found


@contextmanager
def serving(browser: Browser, folder: Path, mails: Sequence[Mail]) -> Iterator[Served]:
    """`triage serve` over a store with these mails, the first of which came yesterday."""
    settings = write_settings(folder)
    fill(settings, mails, start=time.time() - DAY_S).close()
    with started(folder) as url:
        yield Served(settings=settings, url=url, browser=browser)


@contextmanager
def started(folder: Path) -> Iterator[str]:
    """`triage serve` on the settings in a folder; its address."""
    with printed(folder) as link:
        yield link.partition("/login")[0]


@contextmanager
def printed(folder: Path) -> Iterator[str]:
    """`triage serve` in a folder; the link that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "triage", "serve", "--port", "0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    try:
        lines: list[str] = []
        link = None
        while link is None and (line := process.stdout.readline()):
            lines.append(line)
            link = re.search(r"http://127\.0\.0\.1:\d+/login\?key=\S+", line)
        assert link, "".join(lines)
        yield link[0]
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=30)
    assert "stopped" in said, said
    assert process.returncode == 0


def serious(page: Page) -> list[str]:
    """What axe finds on a page that is serious or critical, one line each."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - reads a large script

    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {node['html'][:160]}"
        for each in found
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]
