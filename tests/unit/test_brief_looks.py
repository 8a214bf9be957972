"""Briefs as a browser draws them: nothing runs over the edge of a phone, dark is dark."""

from __future__ import annotations

import email
import email.policy
from typing import TYPE_CHECKING

import pytest

from tests.drawn import brightness, measure, needs_chromium
from tests.gallery import GALLERY, make_notice

if TYPE_CHECKING:
    from pathlib import Path

PHONE_PX = 380
SCREEN_PX = 690  # what a mail program leaves of a common phone, 390 by 844

pytestmark = needs_chromium


def html_of(name: str) -> str:
    message = email.message_from_bytes(make_notice(name).content, policy=email.policy.default)
    part = message.get_body(("html",))
    assert part is not None
    text = part.get_content()
    assert isinstance(text, str)
    return text


def briefs() -> dict[str, str]:
    return {name: html_of(name) for name in GALLERY}


@pytest.mark.parametrize("width_px", [320, PHONE_PX, 900])
def test_no_brief_runs_over_the_edge(tmp_path: Path, width_px: int) -> None:
    for name, box in measure(tmp_path, briefs(), width_px=width_px, dark=False).items():
        assert box["width"] <= width_px, name  # type: ignore[operator]  # a number
        assert box["right"] <= width_px, name  # type: ignore[operator]  # a number


def test_the_suggested_answer_begins_on_the_first_screen_of_a_phone(tmp_path: Path) -> None:
    for name, box in measure(tmp_path, briefs(), width_px=PHONE_PX, dark=False).items():
        if name not in ("unreadable", "every-tag"):
            assert box["answer"] < SCREEN_PX, name  # type: ignore[operator]  # a number


@pytest.mark.parametrize("dark", [False, True])
def test_the_colours_follow_the_readers_choice(tmp_path: Path, *, dark: bool) -> None:
    for name, box in measure(tmp_path, briefs(), width_px=PHONE_PX, dark=dark).items():
        paper, ink = brightness(box["paper"]), brightness(box["ink"])
        assert abs(paper - ink) > 125, name
        assert (paper < ink) is dark, name
