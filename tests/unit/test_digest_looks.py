"""Digests as a browser draws them: they fit a phone, dark is dark, what matters comes first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk import DAY, make_desk
from tests.drawn import brightness, measure, needs_chromium
from triage.digest.model import FolderCheck, Trend

if TYPE_CHECKING:
    from pathlib import Path

PHONE_PX = 380
SCREEN_PX = 690  # what a mail program leaves of a common phone, 390 by 844
LONG = "W" * 120

pytestmark = needs_chromium


def pages(folder: Path) -> dict[str, str]:
    """An empty digest, a full one, and one of words that no line can hold."""
    desk = make_desk(folder)
    pages = {"empty": desk.letters.write(desk.gather("ben")).html}
    for number in range(14):
        text = "We are stuck." if number % 2 else "Could you quote? perhaps stuck"
        sender = f"Dana Reyes <dana@client-{number % 7}.example>"
        desk.bench.judge(text, subject=f"Portal {number}", sender=sender)
        desk.bench.clock.now += DAY / 2
    full = desk.gather("ben")
    pages["full"] = desk.letters.write(full, "5f0c" * 7).html
    [case, *cases], [told, *_] = full.open_cases, full.escalated
    wide: dict[str, Any] = {
        "subject": LONG,
        "client": f"{LONG}@{LONG}.example",
        "titles": (LONG, LONG),
    }
    hard = replace(
        full,
        open_cases=(replace(case, **wide, told=(LONG,)), *cases),
        escalated=(replace(told, **wide, id=99, told=(LONG,)),),
        by_client=(Trend(label=LONG, counts=(1234, 0, 1, 2, 3, 4, 5, 98765)),),
        folders=(FolderCheck(name=LONG, asked_at=full.until, fresh=True, unaccounted=7),),
        drift=(LONG,),
    )
    pages["hard"] = desk.letters.write(hard).html
    return pages


@pytest.mark.parametrize("width_px", [320, PHONE_PX, 900])
def test_no_digest_runs_over_the_edge(tmp_path: Path, width_px: int) -> None:
    for name, box in measure(tmp_path, pages(tmp_path), width_px=width_px, dark=False).items():
        assert box["width"] <= width_px, name  # type: ignore[operator]  # a number
        assert box["right"] <= width_px, name  # type: ignore[operator]  # a number


@pytest.mark.parametrize("dark", [False, True])
def test_the_colours_follow_the_readers_choice(tmp_path: Path, *, dark: bool) -> None:
    for name, box in measure(tmp_path, pages(tmp_path), width_px=PHONE_PX, dark=dark).items():
        paper, ink = brightness(box["paper"]), brightness(box["ink"])
        assert abs(paper - ink) > 125, name
        assert (paper < ink) is dark, name
