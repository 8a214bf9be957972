"""Pictures of measurements: what is written in them is what was measured."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from bench.plot import Line, bars, lines

SVG = "{http://www.w3.org/2000/svg}"


def words(picture: str) -> list[str]:
    return [each.text or "" for each in ET.fromstring(picture).iter(f"{SVG}text")]


def test_the_longest_bar_is_the_largest_figure_and_the_others_keep_their_share() -> None:
    drawn = bars("Mails", [("triage", 50.0, "50/s"), ("a < b", 100.0, "100/s")])
    ours, theirs = ET.fromstring(drawn).findall(f"{SVG}rect")[1:]
    assert float(theirs.attrib["width"]) == 2 * float(ours.attrib["width"])
    assert words(drawn) == ["Mails", "triage", "50/s", "a < b", "100/s"]


def test_a_line_runs_through_every_size_from_left_to_right() -> None:
    drawn = lines("Cost", "mails", "ms", [Line(name="wall", points=[(10, 1), (1000, 2), (100, 4)])])
    circles = ET.fromstring(drawn).findall(f"{SVG}circle")
    across = [float(circle.attrib["cx"]) for circle in circles]
    up = [float(circle.attrib["cy"]) for circle in circles]
    assert across[0] < across[2] < across[1]
    assert up[2] < up[1] < up[0]
    assert {"10", "100", "1,000"} <= set(words(drawn))
