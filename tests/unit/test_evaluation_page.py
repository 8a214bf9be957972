"""The page of `triage evaluate`: complete, safe to open, readable where people read."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from classifiers import judgement, mistakes, record
from classifiers.api import Document
from classifiers.baselines import Opinion
from classifiers.dataset import Example
from classifiers.judgement import Judgement
from classifiers.measures import Point
from tests.trained import examples, small_model
from triage.cli import evaluation_page
from triage.drawing import charts
from triage.drawing.figures import percent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HOSTILE = (
    '"></table></svg><script>alert(1)</script><img src=//x.example/y onerror=alert(1)>'
    "<style>*{display:none}</style>{{7*7}}{% raw %}\u202e\x00"
)
VOID = {"meta", "link", "br", "img", "input"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Page(HTMLParser):
    """Collects what a browser would act on, and whether every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data + " "

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]


def labelled(text: str, *tags: str, subject: str = "") -> Example:
    document = Document(text=text, subject=subject, id=text[:20])
    return Example(document=document, tags=frozenset(tags), group=text)


@cache
def judged() -> Judgement:
    return judgement.judge(small_model(), examples()[:120], examples())


def page_of(found: Judgement) -> Page:
    worst = mistakes.worst(found, small_model().explain)
    html = evaluation_page.render(
        found, worst, version="small", data=["mine.jsonl"], remarks=["some are left out"], now=NOW
    )
    return Page(html)


@cache
def usual_page() -> Page:
    return page_of(judged())


def turned(found: Judgement, rows: Sequence[Example]) -> Judgement:
    """A judgement of other mails, in which the model is wrong about every one of them."""
    tags = found.tags
    wrong = [{tag: 0.01 if tag in row.tags else 0.99 for tag in tags} for row in rows]
    opinion = Opinion(probabilities=wrong, thresholds=found.model.thresholds)
    others = judgement.rivals(small_model(), rows, examples())
    truths = [row.tags for row in rows]
    return Judgement(
        examples=rows,
        tags=tags,
        model=opinion,
        baselines=others,
        report=judgement.report_of(truths, opinion),
        baseline_reports={n: judgement.report_of(truths, one) for n, one in others.items()},
        certainty=judgement.certainty([row.group for row in rows], truths, opinion, others),
    )


def test_every_element_is_closed_and_every_figure_of_the_report_is_on_the_page() -> None:
    page, report = usual_page(), judged().report
    assert page.open == []
    text = " ".join(page.text.split())
    assert f"Judged on {report.mails} labelled mails" in text
    for tag, one in report.tags.items():
        cells = [percent(one.precision), percent(one.recall)]
        cells += [f"{one.brier:.3f}", f"{one.calibration_error:.3f}"]
        row = next(row for row in page.html.split("<tr>") if f'<th scope="row">{tag}</th>' in row)
        assert [cell for cell in cells if f">{cell}</td>" not in row] == []


def test_nothing_is_loaded_from_anywhere_and_nothing_runs() -> None:
    page = usual_page()
    assert {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object"} == set()
    assert not any(
        name in ("src", "style", "srcset") or name.startswith("on")
        for _, attrs in page.tags
        for name in attrs
    )
    assert all(attrs["href"].startswith("#") for attrs in page.all("a"))
    assert re.search(r"url\(|@import|https?:", page.html) is None


def test_the_page_may_show_its_own_style_and_no_other() -> None:
    page = usual_page()
    style = page.html.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    [policy] = [a["content"] for a in page.all("meta") if a.get("http-equiv")]
    assert policy.startswith("default-src 'none';")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_every_chart_has_a_title_a_description_and_its_figures_as_a_table() -> None:
    page = usual_page()
    pictures = page.all("svg")
    shown = [attrs for attrs in pictures if attrs.get("role") == "img"]
    assert len(shown) == 1 + 3 * len(judged().tags)
    assert all(attrs.get("aria-hidden") for attrs in pictures if attrs not in shown)
    assert len(page.all("desc")) == len(shown)
    figures = page.html.split("<figure>")[1:]
    assert len(figures) == len(shown)
    assert all("<table>" in figure.split("</figure>")[0] for figure in figures)


def test_every_link_within_the_page_leads_somewhere() -> None:
    page = usual_page()
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {attrs["href"].removeprefix("#") for attrs in page.all("a")} <= set(ids)


def test_text_of_a_mail_stays_text_wherever_it_is_shown() -> None:
    rows = [
        labelled(f"{HOSTILE} We are stuck. {n}", *tags, subject=HOSTILE)
        for n, tags in enumerate([(), ("blocker",), ("upsell", "dissatisfaction")])
    ]
    usual, page = usual_page(), page_of(turned(judged(), rows))
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in usual.tags}
    assert len(page.all("style")) == 1
    assert page.open == []
    assert "<script>alert(1)</script>" in page.text
    assert "{{7*7}}" in page.text
    assert "\u202e" not in page.html
    assert "\x00" not in page.html


def test_a_mistake_is_told_with_what_people_said_what_the_model_said_and_why() -> None:
    rows = [
        labelled("We cannot log in. Please help us.", subject="Login"),
        labelled("Hi.", "upsell"),
    ]
    text = " ".join(page_of(turned(judged(), rows)).text.split())
    assert "99 % Login We cannot log in. Please help us." in text
    assert "Labelled no tag Model says upsell, dissatisfaction, scope_mismatch, blocker" in text
    assert "Because of We cannot log in. (" in text
    assert "Missed: 1 1 % Hi." in text


