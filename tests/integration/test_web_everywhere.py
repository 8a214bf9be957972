"""Every page of the site in a real Chromium: what all of them must be, and changes by a click.

The pages are found as a person finds them, by the links, from the list of cases on; of pages that
differ in a number only, two are looked at. The store holds hostile mail for every tag.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urljoin, urlsplit

import pytest

from classifiers import record, registry
from classifiers.ledger import read_ledger
from tests.trained import NOW, examples, saved, small_model
from tests.web_client import write_settings
from tests.web_mails import HOSTILE, MAILS, fill, hostile_everywhere
from tests.web_rig import DAY_S, DESKTOP, PHONE, Served, Watched, printed, serious, started
from triage import retraining
from triage.policy_file import load_policy
from triage.store import mailboxes, outbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.chromium

OLD, NOW_USED, REFUSED = "2026-10-01.1", "2026-11-01.1", "2026-11-20.1"
WAYS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": DESKTOP},
    "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
EXPECTED = (
    "cases",
    "cases/N",
    "models",
    "models/N",
    "policy",
    "policy/responses",
    "review",
    "operations",
    "operations/doctor",
)
_NUMBER = re.compile(r"\d[\d.\-]*|\?.*")


@pytest.fixture(scope="module")
def whole(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page over a store in which everything occurs that a page can show."""
    folder = tmp_path_factory.mktemp("whole")
    settings = write_settings(folder)
    mails = (*MAILS, HOSTILE, *hostile_everywhere())
    store = fill(settings, mails, start=time.time() - DAY_S)
    with store.write() as tx:
        outbox.bounced(tx, 1, "", time.time())
        outbox.retry(tx, 1, time.time())
        outbox.claim(tx, 1, time.time())
        outbox.settle(tx, 1, "held", "the answer was lost", time.time())
        outbox.bounced(tx, 2, "550 <script>no</script> such user", time.time())
        mailboxes.begin(
            tx,
            account="inbox",
            folder="INBOX",
            uid_validity=1,
            last_uid=9,
            started_at=time.time() - DAY_S,
            whole_history=True,
        )
        mailboxes.troubled(tx, "inbox", "INBOX", "refused: <img src=x onerror=y>", time.time())
    store.close()
    _models(folder / "models")
    with started(folder) as url:
        yield Served(settings=settings, url=url, browser=chromium)


def _models(root: Path) -> None:
    """An old version, the one in use with its figures, and one that the gate refused."""
    saved(root, OLD, NOW_USED)
    own = [replace(each, local=n % 2 == 0, place=f"mail {n}") for n, each in enumerate(examples())]
    model = small_model(NOW_USED)
    registry.write_measured(root, NOW_USED, record.measured(model, own, now=NOW))
    registry.save(root, small_model(REFUSED))
    judgement = retraining.judged(
        small_model(REFUSED), model, list(examples())[:40], own=frozenset(), cases=()
    )
    report = judgement.to_json() | {"passed": False, "objections": ["<b>worse</b> than before"]}
    registry.write_report(root, REFUSED, report)


def walk(browser: Watched) -> Iterator[str]:
    """Every page that links lead to, two of each kind; the browser is on it when it is yielded."""
    waiting, seen = ["/cases"], set[str]()
    kinds: Counter[str] = Counter()
    while waiting:
        path = waiting.pop(0)
        kind = _NUMBER.sub("N", path)
        if path in seen or kinds[kind] >= 2:
            continue
        seen.add(path)
        kinds[kind] += 1
        answer = browser.page.goto(f"{browser.url}{path}")
        assert answer is not None
        assert answer.status == 200, path
        links = browser.page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
        yield path
        for link in links:
            parts = urlsplit(urljoin(browser.url, link))
            page = not parts.path.startswith("/static") and not parts.path.endswith(".eml")
            if link.startswith(browser.url) and page:
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))


def open_all(browser: Watched) -> None:
    """Unfold whatever is folded, so that it is looked at too."""
    browser.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")


