"""The page as people use it, in a real Chromium."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.web_mails import HOSTILE, MAILS
from tests.web_rig import serving
from triage.store import cases, labels
from triage.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.web_rig import Served

pytestmark = pytest.mark.chromium


@pytest.fixture
def fresh(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page over a store of its own, which the test may change."""
    with serving(chromium, tmp_path_factory.mktemp("fresh"), (*MAILS, HOSTILE)) as found:
        yield found


def open_case(page: Page, subject: str) -> None:
    page.get_by_role("link", name=subject).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(subject)


def case_of(served: Served, number: int) -> cases.Case:
    store = Store.open(served.settings.config.store, create=False)
    with store.read() as tx:
        return cases.get(tx, number)


def test_a_person_logs_in_reads_corrects_hands_over_and_closes(fresh: Served) -> None:
    with fresh.open("correct", "ben") as browser:
        page = browser.page
        open_case(page, "Staging login")
        page.get_by_role("button", name="I have seen it").click()
        expect(page.get_by_role("status")).to_contain_text("you have seen")

        page.get_by_text("Our testers are standing still.").first.click()
        chosen = page.get_by_label("The sentence that decides")
        expect(chosen).to_have_value("Our testers are standing still.")
        page.get_by_label("Scope mismatch").check()
        page.get_by_role("button", name="Correct", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("Blocked work, Scope mismatch")

        page.get_by_text("Hand over").first.click()
        page.get_by_label("To", exact=True).select_option("Priya Shah")
        page.get_by_role("button", name="Hand over").click()
        expect(page.get_by_role("status")).to_contain_text("Priya Shah has the case now")
        expect(page.get_by_role("heading", name="Handed to Priya Shah")).to_be_visible()

        page.get_by_text("Close", exact=True).click()
        page.get_by_label("How it ended, in a line").fill("accounts made")
        page.get_by_label("No", exact=True).check()
        page.get_by_role("button", name="Close the case").click()
        expect(page.get_by_role("heading", name="Closed")).to_be_visible()
        assert page.url.endswith("/cases/1")
    found = case_of(fresh, 1)
    assert (found.status, found.outcome, found.recurs) == ("resolved", "accounts made", False)
    store = Store.open(fresh.settings.config.store, create=False)
    with store.read() as tx:
        [label] = labels.of_mail(tx, 1)
    assert label.sentence == "Our testers are standing still."


def test_without_javascript_the_same_can_be_read_and_done(fresh: Served) -> None:
    with fresh.open("correct", "ben", java_script_enabled=False) as browser:
        page = browser.page
        page.get_by_role("searchbox").fill("october")
        page.get_by_role("button", name="Search").click()
        assert page.locator(".cases li").count() == 1
        open_case(page, "October report")
        page.get_by_role("button", name="Mine").click()
        expect(page.get_by_role("heading", name="With Ben West")).to_be_visible()
        page.get_by_text("Correct the tags").click()
        page.get_by_role("button", name="No tag fits").click()
        expect(page.get_by_role("heading", name="Closed")).to_be_visible()
    assert case_of(fresh, 2).outcome == "not an escalation"


def test_the_list_is_worked_through_by_keyboard(served: Served) -> None:
    with served.open("read", "ben") as browser:
        page = browser.page
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        first = page.locator(".cases a.cover").first
        expect(first).to_be_focused()
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.type("staging")
        expect(page.locator(".cases li")).to_have_count(1)
        assert "q=staging" in page.url
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Staging login")
        page.wait_for_load_state()  # keys are heard once the script has come
        page.keyboard.press("u")
        expect(page.get_by_role("searchbox")).to_be_visible()


def test_a_suggested_answer_is_copied_and_opens_in_the_mail_program(served: Served) -> None:
    with served.open("read", "ben", permissions=["clipboard-read", "clipboard-write"]) as browser:
        page = browser.page
        open_case(page, "Staging login")
        mailto = page.get_by_role("link", name="Open in the mail program").first
        address = re.compile(r"^mailto:dana@northwind\.example\?subject=Re%3A%20Staging")
        expect(mailto).to_have_attribute("href", address)
        page.get_by_role("button", name="Copy").first.click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("Dear Dana,\n\nThank you for your mail")


def test_nothing_of_a_hostile_mail_runs_or_loads(served: Served) -> None:
    with served.open("run", "ben") as browser:
        for path in ("/cases?view=all", "/cases?q=owned", "/cases/5"):
            page = browser.go(path)
            assert page.get_by_text(re.compile("document.title='owned'")).first.is_visible()
            page.wait_for_timeout(200)
            assert "owned" not in page.evaluate("document.title.replace(/<.*>/, '')")
            scripts = page.evaluate("[...document.scripts].map(each => each.src)")
            assert all(each.startswith(browser.url) for each in scripts)
            assert page.locator("main img, main svg, main iframe, main base").count() == 0
        browser.go("/cases/5").get_by_text("Correct the tags").click()
        page.locator("[data-sentence]").first.click()
        assert browser.problems == []
