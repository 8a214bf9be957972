"""A policy that is edited while the program runs: taken whole, or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from triage.errors import ConfigError
from triage.policy_file import load_policy
from triage.resources import resource
from triage.runners.policy_watch import PolicyWatch

if TYPE_CHECKING:
    from pathlib import Path

    from triage.policy import Policy

TEXT = (resource("data") / "demo" / "policy.toml").read_text(encoding="utf-8")


class Desk:
    """The file, the watch over it, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "policy.toml"
        self.path.write_text(TEXT, encoding="utf-8")
        self.loads = 0
        self.taken: list[Policy] = []
        self.refused: list[str] = []
        self.watch = PolicyWatch(
            path=self.path,
            known=load_policy(self.path),
            load=self.load,
            taken=self.taken.append,
            refused=self.refused.append,
        )

    def load(self) -> Policy:
        self.loads += 1
        return load_policy(self.path)

    def edit(self, text: str) -> None:
        before = self.path.stat().st_mtime_ns
        self.path.write_text(text, encoding="utf-8")
        os.utime(self.path, ns=(before + 1, before + 1))

    def look(self, times: int = 2) -> None:
        for _ in range(times):
            self.watch.look(0.0)


def test_an_edit_is_taken_once_it_has_settled(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.look()
    desk.edit(TEXT.replace("Ben West", "Benedict West"))
    desk.look(1)
    assert desk.taken == []
    desk.look(3)
    assert [policy.people["ben"].name for policy in desk.taken] == ["Benedict West"]
    assert desk.watch.new is desk.taken[0]


def test_an_edit_from_before_the_first_look_is_seen_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.edit(TEXT.replace("Ben West", "Benedict West"))
    desk.look()
    assert len(desk.taken) == 1


def test_a_mistake_is_told_once_and_its_mending_is_taken(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.edit(TEXT.replace('to = ["ben", "marshall"]', 'to = ["kim"]', 1))
    desk.look(5)
    assert desk.taken == []
    assert len(desk.refused) == 1
    assert "kim" in desk.refused[0]
    desk.edit(TEXT.replace("Ben West", "Benedict West"))
    desk.look()
    assert len(desk.taken) == 1


def test_a_file_that_says_the_same_changes_nothing_and_is_not_read_again_and_again(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    desk.look(10)
    assert desk.loads == 1
    desk.edit(TEXT + "# a comment more\n")
    desk.look(10)
    assert (desk.loads, desk.taken) == (2, [])


def test_a_file_that_is_gone_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.look()
    desk.path.unlink()
    desk.look()
    assert (desk.taken, desk.refused) == ([], [])


def test_what_cannot_be_used_is_refused_for_whatever_reason(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.watch.load = lambda: (_ for _ in ()).throw(ConfigError(["no route for praise"]))
    desk.edit(TEXT + "\n")
    desk.look()
    assert desk.refused == ["no route for praise"]
