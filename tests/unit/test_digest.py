"""Digests through the real steps: what they say, to whom, that they come once, and add up."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import make_firm
from tests.steps import Bench, make_bench, make_policy, make_route
from triage.digest.as_json import to_json
from triage.digest.counting import count_mail
from triage.digest.digester import LOOK_EVERY_S, Digester, send_now
from triage.digest.gather import Gatherer
from triage.digest.letter import LetterWriter
from triage.messages import OUTCOMES, Address, DeliveryStatus, MailKind, Urgency
from triage.pipeline.envelope import EnvelopeGuard
from triage.policy import Absence, Digesting, Hours, Kind, Policy
from triage.store import cases, inbox, issues, labels, listings, mailboxes, outbox
from triage.store.merging import absorb
from triage.store.overview import Arrived

if TYPE_CHECKING:
    from pathlib import Path

    from triage.digest.model import Digest

HOUR, DAY = 3600, 86400
BERLIN = ZoneInfo("Europe/Berlin")
FIRM = make_firm(name="Firm", domains=("firm.example",), timezone="Europe/Berlin")
HOURS = Hours(work=(9 * HOUR, 17 * HOUR), holidays=("DE-BE",))
BASE = make_policy(
    blocker=make_route(
        "blocker", "ben", "nora", urgency=Urgency.HIGH, acknowledge_within_s=4 * HOUR
    ),
    upsell=make_route("upsell", "marshall", urgency=Urgency.LOW),
    dissatisfaction=make_route("dissatisfaction", "marshall", urgency=Urgency.HIGH),
)
POLICY = replace(
    BASE,
    hours=HOURS,
    roles={"management": ("ben", "marshall")},
    kinds={
        "person": Kind(
            id="person",
            title="About a person",
            routes={"dissatisfaction": replace(BASE.routes["dissatisfaction"], title="About one")},
            situations=("The client complains about one of us who was rude on a call.",),
            cues=("complain*", "rude"),
            spares_named=True,
        )
    },
)
MONDAY = "2026-03-02T10:00"


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@dataclass
class Desk:
    """The steps and the digester over one store."""

    bench: Bench
    policy: Policy
    digester: Digester
    letters: LetterWriter

    def pass_time(self, end: str, *, step_s: float = HOUR) -> list[tuple[str, str, str]]:
        """Let time pass as the running program does; (local time, person, subject) of digests."""
        bench, found = self.bench, []
        while bench.clock.now <= at(end):
            self.digester.look(bench.clock())
            bench.decide()
            bench.sender.send_due()
            found += self.new_digests()
            bench.clock.now += step_s
        return found

    def new_digests(self) -> list[tuple[str, str, str]]:
        local = f"{datetime.fromtimestamp(self.bench.clock.now, BERLIN):%a %d %b %H:%M}"
        fresh = [n for n in self.bench.channel.delivered if "digest" in n.subject]
        self.bench.channel.delivered.clear()
        return [(local, n.recipient.partition("@")[0], n.subject) for n in fresh]

    def gather(self, person: str = "", period: str = "week", since: str = "") -> Digest:
        now = self.bench.clock.now
        reader = self.policy.people[person] if person else None
        begin = at(since) if since else now - 7 * DAY
        with self.bench.store.read() as tx:
            gatherer = Gatherer(policy=self.policy, zone=FIRM.timezone)
            return gatherer.gather(tx, reader, period, since=begin, until=now + 1)

    def text(self, person: str = "", period: str = "week", since: str = "") -> str:
        """The plain text on one line."""
        return " ".join(self.letters.write(self.gather(person, period, since)).text.split())


def make_desk(folder: Path, policy: Policy = POLICY, start: str = MONDAY) -> Desk:
    bench = make_bench(folder, policy, FIRM)
    bench.clock.now = at(start)
    with bench.store.write() as tx:
        mailboxes.begin(
            tx,
            account="inbox",
            folder="INBOX",
            uid_validity=7,
            last_uid=0,
            started_at=0.0,
            whole_history=True,
        )
    return Desk(
        bench=bench, policy=policy, digester=digester_of(bench, policy), letters=letters_of(policy)
    )


def letters_of(policy: Policy, own_templates: Path | None = None) -> LetterWriter:
    return LetterWriter(
        sender=Address(address="triage@firm.example", name="Triage"),
        key=b"k" * 32,
        domain="firm.example",
        hours=policy.hours,
        zone=FIRM.timezone,
        own_templates=own_templates,
    )


def digester_of(bench: Bench, policy: Policy) -> Digester:
    return Digester(store=bench.store, policy=policy, firm=FIRM, letters=letters_of(policy))


def digesting(policy: Policy = POLICY, **periods: Digesting) -> Policy:
    """The policy with what these people say of digests."""
    people = {
        name: replace(person, digest=periods.get(name, "none"))
        for name, person in policy.people.items()
    }
    return replace(policy, people=people)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path)


# ---- When it comes -------------------------------------------------------------------------------


def test_management_hears_on_the_first_working_day_of_each_week(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, start="2026-03-25T10:00")
    when = [(local, who) for local, who, _ in desk.pass_time("2026-04-14T12:00")]
    assert when == [
        ("Mon 30 Mar 09:00", "ben"),
        ("Mon 30 Mar 09:00", "marshall"),
        ("Tue 07 Apr 09:00", "ben"),  # Monday is a holiday
        ("Tue 07 Apr 09:00", "marshall"),
        ("Mon 13 Apr 09:00", "ben"),
        ("Mon 13 Apr 09:00", "marshall"),
    ]


def test_a_first_start_in_the_middle_of_a_week_sends_none_at_once(desk: Desk) -> None:
    assert desk.pass_time("2026-03-06T17:00") == []


def test_a_day_on_which_there_is_nothing_to_tell_is_passed_over(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="daily"))
    with desk.bench.store.write() as tx:
        listings.put(tx, 1, [], at("2026-03-04T08:50"))
    desk.pass_time("2026-03-03T23:30")
    assert desk.pass_time("2026-03-04T12:00") == []
    desk.bench.receive("We are stuck.")
    [(local, who, subject)] = desk.pass_time("2026-03-05T12:00")
    assert (local, who) == ("Thu 05 Mar 09:00", "ben")
    assert subject == "Daily digest: 1 open case, 1 overdue"


def test_a_program_that_was_down_for_days_sends_one_and_not_three(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="daily"))
    desk.bench.receive("We are stuck.")
    desk.pass_time("2026-03-03T12:00")
    desk.bench.clock.now = at("2026-03-09T14:30")
    desk.digester = digester_of(desk.bench, desk.policy)
    found = desk.pass_time("2026-03-10T08:00", step_s=HOUR / 2)
    assert [local for local, *_ in found] == ["Mon 09 Mar 14:30"]
    assert [local for local, *_ in desk.pass_time("2026-03-10T12:00")] == ["Tue 10 Mar 09:30"]


def test_what_was_missed_comes_in_working_time(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="daily"))
    desk.bench.receive("We are stuck.")
    desk.pass_time("2026-03-05T12:00")
    desk.bench.clock.now = at("2026-03-06T20:00")
    assert [local for local, *_ in desk.pass_time("2026-03-09T12:00")] == ["Mon 09 Mar 09:00"]


def test_restarts_and_clocks_that_go_back_send_no_second_one(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="both"))
    desk.bench.receive("We are stuck.")
    assert len(desk.pass_time("2026-03-09T12:00")) == 6  # five days and a week
    for back in ("2026-03-09T09:30", "2026-03-09T08:30", "2026-03-05T10:00"):
        desk.digester = digester_of(desk.bench, desk.policy)
        desk.bench.clock.now = at(back)
        assert desk.pass_time("2026-03-09T12:30") == []


def test_two_processes_make_one(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="both"))
    desk.bench.receive("We are stuck.")
    desk.pass_time("2026-03-08T12:00")
    desk.bench.clock.now = at("2026-03-09T09:00")
    digesters = [digester_of(desk.bench, desk.policy) for _ in range(6)]
    start = threading.Barrier(len(digesters))

    def work(digester: Digester) -> None:
        start.wait()
        digester.look(desk.bench.clock())

    threads = [threading.Thread(target=work, args=(one,)) for one in digesters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.bench.sender.send_due()
    kinds = Counter(subject.partition(":")[0] for _, _, subject in desk.new_digests())
    assert kinds == {"Daily digest": 1, "Weekly digest": 1}


def test_who_is_away_gets_it_when_they_are_back(tmp_path: Path) -> None:
    away = Absence(first=datetime(2026, 3, 9).date(), last=datetime(2026, 3, 10).date())  # noqa: DTZ001
    policy = digesting(ben="weekly")
    people = policy.people | {"ben": replace(policy.people["ben"], absent=(away,))}
    desk = make_desk(tmp_path, replace(policy, people=people))
    assert [local for local, *_ in desk.pass_time("2026-03-12T12:00")] == ["Wed 11 Mar 09:00"]


def test_a_person_who_is_new_to_digests_gets_none_for_the_past(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting())
    desk.bench.receive("We are stuck.")
    desk.pass_time("2026-03-04T12:00")
    policy = digesting(ben="daily")
    desk.digester = digester_of(desk.bench, policy)
    assert [local for local, *_ in desk.pass_time("2026-03-05T12:00")] == ["Thu 05 Mar 09:00"]


def test_it_waits_until_mail_up_to_its_time_has_been_read(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="weekly"))
    read = [False]
    desk.digester.ready = lambda _tx, _up_to, _now: read[0]
    assert desk.pass_time("2026-03-09T10:30") == []
    read[0] = True
    assert len(desk.pass_time("2026-03-09T12:00")) == 1


def test_a_digest_that_cannot_be_made_stops_nothing_and_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = make_desk(tmp_path, digesting(ben="weekly", nora="weekly"))
    desk.pass_time("2026-03-08T12:00")
    desk.bench.clock.now = at("2026-03-09T09:00")
    people = desk.policy.people
    broken = people | {"ben": replace(people["ben"], address="no address")}
    desk.digester.policy = replace(desk.policy, people=broken)
    assert [who for _, who, _ in desk.pass_time("2026-03-09T09:30")] == ["nora"]
    assert "a digest cannot be made" in caplog.text
    desk.digester.policy = desk.policy
    assert [who for _, who, _ in desk.pass_time("2026-03-09T11:00")] == ["ben"]


def test_the_same_look_again_costs_nothing(desk: Desk) -> None:
    desk.digester.look(desk.bench.clock())
    with desk.bench.store.read() as tx:
        before = tx.exec_driver_sql("select count(*) from digests").scalar()
    desk.digester.policy = digesting(nora="daily", priya="both")
    desk.digester.look(desk.bench.clock() + LOOK_EVERY_S - 1)
    with desk.bench.store.read() as tx:
        assert tx.exec_driver_sql("select count(*) from digests").scalar() == before


def test_one_that_cannot_be_delivered_bothers_nobody(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="weekly"))
    desk.pass_time("2026-03-08T12:00")
    desk.bench.clock.now = at("2026-03-09T09:00")
    desk.digester.look(desk.bench.clock())
    desk.bench.channel.script = [DeliveryStatus.REFUSED]
    desk.bench.sender.send_due()
    with desk.bench.store.read() as tx:
        [row] = outbox.unfinished(tx)
    assert (row.state, row.occasion, row.case_id) == ("failed", "digest", 0)


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
        (3, False),
        (1, False),
    ]
    text = desk.text("ben")
    assert "2 open cases" not in text
    assert "3 open cases, 1 of them overdue" in text
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


def test_a_stranger_cannot_write_into_a_digest(desk: Desk) -> None:
    subject = "Bill <script>alert(1)</script> \u202eevil\u202c {{ 7*7 }} =cmd|x"
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


def hostile(subject: str, text: str = "We are stuck.") -> bytes:
    return (
        f'From: "D \u202e <b>" <d@client.example>\r\nTo: hello@firm.example\r\n'
        f"Subject: {subject}\r\nMessage-ID: <{len(subject)}{len(text)}@x>\r\n\r\n{text}\r\n"
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


# ---- The mail itself -----------------------------------------------------------------------------


def test_it_is_a_mail_of_ours_with_both_parts_and_a_reference(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="weekly"))
    desk.bench.judge("We are stuck.")
    desk.pass_time("2026-03-08T12:00")
    desk.bench.clock.now = at("2026-03-09T09:00")
    desk.digester.look(desk.bench.clock())
    desk.bench.sender.send_due()
    notice = desk.bench.channel.delivered[-1]
    mail = message_from_bytes(notice.content, policy=default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Triage-Loop"] == "digest"
    assert mail["To"] == '"Ben" <ben@firm.example>' or "ben@firm.example" in str(mail["To"])
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "Ref: " in plain.get_content()
    assert 'aria-label="Client: ' in html.get_content()


@pytest.mark.parametrize("words", ["done", "not blocker", "why this?"])
def test_an_answer_to_a_digest_is_no_command_and_gets_one_short_word(
    tmp_path: Path, words: str
) -> None:
    desk = make_desk(tmp_path, digesting(ben="weekly"))
    desk.bench.judge("We are stuck.")
    desk.pass_time("2026-03-08T12:00")
    desk.bench.clock.now = at("2026-03-09T09:00")
    desk.digester.look(desk.bench.clock())
    desk.bench.sender.send_due()
    digest = desk.bench.channel.delivered[-1]
    desk.bench.channel.delivered.clear()
    for number in (1, 2):
        outcome = desk.bench.judge(
            words,
            subject="Re: Weekly digest",
            sender="Ben <ben@firm.example>",
            message_id=f"<r{number}@firm.example>",
            headers=f"In-Reply-To: {digest.message_id}\r\n",
        )
        assert (outcome.action, outcome.case_id) == ("asked", None)
    desk.bench.sender.send_due()
    [said] = desk.bench.channel.delivered
    assert b"answers a digest" in said.content
    with desk.bench.store.read() as tx:
        assert cases.get(tx, 1).status == "open"
    again = desk.bench.judge(
        "why?",
        subject="Re: Weekly digest",
        sender="Ben <ben@firm.example>",
        headers=f"In-Reply-To: {said.message_id}\r\n",
    )
    assert again.case_id is None
    desk.bench.sender.send_due()
    assert len(desk.bench.channel.delivered) == 1


def test_thanks_for_a_digest_need_no_answer(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, digesting(ben="weekly"))
    reader = desk.policy.people["ben"]
    guard = EnvelopeGuard(policy=desk.policy, firm=FIRM)
    found = desk.gather("ben")
    assert send_now(desk.bench.store, guard, desk.letters, found, reader)
    assert not send_now(desk.bench.store, guard, desk.letters, found, reader)
    desk.bench.clock.now += 2
    desk.bench.sender.send_due()
    [digest] = desk.bench.channel.delivered
    outcome = desk.bench.judge(
        "Thanks, good to know!",
        sender="Ben <ben@firm.example>",
        headers=f"In-Reply-To: {digest.message_id}\r\n",
    )
    assert outcome.action == "acknowledged"
    desk.bench.sender.send_due()
    assert len(desk.bench.channel.delivered) == 1


def test_a_broken_template_of_the_firm_costs_no_digest(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "own" / "digest").mkdir(parents=True)
    own = tmp_path / "own" / "digest" / "digest.txt"
    own.write_text("Hello {{ page.title.nothing.at.all }}")
    written = letters_of(POLICY, tmp_path / "own").write(desk.gather("ben"))
    assert "IS EVERY MAIL ACCOUNTED FOR?" in written.text
    assert "own digest template failed" in caplog.text
    own.write_text("Mine: {{ page.title }}")
    written = letters_of(POLICY, tmp_path / "own").write(desk.gather("ben"))
    assert written.text == "Mine: Weekly digest"


def test_the_json_has_everything_and_is_json(desk: Desk) -> None:
    desk.bench.judge("We are stuck.")
    found = json.loads(json.dumps(to_json(desk.gather())))
    assert found["open_cases"][0]["urgency"] == "high"
    assert found["mail"]["total"] == 1
    assert found["since"].startswith("2026-02-23T")
    with desk.bench.store.read() as tx:
        assert inbox.outcomes(tx) == {"escalated": 1}
