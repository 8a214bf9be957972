"""Review in a real Chromium: two keys a mail, and what was pressed is what is stored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.web_mails import HOSTILE, Mail
from tests.web_rig import PHONE, serious, serving
from triage.app import open_store
from triage.store import labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

    from tests.web_rig import Served

pytestmark = pytest.mark.chromium

TAGS = ("blocker", "dissatisfaction", "scope_mismatch", "upsell")
# Twelve that the classifier doubts, one of them hostile, and nine that it left.
DOUBTED = tuple(
    Mail(
        subject=f"Export {n}",
        sender=f"Kim Roy <kim@client{n}.example>",
        text=f"Hello,\n\nwe are perhaps stuck with export {n}.\n\nKim",
        hours=n,
    )
    for n in range(11)
)
LEFT = tuple(
    Mail(subject=f"Lunch {n}", sender=f"Al <al@other{n}.example>", text=f"Lunch {n}?", hours=n)
    for n in range(9)
)
SLY = replace(
    HOSTILE,
    text=HOSTILE.text.replace("stuck", "perhaps stuck").replace("disappointed", "sad"),
)


@pytest.fixture(scope="module")
def reviewed(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    mails = (*DOUBTED, SLY, *LEFT)
    with serving(chromium, tmp_path_factory.mktemp("reviewed"), mails) as found:
        yield found


def shown(page: Page) -> int:
    """Number of the mail that is on the screen."""
    return int(page.locator(".looked .why b").inner_text().split()[1])


def press_all(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def press(page: Page, *keys: str) -> None:
    """Press keys, the last of which brings another mail, or the end."""
    before = page.locator(".looked .why b").inner_text()
    press_all(page, *keys)
    gone = "said => document.querySelector('.looked .why b')?.innerText !== said"
    page.wait_for_function(gone, arg=before)


def in_force(served: Served) -> dict[int, tuple[str, ...]]:
    store = open_store(served.settings.config.store)
    with store.read() as tx:
        found = {label.message_id: label.tags for label in labels.newest(tx)}
    store.close()
    return found


def test_twenty_mails_are_reviewed_by_keyboard_and_one_is_taken_back(reviewed: Served) -> None:
    expected: dict[int, tuple[str, ...]] = {}
    with reviewed.open("correct", "Boss") as browser:
        page = browser.go("/review")
        for number in range(20):
            tag = number % 5  # every fifth without a tag
            mail = shown(page)
            expected[mail] = (TAGS[tag],) if tag < 4 else ()
            press(page, *([str(tag + 1)] if tag < 4 else []), "Enter")
        assert in_force(reviewed) == expected
        taken_back = mail
        press(page, "u")
        assert page.get_by_role("status").inner_text().startswith(f"Mail {taken_back}: taken back.")
        assert shown(page) == taken_back
        expected.pop(taken_back)
        assert in_force(reviewed) == expected
        press(page, "1", "3", "1", "2", "Enter")  # the first is ticked off again
        expected[taken_back] = ("dissatisfaction", "scope_mismatch")
        assert in_force(reviewed) == expected


def test_keys_that_are_pressed_while_a_mail_leaves_are_for_no_mail(served: Served) -> None:
    with served.open("correct", "Boss") as browser:
        page = browser.go("/review")
        mail = shown(page)
        held: list[Route] = []
        page.route("**/review/*", lambda route: held.append(route))  # noqa: PLW0108 - it is given an attribute
        press_all(page, "2", "Enter")
        page.wait_for_selector(".htmx-request")
        press_all(page, "3", "Enter")
        assert page.locator(".pick input:checked").count() == 1
        held[0].continue_()
        page.wait_for_function(
            "mail => !document.querySelector(`form[action$='/${mail}']`)", arg=mail
        )
        assert page.locator(".pick input:checked").count() == 0
        assert len(held) == 1
        assert in_force(served) == {mail: ("dissatisfaction",)}


def test_without_javascript_the_same_forms_do(served: Served) -> None:
    with served.open("correct", "Boss", java_script_enabled=False, viewport=PHONE) as browser:
        page = browser.go("/review")
        mail = shown(page)
        page.get_by_label("Sales opening").check()
        page.get_by_role("button", name="Store, next").click()
        assert f"Mail {mail}: upsell." in page.get_by_role("status").inner_text()
        page.get_by_role("button", name=f"Take back mail {mail}").click()
        assert shown(page) == mail
        assert mail not in in_force(served)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it_on_a_phone_and_on_a_desk(served: Served, scheme: str) -> None:
    with served.open("run", color_scheme=scheme, viewport=PHONE) as browser:
        for path in ("/review", "/review?queue=drawn", "/review?at=7", "/review?at=end"):
            page = browser.go(path)
            assert serious(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
