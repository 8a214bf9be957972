"""A budget of briefs a day, and what waits for a digest: held back, never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.factories import make_escalation, make_firm, make_recipient
from tests.steps import Bench, make_bench, make_policy, make_route
from triage.digest.digester import Digester
from triage.digest.letter import LetterWriter
from triage.messages import Address, DeliveryStatus, Occasion, Urgency
from triage.policy import Digests, Hours, Policy, Volume
from triage.store import audit, cases, held, inbox, outbox
from triage.volume import waits_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from triage.store.outbox import OutboxRow

HOUR, DAY = 3600, 86400
BERLIN = ZoneInfo("Europe/Berlin")
FIRM = make_firm(name="Firm", domains=("firm.example",), timezone="Europe/Berlin")
WORKDAY = 8 * HOUR
POLICY = replace(
    make_policy(
        blocker=make_route("blocker", "ben", urgency=Urgency.HIGH, acknowledge_within_s=4 * HOUR),
        upsell=make_route(
            "upsell", "ben", urgency=Urgency.LOW, acknowledge_within_s=2 * WORKDAY, title="Sales"
        ),
        scope_mismatch=make_route("scope_mismatch", "ben", acknowledge_within_s=2 * WORKDAY),
        dissatisfaction=make_route("dissatisfaction", "nora"),
    ),
    hours=Hours(work=(9 * HOUR, 17 * HOUR)),
    digests=Digests(management="daily", others="daily"),
    volume=Volume(daily=2),
)
MONDAY = "2026-03-02T10:00"
STUCK, QUOTE, SCOPE = "We are stuck.", "Please send a quote.", "It was included."
BEN = "ben@firm.example"


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def bench_of(folder: Path, policy: Policy, start: str = MONDAY) -> Bench:
    bench = make_bench(folder, policy, FIRM)
    bench.clock.now = at(start)
    return bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return bench_of(tmp_path, POLICY)


def digester_of(bench: Bench) -> Digester:
    letters = LetterWriter(
        sender=Address(address="triage@firm.example", name="Triage"),
        key=b"k" * 32,
        domain="firm.example",
        hours=bench.decider.policy.hours,
        zone="Europe/Berlin",
    )
    return Digester(store=bench.store, policy=bench.decider.policy, firm=FIRM, letters=letters)


def come(bench: Bench, text: str) -> str:
    """A mail of a new client; what became of its brief to Ben: its state."""
    number = bench.uid + 1
    outcome = bench.judge(text, sender=f"dana@client{number}.example", subject=f"Matter {number}")
    return row_of(bench, outcome.case_id or 0).state


def row_of(bench: Bench, case_id: int) -> OutboxRow:
    with bench.store.read() as tx:
        return outbox.briefs_of_case(tx, case_id)[0]


def pass_time(bench: Bench, end: str, *, digests: bool = True) -> list[tuple[str, str]]:
    """Let time pass; (local time, occasion) of all that is sent to Ben meanwhile."""
    seen = []
    digester = digester_of(bench) if digests else None
    while bench.clock.now <= at(end):
        before = len(bench.channel.delivered)
        if digester:
            digester.look(bench.clock())
        bench.decide()
        bench.follow_up.run_due(bench.clock())
        bench.sender.send_due()
        when = f"{datetime.fromtimestamp(bench.clock.now, BERLIN):%a %H:%M}"
        for notice in bench.channel.delivered[before:]:
            with bench.store.read() as tx:
                [row] = outbox.by_rfc_ids(tx, [notice.message_id])
            seen += [(when, row.occasion)] if row.recipient == BEN else []
        bench.clock.now += HOUR / 2
    return seen


def text_of(bench: Bench, occasion: str) -> str:
    """The text of the newest mail to Ben of this sort, on one line."""
    for notice in reversed(bench.channel.delivered):
        with bench.store.read() as tx:
            [row] = outbox.by_rfc_ids(tx, [notice.message_id])
        if (row.recipient, row.occasion) == (BEN, occasion):
            body = message_from_bytes(notice.content, policy=default).get_body(("plain",))
            assert body is not None
            return " ".join(body.get_content().split())
    raise AssertionError(occasion)


# ---- The budget ----------------------------------------------------------------------------------


def test_what_comes_beyond_the_budget_waits_for_the_digest(bench: Bench) -> None:
    assert [come(bench, SCOPE) for _ in range(4)] == ["queued", "queued", "digest", "digest"]
    third = row_of(bench, 3)
    assert (third.held_for, third.detail) == ("budget", "over the day's budget of 2 briefs")
    with bench.store.read() as tx:
        assert cases.get(tx, 3).status == "open"
        assert inbox.decided(tx, 3).action == "escalated"


def test_what_is_high_is_never_held_back(bench: Bench) -> None:
    assert {come(bench, STUCK) for _ in range(6)} == {"queued"}


def test_what_is_high_is_never_held_back_however_long_there_is_for_an_answer(
    tmp_path: Path,
) -> None:
    slow = replace(POLICY.routes["blocker"], acknowledge_within_s=None, deliver="digest")
    bench = bench_of(tmp_path, replace(POLICY, routes=POLICY.routes | {"blocker": slow}))
    assert {come(bench, STUCK) for _ in range(4)} == {"queued"}


def test_what_waits_for_its_low_urgency_uses_up_no_budget(tmp_path: Path) -> None:
    volume = Volume(daily=2, digest_below=Urgency.NORMAL)
    bench = bench_of(tmp_path, replace(POLICY, volume=volume))
    assert [come(bench, text) for text in (QUOTE, QUOTE, QUOTE, SCOPE, SCOPE, SCOPE)] == [
        *("digest", "digest", "digest", "queued", "queued", "digest"),
    ]


def test_briefs_of_high_urgency_use_up_the_budget_too(bench: Bench) -> None:
    come(bench, STUCK)
    come(bench, STUCK)
    assert come(bench, SCOPE) == "digest"


def test_the_budget_is_a_persons_own_and_of_one_day_of_the_firm(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, POLICY, "2026-03-02T23:30")  # still Monday in Berlin
    assert [come(bench, SCOPE) for _ in range(3)] == ["queued", "queued", "digest"]
    assert come(bench, "I am disappointed.") == "queued"  # that is Nora's
    bench.clock.now += HOUR  # Tuesday
    assert come(bench, SCOPE) == "queued"


@pytest.mark.parametrize(("own", "expected"), [(1, 1), (3, 3), (0, 6), (None, 2)])
def test_a_person_may_have_another_budget_or_none(
    tmp_path: Path, own: int | None, expected: int
) -> None:
    ben = replace(POLICY.people["ben"], daily=own)
    bench = bench_of(tmp_path, replace(POLICY, people=POLICY.people | {"ben": ben}))
    assert [come(bench, SCOPE) for _ in range(6)].count("queued") == expected


def test_confirmations_and_digests_use_up_no_budget(bench: Bench) -> None:
    come(bench, SCOPE)
    bench.sender.send_due()
    [brief] = bench.channel.delivered
    bench.judge("mine", sender=BEN, headers=f"In-Reply-To: {brief.message_id}\r\n")
    assert come(bench, SCOPE) == "queued"


def test_without_a_budget_every_brief_goes_out(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, replace(POLICY, volume=Volume()))
    assert {come(bench, SCOPE) for _ in range(30)} == {"queued"}


def test_what_wants_an_answer_within_a_day_is_never_held_back(tmp_path: Path) -> None:
    quick = replace(POLICY.routes["scope_mismatch"], acknowledge_within_s=WORKDAY - 60)
    bench = bench_of(tmp_path, replace(POLICY, routes=POLICY.routes | {"scope_mismatch": quick}))
    assert {come(bench, SCOPE) for _ in range(5)} == {"queued"}


def test_what_could_not_be_read_is_never_held_back(bench: Bench) -> None:
    states = []
    for each in range(5):
        outcome = bench.judge("", content=b"\x00\x01\x02\x03" * 100 + bytes([each]))
        states.append(row_of(bench, outcome.case_id or 0).state)
    assert set(states) == {"queued"}


# ---- Low urgency ---------------------------------------------------------------------------------


def _by_route(policy: Policy) -> Policy:
    upsell = replace(policy.routes["upsell"], deliver="digest")
    return replace(policy, routes=policy.routes | {"upsell": upsell})


def _by_urgency(policy: Policy) -> Policy:
    return replace(policy, volume=Volume(digest_below=Urgency.NORMAL))


@pytest.mark.parametrize(
    ("low", "says"),
    [
        (_by_route, 'low urgency: "Sales" goes to the digest'),
        (_by_urgency, 'low urgency: what is "low" goes to the digest'),
    ],
)
def test_low_urgency_waits_for_the_digest_when_the_policy_says_so(
    tmp_path: Path, low: Callable[[Policy], Policy], says: str
) -> None:
    bench = bench_of(tmp_path, low(replace(POLICY, volume=Volume())))
    assert [come(bench, QUOTE), come(bench, SCOPE), come(bench, STUCK)] == [
        *("digest", "queued", "queued"),
    ]
    row = row_of(bench, 1)
    assert (row.held_for, row.detail) == ("low", says)


def test_a_low_tag_in_a_graver_mail_goes_out(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, _by_route(POLICY))
    assert come(bench, f"{QUOTE} {STUCK}") == "queued"
    assert come(bench, f"{QUOTE} {SCOPE}") == "queued"


# ---- Nothing is held silently --------------------------------------------------------------------


@pytest.mark.parametrize("usual", ["none", "weekly"])
def test_for_who_gets_no_daily_digest_nothing_is_held(tmp_path: Path, usual: str) -> None:
    digests = Digests(management=usual, others=usual)  # type: ignore[arg-type]
    bench = bench_of(tmp_path, _by_route(replace(POLICY, digests=digests)))
    assert {come(bench, text) for text in (QUOTE, SCOPE, SCOPE, SCOPE)} == {"queued"}


def test_the_digest_tells_what_was_held_with_its_reason_and_no_brief_follows(
    bench: Bench,
) -> None:
    pass_time(bench, "2026-03-02T11:00")
    for _ in range(4):
        come(bench, SCOPE)
    sent = pass_time(bench, "2026-03-03T12:00")
    assert sent == [("Mon 11:30", "first"), ("Mon 11:30", "first"), ("Tue 09:00", "digest")]
    text = text_of(bench, "digest")
    assert "NEW, AND WAITED FOR THIS DIGEST" in text
    assert "Matter 3" in text
    assert "over the day's budget of 2 briefs" in text
    with bench.store.read() as tx:
        assert held.held_for_digest(tx, POLICY.people["ben"]) == []
        assert [row.state for row in outbox.briefs_of_case(tx, 3)] == ["digested"]
        trail = [entry.action for entry in audit.of_case(tx, 3)]
    assert trail == ["waits", "escalated", "digested"]


def test_a_held_case_can_be_answered_from_the_digest(bench: Bench) -> None:
    pass_time(bench, "2026-03-02T11:00")
    for _ in range(5):
        come(bench, SCOPE)
    pass_time(bench, "2026-03-03T09:30")
    text = text_of(bench, "digest")
    digest = bench.channel.delivered[-1]
    _, fourth, *_ = text.split("Matter 4")[1].split("Ref: ")
    reference = text.split("Matter 4")[1].split("Ref: ")[1].split()[0]
    assert fourth
    bench.judge(
        f"mine\r\nRef: {reference}\r\n\r\n> {text[:400]}",
        sender=BEN,
        subject="Re: digest",
        headers=f"In-Reply-To: {digest.message_id}\r\n",
    )
    with bench.store.read() as tx:
        owners = [cases.get(tx, each).owner for each in (3, 4, 5)]
    assert owners == ["", BEN, ""]


def test_reminders_and_levels_run_from_when_the_digest_told_of_it(bench: Bench) -> None:
    pass_time(bench, "2026-03-02T11:00")
    for _ in range(3):
        come(bench, SCOPE)
    with bench.store.write() as tx:
        for case in (1, 2):
            cases.resolve(tx, case, "done", bench.clock())
    sent = pass_time(bench, "2026-03-06T17:00")
    reminders = [when for when, occasion in sent if occasion == "reminder"]
    assert reminders == ["Wed 17:00"]  # two working days after Tuesday 9:00


def test_a_digest_that_is_never_made_holds_nothing_for_good(bench: Bench) -> None:
    for _ in range(3):
        come(bench, SCOPE)
    sent = pass_time(bench, "2026-03-05T17:00", digests=False)
    firsts = [when for when, occasion in sent if occasion == "first"]
    assert firsts == ["Mon 10:00", "Mon 10:00", "Wed 10:00"]  # when its reminder would be due
    with bench.store.read() as tx:
        assert "released" in [entry.action for entry in audit.of_case(tx, 3)]


def test_what_a_lost_digest_told_of_goes_out_as_briefs(bench: Bench) -> None:
    pass_time(bench, "2026-03-02T11:00")
    for _ in range(3):
        come(bench, SCOPE)
    pass_time(bench, "2026-03-03T08:30")
    bench.channel.script = [DeliveryStatus.REFUSED]
    sent = pass_time(bench, "2026-03-03T10:00")
    assert sent == [("Tue 09:30", "first")]


def test_of_a_case_that_was_closed_meanwhile_nobody_hears(bench: Bench) -> None:
    pass_time(bench, "2026-03-02T11:00")
    for _ in range(3):
        come(bench, SCOPE)
    with bench.store.write() as tx:
        cases.resolve(tx, 3, "done", bench.clock())
        assert held.held_for_digest(tx, POLICY.people["ben"]) == []
        assert "digest" not in {row.state for row in outbox.unfinished(tx)}
    pass_time(bench, "2026-03-05T17:00")
    assert [row_of(bench, 3).state, row_of(bench, 3).recipient] == ["digested", BEN]


def test_something_new_in_a_held_case_that_is_grave_goes_out_at_once(bench: Bench) -> None:
    for _ in range(2):
        come(bench, SCOPE)
    bench.judge(SCOPE, message_id="<a@client9.example>", sender="dana@client9.example")
    assert row_of(bench, 3).state == "digest"
    more = "In-Reply-To: <a@client9.example>\r\n"
    bench.judge(STUCK, sender="dana@client9.example", headers=more)
    with bench.store.read() as tx:
        states = [(row.occasion, row.state) for row in outbox.briefs_of_case(tx, 3)]
    assert states == [("first", "digest"), ("new-tag", "queued")]


def test_a_held_person_hears_at_once_when_somebody_wants_them_to(tmp_path: Path) -> None:
    both = replace(POLICY.routes["scope_mismatch"], to=("ben", "nora"))
    nora = replace(POLICY.people["nora"], digest="none")
    policy = replace(
        POLICY,
        people=POLICY.people | {"nora": nora},
        routes=POLICY.routes | {"scope_mismatch": both},
        volume=Volume(digest_below=Urgency.HIGH),
    )
    bench = bench_of(tmp_path, policy)
    bench.judge(SCOPE)
    bench.sender.send_due()
    [brief] = bench.channel.delivered
    assert brief.recipient == "nora@firm.example"
    bench.judge("tell Ben", sender=brief.recipient, headers=f"In-Reply-To: {brief.message_id}\r\n")
    assert (BEN, "corrected") in bench.queued()


def test_retry_sends_a_held_brief_at_once(bench: Bench) -> None:
    for _ in range(3):
        come(bench, SCOPE)
    with bench.store.write() as tx:
        outbox.retry(tx, row_of(bench, 3).id, bench.clock())
    assert row_of(bench, 3).state == "queued"


# ---- The rule alone ------------------------------------------------------------------------------


@pytest.mark.parametrize("occasion", list(Occasion))
def test_only_the_first_word_and_what_is_new_may_wait(occasion: Occasion) -> None:
    escalation = make_escalation(
        "upsell", occasion=occasion, urgency=Urgency.LOW, acknowledge_within_s=None
    )
    person = make_recipient(id="ben", tags=("upsell",))
    found = waits_for(POLICY, escalation, person, kind="", told_today=99)
    assert bool(found) is (occasion.value in {"first", "new-tag", "worse"})
