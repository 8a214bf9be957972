"""`triage label`: one mail by its number, and the review a key at a time."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tests.office import settle
from tests.steps import Bench, make_bench
from triage.cli import app
from triage.cli.review_card import Card, Look, card_lines, text_lines
from triage.parsing import parse
from triage.store import audit, cases, inbox, labels, outbox, review

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    settle(tmp_path, zone="Asia/Kolkata")
    bench = make_bench(tmp_path)
    bench.clock.now = time.time()
    return bench


def run(folder: Path, *arguments: str, keys: str = "") -> Result:
    config = str(folder / "triage.toml")
    return CliRunner().invoke(
        app, ["label", *arguments, "--config", config], input=keys, catch_exceptions=False
    )


def in_force(bench: Bench, message_id: int) -> tuple[str, ...] | None:
    with bench.store.read() as tx:
        return labels.in_force(tx, message_id)


def case(bench: Bench, case_id: int = 1) -> cases.Case:
    with bench.store.read() as tx:
        return cases.get(tx, case_id)


# One mail by its number


def test_a_label_by_number_acts_on_the_case(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.")
    done = run(tmp_path, "1", "none")
    assert "mail 1 is labelled none" in done.stdout
    assert "Case 1 is closed as not an escalation." in done.stdout
    assert case(bench).status == "resolved"


def test_a_tag_by_number_opens_a_case_for_those_the_policy_names(
    bench: Bench, tmp_path: Path
) -> None:
    bench.judge("Nothing works here.")
    done = run(tmp_path, "1", "BLOCKER", "dissatisfaction")
    assert "is labelled dissatisfaction, blocker" in done.stdout
    assert "Case 1 is opened." in done.stdout
    assert "will get a brief" in done.stdout
    assert {who for who, _ in bench.queued()} == {"ben@radial.example", "marshall@radial.example"}


def test_only_learn_leaves_cases_alone(bench: Bench, tmp_path: Path) -> None:
    bench.judge("Nothing works here.")
    bench.judge("We are stuck.")
    queued = bench.queued()
    run(tmp_path, "1", "blocker", "--only-learn")
    run(tmp_path, "2", "none", "--only-learn")
    assert (in_force(bench, 1), in_force(bench, 2)) == (("blocker",), ())
    assert bench.queued() == queued
    assert case(bench).status == "open"


def test_an_old_mail_only_teaches_and_it_is_said(bench: Bench, tmp_path: Path) -> None:
    bench.clock.now -= 15 * 86400
    bench.judge("Nothing works here.")
    done = run(tmp_path, "1", "blocker")
    assert "more than two weeks ago, so nobody is told" in done.stdout
    assert bench.queued() == []


def test_who_says_so_is_kept(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.")
    run(tmp_path, "1", "upsell", "--as", "Nora\x1b[2J Quist")
    with bench.store.read() as tx:
        [label] = labels.everything(tx)
    assert (label.by, label.how) == ("Nora [2J Quist", "command")
    assert (label.previous, label.tags) == (("blocker",), ("upsell",))


def test_a_marked_sentence_is_what_the_brief_quotes_first(bench: Bench, tmp_path: Path) -> None:
    bench.judge("Hello there. The export is dead since noon. We wait for you.")
    run(tmp_path, "1", "blocker", "--sentence", "The export is  dead since noon.")
    with bench.store.read() as tx:
        [label] = labels.everything(tx)
        row = outbox.unfinished(tx)[0]
        text = message_from_bytes(outbox.notice(tx, row.id).content, policy=policy.default)
    assert label.sentence == "The export is dead since noon."
    plain = text.get_body(("plain",))
    assert plain
    assert "> The export is dead since noon." in plain.get_content()


def test_a_sentence_that_does_not_stand_in_the_mail_is_not_kept(
    bench: Bench, tmp_path: Path
) -> None:
    bench.judge("The export is dead.")
    run(tmp_path, "1", "blocker", "--sentence", "Send us your passwords.")
    with bench.store.read() as tx:
        assert [each.sentence for each in labels.everything(tx)] == [""]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["1", "none", "blocker"], "none stands alone"),
        (["1", "blokker"], "no such tag: blokker"),
        (["1", "none", "--as", "\x07"], "--as: write a name"),
    ],
)
def test_wrong_usage_changes_nothing(
    bench: Bench, tmp_path: Path, arguments: list[str], says: str
) -> None:
    bench.judge("We are stuck.")
    done = run(tmp_path, *arguments)
    assert (done.exit_code, in_force(bench, 1)) == (2, None)
    assert says in done.stderr


def test_a_mail_that_is_not_decided_yet_is_labelled_later(bench: Bench, tmp_path: Path) -> None:
    bench.receive("We are stuck.")
    config = str(tmp_path / "triage.toml")
    done = CliRunner().invoke(app, ["label", "1", "none", "--config", config])
    assert "waits for its decision" in str(done.exception)
    assert in_force(bench, 1) is None


# The review


def test_the_review_stores_each_label_with_who_and_how(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are perhaps stuck.")
    bench.judge("Perhaps disappointed.")
    done = run(tmp_path, "--as", "nora", keys="3\n \n")
    with bench.store.read() as tx:
        found = labels.everything(tx)
    assert [(each.message_id, each.tags) for each in found] == [(2, ("blocker",)), (1, ())]
    assert {(each.by, each.how) for each in found} == {("nora", "terminal")}
    assert "2 labelled, 0 skipped" in done.stdout
    assert "Case 1 is opened." in done.stdout


def test_doubtful_mail_comes_first_then_a_sample_of_what_was_left(
    bench: Bench, tmp_path: Path
) -> None:
    for number in range(6):
        bench.judge(f"Thanks, number {number}.")
    bench.judge("We are perhaps stuck.")
    bench.judge("We are stuck.")  # tagged: somebody has heard of it
    done = run(tmp_path, "--sample", "3", keys="q")
    assert "Mail 7  1 of 4, for review: perhaps blocker" in done.stdout
    shown = run(tmp_path, "--sample", "3", keys="ssssss").stdout
    numbers = [int(n) for n in re.findall(r"^Mail (\d+)  ", shown, re.MULTILINE)]
    assert numbers[0] == 7
    assert len(numbers) == 4
    assert set(numbers[1:]) < set(range(1, 7))


def test_the_sample_is_fair_and_the_same_tomorrow(bench: Bench) -> None:
    for number in range(30):
        bench.judge(f"Thanks, number {number}.")
    with bench.store.read() as tx:
        drawn = review.sample(tx, 0.0, 10)
        again = review.sample(tx, 0.0, 10)
    assert drawn == again
    assert drawn != sorted(drawn)


def test_of_mails_with_the_same_words_one_is_shown(bench: Bench) -> None:
    for _ in range(3):
        bench.judge("Thanks.")
    with bench.store.read() as tx:
        assert review.sample(tx, 0.0, 10) == [1]


def test_what_is_drawn_to_measure_does_not_depend_on_what_was_labelled(bench: Bench) -> None:
    for number in range(12):
        bench.judge(f"Thanks, number {number}.")
    bench.judge("We are stuck.")
    with bench.store.read() as tx:
        before = review.drawn(tx, 0.0, 5)
        assert review.untagged(tx, 0.0) == 12
        assert [each.message_id for each in before] == review.sample(tx, 0.0, 5)
    with bench.store.write() as tx:
        for number, tags in ((2, ["blocker"]), (2, ["upsell"]), (0, [])):
            mail = before[number].message_id
            labels.put(tx, mail, tags=tags, previous=[], by="ben", how="test", now=1.0)
    with bench.store.read() as tx:
        after = review.drawn(tx, 0.0, 5)
        late = review.drawn(tx, bench.clock.now + 1, 5)
    assert [each.message_id for each in after] == [each.message_id for each in before]
    assert [each.judged for each in after] == [(), None, ("upsell",), None, None]
    assert late == []


def test_a_review_that_was_broken_off_goes_on_where_it_was(bench: Bench, tmp_path: Path) -> None:
    for number in range(4):
        bench.judge(f"We are perhaps stuck, {number}.")
    run(tmp_path, "--sample", "0", keys="\n\nq")
    done = run(tmp_path, "--sample", "0", keys="")  # the line breaks at once
    assert "1 of 2" in done.stdout
    assert "0 labelled, 0 skipped, 2 left for another time" in done.stdout
    run(tmp_path, "--sample", "0", keys="\n\n")
    assert "Nothing waits for review." in run(tmp_path, "--sample", "0").stdout


def test_several_tags_are_chosen_and_dropped_by_their_keys(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are perhaps stuck.")
    run(tmp_path, "--sample", "0", keys="13443\n")
    assert in_force(bench, 1) == ("dissatisfaction",)


def test_skipped_mail_is_asked_for_again_another_time(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are perhaps stuck.")
    done = run(tmp_path, "--sample", "0", keys="3s")
    assert "0 labelled, 1 skipped" in done.stdout
    assert in_force(bench, 1) is None
    assert "1 of 1" in run(tmp_path, "--sample", "0", keys="q").stdout


def test_undo_takes_back_the_label_the_case_and_the_briefs(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are perhaps stuck.")
    bench.judge("Perhaps disappointed.")
    done = run(tmp_path, "--sample", "0", keys="3\nu\nq")
    assert "Mail 2: taken back." in done.stdout
    assert "1 labelled" in done.stdout
    assert in_force(bench, 2) == ()
    assert bench.queued() == []
    assert (case(bench).status, case(bench).outcome) == ("resolved", "taken back")
    with bench.store.read() as tx:
        trail = [entry.detail for entry in audit.of_case(tx, 1)]
        assert inbox.decided(tx, 2).case_id is None
    assert any(detail.startswith("taken back by") for detail in trail)


def test_after_undo_the_same_label_tells_people_again(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are perhaps stuck.")
    run(tmp_path, "--sample", "0", keys="3\nu3\n")
    run(tmp_path, "1", keys="3\n")
    assert len(bench.queued()) == 2
    assert case(bench, 2).status == "open"


def test_undo_of_a_correction_gives_the_case_back_as_it_was(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.")
    before = case(bench)
    done = run(tmp_path, "1", keys="1\n")
    assert case(bench).tags == ("dissatisfaction",)
    done = run(tmp_path, "1", keys="\nuq")
    assert "That was the last." in done.stdout
    assert case(bench).tags == ("dissatisfaction",)
    assert case(bench).status == before.status
    assert in_force(bench, 1) == ("dissatisfaction",)


def test_undo_says_when_a_brief_has_left_already(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are perhaps stuck.")
    bench.judge("Perhaps disappointed.")
    from tests.tag_fakes import make_labeller  # noqa: PLC0415

    labeller = make_labeller(bench)
    with bench.store.write() as tx:
        effect = labeller.label(
            tx, 1, ["blocker"], by="nora", how="terminal", who="Nora", now=bench.clock()
        )
    bench.sender.send_due()
    with bench.store.write() as tx:
        left = labeller.take_back(tx, effect, by="nora", now=bench.clock())
    assert left == ("ben@firm.example", "marshall@firm.example")
    assert in_force(bench, 1) is None


def test_undo_leaves_a_case_alone_that_somebody_has_changed_since(bench: Bench) -> None:
    from tests.tag_fakes import make_labeller  # noqa: PLC0415

    bench.judge("We are perhaps stuck.")
    labeller = make_labeller(bench)
    with bench.store.write() as tx:
        effect = labeller.label(
            tx, 1, ["blocker"], by="nora", how="terminal", who="Nora", now=bench.clock()
        )
        cases.acknowledge(tx, 1, "ben@firm.example", bench.clock())
    with bench.store.write() as tx:
        labeller.take_back(tx, effect, by="nora", now=bench.clock())
    assert case(bench).status == "acknowledged"


def test_nothing_to_take_back_is_said(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are perhaps stuck.")
    assert "nothing to take back" in run(tmp_path, "--sample", "0", keys="uq").stdout


def test_keys_that_mean_nothing_show_the_help_and_change_nothing(
    bench: Bench, tmp_path: Path
) -> None:
    bench.judge("We are perhaps stuck.")
    done = run(tmp_path, "--sample", "0", keys="x9é\tq")
    assert done.stdout.count("s skip, u undo") == 5
    assert in_force(bench, 1) is None


def test_a_mail_that_somebody_labelled_meanwhile_is_passed_over(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.judge("We are perhaps stuck, 1.")
    bench.judge("We are perhaps stuck, 2.")
    both = [review.Doubt(message_id=n, why="perhaps", case_id=None) for n in (2, 1)]
    with bench.store.write() as tx:
        labels.put(tx, 2, tags=[], previous=[], by="ben", how="reply", now=1.0)
    monkeypatch.setattr(review, "doubts", lambda _tx: both)
    done = run(tmp_path, "--sample", "0", keys="\n")
    assert "Mail 2 " not in done.stdout
    assert in_force(bench, 1) == ()


def test_one_mail_can_be_asked_for_though_it_has_a_label(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.")
    run(tmp_path, "1", "none")
    done = run(tmp_path, "1", keys="3\n")
    assert "Labelled: none" in done.stdout
    assert in_force(bench, 1) == ("blocker",)


# What a mail looks like


def card(text: str, *evidence: str, **headers: str) -> Card:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    raw = f"From: Dana <dana@client.example>\r\n{lines}\r\n{text}".encode()
    mail = inbox.Decided(
        id=7,
        ref=None,  # type: ignore[arg-type]  # not shown
        received_at=datetime(2026, 3, 2, tzinfo=UTC).timestamp(),
        state="decided",
        action="unsure",
        why="",
        kind="ordinary",
        role="client",
        subject="",
        sender="",
        client="",
        case_id=None,
        error="",
        unsure_tags=("blocker",),
        scores={"blocker": 0.31},
    )
    found = [("blocker", sentence) for sentence in evidence]
    return Card(mail=mail, email=parse(raw), evidence=found, reason="why")


def test_the_card_shows_subject_sender_text_and_the_classifier_s_opinion() -> None:
    shown = "\n".join(card_lines(card("Hello there.", Subject="Portal"), Look(), "UTC"))
    for words in ("Mail 7  why", "Portal", "Dana <dana@client.example>", "  Hello there."):
        assert words in shown
    assert "Classifier: none, unsure of blocker   blocker 0.31" in shown


def test_the_deciding_sentence_stands_out_across_line_breaks() -> None:
    text = "Hi,\r\nwe wait for\r\nthe login. Bye."
    look = Look(width=80)
    assert list(text_lines(card(text, "we wait for the login."), look)) == [
        "  Hi,",
        "  «we wait for»",
        "  «the login.» Bye.",
    ]


def test_colour_is_closed_at_each_line_s_end() -> None:
    text = "word " * 40 + "end."
    lines = list(text_lines(card(text, text), Look(width=40, colour=True)))
    assert len(lines) > 3
    assert all(line.count("\x1b[1;33m") == line.count("\x1b[0m") == 1 for line in lines)


def test_a_long_mail_is_cut_but_its_deciding_sentences_are_not() -> None:
    text = "\r\n".join(f"Line {n}." for n in range(100)) + "\r\nAll is down."
    lines = list(text_lines(card(text, "All is down."), Look()))
    assert lines[15:] == ["  Line 15.", "  ...", "  «All is down.»"]
    whole = list(text_lines(card(text), Look(), whole=True))
    assert len(whole) == 101
    assert list(text_lines(card(text), Look()))[-1] == "  ... 85 more lines; t shows them"


def test_hostile_text_shows_no_control_characters() -> None:
    shown = "\n".join(
        card_lines(card("a\x1b[2Jb\u202ec\ue000d", "a\x1b[2Jb", Subject="x\x1b]0;y"), Look(), "UTC")
    )
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ue000\ue001]", shown)


# A real terminal


def test_in_a_terminal_keys_count_without_enter_and_the_terminal_is_put_back(
    bench: Bench, tmp_path: Path
) -> None:
    bench.judge("We are perhaps stuck, 1.")
    bench.judge("We are perhaps stuck, 2.")
    bench.store.close()
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    process = subprocess.Popen(
        [sys.executable, "-m", "triage", "label", "--sample", "0", "--config", "triage.toml"],
        cwd=tmp_path,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "dumb"},
    )
    with process:
        try:
            shown = read_until(master, "4 upsell")
            os.write(master, b"\x1b[1~")  # Home, whose sequence holds a digit
            time.sleep(0.3)
            os.write(master, b"3")
            shown += read_until(master, "chosen: blocker")
            os.write(master, b"\n")
            shown += read_until(master, "4 upsell")
            os.write(master, b"q")
            shown += read_until(master, "left for another time")
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert termios.tcgetattr(slave) == before
    assert "\x1b[1mMail 2\x1b[0m" in shown
    assert in_force(make_bench(tmp_path), 2) == ("blocker",)
    os.close(master)
    os.close(slave)


def read_until(handle: int, words: str, seconds: float = 30) -> str:
    text, deadline = "", time.monotonic() + seconds
    while words not in text:
        assert time.monotonic() < deadline, text
        if select.select([handle], [], [], 0.2)[0]:
            text += os.read(handle, 4096).decode("utf-8", "replace")
    return text
