from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.factories import make_ref
from tests.fakes import ListProber
from tests.steps import Bench, make_bench
from triage.messages import DeliveryStatus
from triage.pipeline.reading import NOVEL
from triage.pipeline.send import RetryRules
from triage.store import audit, cases, inbox, outbox

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def test_a_tagged_mail_makes_a_case_and_a_brief_for_each_person(bench: Bench) -> None:
    outcome = bench.judge("We are stuck since Monday.")
    assert (outcome.action, outcome.tags, outcome.case_id) == ("escalated", ("blocker",), 1)
    assert bench.queued() == [("ben@firm.example", "first"), ("marshall@firm.example", "first")]


def test_an_ordinary_mail_is_left(bench: Bench) -> None:
    assert bench.judge("Thanks, see you on Monday.").action == "left"
    assert bench.queued() == []


def test_an_unsure_mail_waits_for_review(bench: Bench) -> None:
    assert bench.judge("We are perhaps stuck.").action == "unsure"
    with bench.store.read() as tx:
        assert [mail.unsure_tags for mail in inbox.unsure(tx, 9)] == [("blocker",)]


def test_an_unsure_reply_joins_when_its_case_has_the_tag_already(bench: Bench) -> None:
    bench.judge("We are stuck.", message_id="<a@client.example>")
    headers = "References: <a@client.example>\r\n"
    assert bench.judge("perhaps stuck", headers=headers).action == "joined"
    assert bench.judge("perhaps disappointed", headers=headers).action == "unsure"


def test_a_mail_without_any_text_waits_for_review(bench: Bench) -> None:
    outcome = bench.judge("", subject="see attached")
    assert (outcome.action, outcome.why) == ("unsure", "there is no text to judge")


def test_a_mail_in_another_language_waits_for_review_and_says_why(bench: Bench) -> None:
    outcome = bench.judge("Bitte dringend um Rueckruf.")
    assert (outcome.action, outcome.why) == ("unsure", NOVEL)
    assert bench.queued() == []
    assert bench.judge("Bitte, perhaps stuck.").why == f"{NOVEL}; perhaps blocker 0.10"


def test_a_novel_reply_waits_for_review_although_its_case_is_open(bench: Bench) -> None:
    bench.judge("We are stuck.", message_id="<a@client.example>")
    headers = "References: <a@client.example>\r\n"
    outcome = bench.judge("Bitte um Rueckruf.", headers=headers)
    assert (outcome.action, outcome.case_id) == ("unsure", 1)
    assert bench.judge("Bitte, perhaps stuck.", headers=headers).action == "unsure"


def test_what_a_novel_mail_says_plainly_goes_out_and_joins_its_case(bench: Bench) -> None:
    outcome = bench.judge("Bitte help: we are stuck.", message_id="<a@client.example>")
    assert (outcome.action, outcome.tags) == ("escalated", ("blocker",))
    headers = "References: <a@client.example>\r\n"
    assert bench.judge("Bitte! Still stuck.", headers=headers).action == "joined"


@pytest.mark.parametrize(
    "headers",
    [
        "Auto-Submitted: auto-replied\r\n",
        "X-Triage-Loop: 1\r\n",
        "List-Unsubscribe: <mailto:out@news.example>\r\nPrecedence: bulk\r\n",
    ],
)
def test_robots_are_not_triaged(bench: Bench, headers: str) -> None:
    assert bench.judge("We are stuck.", headers=headers).action == "not-triaged"
    assert bench.classifier.seen == []
    assert bench.queued() == []


def test_a_reply_that_brings_nothing_new_joins_its_case(bench: Bench) -> None:
    bench.judge("We are stuck.", message_id="<a@client.example>")
    outcome = bench.judge(
        "Still stuck here.", headers="In-Reply-To: <a@client.example>\r\n", subject="Re: Portal"
    )
    assert (outcome.action, outcome.case_id) == ("joined", 1)
    assert len(bench.queued()) == 2


def test_a_reply_with_a_new_tag_is_forwarded_in_the_same_case(bench: Bench) -> None:
    bench.judge("We are stuck.", message_id="<a@client.example>")
    outcome = bench.judge("I am disappointed.", headers="References: <a@client.example>\r\n")
    assert (outcome.action, outcome.case_id) == ("escalated", 1)
    assert bench.queued()[2:] == [
        ("ben@firm.example", "new-tag"),
        ("marshall@firm.example", "new-tag"),
    ]
    with bench.store.read() as tx:
        assert cases.get(tx, 1).tags == ("blocker", "dissatisfaction")