def test_a_long_mail_is_cut_and_a_long_list_says_how_long_it_is() -> None:
    rows = [labelled(f"Mail {n}. " + "word " * 2000) for n in range(12)]
    page = page_of(turned(judged(), rows))
    assert page.text.count("False alarms: the worst 10 of 12") == len(judged().tags)
    assert len(page.html) < 400_000


def test_mails_without_a_single_tag_still_make_a_page() -> None:
    found = judgement.judge(small_model(), [labelled("Hello."), labelled("Bye.")], examples())
    page = page_of(found)
    assert page.open == []
    assert "too few mails" in page.text
    assert "None" not in page.text.replace("None.", "")


def test_the_crossed_table_counts_each_mail_under_each_of_its_tags() -> None:
    rows = [labelled("a", "upsell", "blocker"), labelled("b"), labelled("c", "unknown_tag")]
    rows_of = record.crossed(turned(judged(), rows))
    assert [(name, count) for name, count, _ in rows_of] == [
        ("upsell", 1),
        ("blocker", 1),
        ("no tag", 1),
    ]
    [numbers] = [row for name, _, row in rows_of if name == "no tag"]
    assert numbers == [1, 1, 1, 1, 0, 0]


def test_a_file_appears_whole_for_its_owner_only_in_place_of_another(
    tmp_path: Path,
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    path.chmod(0o644)
    evaluation_page.write(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_curve_of_thousands_of_points_is_thinned_and_keeps_its_ends() -> None:
    points = [Point(threshold=1 - i / 9000, recall=i / 9000, precision=0.5) for i in range(1, 9001)]
    drawn = charts.precision_recall(
        [charts.Curve(kind="model", points=points)], [], title="t", told="d"
    )
    assert len(drawn) < 20_000
    assert f"H{charts.RIGHT}" in drawn


def test_names_in_a_chart_are_escaped() -> None:
    row = charts.Row(label=HOSTILE, value=0.5, interval=None, marks={"words": None})
    drawn = charts.rows([row], title=HOSTILE, told=HOSTILE)
    assert "<script" not in drawn
    assert "<img" not in drawn


FRAME = """<!DOCTYPE html><body><pre id="out"></pre><script>
const frame = document.createElement("iframe");
frame.style.cssText = "width:WIDTHpx;height:900px;border:0";
frame.onload = () => {
  const page = frame.contentDocument, root = page.documentElement;
  page.querySelectorAll("details").forEach(each => each.open = true);
  const boxes = [...page.querySelectorAll("main *, header *, footer *")];
  const over = boxes.filter(box => box.getBoundingClientRect().right > root.clientWidth + 1
    && !box.closest(".wide") && !box.closest("thead") && !box.closest("svg"));
  const spilt = [...page.querySelectorAll("figure table")].filter(table =>
    table.getBoundingClientRect().right > table.closest("figure").getBoundingClientRect().right);
  document.getElementById("out").textContent = JSON.stringify({
    width: root.scrollWidth, over: over.map(box => box.outerHTML.slice(0, 80)),
    spilt: spilt.length, paper: frame.contentWindow.getComputedStyle(page.body).backgroundColor,
    least: Math.min(...boxes.filter(box => box.textContent.trim() && !box.closest("svg"))
      .map(box => parseFloat(frame.contentWindow.getComputedStyle(box).fontSize))),
  });
};
frame.srcdoc = SOURCE;
document.body.append(frame);
</script></body>"""


def drawn(folder: Path, *, width_px: int, dark: bool) -> dict[str, object]:
    """What a browser makes of the page in a frame of this width, everything unfolded."""
    source = json.dumps(usual_page().html).replace("</", "<\\/")
    file = folder / "frame.html"
    file.write_text(FRAME.replace("WIDTH", str(width_px)).replace("SOURCE", source))
    assert CHROMIUM is not None, "Chromium is not installed"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    flags += ["--hide-scrollbars", f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    flags += ["--window-size=1300,1000", "--virtual-time-budget=4000"]
    flags += ["--blink-settings=preferredColorScheme=0"] if dark else []
    done = subprocess.run(
        [CHROMIUM, *flags, file.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    found = re.search(r'<pre id="out">(\{.*?\})</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-500:]
    result = json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert isinstance(result, dict)
    return result


@pytest.mark.chromium
@pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true", reason="Chromium is not installed"
)
@pytest.mark.parametrize("width_px", [360, 700, 1200])
def test_nothing_runs_over_the_edge_and_dark_is_dark(tmp_path: Path, width_px: int) -> None:
    (tmp_path / "light").mkdir()
    (tmp_path / "dark").mkdir()
    light = drawn(tmp_path / "light", width_px=width_px, dark=False)
    dark = drawn(tmp_path / "dark", width_px=width_px, dark=True)
    for page in (light, dark):
        assert page["over"] == []
        assert page["spilt"] == 0
        assert page["width"] == width_px
        assert isinstance(page["least"], float | int)
        assert page["least"] >= 12
    assert light["paper"] != dark["paper"]


def test_a_trend_has_a_place_for_each_label_and_leaves_gaps_where_nothing_was() -> None:
    drawn = str(
        charts.trends(
            [charts.Trend(kind="model", values=[0.1, None, 0.3, 0.2])],
            ["a", "b", "<c>", "d"],
            title="T & T",
            told="told",
            top=0.4,
        )
    )
    assert drawn.count("<circle") == 3
    assert "T &amp; T" in drawn
    assert "&lt;c&gt;" in drawn
    assert "40 %" in drawn
    assert charts.trends([], [], title="t", told="") != ""
