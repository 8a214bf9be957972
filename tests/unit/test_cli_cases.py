"""`triage status`, `show` and `label` over a store as the pipeline leaves it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.office import run, settle
from tests.steps import POLICY as BENCH_POLICY
from tests.steps import Bench, make_bench
from triage.cli.tables import when
from triage.messages import Urgency
from triage.policy import Storms, Volume


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    settle(tmp_path, zone="Asia/Kolkata")
    return make_bench(tmp_path)


def test_without_cases_status_says_so_instead_of_an_empty_table(
    bench: Bench, tmp_path: Path
) -> None:
    done = run(tmp_path, "status")
    assert done.exit_code == 0
    assert "No open cases." in done.stdout
    assert bench.queued() == []


def test_times_are_the_firm_s_with_the_name_of_its_zone(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.")
    assert when(bench.clock(), "Asia/Kolkata").endswith(" IST")
    for arguments in (["status"], ["show", "1"], ["show", "--mail", "1"]):
        assert when(bench.clock(), "Asia/Kolkata") in run(tmp_path, *arguments).stdout


def test_status_and_show_tell_what_joined_and_what_waits_for_a_digest(
    bench: Bench, tmp_path: Path
) -> None:
    people = {key: replace(p, digest="daily") for key, p in BENCH_POLICY.people.items()}
    bench.decider = replace(
        bench.decider,
        policy=replace(
            BENCH_POLICY,
            people=people,
            storms=Storms(mails=1),
            volume=Volume(digest_below=Urgency.NORMAL),
        ),
    )
    bench.judge("Send a quote.", sender="eve@other.example")
    for number in range(3):
        bench.judge(f"We are stuck with {'x' * (number + 5)}.", subject=f"S{number}")
    said = " ".join(run(tmp_path, "status").stdout.split())
    assert "Case 2. Not told one by one: 2 mails" in said
    assert "waits for their digest, or until" in said
    assert 'low urgency: what is "low" goes to the digest' in said
    shown = " ".join(run(tmp_path, "show", "2").stdout.split())
    assert "part of a storm, mail 3; they are all from client.example" in shown
    found = json.loads(run(tmp_path, "status", "--json").stdout)
    assert [storm["mails"] for storm in found["storms"]] == [2]
    assert {row["held_for"] for row in found["outbox"]} == {"", "low"}


def test_the_zone_s_name_follows_the_season() -> None:
    assert when(1_767_225_600, "Europe/Berlin") == "2026-01-01 01:00 CET"
    assert when(1_782_864_000, "Europe/Berlin") == "2026-07-01 02:00 CEST"
    assert when(None, "Europe/Berlin") == "-"


def test_a_mail_can_be_read_with_what_was_decided_and_nothing_hostile(
    bench: Bench, tmp_path: Path
) -> None:
    bench.judge(
        "We are stuck.\x1b[31m\r\n\r\nPlease help\u202e.",
        subject="Portal\x1b[2J down",
        headers="Date: Fri, 01 Jan 0001 00:00:00 +0000\r\n",
    )
    shown = run(tmp_path, "show", "--mail", "1").stdout
    assert "dana@client.example" in shown
    assert "Portal" in shown
    assert "escalated" in shown
    assert "blocker 0.90" in shown
    assert "    Please help" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    told = json.loads(run(tmp_path, "show", "--mail", "1", "--json").stdout)
    assert told["tags"] == ["blocker"]
    assert "Please help" in told["new_text"]
    assert told["evidence"]


@pytest.mark.parametrize("arguments", [[], ["1", "--mail", "1"]])
def test_show_wants_one_case_or_one_mail(
    bench: Bench, tmp_path: Path, arguments: list[str]
) -> None:
    bench.judge("We are stuck.")
    done = run(tmp_path, "show", *arguments)
    assert done.exit_code == 2
    assert "triage show --mail 118" in done.stderr


def test_none_is_not_given_beside_a_tag(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.")
    done = run(tmp_path, "label", "1", "none", "blocker")
    assert done.exit_code == 2
    assert "none stands alone" in done.stderr


def test_a_label_is_shown_with_the_mail_it_was_given(bench: Bench, tmp_path: Path) -> None:
    bench.judge("Hello.", subject="Other")
    bench.judge("We are stuck.")
    assert run(tmp_path, "label", "2", "none").exit_code == 0
    assert "labelled mail 2  blocker -> none" in run(tmp_path, "show", "1").stdout


def test_a_manager_s_answer_has_no_scores_to_show(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.")
    [notice] = _ids(bench, tmp_path)[:1]
    bench.judge(
        "I take it.",
        sender="Ben <ben@firm.example>",
        headers=f"In-Reply-To: {notice}\r\n",
    )
    shown = run(tmp_path, "show", "1").stdout
    assert "[acknowledged]" in shown
    assert shown.count("  model ") == 1  # of the mail that was classified


def test_the_review_list_says_how_to_read_a_mail(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are perhaps stuck.")
    shown = run(tmp_path, "status").stdout
    assert "triage show --mail NUMBER" in shown
    assert "Go through them: `triage label`" in shown


def _ids(bench: Bench, folder: Path) -> list[str]:
    assert bench.queued()
    told = json.loads(run(folder, "show", "1", "--json").stdout)
    return [row["message_id"] for row in told["outbox"]]