def test_a_reply_that_worsens_is_forwarded_again(bench: Bench) -> None:
    bench.judge("I am disappointed.", message_id="<a@client.example>")
    outcome = bench.judge(
        "So disappointed that we leave you.", headers="References: <a@client.example>\r\n"
    )
    assert outcome.action == "escalated"
    assert bench.queued()[-1] == ("ben@firm.example", "worse")


def test_a_reply_without_ids_joins_by_client_and_subject(bench: Bench) -> None:
    bench.judge("We are stuck.", subject="Portal access")
    assert bench.judge("Still stuck.", subject="RE: Portal access").action == "joined"
    other = bench.judge("stuck too", subject="RE: Portal access", sender="x@other.example")
    assert (other.action, other.case_id) == ("escalated", 2)


@pytest.mark.parametrize(
    "ids",
    [
        {"message_id": "<form@website.example>"},  # a contact form that numbers every mail alike
        {"headers": "References: <form@website.example>\r\n"},
    ],
)
def test_another_clients_mail_never_disappears_in_a_case_by_its_ids(
    bench: Bench, ids: dict[str, str]
) -> None:
    bench.judge("We are stuck.", message_id="<form@website.example>")
    other = bench.judge("We are stuck too.", sender="omar@other.example", subject="Help", **ids)
    assert (other.action, other.case_id) == ("escalated", 2)
    again = bench.judge("Still stuck.", headers="References: <form@website.example>\r\n")
    assert (again.action, again.case_id) == ("joined", 1)


def test_a_colleague_of_the_client_and_our_own_people_stay_in_the_case(bench: Bench) -> None:
    bench.judge("We are stuck.", message_id="<a@client.example>")
    thread = "References: <a@client.example>\r\n"
    for sender in ("Erin <erin@client.example>", "Ben <ben@firm.example>"):
        assert bench.judge("Still stuck.", sender=sender, headers=thread).action == "joined"


def test_two_people_at_a_public_provider_are_two_clients(bench: Bench) -> None:
    bench.judge("We are stuck.", message_id="<a@x>", sender="dana@gmail.com")
    thread = "References: <a@x>\r\n"
    other = bench.judge("Stuck as well.", sender="omar@gmail.com", headers=thread)
    assert other.action == "escalated"


def test_an_outsiders_forward_is_about_the_outsider(bench: Bench) -> None:
    bench.judge("We are stuck.", subject="Portal")
    forged = (
        "See below.\r\n\r\n---------- Forwarded message ---------\r\n"
        "From: Dana <dana@client.example>\r\nDate: Mon, 2 Mar 2026\r\nSubject: Portal\r\n"
        "To: hello@firm.example\r\n\r\nWe are stuck."
    )
    outcome = bench.judge(forged, sender="eve@evil.example", subject="Fwd: Portal")
    assert (outcome.action, outcome.case_id) == ("escalated", 2)


@pytest.mark.parametrize("subject", ["[EXT] Help", "Stra\u00dfe"])
def test_the_same_subject_without_a_reply_mark_is_a_new_matter(bench: Bench, subject: str) -> None:
    for text in ("We are stuck.", "Now stuck with something else."):
        assert bench.judge(text, subject=subject).action == "escalated"


def test_a_new_mail_in_a_resolved_thread_opens_another_case(bench: Bench) -> None:
    bench.judge("We are stuck.", message_id="<a@client.example>")
    with bench.store.write() as tx:
        cases.resolve(tx, 1, "fixed", bench.clock())
    again = bench.judge("stuck again", headers="References: <a@client.example>\r\n")
    assert (again.action, again.case_id) == ("escalated", 2)


def test_the_same_bytes_under_another_uid_are_not_repeated(bench: Bench) -> None:
    bench.judge("We are stuck.", message_id="<a@client.example>")
    with bench.store.read() as tx:
        content = inbox.load(tx, 1).raw.content
    assert bench.judge("", content=content).action == "duplicate"
    assert len(bench.queued()) == 2


