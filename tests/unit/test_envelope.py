"""Nobody from outside ever gets internal mail: asked before the outbox, and again before SMTP."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import triage
from tests.factories import make_address, make_email
from tests.steps import FIRM, POLICY, Bench, make_bench
from triage.addresses import mailbox_key
from triage.messages import Address
from triage.pipeline.envelope import refusal
from triage.pipeline.people import people_outside
from triage.policy import Level, Policy
from triage.store import audit, cases, inbox, outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from triage.store.outbox import OutboxRow

NORA, PRIYA = "nora@client.example", "priya@xn--bcher-kva.example"


def outsiders_policy() -> Policy:
    """Two of four people write from outside the firm's domain: one at a client's, the fallback."""
    people = dict(POLICY.people)
    people["nora"] = replace(people["nora"], address=NORA)
    people["priya"] = replace(people["priya"], address=PRIYA)
    levels = {"all": Level(id="all", title="All", to=tuple(people))}
    return replace(POLICY, people=people, levels=levels)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path, outsiders_policy(), FIRM)


def rows(bench: Bench) -> list[tuple[str, str, str]]:
    with bench.store.read() as tx:
        found = [row for case in range(1, 4) for row in outbox.of_case(tx, case)]
    return [(row.recipient, row.occasion, row.state) for row in found]


def test_there_is_one_way_into_the_outbox_and_every_mail_of_ours_takes_it() -> None:
    root = Path(triage.__file__).parent
    found = [
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if "outbox.put(" in path.read_text(encoding="utf-8")
    ]
    assert found == ["pipeline/envelope.py"]


# ---- One mailbox, however it is written ----------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "nora@client.example",
        "NORA@Client.EXAMPLE",
        "nora+news@client.example",
        "Nora+a+b@client.example.",
        " nora@client.example ",
        '"nora"@client.example',
        "\uff4eora@client.example",
    ],
)
def test_a_mailbox_is_known_however_it_is_written(written: str) -> None:
    assert mailbox_key(written) == "nora@client.example"


@pytest.mark.parametrize(
    "written",
    ["priya@b\u00fccher.example", "priya@B\u00dcCHER.example", "Priya@XN--BCHER-KVA.example"],
)
def test_an_international_domain_is_known_in_both_spellings(written: str) -> None:
    assert mailbox_key(written) == PRIYA


@pytest.mark.parametrize("written", ["", "nora", "@client.example", '""@client.example'])
def test_what_is_no_address_is_nobodys(written: str) -> None:
    assert mailbox_key(written) == ""


def test_different_mailboxes_stay_different() -> None:
    written = ("a@x.example", "b@x.example", "a@y.example", "+@x.example", "a@x.example.y.example")
    assert len({mailbox_key(each) for each in written}) == len(written)


def test_our_own_people_are_ours_however_they_are_written() -> None:
    written = ("BEN@FIRM.EXAMPLE", "ben+x@firm.example", "ben@firm.example.")
    email = make_email(sender=make_address(), to=tuple(Address(address=each) for each in written))
    assert people_outside(email, FIRM) == {"dana@northwind.example"}


# ---- The one question ----------------------------------------------------------------------------


def test_only_people_of_the_policy_are_written_to() -> None:
    email = make_email()
    asked = {
        who: bool(refusal(who, policy=POLICY, firm=FIRM, email=email))
        for who in ("ben@firm.example", "sam@firm.example", "dana@northwind.example", "", "ben")
    }
    assert asked == {
        "ben@firm.example": False,
        "sam@firm.example": True,
        "dana@northwind.example": True,
        "": True,
        "ben": True,
    }


def test_a_colleague_who_takes_part_is_written_to() -> None:
    email = make_email(cc=(Address(address="ben@firm.example"),))
    assert refusal("ben@firm.example", policy=POLICY, firm=FIRM, email=email) == ""


def test_mail_about_no_single_mail_goes_to_people_of_the_policy_only() -> None:
    policy = outsiders_policy()
    assert refusal(NORA, policy=policy, firm=FIRM, email=None) == ""
    assert refusal("dana@client.example", policy=policy, firm=FIRM, email=None)


# ---- Through the steps ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Cc: NORA@Client.Example",
        "To: Nora <nora+updates@client.example>",
        "Reply-To: nora@client.example",
        "Sender: nora@client.example",
        "From: nora@client.example",
        "Bcc: nora@client.example",
    ],
)
def test_one_of_the_policy_who_takes_part_from_outside_is_passed_over(
    bench: Bench, header: str
) -> None:
    bench.judge("It was included.", headers=f"{header}\r\n")  # a matter for nora alone
    assert rows(bench) == [(PRIYA, "first", "queued")]


def test_when_all_take_part_from_outside_the_brief_stays_in_sight_unsent(tmp_path: Path) -> None:
    policy = outsiders_policy()
    few = {key: policy.people[key] for key in ("nora", "priya")}
    routes = {"scope_mismatch": policy.routes["scope_mismatch"]}
    bench = make_bench(tmp_path, replace(policy, people=few, routes=routes, levels={}), FIRM)
    bench.judge("It was included.", headers=f"Cc: {NORA}, priya@b\u00fccher.example\r\n")
    bench.sender.send_due()
    assert bench.channel.delivered == []
    assert rows(bench) == [(PRIYA, "first", "failed")]
    with bench.store.read() as tx:
        [row] = outbox.unfinished(tx)
        trail = [entry.action for entry in audit.of_case(tx, 1)]
    assert "takes part in that mail from outside" in row.detail
    assert "firm.staff" in row.detail
    assert trail == ["refused", "escalated"]


def test_a_brief_refused_before_the_outbox_goes_to_the_fallback_person(bench: Bench) -> None:
    stored = bench.receive("We are stuck.", headers=f"Cc: {NORA}\r\n")
    bench.decide()
    rewriter = bench.follow_up.rewriter
    with bench.store.write() as tx:
        row = outbox.of_case(tx, 1)[0]
        email = make_email(cc=(Address(address="ben@freelance.example"),))
        notice = replace(
            outbox.notice(tx, row.id), recipient="ben@freelance.example", message_id="<x@y>"
        )
        people = {"ben": replace(POLICY.people["ben"], address="ben@freelance.example")}
        guard = replace(rewriter.guard, policy=replace(POLICY, people=people))
        refused = guard.post(
            tx,
            notice,
            email=email,
            case_id=1,
            message_id=stored,
            occasion="level",
            urgency=row.urgency,
            now=bench.clock(),
        )
        assert refused is not None
        rewriter.tell_of_failure(tx, refused, refused.detail, bench.clock())
    assert rows(bench)[2:] == [
        ("ben@freelance.example", "level", "failed"),
        (PRIYA, "undelivered", "queued"),
    ]


def test_whoever_left_the_policy_gets_nothing_that_still_waits_and_somebody_else_does(
    bench: Bench,
) -> None:
    bench.judge("We are stuck.")
    people = {k: p for k, p in outsiders_policy().people.items() if k != "ben"}
    rewriter = replace(bench.follow_up.rewriter, policy=replace(outsiders_policy(), people=people))
    sender = replace(bench.sender, refuses=rewriter.guard, on_failure=rewriter.tell_of_failure)
    sender.send_due()
    sender.send_due()
    told = [notice.recipient for notice in bench.channel.delivered]
    assert told == ["marshall@firm.example", PRIYA]
    assert ("ben@firm.example", "first", "failed") in rows(bench)


def test_whoever_no_longer_is_one_of_us_gets_nothing_that_still_waits(bench: Bench) -> None:
    bench.judge("We are stuck.", headers="Cc: ben@firm.example\r\n")
    firm = replace(FIRM, domains=("other.example",), staff=("marshall@firm.example",))
    sender = replace(bench.sender, refuses=replace(bench.follow_up.rewriter.guard, firm=firm))
    sender.send_due()
    assert [notice.recipient for notice in bench.channel.delivered][:1] == ["marshall@firm.example"]
    assert "ben@firm.example" not in [notice.recipient for notice in bench.channel.delivered]


def test_the_row_is_not_trusted_for_the_recipient_that_goes_to_the_server(bench: Bench) -> None:
    bench.judge("We are stuck.")
    asked: list[str] = []

    def refuses(_tx: Connection, _row: OutboxRow, to: str) -> str:
        asked.append(to)
        return "no"

    replace(bench.sender, refuses=refuses).send_due()
    assert asked == ["ben@firm.example", "marshall@firm.example"]
    assert bench.channel.delivered == []


# ---- Whatever the headers say --------------------------------------------------------------------

# How somebody may be written, and who that is; "" for nobody of the policy.
WRITTEN = {
    "dana@client.example": "",
    "nora@client.example": "nora",
    "NORA@CLIENT.EXAMPLE": "nora",
    "nora+deals@client.example": "nora",
    "nora@client.example.": "nora",
    "priya@b\u00fccher.example": "priya",
    "Priya@xn--bcher-kva.example": "priya",
    "priya+1@B\u00dcCHER.example": "priya",
    "ben@firm.example": "ben",
    "ben@firm.example.evil.example": "",
    "marshall@f\u0131rm.example": "",
    "eve@evil.example": "",
}
NAMES = ("", "Nora", "ben@firm.example", "marshall@firm.example via", "=?utf-8?q?Ben?=", "a, b")
HEADERS = ("From", "Reply-To", "To", "Cc", "Sender", "Bcc", "Resent-To")
TEXTS = (
    "We are stuck.",
    "Send a quote.",
    "It was included.",
    "I am disappointed and will leave you.",
    "We are stuck, it was included. Send a quote.",
)


@st.composite
def people_lines(draw: st.DrawFn) -> tuple[str, set[str]]:
    """Address headers, and who of the policy stands in them."""
    lines, who = [], set()
    for header in draw(st.lists(st.sampled_from(HEADERS), min_size=1, max_size=6)):
        chosen = draw(st.lists(st.sampled_from(sorted(WRITTEN)), min_size=1, max_size=3))
        who |= {WRITTEN[each] for each in chosen}
        named = [f'"{draw(st.sampled_from(NAMES))}" <{each}>' for each in chosen]
        lines.append(f"{header}: {', '.join(named)}\r\n")
    return "".join(lines), who - {""}


def test_whatever_the_headers_say_only_insiders_of_the_policy_are_written_to(bench: Bench) -> None:
    @settings(max_examples=120, deadline=None)
    @given(lines=people_lines(), text=st.sampled_from(TEXTS), refuse=st.booleans())
    def holds(lines: tuple[str, set[str]], text: str, *, refuse: bool) -> None:
        head, who = lines
        stored = _let_come(bench, head, text, refuse=refuse)
        people = outsiders_policy().people
        with bench.store.write() as tx:
            mail = inbox.decided(tx, stored)
            sent = outbox.by_rfc_ids(tx, [n.message_id for n in bench.channel.delivered[-40:]])
            own = [row for row in outbox.of_case(tx, mail.case_id or 0) if row.message_id == stored]
            if mail.case_id:
                cases.resolve(tx, mail.case_id, "done", bench.clock())
        told = {mailbox_key(row.recipient) for row in sent if row.message_id == stored}
        assert told <= {person.mailbox for person in people.values()}
        assert not told & {people[each].mailbox for each in who - {"ben"}}
        assert own or mail.action in {"duplicate", "joined"}  # told, or in sight as not told

    holds()


def _let_come(bench: Bench, head: str, text: str, *, refuse: bool) -> int:
    """A mail, and a day in which nobody answers; `refuse`: ben's briefs cannot be delivered."""
    content = f"{head}Subject: A\r\nMessage-ID: <p{bench.uid}@client.example>\r\n\r\n{text}\r\n"
    stored = bench.receive("", content=content.encode())
    guard = bench.follow_up.rewriter.guard
    also = _also_refusing("ben@firm.example", bench)
    bench.sender = replace(bench.sender, refuses=also if refuse else guard)
    bench.decide()
    for _ in range(4):
        bench.sender.send_due()
        bench.clock.now += 6 * 3600
        bench.follow_up.run_due(bench.clock())
    return stored


def _also_refusing(address: str, bench: Bench) -> Callable[[Connection, OutboxRow, str], str]:
    guard = bench.follow_up.rewriter.guard
    return lambda tx, row, to: "no" if to == address else guard(tx, row, to)
