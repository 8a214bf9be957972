"""Correcting by moving: what a mail in a tag folder teaches, and what it does not."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.steps import FIRM, Bench, make_bench
from tests.tag_fakes import Desk, make_desk
from triage.errors import SourceError
from triage.learning import labelled_mails
from triage.messages import LOOP_HEADER
from triage.pipeline.labelling import ACTS_WITHIN_S
from triage.store import audit, cases, inbox, labels, moves, outbox

if TYPE_CHECKING:
    from pathlib import Path

STRANGE = (
    b"From: Dana <dana@client.example>\r\nSubject: Old mail\r\n"
    b"Message-ID: <old@client.example>\r\n\r\nNobody can work.\r\n"
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return make_desk(bench)


def case(bench: Bench, case_id: int = 1) -> cases.Case:
    with bench.store.read() as tx:
        return cases.get(tx, case_id)


def test_a_move_is_a_label_with_who_when_how_and_from_what_to_what(
    bench: Bench, desk: Desk
) -> None:
    bench.judge("We are stuck.")
    desk.move(1, "Triage/Upsell")
    desk.look()
    [label] = desk.labels()
    assert label.tags == ("upsell",)
    assert label.previous == ("blocker",)
    assert (label.by, label.how, label.at) == ("mailbox inbox", "move", bench.clock())


def test_a_mail_is_learned_once_however_often_it_is_seen(bench: Bench, desk: Desk) -> None:
    bench.judge("We are stuck.")
    desk.move(1, "Triage/None")
    for _ in range(3):
        desk.look()
    assert len(desk.labels()) == 1


def test_an_unchanged_folder_is_not_read_again(bench: Bench, desk: Desk) -> None:
    bench.judge("We are stuck.")
    desk.move(1, "Triage/None")
    desk.look()
    desk.watcher._known.clear()  # as after a restart
    desk.look()
    assert desk.folders.fetched == 1


def test_moving_again_changes_the_label(bench: Bench, desk: Desk) -> None:
    bench.judge("We are stuck.")
    for folder in ("Triage/Upsell", "Triage/None", "Triage/Blocker"):
        desk.move(1, folder)
        desk.look()
    assert [label.tags for label in desk.labels()] == [("upsell",), (), ("blocker",)]
    assert [label.previous for label in desk.labels()] == [("blocker",), ("upsell",), ()]


def test_moving_back_to_a_folder_it_was_in_changes_the_label_again(
    bench: Bench, desk: Desk
) -> None:
    bench.judge("We are stuck.")
    for folder in ("Triage/Upsell", "Triage/None", "Triage/Upsell"):
        desk.move(1, folder)
        desk.look()
    assert desk.in_force(1) == ("upsell",)


@pytest.mark.parametrize("ordered", [True, False])
def test_on_disk_too_a_mail_that_comes_back_under_its_old_number_counts(
    bench: Bench, *, ordered: bool
) -> None:
    desk = make_desk(bench, ordered=ordered)
    bench.judge("We are stuck.")
    for folder in ("Triage/Upsell", "Triage/None", "Triage/Upsell"):
        desk.move(1, folder, uid=0 if ordered else 77)
        desk.look()
    assert desk.in_force(1) == ("upsell",)


def test_moving_out_of_the_folders_takes_no_label_back(bench: Bench, desk: Desk) -> None:
    bench.judge("We are stuck.")
    desk.move(1, "Triage/Upsell")
    desk.look()
    desk.folders.mail["Triage/Upsell"].clear()
    desk.look()
    assert desk.in_force(1) == ("upsell",)


def test_a_folder_that_is_numbered_anew_teaches_nothing_again(bench: Bench, desk: Desk) -> None:
    bench.judge("We are stuck.")
    desk.move(1, "Triage/Upsell")
    desk.look()
    with bench.store.write() as tx:  # somebody answered the brief meanwhile
        labels.put(tx, 1, tags=["blocker"], previous=["upsell"], by="ben", how="reply", now=2.0)
    desk.folders.renumber("Triage/Upsell")
    desk.look()
    assert desk.in_force(1) == ("blocker",)
    assert len(desk.labels()) == 2


def test_a_renamed_folder_of_the_same_tag_teaches_nothing_again(bench: Bench, desk: Desk) -> None:
    bench.judge("We are stuck.")
    desk.move(1, "Triage/Upsell")
    desk.look()
    with bench.store.write() as tx:
        labels.put(tx, 1, tags=["blocker"], previous=["upsell"], by="ben", how="reply", now=2.0)
    desk.folders.mail["Triage/Sales"] = desk.folders.mail.pop("Triage/Upsell")
    desk.folders.names["upsell"] = "Triage/Sales"
    desk.folders.validity["Triage/Sales"] = 9
    desk.look()
    assert desk.in_force(1) == ("blocker",)


def test_a_folder_that_is_gone_is_told_once(
    bench: Bench, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    del desk.folders.mail["Triage/Upsell"]
    for _ in range(3):
        desk.look()
    told = [r for r in caplog.records if getattr(r, "action", "") == "missing"]
    assert [getattr(r, "mailbox", "") for r in told] == ["inbox/Triage/Upsell"]


def test_what_we_moved_ourselves_is_no_label(bench: Bench, desk: Desk) -> None:
    bench.judge("We are stuck.")
    with bench.store.write() as tx:
        moves.will_move(tx, [1], "Triage/Blocker")
    desk.move(1, "Triage/Blocker")
    desk.look()
    assert desk.labels() == []


@pytest.mark.parametrize("ordered", [True, False])
def test_a_person_may_overrule_our_own_move_and_undo_that(bench: Bench, *, ordered: bool) -> None:
    desk = make_desk(bench, ordered=ordered)
    bench.judge("We are stuck.")
    with bench.store.write() as tx:
        moves.will_move(tx, [1], "Triage/Blocker")
    for folder in ("Triage/Blocker", "Triage/None", "Triage/Blocker", "Triage/None"):
        desk.move(1, folder, uid=0 if ordered else 5)
        desk.look()
    assert [label.tags for label in desk.labels()] == [(), ("blocker",), ()]


def test_none_closes_the_case_as_a_reply_does(bench: Bench, desk: Desk) -> None:
    bench.judge("We are stuck.")
    desk.move(1, "Triage/None")
    desk.look()
    assert (case(bench).status, case(bench).outcome) == ("resolved", "not an escalation")


def test_a_tag_that_is_new_is_told_to_those_who_must_know(bench: Bench, desk: Desk) -> None:
    bench.judge("We are stuck.")
    assert len(bench.queued()) == 2
    desk.move(1, "Triage/Upsell")
    desk.look()
    assert case(bench).tags == ("upsell",)


def test_a_mail_nobody_was_told_of_opens_a_case(bench: Bench, desk: Desk) -> None:
    bench.judge("Nothing works here.")
    assert bench.queued() == []
    desk.move(1, "Triage/Blocker")
    desk.look()
    assert bench.queued() == [
        ("ben@firm.example", "corrected"),
        ("marshall@firm.example", "corrected"),
    ]
    found = case(bench)
    assert (found.tags, found.recipients) == (("blocker",), ("ben", "marshall"))
    with bench.store.read() as tx:
        assert inbox.decided(tx, 1).case_id == found.id
        trail = [entry.action for entry in audit.of_case(tx, found.id)]
    assert trail == ["escalated"]


def test_the_brief_says_that_it_was_a_move(bench: Bench, desk: Desk) -> None:
    bench.judge("Nothing works here.")
    desk.move(1, "Triage/Blocker")
    desk.look()
    bench.sender.send_due()
    text = bench.channel.delivered[0].content.decode()
    assert "Somebody, by moving this mail to Triage/Blocker, tagged it: Blocker." in text


def test_a_reminder_follows_when_nobody_answers(bench: Bench, desk: Desk) -> None:
    bench.judge("Nothing works here.")
    desk.move(1, "Triage/Blocker")
    desk.look()
    bench.sender.send_due()
    bench.clock.now += 61
    bench.follow_up.run_due(bench.clock())
    assert ("ben@firm.example", "reminder") in bench.queued()


def test_a_mail_of_an_open_case_joins_it(bench: Bench, desk: Desk) -> None:
    bench.judge("Nothing works here.", message_id="<a@client.example>")
    bench.judge("We are stuck.", headers="References: <a@client.example>\r\n")
    desk.move(1, "Triage/Dissatisfaction")
    desk.look()
    assert case(bench).tags == ("blocker", "dissatisfaction")
    with bench.store.read() as tx:
        assert cases.count(tx) == 1


def test_old_mail_only_teaches(bench: Bench, desk: Desk) -> None:
    bench.judge("Nothing works here.")
    bench.clock.now += ACTS_WITHIN_S + 1
    desk.move(1, "Triage/Blocker")
    desk.look()
    assert desk.in_force(1) == ("blocker",)
    assert bench.queued() == []


def test_what_lay_there_at_the_first_look_only_teaches(bench: Bench) -> None:
    desk = make_desk(bench, looked=False)
    bench.judge("Nothing works here.")
    desk.move(1, "Triage/Blocker")
    desk.folders.put("Triage/Upsell", STRANGE, bench.clock())
    desk.look()
    assert desk.in_force(1) == ("blocker",)
    assert desk.in_force(2) == ("upsell",)
    assert bench.queued() == []


def test_folders_of_our_own_making_were_empty_so_their_mail_acts(bench: Bench) -> None:
    desk = make_desk(bench, looked=False)
    desk.folders.mail.clear()
    desk.watcher.create = True
    desk.watcher.open()
    bench.judge("Nothing works here.")
    desk.move(1, "Triage/Blocker")
    desk.look()
    assert len(bench.queued()) == 2


def test_a_mail_that_was_never_read_is_learned_with_its_words(bench: Bench, desk: Desk) -> None:
    desk.folders.put("Triage/Upsell", STRANGE, bench.clock() - ACTS_WITHIN_S - 1)
    desk.look()
    [mail] = labelled_mails(bench.store, FIRM)
    assert (mail.tags, mail.document.text) == (("upsell",), "Nobody can work.")
    with bench.store.read() as tx:
        assert inbox.decided(tx, mail.message_id).action == "learnt"
    assert bench.queued() == []


def test_a_recent_mail_that_was_never_read_is_told_to_those_who_must_know(
    bench: Bench, desk: Desk
) -> None:
    desk.folders.put("Triage/Blocker", STRANGE, bench.clock())  # moved while we were down
    desk.look()
    assert len(bench.queued()) == 2


def test_a_mail_that_was_never_read_is_not_triaged_when_it_comes_to_the_inbox(
    bench: Bench, desk: Desk
) -> None:
    desk.folders.put("Triage/None", STRANGE, bench.clock())
    desk.look()
    assert bench.judge("", content=STRANGE).action == "duplicate"


def test_a_mail_whose_headers_changed_is_known_by_message_id_and_words(
    bench: Bench, desk: Desk
) -> None:
    bench.judge("We are stuck.")
    with bench.store.read() as tx:
        content = inbox.load(tx, 1).raw.content
    desk.folders.put("Triage/None", b"X-Added: on the way\r\n" + content, bench.clock())
    desk.look()
    assert desk.in_force(1) == ()
    assert len(desk.labels()) == 1


def test_a_message_id_alone_does_not_make_two_mails_one(bench: Bench, desk: Desk) -> None:
    bench.judge("We are stuck.", message_id="<same@client.example>")
    other = STRANGE.replace(b"old@", b"same@")
    desk.folders.put("Triage/Upsell", other, bench.clock())
    desk.look()
    assert desk.in_force(1) is None
    assert desk.in_force(2) == ("upsell",)


def test_a_mail_read_before_words_were_noted_is_known_all_the_same(
    bench: Bench, desk: Desk
) -> None:
    bench.judge("We are stuck.")
    with bench.store.write() as tx:
        content = inbox.load(tx, 1).raw.content
        tx.exec_driver_sql("update messages set text_digest = ''")
    desk.folders.put("Triage/None", b"X-Added: on the way\r\n" + content, bench.clock())
    desk.look()
    assert desk.in_force(1) == ()


def test_a_mail_that_is_not_decided_yet_waits(bench: Bench, desk: Desk) -> None:
    bench.receive("We are stuck.")
    desk.move(1, "Triage/None")
    assert desk.look()
    assert desk.labels() == []
    bench.decide()
    assert not desk.look()
    assert desk.in_force(1) == ()
    assert case(bench).status == "resolved"


def test_our_own_briefs_are_no_lesson(bench: Bench, desk: Desk) -> None:
    ours = f"{LOOP_HEADER}: brief\r\n".encode() + STRANGE
    desk.folders.put("Triage/None", ours, bench.clock())
    desk.look()
    desk.look()
    assert desk.labels() == []
    assert labelled_mails(bench.store, FIRM) == []
    assert desk.folders.fetched == 1


def test_a_manager_s_answer_to_a_brief_is_no_lesson(bench: Bench, desk: Desk) -> None:
    bench.judge("We are stuck.")
    with bench.store.read() as tx:
        [brief, _] = outbox.of_case(tx, 1)
    answered = bench.judge(
        "ok", sender="Ben <ben@firm.example>", headers=f"In-Reply-To: {brief.rfc_id}\r\n"
    )
    assert answered.action == "acknowledged"
    desk.move(2, "Triage/Upsell")
    desk.look()
    assert desk.labels() == []
    assert case(bench).tags == ("blocker",)


def test_looking_at_folders_where_nothing_happens_writes_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk(bench, ordered=False)
    bench.judge("We are stuck.")
    desk.move(1, "Triage/None")
    desk.look()

    def refuse() -> None:
        raise AssertionError

    monkeypatch.setattr(bench.store, "write", refuse)
    desk.look()


def test_a_folder_that_goes_between_listing_and_reading_stops_no_other(
    bench: Bench, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.judge("We are stuck.")
    desk.move(1, "Triage/None")
    found = desk.folders.find()
    del desk.folders.mail["Triage/Blocker"]
    monkeypatch.setattr(desk.folders, "find", lambda: found)
    desk.look()
    assert desk.in_force(1) == ()


def test_filing_a_mail_under_one_of_the_tags_a_person_gave_keeps_the_others(
    bench: Bench, desk: Desk
) -> None:
    bench.judge("We are stuck.")
    both = ["blocker", "dissatisfaction"]
    with bench.store.write() as tx:
        labels.put(tx, 1, tags=both, previous=["blocker"], by="ben", how="reply", now=2.0)
    desk.move(1, "Triage/Blocker")
    desk.look()
    assert desk.in_force(1) == ("blocker", "dissatisfaction")


def test_confirming_what_the_classifier_said_is_a_lesson_too(bench: Bench, desk: Desk) -> None:
    bench.judge("We are stuck.")
    desk.move(1, "Triage/Blocker")
    desk.look()
    [label] = desk.labels()
    assert label.tags == label.previous == ("blocker",)
    assert case(bench).status == "open"


def test_one_mail_the_program_stumbles_over_stops_no_other(bench: Bench, desk: Desk) -> None:
    bench.judge("We are stuck.")
    bench.judge("We are stuck again.")
    desk.move(1, "Triage/None")
    desk.move(2, "Triage/None")
    with bench.store.write() as tx:
        tx.exec_driver_sql("update raw_messages set content = x'00' where message_id = 1")
    desk.look()
    desk.look()
    assert desk.in_force(1) is None
    assert desk.in_force(2) == ()


def test_an_auto_reply_may_be_shown_to_be_none(bench: Bench, desk: Desk) -> None:
    bench.judge("I am away.", headers="Auto-Submitted: auto-replied\r\n")
    desk.move(1, "Triage/None")
    desk.look()
    assert desk.in_force(1) == ()


def test_trouble_with_the_folders_is_kept_for_the_status_until_it_is_over(
    bench: Bench, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, looks = threading.Event(), []
    monkeypatch.setattr("triage.tag_watcher.pause_s", lambda *_: 0.0)
    monkeypatch.setattr("triage.tag_watcher.LEAST_PAUSE_S", 0.0)

    def find() -> dict[str, str]:
        looks.append(1)
        if len(looks) == 1:
            msg = "inbox: the server is away"
            raise SourceError(msg)
        with bench.store.read() as tx:
            seen.append([folder.problem for folder in moves.folders(tx)])
        desk.folders.put("Triage/None", STRANGE, bench.clock())
        stop.set()
        return {"": "Triage/None"}

    seen: list[list[str]] = []
    monkeypatch.setattr(desk.folders, "find", find)
    desk.watcher.run(stop)
    assert seen == [["inbox: the server is away"] * 4]
    with bench.store.read() as tx:
        assert {f.folder for f in moves.folders(tx) if f.problem} <= set(desk.folders.mail)


def test_moves_that_bring_a_label_wake_whoever_sends(bench: Bench, desk: Desk) -> None:
    woken: list[int] = []
    desk.watcher.learned = lambda: woken.append(1)
    bench.judge("Nothing works here.")
    desk.look()
    assert woken == []
    desk.move(1, "Triage/Blocker")
    desk.look()
    assert woken == [1]
