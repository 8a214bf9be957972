"""Absences by a click or a command: the policy says so, and the rest of the file is untouched."""

from __future__ import annotations

import stat
import threading
from datetime import date
from pathlib import Path

import pytest

from triage.absences import add_absence, end_absence
from triage.errors import ConfigError
from triage.policy import Absence
from triage.policy_file import load_policy
from triage.resources import resource

TODAY = date(2026, 11, 30)
CHRISTMAS = Absence(first=date(2026, 12, 21), last=date(2027, 1, 2))
EASTER = Absence(first=date(2027, 3, 26), last=date(2027, 3, 29), deputy="nora", because="Easter")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_bytes((resource("data") / "demo" / "policy.toml").read_bytes())
    return path


def lines_changed(before: str, after: str) -> list[str]:
    return [line for line in after.splitlines() if line not in before.splitlines()]


def test_an_absence_is_one_line_more_and_everything_else_stays(policy: Path) -> None:
    before = policy.read_text(encoding="utf-8")
    found = add_absence(policy, "ben", EASTER, today=TODAY)
    after = policy.read_text(encoding="utf-8")
    assert found.people["ben"].absent == (EASTER,)
    assert load_policy(policy) == found
    assert lines_changed(before, after) == [
        'absent = [{ from = 2027-03-26, to = 2027-03-29, deputy = "nora", because = "Easter" }]'
    ]
    assert (
        after.index("[people.ben]")
        < after.index("absent = [{ from = 2027")
        < after.index("[people.m")
    )


def test_a_second_one_joins_the_first_and_each_can_be_ended_alone(policy: Path) -> None:
    start = policy.read_bytes()
    add_absence(policy, "ben", CHRISTMAS, today=TODAY)
    both = add_absence(policy, "ben", EASTER, today=TODAY)
    assert set(both.people["ben"].absent) == {CHRISTMAS, EASTER}
    one = end_absence(policy, "ben", CHRISTMAS.first, CHRISTMAS.last)
    assert one.people["ben"].absent == (EASTER,)
    none = end_absence(policy, "ben", EASTER.first, EASTER.last)
    assert none.people["ben"].absent == ()
    assert policy.read_bytes() == start


WRITTEN = """absent = [ # who is away when
  { from = 2026-12-21, to = 2027-01-02 }, # with the family ]
  { from = 2027-03-26, to = 2027-03-29, because = "a } in it, and a ]" },
]
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_lists_over_several_lines_keep_their_comments(policy: Path, ends: str) -> None:
    text = policy.read_text(encoding="utf-8")
    text = text.replace('deputy = "marshall"\n', f'deputy = "marshall"\n{WRITTEN}')
    policy.write_bytes(text.replace("\n", ends).encode())
    summer = Absence(first=date(2027, 7, 1), last=date(2027, 7, 14), because='her "summer"')
    found = add_absence(policy, "ben", summer, today=TODAY)
    assert [away.first.month for away in found.people["ben"].absent] == [7, 12, 3]
    found = end_absence(policy, "ben", date(2026, 12, 21), date(2027, 1, 2))
    assert [away.first.month for away in found.people["ben"].absent] == [7, 3]
    after = policy.read_bytes().decode()
    assert "# who is away when" in after
    assert "# with the family ]" in after
    assert after.count("\r\n") == (after.count("\n") if ends == "\r\n" else 0)


def test_an_empty_list_and_a_mark_at_the_beginning_are_no_trouble(policy: Path) -> None:
    text = policy.read_text(encoding="utf-8")
    text = text.replace('deputy = "marshall"\n', 'deputy = "marshall"\nabsent = [] # nobody yet\n')
    policy.write_text(text, encoding="utf-8-sig")
    found = add_absence(policy, "ben", CHRISTMAS, today=TODAY)
    assert found.people["ben"].absent == (CHRISTMAS,)
    assert policy.read_bytes().startswith(b"\xef\xbb\xbf#")
    assert "# nobody yet" in policy.read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("person", "away", "says"),
    [
        ("ben", Absence(first=date(2026, 11, 1), last=date(2026, 11, 2)), "over already"),
        ("ben", Absence(first=date(2027, 2, 2), last=date(2027, 2, 1)), "lies before the first"),
        ("ben", Absence(first=TODAY, last=TODAY, deputy="ben"), "nobody can stand in for them"),
        ("ben", Absence(first=TODAY, last=TODAY, deputy="kim"), "kim"),
        ("ben", Absence(first=TODAY, last=TODAY, because="a\x00b"), "control character"),
        ("zoe", Absence(first=TODAY, last=TODAY), "names nobody"),
    ],
)
def test_what_would_be_no_policy_is_refused_and_nothing_is_written(
    policy: Path, person: str, away: Absence, says: str
) -> None:
    before = policy.read_bytes()
    with pytest.raises(ConfigError, match=says):
        add_absence(policy, person, away, today=TODAY)
    assert policy.read_bytes() == before


def test_the_same_days_twice_and_an_absence_that_is_not_there_are_refused(policy: Path) -> None:
    add_absence(policy, "ben", CHRISTMAS, today=TODAY)
    with pytest.raises(ConfigError, match="written down already"):
        add_absence(policy, "ben", CHRISTMAS, today=TODAY)
    with pytest.raises(ConfigError, match="somebody ended it"):
        end_absence(policy, "ben", EASTER.first, EASTER.last)


@pytest.mark.parametrize(
    "way",
    [
        "[[people.ben.absent]]\nfrom = 2026-12-21\nto = 2027-01-02\n\n[people.marshall]",
        "[people.ben.more]\n\n[people.marshall]",
    ],
)
def test_ways_of_writing_that_it_does_not_know_are_left_to_people(policy: Path, way: str) -> None:
    text = policy.read_text(encoding="utf-8").replace("[people.marshall]", way)
    policy.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError):
        add_absence(policy, "ben", EASTER, today=TODAY)
    assert policy.read_text(encoding="utf-8") == text


def test_a_linked_file_stays_a_link_and_keeps_its_mode(policy: Path, tmp_path: Path) -> None:
    policy.chmod(0o640)
    link = tmp_path / "linked.toml"
    link.symlink_to(policy)
    add_absence(link, "ben", CHRISTMAS, today=TODAY)
    assert link.is_symlink()
    assert stat.S_IMODE(policy.stat().st_mode) == 0o640
    assert load_policy(policy).people["ben"].absent == (CHRISTMAS,)


def test_two_who_write_at_once_do_not_lose_each_others_days(policy: Path) -> None:
    people = ("ben", "marshall", "nora", "priya")
    threads = [
        threading.Thread(
            target=add_absence, args=(policy, each, CHRISTMAS), kwargs={"today": TODAY}
        )
        for each in people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = load_policy(policy)
    assert all(found.people[each].absent == (CHRISTMAS,) for each in people)