def test_unreadable_bytes_go_to_the_fallback_person_with_the_original(bench: Bench) -> None:
    raw = b"X: " + b"a" * 200_000 + b"\r\n\r\nbody"
    outcome = bench.judge("", content=raw)
    assert outcome.action == "unreadable"
    assert bench.queued() == [("priya@firm.example", "unreadable")]
    with bench.store.read() as tx:
        assert inbox.load(tx, 1).raw.content == raw


def test_a_mail_too_large_to_fetch_goes_to_the_fallback_person(bench: Bench) -> None:
    outcome = bench.judge("We are stuck.", complete=False, problem="40 MB", size=40 << 20)
    assert outcome.action == "unreadable"


def test_a_mail_that_breaks_the_classifier_stops_no_other(bench: Bench) -> None:
    bench.classifier.fails_on = "poison"
    bench.receive("poison")
    bench.receive("We are stuck.")
    assert [outcome.action for outcome in bench.decide()] == ["escalated"]
    assert bench.decide() == []  # it rests, in case the trouble is a passing one
    for _ in range(3):
        bench.clock.now += 3600
        bench.decide()
    assert ("priya@firm.example", "unreadable") in bench.queued()


def test_a_recipients_answer_acknowledges_the_case(bench: Bench) -> None:
    bench.judge("We are stuck.")
    with bench.store.read() as tx:
        brief = outbox.of_case(tx, 1)[0]
    headers = f"In-Reply-To: {brief.rfc_id}\r\n"
    outcome = bench.judge("On it, we are not stuck", sender="Ben@Firm.example", headers=headers)
    assert (outcome.action, outcome.case_id) == ("acknowledged", 1)
    with bench.store.read() as tx:
        assert cases.get(tx, 1).acknowledged_by == "ben@firm.example"


def test_an_answer_from_somebody_else_is_ordinary_mail(bench: Bench) -> None:
    bench.judge("We are stuck.")
    with bench.store.read() as tx:
        brief = outbox.of_case(tx, 1)[0]
    headers = f"In-Reply-To: {brief.rfc_id}\r\n"
    assert bench.judge("got it", headers=headers).action == "left"
    with bench.store.read() as tx:
        assert cases.get(tx, 1).status == "open"


def test_a_staff_forward_is_about_the_original_client(bench: Bench) -> None:
    body = (
        "fyi\r\n\r\n---------- Forwarded message ---------\r\n"
        "From: Kim <kim@client.example>\r\nDate: Mon, 2 Mar 2026 at 09:00\r\n"
        "Subject: Login\r\nTo: Nora <nora@firm.example>\r\n\r\nWe are stuck with the login.\r\n"
    )
    bench.judge(body, sender="Nora <nora@firm.example>", subject="Fwd: Login")
    assert bench.classifier.seen[-1].from_role == "client"
    with bench.store.read() as tx:
        assert cases.get(tx, 1).client == "kim@client.example"


def test_deciding_twice_changes_nothing(bench: Bench) -> None:
    bench.judge("We are stuck.")
    assert bench.decide() == []
    assert len(bench.queued()) == 2


def test_the_decision_says_which_model_and_policy_made_it(bench: Bench) -> None:
    bench.judge("We are stuck.")
    with bench.store.read() as tx:
        decided = inbox.decided(tx, 1)
    assert (decided.model, decided.policy) == ("words-1", "1")
    assert decided.scores is not None
    assert decided.scores["blocker"] == pytest.approx(0.9)


def test_briefs_go_out_once(bench: Bench) -> None:
    bench.judge("We are stuck.")
    assert bench.sender.send_due() == 2
    assert bench.sender.send_due() == 0
    assert [n.recipient for n in bench.channel.delivered] == [
        "ben@firm.example",
        "marshall@firm.example",
    ]


def test_a_deferred_brief_is_tried_again_later(bench: Bench) -> None:
    bench.channel.script = [DeliveryStatus.DEFERRED]
    bench.judge("I am disappointed.")
    assert bench.sender.send_due() == 0
    bench.clock.now += 299
    assert bench.sender.send_due() == 0
    bench.clock.now += 2
    assert bench.sender.send_due() == 1


