"""Mails that break something, and workers that meet: nothing is lost, doubled or held up."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes import WordClassifier
from tests.steps import Bench, make_bench
from triage.logs import JsonFormatter, PlainFormatter
from triage.pipeline.briefs import BriefWriter
from triage.store import cases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from classifiers.api import Document, Verdict
    from triage.messages import Email, Notice


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


@dataclass(frozen=True, kw_only=True)
class PoisonedWriter(BriefWriter):
    """Fails on whatever comes out of a poisoned mail."""

    def write(self, *, email: Email, attach: bool = True, **rest: Any) -> list[Notice]:
        if "poison" in email.text:
            raise RuntimeError("poison")
        return super().write(email=email, attach=attach, **rest)


def poisoned(bench: Bench) -> PoisonedWriter:
    fields = {
        f.name: getattr(bench.decider.writer, f.name) for f in dataclasses.fields(BriefWriter)
    }
    return PoisonedWriter(**fields)


def test_mails_that_break_every_brief_hold_up_no_other_and_still_reach_a_person(
    bench: Bench,
) -> None:
    decider = dataclasses.replace(bench.decider, writer=poisoned(bench))
    for number in range(60):
        bench.receive(f"poison, stuck {number}", sender=f"a{number}@client{number}.example")
    bench.receive("We are stuck.")
    at_once = [outcome for _ in range(2) for outcome in decider.decide_pending(bench.clock())]
    assert [outcome.action for outcome in at_once] == ["escalated"]
    for _ in range(12):
        bench.clock.now += 3600
        decider.decide_pending(bench.clock())
    assert bench.queued().count(("priya@firm.example", "unreadable")) == 60


def test_a_second_worker_with_the_same_mails_in_hand_changes_nothing(bench: Bench) -> None:
    bench.receive("We are stuck.")
    bench.receive("", complete=False, problem="40 MB")

    class Overtaken(WordClassifier):
        def classify(self, documents: Sequence[Document]) -> list[Verdict]:
            bench.decide()
            return super().classify(documents)

    late = dataclasses.replace(bench.decider, classifier=Overtaken())
    assert late.decide_pending(bench.clock()) == []
    assert len(bench.queued()) == 3
    with bench.store.read() as tx:
        assert len(cases.unresolved(tx)) == 2


def test_an_error_that_quotes_the_mail_leaves_no_mail_text_in_the_log(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    class Talkative(WordClassifier):
        def classify(self, documents: Sequence[Document]) -> list[Verdict]:
            msg = f"cannot convert {documents[0].text!r}"
            raise ValueError(msg)

    decider = dataclasses.replace(bench.decider, classifier=Talkative())
    bench.receive("The merger is secret.")
    decider.decide_pending(bench.clock())
    lines = [f"{PlainFormatter().format(r)} {JsonFormatter().format(r)}" for r in caplog.records]
    assert len(lines) >= 2
    assert not any("merger" in line for line in lines)
    assert all("ValueError" in line or "RuntimeError" in line for line in lines)


@pytest.mark.parametrize(
    "received_at",
    [
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-1))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_a_time_at_the_edge_of_the_calendar_stops_nothing(
    bench: Bench, received_at: datetime
) -> None:
    assert bench.judge("We are stuck.", received_at=received_at).action == "escalated"


UNREADABLE = "--x\r\n" * 3000


def test_our_own_brief_about_an_unreadable_mail_starts_no_loop(bench: Bench) -> None:
    assert bench.judge(UNREADABLE).action == "unreadable"
    bench.sender.send_due()
    outcome = bench.judge("", content=bench.channel.delivered[0].content)
    assert outcome.action == "not-triaged"
    assert bench.queued() == []


def test_the_unreadable_bounce_of_such_a_brief_starts_no_loop(bench: Bench) -> None:
    bench.judge(UNREADABLE)
    bench.sender.send_due()
    brief = bench.channel.delivered[0].content
    bounce = (
        b"From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + brief + b"\r\n--b--\r\n"
    )
    assert bench.judge("", content=bounce).action == "not-triaged"
    assert bench.queued() == [
        ("priya@firm.example", "unreadable"),
        ("ben@firm.example", "undelivered"),
    ]
