"""The outgoing server refuses for hours: the operator hears once, and every brief arrives once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import Clock, WordClassifier
from tests.integration.rig import Rig, mail, until
from tests.smtp_faults import Fault
from tests.smtp_sink import Sink
from triage import app, app_mail
from triage.store import outbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.dovecot import Mailbox
    from tests.smtp_faults import Point
    from triage.runners.embedded import EmbeddedRunner

pytestmark = pytest.mark.dovecot
HOUR = 3600.0


class Refusing:
    """Turns everybody away, at a point of the dialogue that moves from time to time."""

    def __init__(self) -> None:
        self.on = True
        self.points: list[Point] = ["connect", "ehlo", "mail", "rcpt", "data", "dot"]

    def at(self, point: Point) -> Fault | None:
        if self.on and point == self.points[0]:
            self.points.append(self.points.pop(0))
            return Fault(at=point, do="reply", code=421, words="4.3.2 come back later")
        return None


@pytest.fixture
def refusing() -> Refusing:
    return Refusing()


@pytest.fixture
def sink(tmp_path: Path, refusing: Refusing) -> Iterator[Sink]:
    with Sink(tmp_path / "sink", refusing) as running:
        yield running


def make_runner(rig: Rig, clock: Clock) -> EmbeddedRunner:
    settings = app.load_settings(rig.write())
    store = app.open_store(settings.config.store)
    channel = app_mail.make_channel(settings.config)
    runner = app.make_runner(settings, store, channel, WordClassifier(), clock=clock)
    runner.chores = [app.make_watchman(settings, store, runner).look]
    return runner


def test_briefs_wait_for_hours_and_arrive_once_and_the_operator_hears_once(
    tmp_path: Path, mailbox: Mailbox, sink: Sink, refusing: Refusing
) -> None:
    heard = tmp_path / "heard"
    rig = Rig(
        folder=tmp_path,
        mailbox=mailbox,
        sink=sink,
        account="everything = true",
        more=f'[alerts]\ncommand = ["/bin/sh", "-c", "cat >> {heard}"]\n',
    )
    clock = Clock()
    runner = make_runner(rig, clock)
    mailbox.deliver(*(mail(n) for n in range(1, 4)))
    [watcher] = runner.watchers
    watcher.sync(watcher.open())
    for _ in range(9 * 4):
        runner.drain()
        clock.now += HOUR / 4
    assert rig.briefs() == []
    until(heard.exists)
    assert heard.read_text().count("Sending briefs") == 1
    refusing.on = False
    for _ in range(4):
        runner.drain()
        clock.now += HOUR
    briefs = [b for b in rig.briefs() if b.recipient != "priya@radial.example"]
    assert len(briefs) == len({b.message_id for b in briefs}) == 6
    [over] = [b for b in rig.briefs() if b.recipient == "priya@radial.example"]
    assert b"works again" in over.content
    until(lambda: heard.read_text().count("Sending briefs") == 2)
    with runner.sender.store.read() as tx:
        assert set(outbox.counts(tx)) == {"sent"}
    watcher.source.close()
    runner.sender.channel.close()
    runner.sender.store.close()