def test_a_refused_brief_fails_at_once_and_stops_no_other(bench: Bench) -> None:
    bench.channel.script = [DeliveryStatus.REFUSED]
    bench.judge("We are stuck.")
    bench.sender.send_due()
    assert [n.recipient for n in bench.channel.delivered] == ["marshall@firm.example"]
    bench.sender.send_due()
    assert bench.channel.delivered[-1].recipient == "priya@firm.example"


def test_two_failures_in_a_row_end_the_round(bench: Bench) -> None:
    bench.channel.script = [DeliveryStatus.DEFERRED] * 3
    for number in range(3):
        bench.judge(f"I am disappointed {number}.")
    bench.sender.send_due()
    assert len(bench.channel.script) == 1


@pytest.mark.parametrize(
    ("rule", "arrived", "state"),
    [
        ("probe", True, "sent"),
        ("probe", False, "queued"),
        ("resend", False, "queued"),
        ("hold", True, "held"),
    ],
)
def test_an_uncertain_brief_is_settled_as_configured(
    bench: Bench, rule: str, arrived: int, state: str
) -> None:
    bench.channel.script = [DeliveryStatus.UNCERTAIN]
    bench.judge("I am disappointed.")
    bench.sender.send_due()
    with bench.store.read() as tx:
        [row] = outbox.unfinished(tx)
    prober = ListProber(found={row.rfc_id} if arrived else set())
    sender = replace(bench.sender, prober=prober, rules=RetryRules(uncertain=rule))  # type: ignore[arg-type]
    assert sender.settle_uncertain() == 0  # not before its time
    bench.clock.now += 901
    assert sender.settle_uncertain() == 1
    with bench.store.read() as tx:
        assert outbox.get(tx, row.id).state == state


def test_an_uncertain_brief_waits_while_nobody_can_look(bench: Bench) -> None:
    bench.channel.script = [DeliveryStatus.UNCERTAIN]
    bench.judge("I am disappointed.")
    bench.sender.send_due()
    bench.clock.now += 901
    sender = replace(bench.sender, prober=ListProber(down=True))
    assert sender.settle_uncertain() == 0
    with bench.store.read() as tx:
        assert outbox.counts(tx) == {"sending": 1}


def test_a_brief_taken_by_another_worker_is_not_sent(bench: Bench) -> None:
    bench.judge("I am disappointed.")

    def other_worker() -> None:
        with bench.store.write() as tx:
            outbox.claim(tx, 1, bench.clock())

    bench.channel.before_claim = other_worker
    bench.sender.send_due()
    assert bench.channel.delivered == []


def test_the_second_attempt_carries_identical_bytes(bench: Bench) -> None:
    bench.judge("I am disappointed.")
    with bench.store.read() as tx:
        before = outbox.notice(tx, 1)
    bench.channel.script = [DeliveryStatus.DEFERRED]
    bench.sender.send_due()
    bench.clock.now += 4000
    bench.sender.send_due()
    assert bench.channel.delivered == [before]


def delivery_report(rfc_id: str, action: str) -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: triage@firm.example\r\nSubject: failure\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\n\r\nNo such user\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example\r\n\r\nAction: {action}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {rfc_id}\r\n--b--\r\n"
    ).encode()


def test_a_bounce_of_our_brief_fails_it_and_the_fallback_person_is_told_once(bench: Bench) -> None:
    bench.judge("I am disappointed.")
    bench.sender.send_due()
    report = delivery_report(bench.channel.delivered[0].message_id, "failed")
    for content in (report, b"Received: again\r\n" + report):
        assert bench.judge("", content=content).action == "not-triaged"
    assert bench.queued() == [("ben@firm.example", "first"), ("priya@firm.example", "undelivered")]


def test_a_warning_that_our_brief_is_late_fails_nothing(bench: Bench) -> None:
    bench.judge("I am disappointed.")
    bench.sender.send_due()
    report = delivery_report(bench.channel.delivered[0].message_id, "delayed")
    assert bench.judge("", content=report).action == "not-triaged"
    assert bench.queued() == []


def test_the_brief_about_a_refused_one_leaves_out_what_may_have_been_refused(bench: Bench) -> None:
    bench.channel.script = [DeliveryStatus.REFUSED]
    bench.judge("I am disappointed. " + "Attachment. " * 10_000)
    bench.sender.send_due()
    bench.sender.send_due()
    [notice] = bench.channel.delivered
    assert notice.recipient == "priya@firm.example"
    assert b"could not be delivered" in notice.content
    assert b"message/rfc822" not in notice.content


