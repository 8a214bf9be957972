"""`triage policy explain` and `draw`: what readers of a policy are told is what will happen."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from typer.testing import CliRunner

from tests.unit.test_levels import FIRM, POLICY, answer, at, bench_of, run_until, told
from triage.cli import app
from triage.cli.policy_report import as_record, lines
from triage.drawing.ladder import ladders, short
from triage.drawing.policy_picture import picture
from triage.drawing.policy_table import markdown
from triage.messages import Urgency
from triage.pipeline.explain import Explanation, explain
from triage.policy import Skip
from triage.policy_file import load_policy

if TYPE_CHECKING:
    from tests.steps import Bench

DEMO = Path(__file__).parents[2] / "data" / "demo"


def explained(bench: Bench) -> Explanation:
    with bench.store.read() as tx:
        return explain(tx, 1, bench.follow_up.rewriter.clock, FIRM)


def text(bench: Bench) -> str:
    return " ".join(" ".join(lines(explained(bench), POLICY, "Europe/Berlin")).split())


# ---- Explain -------------------------------------------------------------------------------------


def test_what_is_foretold_is_what_happens(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, POLICY)
    told(bench, "Could we have a quote?")
    bench.decide()
    steps = explained(bench).steps
    foretold = [(step.at, step.who) for step in steps if step.who]
    sent = [event for event in run_until(bench, "2026-03-04T17:00") if event[2] == "level"]
    assert foretold == [
        (at("2026-03-03T10:00"), "Marshall"),
        (at("2026-03-04T10:00"), "Nora"),
        (at("2026-03-04T12:00"), "Ben and Marshall"),
    ]
    assert [when for when, _, _ in sent] == ["Tue 10:00", "Wed 10:00", "Wed 12:00", "Wed 12:00"]


def test_an_explanation_names_rule_clause_people_and_what_follows(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, POLICY)
    told(bench)
    run_until(bench, "2026-03-02T14:00")
    said = text(bench)
    assert "Blocker: tag blocker (90 %), by [routes.blocker]" in said
    assert 'it says: "We are stuck"' in said
    assert 'the clause: "C."' in said
    assert "an answer is due within 4 hours of working time" in said
    assert "Ben <ben@firm.example> first brief, sent Blocker: named for it." in said
    assert "the next level, sent Project lead: nobody has answered in time." in said
    assert "Mon 2 Mar 2026, 16:00 CET Ben and Marshall (Management)" in said
    assert "`triage resolve 1`" in said
    assert said.endswith("policy 7")


def test_a_case_that_somebody_has_foretells_nothing(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, POLICY)
    told(bench)
    run_until(bench, "2026-03-02T10:00")
    answer(bench, "ben")
    bench.decide()
    assert explained(bench).steps == ()
    assert "Nothing: somebody has it, or it is closed" in text(bench)


def test_a_program_gets_the_same(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, POLICY)
    told(bench)
    bench.decide()
    record = as_record(explained(bench))
    assert record["rules"][0]["place"] == "routes.blocker"
    assert [person["address"] for person in record["people"]] == [
        "ben@firm.example",
        "marshall@firm.example",
    ]
    assert [step["who"] for step in record["next"]] == ["", "Nora", "Ben and Marshall"]


# ---- Draw ----------------------------------------------------------------------------------------


def test_ladders_count_time_from_the_first_brief_on() -> None:
    found = {ladder.title: ladder for ladder in ladders(POLICY)}
    rungs = [(r.after_s // 3600, r.title, r.people) for r in found["Blocker"].rungs]
    assert rungs == [
        (3, "Reminder", ()),
        (4, "Project lead", ("nora",)),
        (6, "Management", ("ben", "marshall")),
    ]
    assert found["Dissatisfaction"].rungs == ()


def test_the_table_is_markdown_with_a_row_for_each_issue() -> None:
    rows = [
        line for line in markdown(load_policy(DEMO / "policy.toml")).splitlines() if "|" in line
    ]
    assert len({line.count("|") for line in rows}) == 1
    assert rows[2] == (
        "| **Customer recovery** | high | Ben West and Marshall Smith | after 3h |  | "
        "after 4h: Nora Lind | after 6h: Ben West and Marshall Smith |"
    )


def test_a_bar_in_a_title_breaks_no_table() -> None:
    route = replace(POLICY.routes["blocker"], title="A | B")
    rows = markdown(replace(POLICY, routes={"blocker": route})).splitlines()
    assert any("A \\| B" in row for row in rows)


def test_the_picture_is_sound_xml_and_escapes_every_text() -> None:
    route = replace(POLICY.routes["blocker"], title="<script>alert(1)</script> & co")
    skip = Skip(to="management", urgency=Urgency.URGENT)
    drawn = picture(replace(POLICY, routes={"blocker": route}, skips=(skip,)))
    root = ET.fromstring(drawn)
    assert "script" not in {element.tag.rpartition("}")[2] for element in root.iter()}
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")
    assert "prefers-color-scheme: dark" in drawn


def test_nothing_in_the_picture_leaves_it() -> None:
    drawn = picture(load_policy(DEMO / "policy.toml"))
    root = ET.fromstring(drawn)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    assert width <= 420
    for element in root.iter():
        if {"x", "y"} <= element.attrib.keys():
            assert 0 <= float(element.attrib["x"]) <= width
            assert 0 <= float(element.attrib["y"]) <= height
        if "width" in element.attrib and "x" in element.attrib:
            assert float(element.attrib["x"]) + float(element.attrib["width"]) <= width


def test_a_policy_without_levels_can_be_drawn_too() -> None:
    plain = replace(POLICY, levels={}, hours=None)
    assert "by the clock, day and night" in re.sub(r"\s+", " ", markdown(plain))
    ET.fromstring(picture(plain))


def test_spans_are_told_in_few_letters() -> None:
    assert [short(s, 27000) for s in (900, 14400, 27000, 34200)] == ["15m", "4h", "1d", "1d 2h"]


# ---- The verbs -----------------------------------------------------------------------------------


def test_draw_writes_the_picture_and_prints_the_table(tmp_path: Path) -> None:
    arguments = ["policy", "draw", "--policy", str(DEMO / "policy.toml"), "--table"]
    ran = CliRunner().invoke(app, [*arguments, "--svg", str(tmp_path / "p.svg")])
    assert ran.exit_code == 0
    assert ran.stdout.startswith("Escalation matrix, policy demo-2")
    ET.fromstring((tmp_path / "p.svg").read_text(encoding="utf-8"))


def test_draw_asks_what_to_make() -> None:
    ran = CliRunner().invoke(app, ["policy", "draw", "--policy", str(DEMO / "policy.toml")])
    assert ran.exit_code == 2
    assert "--svg FILE, --table, or both" in ran.stderr


def test_lint_ends_with_1_when_there_is_something_to_look_at(tmp_path: Path) -> None:
    text_of = (DEMO / "policy.toml").read_text(encoding="utf-8")
    other = tmp_path / "policy.toml"
    other.write_text(text_of.replace('deputy = "priya"\n', ""), encoding="utf-8")
    sound = CliRunner().invoke(app, ["policy", "lint", "--policy", str(DEMO / "policy.toml")])
    found = CliRunner().invoke(app, ["policy", "lint", "--policy", str(other)])
    assert (sound.exit_code, found.exit_code) == (0, 1)
    assert "nobody stands in for Nora Lind" in found.stdout
