"""What a brief says of the thread and of the client's history: the real steps over a store."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from tests.steps import Bench, make_bench
from triage.messages import ClientView
from triage.store import cases
from triage.summary.client import history

if TYPE_CHECKING:
    from pathlib import Path

DAY_S = 86400
REPLY = "In-Reply-To: <a@client.example>\r\nReferences: <a@client.example>\r\n"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def brief_of(bench: Bench, text: str, **more: str) -> str:
    """The plain text of the newest brief after this mail, on one line."""
    outcome = bench.judge(text, **more)
    assert outcome.action == "escalated"
    bench.sender.send_due()
    part = message_from_bytes(bench.channel.delivered[-1].content, policy=default)
    body = part.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def ours(bench: Bench, text: str, *, to: str = "dana@client.example") -> None:
    """Leah of our firm answers the client, with a copy to the inbox."""
    head = f"From: Leah Marsh <leah@firm.example>\r\nTo: {to}\r\nCc: hello@firm.example\r\n"
    head += f"Subject: Re: Portal\r\nMessage-ID: <l{bench.uid}@firm.example>\r\n{REPLY}"
    bench.receive("", content=f"{head}\r\n{text}\r\n".encode())
    bench.decide()
    bench.clock.now += 3600


def test_a_promise_of_the_thread_is_told_with_who_made_it_and_when(bench: Bench) -> None:
    bench.judge("Where is my file? I restarted it twice.", message_id="<a@client.example>")
    ours(bench, "Hi Dana,\r\n\r\nWe will send it on Monday.\r\n\r\nLeah")
    text = brief_of(bench, "Still stuck.", headers=REPLY, subject="Re: Portal")
    assert 'Promised earlier: "We will send it on Monday." (Leah Marsh, mail of 15 January)' in text
    assert 'Tried: "I restarted it twice." (Dana, mail of 15 January)' in text
    assert "Client: last answered Fri 15 Jan, 08:00 by Leah Marsh; waiting since Fri 15 Jan" in text


def test_what_a_quoted_mail_promises_is_told_as_quoted(bench: Bench) -> None:
    text = brief_of(
        bench,
        "Still stuck.\r\n\r\n"
        "On Mon, 11 Jan 2027 at 09:14, Ben West <ben@firm.example> wrote:\r\n"
        "> We will send it on Monday. The log is attached.\r\n",
    )
    assert (
        'Promised earlier: "We will send it on Monday." '
        "(Ben West, quoted mail of Mon, 11 Jan 2027 at 09:14)"
    ) in text
    assert "Missing" not in text  # what others attached does not count


def test_a_thread_id_of_another_client_tells_nothing_of_them(bench: Bench) -> None:
    bench.judge("Where is my file?", message_id="<a@client.example>")
    ours(bench, "We will send you the secret price list.")
    text = brief_of(bench, "Stuck.", sender="Eve <eve@elsewhere.example>", headers=REPLY)
    assert "secret" not in text
    assert "not answered yet" in text


def test_an_answer_to_somebody_else_does_not_count_as_an_answer(bench: Bench) -> None:
    bench.judge("Where is my file?", message_id="<a@client.example>")
    ours(bench, "Ben, can you see to it?", to="ben@firm.example")
    text = brief_of(bench, "Still stuck.", headers=REPLY)
    assert "Client: not answered yet, waiting since Fri 15 Jan, 08:00." in text


def test_a_mail_that_says_nothing_of_the_kind_has_no_such_lines(bench: Bench) -> None:
    text = brief_of(bench, "We are stuck.")
    for label in ("Asked for:", "By:", "Amount:", "Promised", "Tried:", "Missing:", "Wants:"):
        assert label not in text


def test_relative_days_count_from_the_writers_clock(bench: Bench) -> None:
    text = brief_of(
        bench,
        "We are stuck. Please fix it by Monday.",
        headers="Date: Fri, 15 Jan 2027 08:00:00 +0100\r\n",
    )
    assert 'By: Mon 18 Jan, "by Monday" (sentence 2)' in text


def test_a_date_that_lies_far_from_when_the_mail_came_dates_nothing(bench: Bench) -> None:
    text = brief_of(
        bench,
        "We are stuck. Please fix it by Monday.",
        headers="Date: Fri, 1 Jan 2021 08:00:00 +0100\r\n",
    )
    assert 'By: "by Monday" (sentence 2)' in text


def test_the_days_of_a_forwarded_mail_are_not_counted_from_the_forward(bench: Bench) -> None:
    text = brief_of(
        bench,
        "Ben, for you.\r\n\r\n---------- Forwarded message ---------\r\n"
        "From: Dana <dana@client.example>\r\nDate: Fri, 8 Jan 2027 at 08:00\r\nSubject: Portal\r\n"
        "To: Leah <leah@firm.example>\r\n\r\nWe are stuck. Please fix it by Monday.\r\n",
        sender="Leah <leah@firm.example>",
        subject="Fwd: Portal",
        headers="Date: Fri, 15 Jan 2027 08:00:00 +0100\r\n",
    )
    assert 'By: "by Monday" (sentence 2)' in text


# ---- History -------------------------------------------------------------------------------------


def test_earlier_cases_of_the_same_organisation_count_and_those_of_others_do_not(
    bench: Bench,
) -> None:
    assert "First case with us" in brief_of(bench, "Stuck with one.", subject="One")
    with bench.store.write() as tx:
        cases.resolve(tx, 1, "done", bench.clock())
    bench.clock.now += 40 * DAY_S
    brief_of(bench, "Stuck.", subject="Other", sender="Eve <eve@elsewhere.example>")
    text = brief_of(bench, "Stuck here.", subject="Two", sender="Bo <bo@client.example>")
    assert "First case in 30 days, one in the 30 before" in text
    assert "unresolved" not in text
    bench.clock.now += DAY_S
    text = brief_of(bench, "Stuck there.", subject="Three")
    assert "Second case in 30 days, one in the 30 before; one unresolved" in text


def test_two_people_at_a_public_mail_provider_are_two_clients(bench: Bench) -> None:
    brief_of(bench, "Stuck.", subject="One", sender="Dana <dana@gmail.com>")
    text = brief_of(bench, "Stuck too.", subject="Two", sender="Eve <eve@gmail.com>")
    assert "First case with us" in text


NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days_ago", "unresolved", "words"),
    [
        ((), 0, "first case with us"),
        ((3, 10, 40), 0, "third case in 30 days, one in the 30 before"),
        ((40, 50), 0, "first case in 30 days, two in the 30 before"),
        ((100, 200, 300), 1, "first case in 60 days, three before that; one unresolved"),
        ((3,), 1, "second case in 30 days, none in the 30 before; one unresolved"),
        (tuple(range(12)), 0, "13th case in 30 days, none in the 30 before"),
    ],
)
def test_the_history_is_one_line(days_ago: tuple[int, ...], unresolved: int, words: str) -> None:
    opened = tuple(
        datetime.fromtimestamp(NOW.timestamp() - days * DAY_S, UTC) for days in reversed(days_ago)
    )
    assert history(ClientView(opened=opened, unresolved=unresolved), NOW) == words
