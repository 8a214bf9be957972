"""The demo's page: what a reader may rely on, with mail text that tries to break it."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from triage.demo_page import GROUPS, DemoMeta, DemoRow, briefs, gist, render, tiles, write_index
from triage.messages import OUTCOMES

if TYPE_CHECKING:
    from pathlib import Path

META = DemoMeta(firm="Radial", tags=("upsell", "blocker"), titles={"blocker": "blocked work"})
HOSTILE = '"></iframe><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\u202e\x00'


def make_row(file: str = "01.eml", action: str = "left", **changes: object) -> DemoRow:
    row = DemoRow(file=file, subject="Staging", sender="Dana <dana@n.example>", action=action)
    return replace(row, **changes)  # type: ignore[arg-type]  # fields by name, as tests write them


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]


def page_of(folder: Path, *rows: DemoRow, meta: DemoMeta = META) -> Page:
    return Page(render(folder, rows, meta))


def test_every_outcome_counts_towards_exactly_one_number() -> None:
    assert sorted(action for members in GROUPS.values() for action in members) == sorted(OUTCOMES)


def test_the_four_numbers_add_up_to_the_mails_in() -> None:
    rows = [make_row(f"{n}.eml", action) for n, action in enumerate(OUTCOMES * 3)]
    counted = tiles(rows)
    assert sum(tile.number for tile in counted) == len(rows)
    assert {tile.group: tile.number for tile in counted} == {
        group: 3 * len(members) for group, members in GROUPS.items()
    }


def test_the_page_prints_the_numbers_it_counted(tmp_path: Path) -> None:
    rows = [make_row(f"{n}.eml", "left") for n in range(7)] + [make_row("x.eml", "unsure")]
    html = render(tmp_path, rows, META)
    assert re.findall(r"<b>(\d+)</b> ([a-z ]+)", html) == [
        ("8", "mails in"),
        ("0", "escalated"),
        ("1", "for review"),
        ("7", "left alone"),
        ("0", "not triaged"),
    ]


def test_briefs_are_counted_by_recipient_and_mails_by_mail(tmp_path: Path) -> None:
    rows = [
        make_row("1.eml", "escalated", recipients=("Ben", "Priya")),
        make_row("2.eml", "escalated", recipients=("Ben",)),
        make_row("3.eml", "left"),
    ]
    assert "wrote 3 briefs about 2 mails for Ben and Priya" in " ".join(
        page_of(tmp_path, *rows).text.split()
    )


@pytest.mark.parametrize(
    ("sentences", "told"),
    [
        (["It is late."], "It is late."),
        (["We wait.", "It is late."], "It is late. We wait."),
        (["It is late.", "Please call."], "It is late. ... Please call."),
        (["Portal down", "We wait."], "Portal down ... We wait."),
    ],
)
def test_a_gist_shows_where_sentences_between_are_left_out(sentences: list[str], told: str) -> None:
    assert gist(sentences, "It is\nlate.  We wait. Please call.") == told


def test_a_number_says_what_hides_in_it() -> None:
    rows = [make_row("1.eml", "joined"), make_row("2.eml", "joined"), make_row("3.eml")]
    left = next(tile for tile in tiles(rows) if tile.group == "left")
    assert "2 joined cases already open" in left.notes


def test_the_table_has_every_mail_with_its_decision_and_why(tmp_path: Path) -> None:
    rows = [make_row(f"{n}.eml", action, why=f"why {n}.") for n, action in enumerate(OUTCOMES)]
    page = page_of(tmp_path, *rows)
    groups = [attrs["data-group"] for attrs in page.all("tr") if "data-group" in attrs]
    assert groups == [row.group for row in rows]
    for row in rows:
        assert row.why in page.text
        assert row.outcome in page.text


def test_briefs_come_most_urgent_first_and_then_as_they_came() -> None:
    levels = ["low", "urgent", "normal", "urgent", "high"]
    rows = [make_row(f"{n}.eml", "escalated", urgency=u) for n, u in enumerate(levels)]
    rows.append(make_row("unread.eml", "unreadable"))
    assert [row.file for row in briefs(rows)] == [
        "1.eml",
        "3.eml",
        "4.eml",
        "2.eml",
        "0.eml",
        "unread.eml",
    ]


def test_text_of_a_mail_stays_text_wherever_it_is_shown(tmp_path: Path) -> None:
    row = make_row(
        action="escalated",
        subject=HOSTILE,
        sender=HOSTILE,
        client=HOSTILE,
        gist=HOSTILE,
        why=HOSTILE,
        recipients=(HOSTILE,),
        tags=(HOSTILE,),
        scores={HOSTILE: 0.5},
        brief_html=f"<p>{HOSTILE}</p>",
        brief_file="briefs/1.eml",
    )
    harmless = page_of(tmp_path, make_row(action="escalated", brief_html="<p>x</p>"))
    page = page_of(tmp_path, row)
    assert len(page.all("script")) == len(harmless.all("script")) == 1
    assert len(page.all("iframe")) == 1
    assert page.all("img") == []
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert "{{7*7}}" in page.text


def test_characters_that_turn_the_text_around_are_taken_out(tmp_path: Path) -> None:
    row = make_row(action="escalated", subject=HOSTILE, sender=HOSTILE, gist=HOSTILE)
    assert not re.search("[\u202e\x00]", render(tmp_path, [row], META))


def test_a_brief_is_shown_whole_in_a_frame_that_runs_nothing(tmp_path: Path) -> None:
    brief = '<p title="a & b">1 < 2</p>\n<script>alert(1)</script>'
    (frame,) = page_of(tmp_path, make_row(action="escalated", brief_html=brief)).all("iframe")
    assert frame["srcdoc"] == brief
    assert frame["sandbox"] == "allow-same-origin"


def test_the_digest_is_shown_in_a_frame_of_its_own(tmp_path: Path) -> None:
    digest = '<p title="a & b">1 < 2</p>'
    page = page_of(tmp_path, make_row(), meta=replace(META, digest_html=digest))
    (frame,) = page.all("iframe")
    assert frame["srcdoc"] == digest
    assert frame["sandbox"] == "allow-same-origin"
    assert "#digest" in {a["href"] for a in page.all("a")}


def test_only_the_first_brief_is_open(tmp_path: Path) -> None:
    rows = [make_row(f"{n}.eml", "escalated", brief_html="<p>x</p>") for n in range(3)]
    assert ["open" in attrs for attrs in page_of(tmp_path, *rows).all("details")] == [
        True,
        False,
        False,
    ]


def test_the_page_may_load_nothing_and_run_only_its_own_script(tmp_path: Path) -> None:
    html = render(tmp_path, [make_row()], META)
    policy = next(
        m["content"]
        for m in Page(html).all("meta")
        if m.get("http-equiv") == "Content-Security-Policy"
    )
    script = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:|//)|url\(|@import", html)


def test_links_lead_to_the_mail_and_the_brief(tmp_path: Path) -> None:
    folder, mailbox = tmp_path / "out", tmp_path / "mail box"
    (folder / "briefs").mkdir(parents=True)
    mailbox.mkdir()
    (mailbox / "a#1 %.eml").touch()
    (folder / "briefs" / "b?1.eml").touch()
    row = make_row("a#1 %.eml", "escalated", brief_file="briefs/b?1.eml")
    page = page_of(folder, row, meta=replace(META, mailbox=mailbox))
    links = [a["href"] for a in page.all("a") if not a["href"].startswith("#")]
    assert len(links) == 3  # brief, original, and the original again in the table
    for link in links:
        assert (folder / unquote(link)).is_file(), link


def test_links_within_the_page_have_a_target(tmp_path: Path) -> None:
    page = page_of(tmp_path, make_row())
    ids = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    assert {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")} <= ids


def test_without_a_mailbox_folder_or_briefs_the_page_still_reads(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert "no brief" in page.text
    assert "No mail was escalated." in page.text


@pytest.mark.parametrize("changes", [{"action": "lost"}, {"urgency": "panic"}])
def test_a_row_nobody_could_count_or_rank_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="must be"):
        make_row(**changes)


def test_write_index_replaces_the_page_and_leaves_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("old")
    path = write_index(tmp_path, [make_row()], META)
    assert path == tmp_path / "index.html"
    assert path.read_text("utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [path]