@pytest.mark.parametrize("way", WAYS)
def test_every_page_is_accessible_fits_and_is_quiet(whole: Served, way: str) -> None:
    found: dict[str, list[str]] = {}
    width = WAYS[way]["viewport"]["width"]
    with whole.open("run", **WAYS[way]) as browser:
        for path in walk(browser):
            open_all(browser)
            page, wrong = browser.page, []
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                wrong += [f"{scheme}: {each}" for each in serious(page)]
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wrong.append("wider than the screen")
            if page.locator("h1").count() != 1:
                wrong.append("not one heading of the first level")
            if "<script>alert" in page.content() or page.locator("main img").count():
                wrong.append("a mail's HTML is in the page")
            found[path] = wrong
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
    assert {_NUMBER.sub("N", path.strip("/")) for path in found} >= set(EXPECTED)


def test_every_page_can_be_read_without_javascript(whole: Served) -> None:
    with whole.open("run", java_script_enabled=False) as browser:
        read = {path: browser.page.locator("main").inner_text() for path in _quick(browser)}
    assert len(read) >= 5
    assert all(len(text) > 40 for text in read.values())


def _quick(browser: Watched) -> Iterator[str]:
    for path in ("/cases", "/review", "/models", f"/models/{NOW_USED}", "/policy", "/operations"):
        browser.go(path)
        yield path


def test_a_model_is_promoted_and_rolled_back_by_a_click(whole: Served) -> None:
    root = whole.settings.config.path.parent / "models"
    with whole.open("run") as browser:
        page = browser.go("/models")
        page.get_by_role("link", name=REFUSED).click()
        assert page.get_by_text("Did not pass").is_visible()
        page.get_by_role("button", name="Use it all the same").click()
        page.get_by_text(f"{REFUSED} is in use. A running triage takes it in seconds.").wait_for()
        assert read_ledger(root).current == REFUSED
        page.get_by_role("button", name=f"Go back to {NOW_USED}").click()
        page.get_by_text(f"{NOW_USED} is in use again").wait_for()
        assert read_ledger(root).current == NOW_USED
        assert serious(page) == []


def test_an_absence_is_written_and_ended_by_a_click_and_a_mistake_is_said(whole: Served) -> None:
    path = whole.settings.config.policy
    before = path.read_bytes()
    with whole.open("run") as browser:
        page = browser.go("/policy")
        page.locator("select[name=person]").select_option(label="Ben West")
        page.locator("input[name=first]:not([type=hidden])").fill("2099-12-21")
        page.locator("input[name=last]:not([type=hidden])").fill("2099-12-31")
        page.locator("select[name=deputy]").select_option(label="Ben West")
        browser.expected = ("422",)
        page.get_by_role("button", name="Write it into the policy").click()
        page.get_by_text("nobody can stand in for themselves").wait_for()
        assert path.read_bytes() == before
        page.locator("select[name=deputy]").select_option(label="Nora Quist")
        page.get_by_role("button", name="Write it into the policy").click()
        page.get_by_text("Ben West is away from 2099-12-21 to 2099-12-31").wait_for()
        assert load_policy(path).people["ben"].absent[0].deputy == "nora"
        page.get_by_role("button", name="End the absence of Ben West from 2099-12-21").click()
        page.get_by_text("Ben West is there again").wait_for()
    assert path.read_bytes() == before


def test_a_held_brief_is_settled_by_a_click(whole: Served) -> None:
    with whole.open("run") as browser:
        page = browser.go("/operations")
        page.get_by_role("button", name="It arrived: brief 1").click()
        page.get_by_text("counts as sent").wait_for()
        page.get_by_role("button", name="Send now: brief 2").click()
        page.get_by_text("is queued and leaves at the next opportunity").wait_for()


def test_a_newcomer_sees_the_whole_product_in_one_command(
    chromium: Browser, tmp_path: Path
) -> None:
    with printed(tmp_path) as link:
        url = link.partition("/login")[0]
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(30_000)
        browser = Watched(page=context.new_page(), url=url)
        page = browser.page
        page.goto(link)
        page.get_by_role("button", name="Log in").click()
        page.get_by_text("This is a sample").wait_for()
        assert page.locator(".me").get_by_text("Ben West").is_visible()
        assert page.locator("[data-row]").count() >= 5
        page.goto(f"{url}/models")
        page.get_by_role("link", name="cautious").click()
        assert page.get_by_text("Did not pass").is_visible()
        page.get_by_role("button", name="Use it").click()
        page.get_by_text("is in use. A running triage takes it in seconds.").wait_for()
        page.goto(f"{url}/operations")
        assert page.get_by_text("Running since").is_visible()
        assert serious(page) == []
        context.close()
        assert browser.problems == []
    assert list(tmp_path.iterdir()) == []