def test_nobody_answering_brings_one_reminder(bench: Bench) -> None:
    bench.judge("We are stuck.")
    bench.sender.send_due()
    bench.clock.now += 59
    assert bench.follow_up.run_due(bench.clock()) == 0
    bench.clock.now += 2
    assert bench.follow_up.run_due(bench.clock()) == 1
    assert bench.follow_up.run_due(bench.clock()) == 0
    assert bench.queued() == [
        ("ben@firm.example", "reminder"),
        ("marshall@firm.example", "reminder"),
    ]


def test_an_acknowledged_case_is_not_reminded(bench: Bench) -> None:
    bench.judge("We are stuck.")
    with bench.store.write() as tx:
        cases.acknowledge(tx, 1, "ben@firm.example", bench.clock())
    bench.clock.now += 100
    assert bench.follow_up.run_due(bench.clock()) == 0


def test_the_trail_tells_the_whole_story(bench: Bench) -> None:
    bench.judge("I am disappointed.")
    bench.sender.send_due()
    with bench.store.read() as tx:
        assert [entry.action for entry in audit.of_case(tx, 1)] == ["escalated", "sent"]


def test_a_refused_brief_about_an_unreadable_mail_finds_another_person(bench: Bench) -> None:
    bench.channel.script = [DeliveryStatus.REFUSED]
    bench.judge("", content=b"X: " + b"a" * 200_000 + b"\r\n\r\nbody")
    bench.sender.send_due()
    bench.sender.send_due()
    assert [n.recipient for n in bench.channel.delivered] == ["ben@firm.example"]


def test_a_held_brief_is_told_to_somebody_else_once(bench: Bench) -> None:
    bench.channel.script = [DeliveryStatus.UNCERTAIN]
    bench.judge("I am disappointed.")
    bench.sender.send_due()
    bench.clock.now += 901
    sender = replace(bench.sender, rules=RetryRules(uncertain="hold"))
    sender.settle_uncertain()
    sender.settle_uncertain()
    sender.send_due()
    assert [n.recipient for n in bench.channel.delivered] == ["priya@firm.example"]
    assert b"look whether it arrived" in bench.channel.delivered[0].content


def test_a_thread_that_was_quiet_for_weeks_is_told_of_anew(bench: Bench) -> None:
    bench.judge("We are stuck.", message_id="<a@client.example>")
    bench.clock.now += 15 * 86400
    again = bench.judge("Stuck again.", headers="References: <a@client.example>\r\n")
    assert (again.action, again.case_id) == ("escalated", 2)


def test_what_failed_for_a_resolved_case_is_no_longer_listed(bench: Bench) -> None:
    bench.channel.script = [DeliveryStatus.REFUSED]
    bench.judge("I am disappointed.")
    bench.sender.send_due()
    bench.sender.send_due()
    assert [state for _, state in bench.queued()] == ["first"]
    with bench.store.write() as tx:
        cases.resolve(tx, 1, "", bench.clock())
    assert bench.queued() == []


def test_what_was_to_be_marked_is_marked_under_its_new_number_when_the_folder_is_numbered_anew(
    bench: Bench,
) -> None:
    bench.decider = replace(bench.decider, marking=frozenset({"inbox"}))
    content = b"From: Dana <dana@client.example>\r\nSubject: x\r\n\r\nWe are stuck.\r\n"

    def to_mark(uid_validity: int) -> list[int]:
        with bench.store.read() as tx:
            found = inbox.to_mark(tx, "inbox", "INBOX", uid_validity)
        return [uid for _, uid in found]

    for validity in (7, 8, 9):
        bench.receive("", content=content, ref=make_ref(uid=validity, uid_validity=validity))
        bench.decide()
        bench.receive("", content=content, ref=make_ref(uid=99, uid_validity=validity))
        bench.decide()  # the same mail twice in one folder: only the first is marked
        assert {each: to_mark(each) for each in (7, 8, 9)} == {
            each: [each] if each == validity else [] for each in (7, 8, 9)
        }
