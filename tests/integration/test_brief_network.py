"""What we write asks nobody for anything: a browser whose network ends in a book of requests."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import need
from tests.desk import make_desk
from tests.drawn import CHROMIUM
from tests.gallery import GALLERY, make_notice
from tests.hostile import KINDS
from tests.hostile.emitted import message, text_of
from tests.hostile.running import fresh, make_hardened, run
from tests.web_rig import FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Dialog, Page

    from triage.messages import Notice

pytestmark = pytest.mark.chromium

LARGEST = 300_000  # bytes; larger ones take seconds each, and a brief shows no more of them
OUTSIDE = ("http://tracker.example/pixel.gif", "https://tracker.example/style.css")


@dataclass
class Proxy:
    """The only way out that the browser has. It notes whom it is asked for, and answers nobody."""

    asked: list[str] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        """Listen."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _ = self._server.accept()
                connection.settimeout(5)
                with connection, contextlib.suppress(OSError):
                    self.asked.append(connection.recv(4096).split(b"\r\n")[0].decode("latin-1"))
                    connection.sendall(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")

    def close(self) -> None:
        """Listen no more."""
        self._server.close()


@dataclass
class Watched:
    """A page, what it asked for, and what it complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen to the network and the console."""
        self.page.on("request", lambda asked: self.requests.append(asked.url))
        self.page.on("console", lambda said: self.complaints.append(f"{said.type}: {said.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dismiss)

    def _dismiss(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    made = Proxy()
    yield made
    made.close()


@pytest.fixture(scope="module")
def chromium(proxy: Proxy) -> Iterator[Browser]:
    need("Chromium", present=CHROMIUM is not None)
    way_out = {"server": f"http://127.0.0.1:{proxy.port}", "bypass": "<-loopback>"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=FLAGS,
            proxy=way_out,  # type: ignore[arg-type]  # its own kind of dictionary
        )
        yield browser
        browser.close()


@pytest.fixture
def watched(chromium: Browser, proxy: Proxy) -> Iterator[Watched]:
    proxy.asked.clear()
    page = chromium.new_page()
    yield Watched(page=page)
    page.close()


def html_of(notice: Notice) -> str:
    return text_of(message(notice), "html")


def ours(asked: list[str]) -> list[str]:
    """Without what the browser itself asks its maker, which no page can bring about."""
    makers = ("google.com", "googleapis.com", "gvt1.com", "gstatic.com")
    return [line for line in asked if not any(maker in line for maker in makers)]


def hostile_briefs(folder: Path) -> Iterator[tuple[str, str]]:
    """What the pipeline writes of every kind of hostile mail."""
    (folder / "empty").mkdir()
    template = make_hardened(folder / "empty")
    template.store.close()
    for kind in KINDS:
        content = kind.build()
        if len(content) > LARGEST:
            continue
        home = folder / f"{kind.number}"
        home.mkdir()
        bench = fresh(template, folder / "empty" / "triage.db", home)
        for notice in run(bench, content).notices:
            yield kind.id, html_of(notice)
        bench.store.close()


def test_the_watch_sees_what_a_page_asks_for(watched: Watched, proxy: Proxy) -> None:
    image, style = OUTSIDE
    watched.page.set_content(
        f'<link rel="stylesheet" href="{style}"><img src="{image}"><script>alert(1)</script>'
        "<script>throw new Error('loud')</script>"
    )
    watched.page.wait_for_load_state("networkidle")
    assert set(OUTSIDE) <= set(watched.requests)
    assert any("tracker.example:443" in line for line in proxy.asked)
    assert any("GET http://tracker.example/pixel.gif" in line for line in proxy.asked)
    assert any("dialog: 1" in line for line in watched.complaints)
    assert any("loud" in line for line in watched.complaints)


def test_no_brief_and_no_digest_asks_anybody_for_anything(
    watched: Watched, proxy: Proxy, tmp_path: Path
) -> None:
    (tmp_path / "desk").mkdir()
    desk = make_desk(tmp_path / "desk")
    desk.bench.judge("We are stuck.", subject='<img src="http://tracker.example/x">')
    pages = [(name, html_of(make_notice(name))) for name in GALLERY]
    pages += [("digest", desk.letters.write(desk.gather("ben"), "5f0c" * 7).html)]
    pages += hostile_briefs(tmp_path)
    seen = 0
    for name, source in pages:
        if not source:
            continue
        watched.page.set_content(source, wait_until="load")
        assert (watched.requests, watched.complaints) == ([], []), name
        seen += 1
    watched.page.wait_for_load_state("networkidle")
    assert seen > 100
    assert ours(proxy.asked) == []
