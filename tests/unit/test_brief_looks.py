"""Briefs as a browser draws them: nothing runs over the edge of a phone, dark is dark."""

from __future__ import annotations

import email
import email.policy
import html
import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.gallery import GALLERY, make_notice

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE_PX = 380
SCREEN_PX = 690  # what a mail program leaves of a common phone, 390 by 844

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(
        CHROMIUM is None and os.environ.get("CI") != "true", reason="Chromium is not installed"
    ),
]

# A headless window has a least width of about 500 px, so the brief stands in a frame of its own.
PAGE = """<!DOCTYPE html><body><pre id="out"></pre><script>
const briefs = BRIEFS, result = {};
let left = Object.keys(briefs).length;
for (const [name, source] of Object.entries(briefs)) {
  const frame = document.createElement("iframe");
  frame.style.cssText = "width:WIDTHpx;height:800px;border:0";
  frame.onload = () => {
    const page = frame.contentDocument, root = page.documentElement;
    const answer = page.querySelector(".answer");
    const boxes = [...page.querySelectorAll("p,td,li,blockquote,span,a,bdi")];
    result[name] = {
      width: root.scrollWidth,
      right: Math.max(...boxes.map(box => box.getBoundingClientRect().right)),
      answer: answer ? answer.getBoundingClientRect().top : null,
      paper: frame.contentWindow.getComputedStyle(page.querySelector(".card")).backgroundColor,
      ink: frame.contentWindow.getComputedStyle(page.querySelector(".ink")).color,
    };
    left -= 1;
    if (left === 0) document.getElementById("out").textContent = JSON.stringify(result);
  };
  frame.srcdoc = source;
  document.body.append(frame);
}
</script></body>"""


def html_of(name: str) -> str:
    message = email.message_from_bytes(make_notice(name).content, policy=email.policy.default)
    part = message.get_body(("html",))
    assert part is not None
    text = part.get_content()
    assert isinstance(text, str)
    return text


def measure(folder: Path, *, width_px: int, dark: bool) -> dict[str, dict[str, object]]:
    """Draw every brief of the gallery in frames of this width and measure them."""
    assert CHROMIUM, "Chromium is missing; install it (apt-get install chromium)"
    briefs = json.dumps({name: html_of(name) for name in GALLERY}).replace("</", "<\\/")
    page = folder / "page.html"
    page.write_text(PAGE.replace("WIDTH", str(width_px)).replace("BRIEFS", briefs))
    done = subprocess.run(
        [
            CHROMIUM,
            *FLAGS,
            f"--user-data-dir={folder / 'profile'}",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            "--virtual-time-budget=10000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = re.search(r'<pre id="out">(\{.*?\})</pre>', done.stdout, re.DOTALL)
    assert found, f"Chromium measured nothing: {done.stderr[-500:]}"
    measured: dict[str, dict[str, object]] = json.loads(html.unescape(found.group(1)))
    assert measured.keys() == GALLERY.keys()
    return measured


def brightness(colour: object) -> float:
    red, green, blue = (int(part) for part in re.findall(r"\d+", str(colour))[:3])
    return (red * 299 + green * 587 + blue * 114) / 1000


@pytest.mark.parametrize("width_px", [320, PHONE_PX, 900])
def test_no_brief_runs_over_the_edge(tmp_path: Path, width_px: int) -> None:
    for name, box in measure(tmp_path, width_px=width_px, dark=False).items():
        assert box["width"] <= width_px, name  # type: ignore[operator]  # a number
        assert box["right"] <= width_px, name  # type: ignore[operator]  # a number


def test_the_suggested_answer_begins_on_the_first_screen_of_a_phone(tmp_path: Path) -> None:
    for name, box in measure(tmp_path, width_px=PHONE_PX, dark=False).items():
        if name not in ("unreadable", "every-tag"):
            assert box["answer"] < SCREEN_PX, name  # type: ignore[operator]  # a number


@pytest.mark.parametrize("dark", [False, True])
def test_the_colours_follow_the_readers_choice(tmp_path: Path, *, dark: bool) -> None:
    for name, box in measure(tmp_path, width_px=PHONE_PX, dark=dark).items():
        paper, ink = brightness(box["paper"]), brightness(box["ink"])
        assert abs(paper - ink) > 125, name
        assert (paper < ink) is dark, name
