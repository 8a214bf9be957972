"""The page as people use it, in a real Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web_rig import serious

if TYPE_CHECKING:
    from tests.web_rig import Served

pytestmark = pytest.mark.chromium


def test_a_link_leads_to_the_open_cases(served: Served) -> None:
    with served.open("read") as browser:
        assert browser.page.get_by_role("heading", name="Cases").is_visible()
        assert browser.page.get_by_role("link", name="Staging login").is_visible()
        assert serious(browser.page) == []
