"""Our mails as a browser draws them, measured."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
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

needs_chromium = [
    pytest.mark.chromium,
    pytest.mark.skipif(
        CHROMIUM is None and os.environ.get("CI") != "true", reason="Chromium is not installed"
    ),
]

# A headless window has a least width of about 500 px, so each page stands in a frame of its own.
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


def measure(
    folder: Path, pages: Mapping[str, str], *, width_px: int, dark: bool
) -> dict[str, dict[str, object]]:
    """Draw each HTML page in a frame of this width and measure it."""
    assert CHROMIUM, "Chromium is missing; install it (apt-get install chromium)"
    sources = json.dumps(dict(pages)).replace("</", "<\\/")
    page = folder / "page.html"
    page.write_text(PAGE.replace("WIDTH", str(width_px)).replace("BRIEFS", sources))
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
    assert measured.keys() == pages.keys()
    return measured


def brightness(colour: object) -> float:
    red, green, blue = (int(part) for part in re.findall(r"\d+", str(colour))[:3])
    return (red * 299 + green * 587 + blue * 114) / 1000
