"""Digests through the real steps: what they say, to whom, and that they add up."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desk import (
    DAY,
    HOUR,
    MONDAY,
    Desk,
    at,
    make_desk,
)
from tests.factories import make_raw, make_ref
from triage.digest.counting import count_mail
from triage.digest.model import FolderCheck, Trend
from triage.messages import OUTCOMES, MailKind
from triage.store import cases, inbox, issues, labels, listings, mailboxes
from triage.store.merging import absorb
from triage.store.overview import Arrived

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path)


# ---- What it says --------------------------------------------------------------------------------


def test_open_cases_stand_with_who_has_them_the_overdue_first(desk: Desk) -> None:
    desk.bench.judge("Could you quote?", subject="Second site", message_id="<a@x.example>")
    desk.bench.judge("We are stuck.", subject="Login", message_id="<b@x.example>")
    desk.bench.judge(
        "We are stuck.", subject="Export", message_id="<c@x.example>", sender="Z <z@z.example>"
    )
    with desk.bench.store.write() as tx:
        cases.acknowledge(tx, 3, "ben@firm.example", desk.bench.clock())
        cases.take(tx, 3, "ben@firm.example")
    desk.bench.clock.now = at("2026-03-02T14:30")
    found = desk.gather("ben")
    assert [(case.id, case.overdue) for case in found.open_cases] == [
        (2, True),
        (1, True),
        (3, False),
    ]
    text = desk.text("ben")
    assert "2 open cases" not in text
    assert "3 open cases, 2 of them overdue" in text
    assert "OVERDUE since Mon 2 Mar, 14:00; nobody has answered; told: Ben and Nora" in text
    assert "Ben has it" in text


def test_an_answered_case_is_not_overdue(desk: Desk) -> None:
    desk.bench.judge("We are stuck.")
    with desk.bench.store.write() as tx:
        cases.acknowledge(tx, 1, "ben@firm.example", desk.bench.clock() + 60)
    desk.bench.clock.now += 3 * DAY
    assert desk.gather("ben").overdue == 0


def test_answer_times_are_counted_in_working_time(desk: Desk) -> None:
    for number, (came, answered) in enumerate(
        [
            ("2026-03-02T10:00", "2026-03-02T11:00"),
            ("2026-03-06T16:30", "2026-03-09T10:00"),  # over a weekend: an hour and a half
            ("2026-03-09T10:00", "2026-03-09T12:00"),
        ],
        start=1,
    ):
        desk.bench.clock.now = at(came)
        desk.bench.judge("We are stuck.", subject=f"S{number}", sender=f"D <d@c{number}.example>")
        with desk.bench.store.write() as tx:
            cases.acknowledge(tx, number, "ben@firm.example", at(answered))
    desk.bench.clock.now = at("2026-03-10T09:00")
    found = desk.gather("ben", since="2026-03-02T00:00").answers
    assert (found.count, found.median_s, found.slowest_s, found.slowest_case) == (
        3,
        1.5 * HOUR,
        2 * HOUR,
        3,
    )
    assert "within 1 h 30 min, the slowest (case 3) after 2 h of working time" in desk.text(
        "ben", since="2026-03-02T00:00"
    )


def test_what_waits_for_review_is_counted_with_the_newest_first(desk: Desk) -> None:
    for number in range(5):
        desk.bench.judge("perhaps quote", subject=f"Doubt {number}", sender=f"D <d{number}@c.ex>")
        desk.bench.clock.now += 60
    with desk.bench.store.write() as tx:
        labels.put(tx, 5, tags=(), previous=(), by="ben", how="test", now=1.0)
    review = desk.gather("ben").review
    assert (review.count, review.oldest_at) == (4, at(MONDAY))
    assert [mail.subject for mail in review.first] == ["Doubt 3", "Doubt 2", "Doubt 1"]
    assert "triage label" in desk.text("ben")


def test_trends_count_cases_by_week_with_their_numbers_beside_the_chart(desk: Desk) -> None:
    for week, number in ((0, 1), (2, 3), (7, 2)):
        for _ in range(number):
            desk.bench.clock.now = at(MONDAY) - week * 7 * DAY - 60
            uid = desk.bench.uid
            desk.bench.judge("We are stuck.", subject=f"S{uid}", sender="D <d@acme.example>")
    desk.bench.clock.now = at(MONDAY)
    found = desk.gather("ben")
    assert [(t.label, t.counts) for t in found.by_client] == [("Acme", (2, 0, 0, 0, 0, 3, 0, 1))]
    assert [(t.label, t.total) for t in found.by_kind] == [("Blocker", 6)]
    assert "Acme ▅····█·▃ 2 0 0 0 0 3 0 1" in desk.text("ben")


def test_a_share_that_moved_is_a_warning_to_who_sees_the_whole_inbox(desk: Desk) -> None:
    now = desk.bench.clock()
    ages = [(float(DAY * (7 + number % 50)), number % 10 == 0) for number in range(200)]
    ages += [(3600.0 * number, number % 2 == 0) for number in range(60)]
    with desk.bench.store.write() as tx:
        for uid, (age, forwarded) in enumerate(ages, start=1):
            raw = make_raw(b"%d" % uid, ref=make_ref(uid=uid))
            message_id = inbox.receive(tx, raw, now - age)
            assert message_id is not None
            inbox.save_verdict(
                tx,
                message_id,
                model="m",
                policy="1",
                tags=["blocker"] if forwarded else [],
                unsure_tags=[],
                scores={},
                evidence=[],
                decided_at=now - age,
            )
    [says] = desk.gather("ben").drift
    assert says.startswith("In the last 7 days 50 of 100 mails were forwarded, 10 of 100")
    assert f"! {says}" in desk.text("ben")
    assert desk.gather("nora").drift == ()


def test_a_stranger_cannot_write_into_a_digest(desk: Desk) -> None:
    subject = "Bill <script>alert(1)</script> \u202eevil\u202c\x07\r\nBcc: x {{ 7*7 }}"
    desk.bench.judge("We are stuck.", content=hostile(subject))
    desk.bench.judge("perhaps quote", content=hostile(subject, text="perhaps quote"))
    written = desk.letters.write(desk.gather("ben"))
    assert "<script" not in written.html
    assert "&lt;script&gt;" in written.html
    assert "{{ 7*7 }}" in written.text
    for part in (written.text, written.html, written.subject):
        assert not [c for c in part if not c.isprintable() and c != "\n"]
    assert "src=" not in written.html
    assert "url(" not in written.html
    assert "http" not in written.html


@pytest.mark.parametrize("words", ["a\u202eb\nBcc: x\x1b[31m\x00\u200b", "\u202e" * 500])
def test_whatever_a_stranger_s_words_hold_they_are_cleaned_and_cut(desk: Desk, words: str) -> None:
    desk.bench.judge("We are stuck.")
    desk.bench.judge("perhaps quote", sender="Y <y@y.example>")
    found = desk.gather("ben")
    [case], [told] = found.open_cases, found.escalated
    [mail] = found.review.first
    trend = Trend(label=words, counts=(0,) * 7 + (1,))
    found = replace(
        found,
        open_cases=(replace(case, subject=words, client=words, titles=(words,), told=(words,)),),
        escalated=(replace(told, id=99, subject=words, client=words, titles=(words,)),),
        review=replace(found.review, first=(replace(mail, subject=words, sender=words),)),
        by_client=(trend,),
        folders=(FolderCheck(name=words, asked_at=found.until, fresh=True),),
    )
    written = desk.letters.write(found)
    for part in (written.text, written.html, written.subject):
        assert not [c for c in part if not c.isprintable() and c != "\n"]
        assert "\nBcc" not in part


def hostile(subject: str, text: str = "We are stuck.") -> bytes:
    encoded = base64.b64encode(subject.encode()).decode()
    return (
        f'From: "D \u202e <b>" <d@client.example>\r\nTo: hello@firm.example\r\n'
        f"Subject: =?utf-8?B?{encoded}?=\r\nMessage-ID: <{len(subject)}{len(text)}@x>\r\n\r\n"
        f"{text}\r\n"
    ).encode()


# ---- Who may see what ----------------------------------------------------------------------------


def complain(
    desk: Desk,
    text: str = "I complain about one of you: Ben was rude on a call. We are disappointed.",
) -> None:
    desk.bench.judge(text, subject="Tone of a call")


def test_a_matter_about_somebody_is_in_no_line_and_no_count_of_theirs(desk: Desk) -> None:
    complain(desk)
    desk.bench.judge("We are stuck.", subject="Login", sender="Z <z@z.example>")
    with desk.bench.store.read() as tx:
        assert issues.kept_from(tx, "ben") == {1}
    mine, theirs = desk.gather("ben"), desk.gather("marshall")
    assert [case.id for case in mine.open_cases] == [2]
    assert [case.id for case in mine.escalated] == [2]
    assert [trend.total for trend in mine.by_client] == [1]
    assert (mine.mail.escalated, mine.mail.not_triaged, mine.mail.total) == (1, 1, 2)
    assert {case.id for case in theirs.open_cases} == {1, 2}
    assert theirs.mail.escalated == 2
    assert "Tone of a call" not in desk.text("ben")
    assert "Tone of a call" in desk.text("marshall")
    assert mine.mail.parts == {}  # the parts would show that one is missing


def test_a_person_who_was_told_after_all_sees_it(desk: Desk) -> None:
    complain(desk)
    with desk.bench.store.write() as tx:
        issues.tell(tx, 1, "ben", by="marshall@firm.example", now=desk.bench.clock())
    assert [case.id for case in desk.gather("ben").open_cases] == [1]


def test_who_is_no_manager_sees_the_matters_they_were_told_of(desk: Desk) -> None:
    desk.bench.judge("We are stuck.", subject="Login")
    desk.bench.judge("We are disappointed.", subject="Late", sender="Z <z@z.example>")
    desk.bench.judge("perhaps quote", subject="Doubt", sender="Y <y@y.example>")
    found = desk.gather("nora")
    assert [case.subject for case in found.open_cases] == ["Login"]
    assert found.review.count == 0
    assert "1 open case of yours" in desk.text("nora")
    assert "Late" not in desk.text("nora")
    assert "escalated 1" not in desk.text("nora")


def test_a_doubtful_mail_that_names_its_reader_is_counted_and_not_shown(desk: Desk) -> None:
    desk.bench.judge("perhaps disappointed, by Ben of all people", subject="A word in private")
    assert "A word in private" not in desk.text("ben")
    assert desk.gather("ben").review.count == 1
    assert "A word in private" in desk.text("marshall")


def test_two_cases_that_were_made_one_are_one_and_stay_kept_from_whom_they_are_about(
    desk: Desk,
) -> None:
    complain(desk)
    desk.bench.judge("We are disappointed again.", subject="Second", sender="Z <z@z.example>")
    with desk.bench.store.write() as tx:
        absorb(tx, 1, into=2, because="the same matter", now=desk.bench.clock())
    assert [case.id for case in desk.gather("marshall").open_cases] == [2]
    assert [trend.total for trend in desk.gather("marshall").by_kind] == [1]
    mine = desk.gather("ben")
    assert (mine.open_cases, mine.escalated, mine.by_client) == ((), (), ())


def test_a_doubtful_mail_whose_words_were_deleted_is_counted_and_not_shown(desk: Desk) -> None:
    desk.bench.judge("perhaps quote", subject="An old doubt")
    with desk.bench.store.write() as tx:
        tx.exec_driver_sql("delete from raw_messages")
    assert "An old doubt" not in desk.text("ben")
    assert desk.gather("ben").review.count == 1


# ---- Does it add up ------------------------------------------------------------------------------

arrivals = st.builds(
    Arrived,
    id=st.integers(1, 99),
    account=st.just("inbox"),
    folder=st.just("INBOX"),
    uid_validity=st.just(7),
    uid=st.integers(1, 99),
    stored_at=st.just(1.0),
    action=st.sampled_from(["", *OUTCOMES, "an outcome of tomorrow"]),
    kind=st.sampled_from(["", *(kind.value for kind in MailKind)]),
    why=st.sampled_from(["", "older than the first start"]),
    case_id=st.none() | st.integers(1, 4),
)


@given(mails=st.lists(arrivals), hidden=st.sets(st.integers(1, 4)))
def test_every_mail_is_in_exactly_one_count(mails: list[Arrived], hidden: set[int]) -> None:
    found = count_mail(mails, hidden, with_parts=True)
    assert found.total == len(mails)
    assert sum(found.parts.values()) == found.not_triaged


def test_every_outcome_there_is_has_a_count_of_its_own() -> None:
    one = Arrived(
        id=1,
        account="a",
        folder="f",
        uid_validity=1,
        uid=1,
        stored_at=1.0,
        action="",
        kind="ordinary",
        why="",
        case_id=None,
    )
    found = count_mail([replace(one, action=action) for action in OUTCOMES], (), with_parts=True)
    assert found.other == 0


def test_mails_in_are_all_their_ends_and_the_server_agrees(desk: Desk) -> None:
    for text in ("We are stuck.", "perhaps quote", "Thanks.", "Thanks again."):
        desk.bench.judge(text, subject=text, sender=f"D <d{desk.bench.uid}@c.example>")
    desk.bench.judge("Away.", headers="Auto-Submitted: auto-replied\r\n")
    with desk.bench.store.write() as tx:
        mailboxes.advance(tx, 1, 5)
        listings.put(tx, 1, [1, 2, 3, 5], desk.bench.clock())
    text = desk.text("ben")
    assert "5 came in = 1 + 0 + 1 + 2 + 1; 0 unaccounted for" in text
    assert "the server holds 4 of the 5 that came in; 1 was moved or deleted since" in text
    assert "Every mail is accounted for." in text


def test_a_mail_of_which_the_store_knows_nothing_is_an_alarm(desk: Desk) -> None:
    desk.bench.judge("Thanks.")
    with desk.bench.store.write() as tx:
        mailboxes.advance(tx, 1, 2)
        listings.put(tx, 1, [1, 2], desk.bench.clock())
    assert desk.gather("ben").unaccounted == 1
    text = desk.text("ben")
    assert "1 mail on the server is unaccounted for" in text
    assert "triage verify" in text


def test_a_server_that_was_not_asked_lately_is_named_with_the_time(desk: Desk) -> None:
    assert "the server has not been asked yet" in desk.text("ben")
    with desk.bench.store.write() as tx:
        listings.put(tx, 1, [], at("2026-03-02T10:00"))
        mailboxes.troubled(tx, "inbox", "INBOX", "no route to host", 5.0)
    desk.bench.clock.now = at("2026-03-04T09:00")
    text = desk.text("ben")
    assert "server not asked since Mon 2 Mar, 10:00" in text
    assert "could not be checked" in text
    assert "inbox/INBOX cannot be read at present" in text
