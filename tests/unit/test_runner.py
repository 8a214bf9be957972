"""The embedded runner: draining, stopping, and what the service manager is told."""

from __future__ import annotations

import dataclasses
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.steps import Bench, make_bench
from triage.errors import SourceError
from triage.messages import DeliveryStatus
from triage.pipeline.briefs import BriefWriter
from triage.runners.embedded import EmbeddedRunner
from triage.runners.heartbeat import notify
from triage.store import inbox

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from triage.messages import Notice
    from triage.pipeline.again import Rewriter


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def make_runner(bench: Bench) -> EmbeddedRunner:
    return EmbeddedRunner(
        decider=bench.decider,
        sender=bench.sender,
        follow_up=bench.follow_up,
        watchers=(),
        clock=bench.clock,
    )


def left(bench: Bench) -> int:
    with bench.store.read() as tx:
        return inbox.count_pending(tx)


def test_a_mail_that_keeps_failing_rests_between_attempts_and_then_reaches_a_person(
    bench: Bench,
) -> None:
    bench.classifier.fails_on = "poison"
    bench.receive("poison")
    for _ in range(3):
        make_runner(bench).drain()
        assert left(bench) == 1
        assert bench.channel.delivered == []
        bench.clock.now += 3600
    make_runner(bench).drain()
    assert left(bench) == 0
    assert [notice.recipient for notice in bench.channel.delivered] == ["priya@firm.example"]


def test_a_stop_ends_draining_and_leaves_the_rest_for_later(bench: Bench) -> None:
    for number in range(200):
        bench.receive("We are stuck.", sender=f"a@client{number}.example")
    runner = make_runner(bench)
    runner.report = lambda _outcome: runner.request_stop()
    runner.drain()
    assert left(bench) == 150
    assert bench.channel.delivered == []


def test_one_reminder_covers_all_briefs_before_it(bench: Bench) -> None:
    bench.judge("We are stuck.", message_id="<a@client.example>")
    bench.sender.send_due()
    bench.clock.now += 50
    thread = "References: <a@client.example>\r\n"
    bench.judge("Stuck and disappointed.", headers=thread)
    bench.sender.send_due()
    reminders = []
    for _ in range(10):
        bench.clock.now += 20
        reminders.append(bench.follow_up.run_due(bench.clock()))
        bench.sender.send_due()
    assert sum(reminders) == 1


def test_a_mail_after_the_reminder_brings_another(bench: Bench) -> None:
    bench.judge("We are stuck.", message_id="<a@client.example>")
    bench.sender.send_due()
    bench.clock.now += 70
    assert bench.follow_up.run_due(bench.clock()) == 1
    bench.clock.now += 10
    bench.judge("Stuck and disappointed.", headers="References: <a@client.example>\r\n")
    bench.sender.send_due()
    bench.clock.now += 70
    assert bench.follow_up.run_due(bench.clock()) == 1


def test_nobody_is_reminded_of_a_brief_that_has_not_left(bench: Bench) -> None:
    bench.judge("We are stuck.")
    bench.clock.now += 100
    assert bench.follow_up.run_due(bench.clock()) == 0
    bench.sender.send_due()
    bench.clock.now += 4000
    assert bench.follow_up.run_due(bench.clock()) == 1


class BrokenWriter(BriefWriter):
    """Cannot write anything."""

    def write(self, **_: Any) -> list[Notice]:
        msg = "broken"
        raise RuntimeError(msg)


def broken(bench: Bench) -> Rewriter:
    rewriter = bench.follow_up.rewriter
    fields = {f.name: getattr(rewriter.writer, f.name) for f in dataclasses.fields(BriefWriter)}
    return dataclasses.replace(rewriter, writer=BrokenWriter(**fields))


def test_a_reminder_that_cannot_be_written_stops_nothing(bench: Bench) -> None:
    bench.judge("We are stuck.")
    bench.sender.send_due()
    bench.clock.now += 100
    follow_up = dataclasses.replace(bench.follow_up, rewriter=broken(bench))
    assert follow_up.run_due(bench.clock()) == 0
    assert follow_up.run_due(bench.clock()) == 0


def test_a_failure_that_nobody_can_be_told_of_is_recorded_and_stops_nothing(bench: Bench) -> None:
    bench.judge("We are stuck.")
    bench.channel.script = [DeliveryStatus.REFUSED]
    sender = dataclasses.replace(bench.sender, on_failure=broken(bench).tell_of_failure)
    assert sender.send_due() == 1
    assert bench.queued() == [("ben@firm.example", "first")]


def test_a_server_that_cannot_be_asked_about_lost_answers_is_asked_once_a_round(
    bench: Bench,
) -> None:
    asked: list[str] = []

    class Down:
        def arrived(self, message_id: str, since: datetime) -> bool:
            asked.append(message_id)
            msg = "down"
            raise SourceError(msg)

    bench.judge("We are stuck.")
    bench.channel.script = [DeliveryStatus.UNCERTAIN] * 2
    bench.sender.send_due()
    bench.clock.now += 1000
    assert dataclasses.replace(bench.sender, prober=Down()).settle_uncertain() == 0
    assert len(asked) == 1


def test_a_service_manager_that_is_not_there_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    notify("READY=1")


def test_a_service_manager_that_does_not_read_holds_up_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(1)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        for _ in range(5000):  # more than its queue holds
            notify("WATCHDOG=1")
        assert manager.recv(100) == b"WATCHDOG=1"
