"""The preview of all suggested texts: complete, safe, honest about what a text should not say."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from triage import response_page
from triage.cli import app
from triage.resources import resource
from triage.responses import ResponseLibrary

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from triage.response_page import Group

SHIPPED = ResponseLibrary.load(resource("templates") / "responses")
KINDS = {"hr": "Staff matter (HR)", "story": "Blocked work"}
OWN = """---
tag: blocker
kind: story
situation: mine
title: Ours <b>bold</b>
cues: forklift
default: true
---
{{ greeting }} We will refund you. <script>alert(1)</script>
"""


def groups_of(library: ResponseLibrary, own: tuple[str, ...] = ()) -> list[Group]:
    return response_page.groups(response_page.cards(library.responses, own), KINDS)


class Tags(HTMLParser):
    """Collects the tags of a page, and checks that they close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_text_is_on_the_page_once_in_both_versions() -> None:
    groups = groups_of(SHIPPED)
    shown = [card for group in groups for card in group.cards]
    assert sorted(card.id for card in shown) == sorted(r.id for r in SHIPPED.responses)
    assert all(card.short_text for card in shown)
    page = response_page.page(groups, firm="Radial")
    assert page.count("<article") == len(SHIPPED.responses)
    assert all(f"{card.id}.md" in page for card in shown)


def test_texts_are_grouped_by_kind_in_the_policys_order_and_by_its_titles() -> None:
    titles = [group.title for group in groups_of(SHIPPED)]
    assert titles[:2] == ["Staff matter (HR)", "Blocked work"]
    assert titles[-2:] == ["Keeping people informed", "For the tracker"]


def test_the_page_loads_nothing_runs_nothing_and_its_tags_close() -> None:
    page = response_page.page(groups_of(SHIPPED), firm="Radial & <b>Sons</b>")
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    assert not {"script", "img", "iframe", "link", "form"} & set(tags.seen)
    assert "default-src 'none'" in page
    assert "Radial &amp; &lt;b&gt;Sons&lt;/b&gt;" in page
    assert not re.search(r"https?://", page)


def test_an_own_text_is_marked_escaped_and_told_what_it_should_not_say(tmp_path: Path) -> None:
    (tmp_path / "blocker-mine.md").write_text(OWN)
    library = ResponseLibrary.load(tmp_path)
    groups = groups_of(library, ("blocker-mine",))
    page = response_page.page(groups, firm="")
    assert "Ours &lt;b&gt;bold&lt;/b&gt;" in page
    assert "<script>" not in page
    assert ", your own" in page
    assert "It speaks of money to give" in page
    assert "Beware: it speaks of money to give ('refund')" in response_page.as_text(groups)


def test_no_gap_a_firm_could_miss_is_left_unmarked() -> None:
    page = response_page.page(groups_of(SHIPPED), firm="")
    body = page[page.index("<main>") :]
    unmarked = re.sub(r'<span class="gap">[^<]*</span>', "", body)
    assert not re.search(r"\[(?:day|time|name|reason)", unmarked)


def test_the_command_prints_all_texts_without_any_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["responses", "preview"])
    assert result.exit_code == 0, result.output
    assert "== Staff matter (HR) ==" in result.stdout
    assert result.stdout.count("-- short --") == len(SHIPPED.responses)


def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["responses", "preview", "--html", "page.html"])
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_the_command_says_which_folder_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["responses", "preview", "--html", "nowhere/page.html"])
    assert result.exit_code == 2
    assert "make it first" in result.stderr
